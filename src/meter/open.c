/* SPDX-License-Identifier: MIT */
/* A meter's life: options, open, close. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/host.h"
#include "meter/memory.h"
#include "meter/state.h"

#define DEFAULT_HZ 10
#define RECENT_ROWS 1024
#define HISTORY_ROWS 2048

/* "The counted set first": a stable order, once, before anybody saw another. Columns follow. */
static void order_slots(struct wattle_meter *meter)
{
    size_t count = atomic_load(&meter->slot_count);
    struct slot *ordered[SLOTS_MAX] = {NULL};
    size_t n = 0;
    size_t i;
    int pass;

    for (pass = 0; pass < 3; pass++) {
        for (i = 0; i < count; i++) {
            struct slot *slot = meter->slots[i];
            int class = slot->counted ? 0 : slot->energy ? 1 : 2;

            if (class == pass) {
                ordered[n++] = slot;
            }
        }
    }
    for (i = 0; i < n; i++) {
        meter->slots[i] = ordered[i];
    }
}

static int first_round(struct wattle_meter *meter, struct wattle_error *err)
{
    size_t count = atomic_load(&meter->slot_count);

    if (count == 0 && !meter->slow_wanted) {
        return error_set(err, WATTLE_E_UNSUPPORTED,
                         "no sensor can be used here, see wattle doctor");
    }
    round_take(meter, ROUND_PERIODIC);
    meter->life_ns = atomic_load(&meter->last_round_ns);
    order_slots(meter);
    /* The row was drawn in the old order. */
    meter->series.recent.count = meter->series.history.count = 0;
    meter->series.appended = 0;
    round_take(meter, ROUND_PERIODIC);
    return 0;
}

/* A plug meter's readings lie beside the meter's own memory. */
static void set_calibration_path(struct wattle_meter *meter)
{
    static const char name[] = "machine.calibration";
    const char *slash = strrchr(meter->memory_path, '/');
    size_t dir = slash != NULL ? (size_t)(slash - meter->memory_path) + 1 : 0;

    if (meter->host != &meter->own_host) {
        return;
    }
    meter->calibration_path = malloc(dir + sizeof name);
    if (meter->calibration_path != NULL) { /* without it the model is as it was made */
        memcpy(meter->calibration_path, meter->memory_path, dir);
        memcpy(meter->calibration_path + dir, name, sizeof name);
        meter->own_host.calibration = meter->calibration_path;
    }
}

static int copy_options(struct wattle_meter *meter, const struct wattle_meter_options *options,
                        const struct meter_setup *setup, struct wattle_error *err)
{
    const char *drivers = options->drivers;

    if (options->host == NULL) {
        host_from_environment(&meter->own_host);
    }
    meter->host = options->host != NULL ? options->host : &meter->own_host;
    meter->hz = options->hz == 0 ? DEFAULT_HZ : options->hz;
    if (!(meter->hz >= 0.1 && meter->hz <= 1000)) {
        return error_set(err, WATTLE_E_INVALID, "hz must be from 0.1 to 1000");
    }
    if (setup != NULL && setup->drivers != NULL) {
        meter->own_drivers = setup->drivers;
        meter->own_driver_count = setup->driver_count;
    }
    if (drivers == NULL) {
        drivers = host_getenv("WATTLE_SENSORS");
    }
    if (drivers != NULL && drivers[0] != '\0') {
        meter->drivers = strdup(drivers);
        if (meter->drivers == NULL) {
            return error_set(err, WATTLE_E_NOMEM, "out of memory");
        }
    }
    if (options->memory_path != NULL) {
        meter->memory_path = strdup(options->memory_path);
        if (meter->memory_path == NULL) {
            return error_set(err, WATTLE_E_NOMEM, "out of memory");
        }
        set_calibration_path(meter);
    }
    return meter->own_drivers != NULL ? 0 : sense_check_names(meter->drivers, err);
}

static int create(struct wattle_meter **ret, struct wattle_error *err)
{
    struct wattle_meter *meter = calloc(1, sizeof *meter);
    pthread_condattr_t attr;

    *ret = NULL;
    if (meter == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    meter->parent = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (meter->parent == MAP_FAILED) {
        free(meter);
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    *meter->parent = 1;
    if (madvise(meter->parent, 4096, MADV_WIPEONFORK) != 0) { /* Linux 4.14 */
        meter->pid = getpid();
    }
    pthread_mutex_init(&meter->round, NULL);
    pthread_mutex_init(&meter->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&meter->changed, &attr);
    pthread_condattr_destroy(&attr);
    sem_init(&meter->end, 0, 0);
    meter->busy_s = WATTLE_UNKNOWN;
    *ret = meter;
    if (series_init(&meter->series, RECENT_ROWS, HISTORY_ROWS) != 0) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    return 0;
}

int meter_open_with(struct wattle_meter **ret, const struct wattle_meter_options *options,
                    const struct meter_setup *setup, struct wattle_error *err)
{
    static const struct wattle_meter_options defaults;
    struct wattle_meter_options own = defaults;
    struct wattle_meter *meter;
    int code = create(&meter, err);

    *ret = NULL;
    if (meter == NULL) {
        return code;
    }
    if (options != NULL) {
        /* A caller built against an older header has a shorter struct. */
        size_t size = options->size != 0 && options->size < sizeof own ? options->size : sizeof own;

        memcpy(&own, options, size);
    }
    if (code == 0) {
        code = copy_options(meter, &own, setup, err);
    }
    if (code == 0) {
        memory_load(meter);
        code = group_open_quick(meter, err);
    }
    if (code == 0) {
        code = first_round(meter, err);
    }
    if (code == 0 && (setup == NULL || !setup->no_thread)) {
        int errnum = sampler_start(meter);

        code = errnum == 0 ? 0 : error_errno(err, errnum, "cannot start the sampler thread");
        if (code == 0 && own.slow_wait_s != 0) {
            round_wait_slow(meter, own.slow_wait_s < 0 ? 1e6 : own.slow_wait_s);
        }
    }
    if (code == 0 && meter->thread_started && atomic_load(&meter->slot_count) == 0) {
        /* Only slow drivers are wanted: whether there is a meter depends on them. */
        round_wait_slow(meter, 1e6);
        if (atomic_load(&meter->slot_count) == 0) {
            code = error_set(err, WATTLE_E_UNSUPPORTED,
                             "no sensor can be used here, see wattle doctor");
        }
    }
    if (code < 0) {
        wattle_meter_close(meter);
        return code;
    }
    *ret = meter;
    return 0;
}

int wattle_meter_open(struct wattle_meter **ret, const struct wattle_meter_options *options,
                      struct wattle_error *err)
{
    return meter_open_with(ret, options, NULL, err);
}

void wattle_meter_close(struct wattle_meter *meter)
{
    size_t g;

    if (meter == NULL) {
        return;
    }
    if (!meter_ours(meter)) {
        return; /* the parent's threads and locks are not here: leave its memory alone */
    }
    if (!sampler_stop(meter)) {
        return; /* better a meter that is never freed than one that is used after it */
    }
    memory_save(meter);
    for (g = 0; g < atomic_load(&meter->group_count); g++) {
        group_destroy(meter->groups[g]);
    }
    series_finish(&meter->series);
    pthread_cond_destroy(&meter->changed);
    sem_destroy(&meter->end);
    pthread_mutex_destroy(&meter->lock);
    pthread_mutex_destroy(&meter->round);
    munmap(meter->parent, 4096);
    free(meter->memory_text);
    free(meter->refused);
    free(meter->drivers);
    free(meter->memory_path);
    free(meter->calibration_path);
    free(meter);
}
