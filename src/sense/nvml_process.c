/* SPDX-License-Identifier: MIT */
/* Which processes used a GPU since the last question. */
#include "sense/nvml.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* More processes than this on one GPU at a time are told by their first so many. */
enum { PROCESSES_MAX = 512 };

struct sum {
    unsigned pid;
    unsigned samples;
    double percent;
};

static int unsupported(int nvml_code)
{
    return nvml_code == NVML_NO_PERMISSION ? WATTLE_E_DENIED : WATTLE_E_UNSUPPORTED;
}

/*
 * Who holds a context. A sole process is who used the GPU, if anybody did; of several, nobody
 * knows which, and unknown is not 0.
 */
static int running(struct nvml_state *state, struct nvml_gpu *gpu,
                   struct wattle_device_process *ret, size_t max)
{
    const bool v1 = state->api.compute_processes_v1;
    struct nvml_process_v2 *list;
    unsigned count = PROCESSES_MAX;
    int code, n;
    unsigned i;

    if (state->api.compute_processes == NULL) {
        return WATTLE_E_UNSUPPORTED;
    }
    list = calloc(PROCESSES_MAX, sizeof *list); /* the larger of the two layouts */
    if (list == NULL) {
        return WATTLE_E_NOMEM;
    }
    code = state->api.compute_processes(gpu->device, &count, list);
    if (code != NVML_OK || count > PROCESSES_MAX) {
        n = code == NVML_GPU_IS_LOST ? WATTLE_E_GONE : unsupported(code);
    } else {
        n = 0;
        for (i = 0; i < count && (size_t)n < max; i++) {
            const struct nvml_process_v1 *old = (const struct nvml_process_v1 *)(const void *)list;
            unsigned long long bytes = v1 ? old[i].memory_bytes : list[i].memory_bytes;

            ret[n].pid = (pid_t)(v1 ? old[i].pid : list[i].pid);
            ret[n].memory_bytes = bytes == ~0ULL ? 0 : bytes;
            ret[n].utilization = count == 1 ? 1 : WATTLE_UNKNOWN;
            n++;
        }
    }
    free(list);
    return n;
}

static struct sum *sum_of(struct sum *sums, size_t *count, unsigned pid)
{
    size_t i;

    for (i = 0; i < *count; i++) {
        if (sums[i].pid == pid) {
            return &sums[i];
        }
    }
    if (*count == PROCESSES_MAX) {
        return NULL;
    }
    memset(&sums[*count], 0, sizeof sums[*count]);
    sums[*count].pid = pid;
    return &sums[(*count)++];
}

static int sampled(struct nvml_gpu *gpu, const struct nvml_process_sample *samples, unsigned count,
                   struct wattle_device_process *ret, size_t max)
{
    struct sum *sums = calloc(PROCESSES_MAX, sizeof *sums);
    unsigned long long newest = gpu->last_seen_us;
    size_t sum_count = 0, i;

    if (sums == NULL) {
        return WATTLE_E_NOMEM;
    }
    for (i = 0; i < count; i++) {
        struct sum *sum;

        /* Some drivers hand out old samples and percentages over 100: neither is a reading. */
        if (samples[i].timestamp_us <= gpu->last_seen_us || samples[i].sm_percent > 100) {
            continue;
        }
        if (samples[i].timestamp_us > newest) {
            newest = samples[i].timestamp_us;
        }
        sum = sum_of(sums, &sum_count, samples[i].pid);
        if (sum != NULL) {
            sum->percent += samples[i].sm_percent;
            sum->samples++;
        }
    }
    gpu->last_seen_us = newest;
    for (i = 0; i < sum_count && i < max; i++) {
        ret[i].pid = (pid_t)sums[i].pid;
        ret[i].utilization = sums[i].percent / sums[i].samples / 100;
        ret[i].memory_bytes = 0;
    }
    free(sums);
    return (int)i;
}

int nvml_processes(void *opaque, size_t i, struct wattle_device_process *ret, size_t max)
{
    struct nvml_state *state = opaque;
    struct nvml_process_sample *samples;
    struct nvml_gpu *gpu;
    unsigned count = PROCESSES_MAX;
    int code, n;

    if (i >= state->reader_count) {
        return WATTLE_E_INVALID;
    }
    gpu = &state->gpus[state->readers[i].gpu];
    if (gpu->lost) {
        return WATTLE_E_GONE;
    }
    /* NVIDIA: "on MIG-enabled GPUs, querying process utilization is not currently supported". */
    if (gpu->mig) {
        return WATTLE_E_UNSUPPORTED;
    }
    if (state->api.process_utilization == NULL) {
        return running(state, gpu, ret, max);
    }
    samples = calloc(PROCESSES_MAX, sizeof *samples);
    if (samples == NULL) {
        return WATTLE_E_NOMEM;
    }
    code = state->api.process_utilization(gpu->device, samples, &count, gpu->last_seen_us);
    if (code == NVML_OK && count <= PROCESSES_MAX) {
        n = sampled(gpu, samples, count, ret, max);
    } else {
        n = 0;
    }
    free(samples);
    if (code == NVML_GPU_IS_LOST) {
        gpu->lost = true;
        return WATTLE_E_GONE;
    }
    /* No sample since the last question: an idle GPU, or a driver that does not sample. */
    return n != 0 ? n : running(state, gpu, ret, max);
}
