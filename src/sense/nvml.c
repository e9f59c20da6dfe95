/* SPDX-License-Identifier: MIT */
/*
 * nvml: NVIDIA GPUs through the management library of their driver.
 *
 * Hardware:   Volta and newer have an energy counter, older boards a power reading; the whole
 *             board (GPU, memory, regulators), once per board also under MIG.
 * Counter:    nvmlDeviceGetTotalEnergyConsumption, mJ since the driver was loaded, 64 bit: never
 *             wraps, starts anew when the driver is reloaded or the GPU reset. It steps every
 *             20 to 100 ms, so a window of under 5 s needs the power beside it: over 0.5 s counter
 *             and power differed by 26 %, over 5 s by 0.0 % (ml.energy's measurements, 2026).
 * Power:      field 186, instantaneous; else 185, a mean of 1 s; else nvmlDeviceGetPowerUsage,
 *             which is a mean of 1 s from Ampere on except GA100, instantaneous before.
 * Accuracy:   5 % of the reading, as found on more than 70 GPUs against a meter (Yang, Adamek,
 *             Armour: "Part-time Power Measurements", SC24, arXiv 2312.02741). NVIDIA says 5 % for
 *             Fermi and Kepler and nothing after. A100 and H100 look at 25 % of the time only.
 * Cost:       0.5 us to 2.4 ms a call, by board and driver: measured at start (calibrate).
 * Privilege:  none, but access to /dev/nvidia*, which containers and cgroups may deny.
 * Source:     NVML API Reference Guide (docs.nvidia.com/deploy/nvml-api), November 2026.
 *
 * CUDA_VISIBLE_DEVICES hides GPUs from CUDA, not from the machine's electricity meter: it is not
 * looked at here.
 */
#include "sense/nvml.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

enum { GAUGE_PERIOD_NS = 1000000000 };

double nvml_field_w(const struct nvml_field_value *value)
{
    if (value->status != NVML_OK) {
        return WATTLE_UNKNOWN;
    }
    switch (value->value_type) {
    case NVML_TYPE_DOUBLE:
        return value->value.d >= 0 && isfinite(value->value.d) ? value->value.d / 1e3
                                                               : WATTLE_UNKNOWN;
    case NVML_TYPE_UINT:
        return value->value.u / 1e3;
    case NVML_TYPE_ULONG:
        return (double)value->value.ul / 1e3;
    case NVML_TYPE_ULLONG:
        return (double)value->value.ull / 1e3;
    case NVML_TYPE_LLONG:
        return value->value.ll >= 0 ? (double)value->value.ll / 1e3 : WATTLE_UNKNOWN;
    case NVML_TYPE_INT:
        return value->value.i >= 0 ? value->value.i / 1e3 : WATTLE_UNKNOWN;
    default: /* 16 bits hold 65 W: no type for a power in milliwatts */
        return WATTLE_UNKNOWN;
    }
}

int nvml_read_field_w(const struct nvml_api *api, struct nvml_device *device, unsigned field,
                      unsigned scope, double *ret_w)
{
    struct nvml_field_value value = {.field_id = field, .scope_id = scope};
    int code;

    if (api->field_values == NULL) {
        return NVML_FUNCTION_NOT_FOUND;
    }
    value.status = NVML_UNKNOWN;
    code = api->field_values(device, 1, &value);
    if (code != NVML_OK) {
        return code;
    }
    if (value.status != NVML_OK) {
        return value.status;
    }
    *ret_w = nvml_field_w(&value);
    return *ret_w > 0 ? NVML_OK : NVML_NO_DATA; /* nothing that answers draws 0 W */
}

int nvml_read_power_w(const struct nvml_api *api, struct nvml_device *device, double *ret_w)
{
    unsigned power_mw = 0;
    int code = api->power_mw != NULL ? api->power_mw(device, &power_mw) : NVML_FUNCTION_NOT_FOUND;

    if (code != NVML_OK) {
        return code;
    }
    *ret_w = power_mw / 1e3;
    return power_mw > 0 ? NVML_OK : NVML_NO_DATA;
}

static int read_value(struct nvml_state *state, struct nvml_reader *reader,
                      struct nvml_device *device, struct wattle_reading *ret)
{
    const struct nvml_api *api = &state->api;
    struct nvml_utilization utilization;
    struct nvml_fan_speed fan = {.version = NVML_STRUCT_VERSION(struct nvml_fan_speed, 1)};
    unsigned long long energy_mj = 0;
    unsigned number = 0;
    int code = NVML_FUNCTION_NOT_FOUND;

    switch (reader->reading) {
    case NVML_READ_ENERGY:
        code = api->energy_mj(device, &energy_mj);
        ret->count = energy_mj;
        break;
    case NVML_READ_FIELD:
        code = nvml_read_field_w(api, device, reader->field, reader->scope, &ret->value);
        break;
    case NVML_READ_POWER_USAGE:
        code = nvml_read_power_w(api, device, &ret->value);
        break;
    case NVML_READ_TEMPERATURE:
        code = api->temperature_c(device, NVML_TEMPERATURE_GPU, &number);
        ret->value = number;
        break;
    case NVML_READ_FAN:
        code = api->fan_rpm(device, &fan);
        ret->value = fan.speed;
        break;
    case NVML_READ_UTILIZATION:
        code = api->utilization(device, &utilization);
        ret->value = code == NVML_OK ? fmin(utilization.gpu / 100.0, 1) : WATTLE_UNKNOWN;
        break;
    }
    return code;
}

void nvml_read_one(struct nvml_state *state, struct nvml_reader *reader,
                   struct wattle_reading *ret)
{
    struct nvml_gpu *gpu = &state->gpus[reader->gpu];
    int64_t before_ns = clock_monotonic_ns(state->host);
    int code;

    memset(ret, 0, sizeof *ret);
    ret->t_ns = before_ns;
    ret->value = ret->low = ret->high = WATTLE_UNKNOWN;
    if (gpu->lost) {
        ret->status = WATTLE_READ_LOST;
        return;
    }
    if (reader->gauge && reader->last_ns != 0 && before_ns - reader->last_ns < GAUGE_PERIOD_NS) {
        ret->t_ns = reader->last_ns;
        ret->value = reader->last_value;
        return;
    }
    code = read_value(state, reader, gpu->device, ret);
    /* The call may take milliseconds and does not say when it looked: the middle errs least. */
    ret->t_ns = before_ns + (clock_monotonic_ns(state->host) - before_ns) / 2;
    if (code == NVML_OK) {
        reader->last_value = ret->value;
        reader->last_ns = ret->t_ns;
        return;
    }
    /* One GPU that fell off the bus says nothing about the others. */
    gpu->lost = code == NVML_GPU_IS_LOST;
    ret->status = gpu->lost ? WATTLE_READ_LOST : WATTLE_READ_FAILED;
    ret->count = 0;
    ret->value = WATTLE_UNKNOWN;
}

static int read_all(void *opaque, struct wattle_reading *readings)
{
    struct nvml_state *state = opaque;
    size_t i, lost = 0;

    for (i = 0; i < state->reader_count; i++) {
        nvml_read_one(state, &state->readers[i], &readings[i]);
    }
    for (i = 0; i < state->gpu_count; i++) {
        lost += state->gpus[i].lost;
    }
    return lost > 0 && lost == state->gpu_count ? WATTLE_E_GONE : 0;
}

static void close_state(void *opaque)
{
    struct nvml_state *state = opaque;

    if (state == NULL) {
        return;
    }
    if (state->initialized) {
        state->api.shutdown();
    }
    nvml_api_unload(&state->api);
    free(state->readers);
    free(state->gpus);
    free(state);
}

/* The GPU that probe saw: by its UUID, since indices may change when one is unplugged. */
static int find_device(const struct nvml_api *api, struct nvml_gpu *gpu)
{
    int code = NVML_FUNCTION_NOT_FOUND;

    if (gpu->uuid[0] != '\0' && api->device_by_uuid != NULL) {
        code = api->device_by_uuid(gpu->uuid, &gpu->device);
    }
    if (code != NVML_OK && code != NVML_GPU_IS_LOST) {
        code = api->device_by_index(gpu->index, &gpu->device);
    }
    return code;
}

/* Position of the channel's GPU in state->gpus, added when new. */
static size_t gpu_of_channel(struct nvml_state *state, const struct wattle_channel *channel)
{
    unsigned index = (unsigned)channel->driver_data[NVML_DATA_GPU];
    struct nvml_gpu *gpu;
    size_t i;

    for (i = 0; i < state->gpu_count; i++) {
        if (state->gpus[i].index == index) {
            return i;
        }
    }
    gpu = &state->gpus[state->gpu_count];
    gpu->index = index;
    gpu->mig = channel->driver_data[NVML_DATA_MIG] != 0;
    /* What was used before we looked is nobody's of ours; NVML's stamps are wall-clock time. */
    gpu->last_seen_us = (unsigned long long)(clock_realtime_ns() / 1000);
    strncpy(gpu->uuid, channel->driver_path, sizeof gpu->uuid - 1);
    gpu->lost = find_device(&state->api, gpu) != NVML_OK;
    return state->gpu_count++;
}

static int open_channels(const struct wattle_host *host, const struct wattle_channel *channels,
                         size_t n, void **ret_state, struct wattle_error *err)
{
    struct nvml_state *state = calloc(1, sizeof *state);
    int code = WATTLE_E_NOMEM;
    int nvml_code;
    size_t i;

    *ret_state = NULL;
    if (state == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "nvml: out of memory");
    }
    state->host = host;
    state->gpus = calloc(n + 1, sizeof *state->gpus);
    state->readers = calloc(n + 1, sizeof *state->readers);
    if (state->gpus == NULL || state->readers == NULL) {
        error_set(err, code, "nvml: out of memory");
        goto out;
    }
    code = nvml_api_load(host->nvml, &state->api, err);
    if (code != 0) {
        goto out;
    }
    nvml_code = state->api.init();
    if (nvml_code != NVML_OK) {
        code = error_set(err, WATTLE_E_IO, "nvml: nvmlInit: %s",
                         nvml_words(&state->api, nvml_code));
        goto out;
    }
    state->initialized = true;
    for (i = 0; i < n; i++) {
        struct nvml_reader *reader = &state->readers[i];

        reader->gpu = gpu_of_channel(state, &channels[i]);
        reader->reading = (enum nvml_reading)channels[i].driver_data[NVML_DATA_READING];
        reader->field = (unsigned)channels[i].driver_data[NVML_DATA_FIELD];
        reader->scope = (unsigned)(channels[i].driver_data[NVML_DATA_FIELD] >> 32);
        reader->gauge = reader->reading >= NVML_READ_TEMPERATURE;
    }
    state->reader_count = n;
    *ret_state = state;
    return 0;
out:
    close_state(state);
    return code;
}

const struct wattle_sensor_driver sense_nvml = {
    .abi = WATTLE_SENSOR_ABI,
    .name = "nvml",
    .summary = "NVIDIA GPUs: energy counter and power of the board (NVML)",
    .flags = WATTLE_DRIVER_SLOW,
    .probe = nvml_probe,
    .open = open_channels,
    .read = read_all,
    .close = close_state,
    .calibrate = nvml_calibrate,
    .processes = nvml_processes,
};
