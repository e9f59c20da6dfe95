/* SPDX-License-Identifier: MIT */
/*
 * What a reading costs, how often it changes and by how much: boards and drivers differ by a
 * factor of 5000 in the first and of 10 in the second, so it is measured at start.
 */
#include "sense/nvml.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

enum {
    COST_CALLS = 7,
    CHANGES_WANTED = 5,
    POLL_NS = 1000000 /* between two looks at a counter that changes every 20 to 100 ms */
};

struct watch {
    double previous, step;
    int64_t changed_ns, shortest_ns;
    int changes;
    bool have_previous;
};

static int compare_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Cost in seconds; the first call is not counted, it may set things up. NaN if it failed. */
static double measure_cost(struct nvml_state *state, struct nvml_reader *reader, int64_t end_ns)
{
    double cost[COST_CALLS];
    struct wattle_reading reading;
    int n = 0, i;

    nvml_read_one(state, reader, &reading);
    for (i = 0; i < COST_CALLS && (i == 0 || clock_monotonic_ns(NULL) < end_ns); i++) {
        int64_t before = clock_monotonic_ns(NULL);

        nvml_read_one(state, reader, &reading);
        if (reading.status == WATTLE_READ_OK) {
            cost[n++] = clock_s(clock_monotonic_ns(NULL) - before);
        }
    }
    if (n == 0) {
        return WATTLE_UNKNOWN;
    }
    qsort(cost, (size_t)n, sizeof cost[0], compare_double);
    return cost[n / 2];
}

static void look(struct nvml_state *state, struct nvml_reader *reader, struct watch *watch)
{
    struct wattle_reading reading;
    int64_t now_ns;
    double value;

    nvml_read_one(state, reader, &reading);
    now_ns = clock_monotonic_ns(NULL);
    if (reading.status != WATTLE_READ_OK) {
        return;
    }
    value = reader->reading == NVML_READ_ENERGY ? (double)reading.count * 1e-3 : reading.value;
    if (watch->have_previous && value != watch->previous) {
        double step = fabs(value - watch->previous);

        if (watch->changes > 0) {
            int64_t period_ns = now_ns - watch->changed_ns;

            if (watch->shortest_ns == 0 || period_ns < watch->shortest_ns) {
                watch->shortest_ns = period_ns;
            }
        }
        watch->step = watch->changes == 0 || step < watch->step ? step : watch->step;
        watch->changed_ns = now_ns;
        watch->changes++;
    }
    watch->previous = value;
    watch->have_previous = true;
}

/* The same question to a GPU of the same model in the same machine has the same answer. */
static size_t asked_before(const struct nvml_state *state, size_t i)
{
    size_t j;

    for (j = 0; j < i; j++) {
        if (state->readers[j].reading == state->readers[i].reading &&
            state->readers[j].field == state->readers[i].field) {
            return j;
        }
    }
    return i;
}

static void watch_changes(struct nvml_state *state, struct watch *watches, int64_t end_ns)
{
    const struct timespec pause = {.tv_nsec = POLL_NS};
    bool all = false;

    while (!all && clock_monotonic_ns(NULL) < end_ns) {
        size_t i;

        all = true;
        for (i = 0; i < state->reader_count; i++) {
            if (state->readers[i].gauge || asked_before(state, i) != i) {
                continue;
            }
            look(state, &state->readers[i], &watches[i]);
            all = all && watches[i].changes >= CHANGES_WANTED;
        }
        nanosleep(&pause, NULL);
    }
}

int nvml_calibrate(void *opaque, double budget_s, struct wattle_calibration *ret)
{
    struct nvml_state *state = opaque;
    int64_t start_ns = clock_monotonic_ns(NULL);
    int64_t end_ns = start_ns + (int64_t)(budget_s * 1e9);
    struct watch *watches = calloc(state->reader_count + 1, sizeof *watches);
    size_t i;

    if (watches == NULL) {
        return WATTLE_E_NOMEM;
    }
    for (i = 0; i < state->reader_count; i++) {
        ret[i].call_s = ret[i].update_period_s = ret[i].step = WATTLE_UNKNOWN;
        if (asked_before(state, i) == i && !state->readers[i].gauge) {
            ret[i].call_s = measure_cost(state, &state->readers[i],
                                         start_ns + (end_ns - start_ns) / 4);
        }
    }
    watch_changes(state, watches, end_ns);
    for (i = 0; i < state->reader_count; i++) {
        size_t j = asked_before(state, i);

        if (j != i) {
            ret[i] = ret[j];
            continue;
        }
        if (watches[i].changes > 0) {
            ret[i].step = watches[i].step;
        }
        if (watches[i].shortest_ns > 0) {
            ret[i].update_period_s = clock_s(watches[i].shortest_ns);
        }
    }
    free(watches);
    return 0;
}
