/* SPDX-License-Identifier: MIT */
/*
 * wattle/record.h - the noun "record": everything that is kept of one run.
 *
 * A record is what `wattle run --json` writes, what the store keeps and what
 * every report reads. Its JSON form is a contract: docs/record.md. In C it is
 * a plain struct owned by its maker; strings that can be long are on the heap
 * and released by wattle_record_finish.
 */
#ifndef WATTLE_RECORD_H
#define WATTLE_RECORD_H

#include <wattle/emission.h>
#include <wattle/energy.h>
#include <wattle/error.h>
#include <wattle/meter.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WATTLE_RECORD_SCHEMA 1
#define WATTLE_RUN_ID_MAX 33
#define WATTLE_DEVICES_MAX 64

enum wattle_run_state {
    WATTLE_RUN_FINISHED = 0,
    WATTLE_RUN_RUNNING = 1,
    WATTLE_RUN_INTERRUPTED = 2 /* Wattle itself was killed; totals up to its last second */
};

struct wattle_device {
    char name[WATTLE_NAME_MAX];
    enum wattle_kind kind;
    double temperature_c; /* highest seen; NaN unknown */
    double fan_rpm;       /* last; NaN unknown */
};

struct wattle_record {
    char id[WATTLE_RUN_ID_MAX];        /* 16 hexadecimal digits */
    char parent_id[WATTLE_RUN_ID_MAX]; /* the run around this one, else "" */
    enum wattle_run_state state;
    char **command; /* argv, secrets redacted; NULL-terminated; owned */
    char *project;  /* or NULL; owned */
    char *tags;     /* comma list or NULL; owned */
    int64_t started_unix_ns; /* CLOCK_REALTIME */
    double duration_s;
    int exit_status; /* as a shell's $?; -1 unknown */
    char machine_id[WATTLE_NAME_MAX];
    char host_name[WATTLE_NAME_MAX]; /* "" unless allowed */

    struct wattle_energy energy;
    double utilization_cpu; /* 0..1 of the machine, mean; NaN unknown */
    double utilization_gpu;
    double utilization_ram;
    double ram_gb;          /* mean used, 10^9 bytes; NaN unknown */
    size_t device_count;
    struct wattle_device devices[WATTLE_DEVICES_MAX];
    struct wattle_emission emission; /* zone "" when there is none */

    size_t series_count; /* power over time, for plots; owned */
    struct wattle_series_point *series;
    int64_t series_origin_ns; /* monotonic time of the run's start */
};

/* All unknown, nothing owned. */
WATTLE_API void wattle_record_init(struct wattle_record *record);
WATTLE_API void wattle_record_finish(struct wattle_record *record);

/* The JSON form, one object, NUL-terminated, released with free(). NULL when out of memory. */
WATTLE_API char *wattle_record_to_json(const struct wattle_record *record, bool pretty);
/* The inverse; unknown keys are ignored. `record` must be initialised. */
WATTLE_API int wattle_record_from_json(struct wattle_record *record, const char *json, size_t size,
                                       struct wattle_error *err);

#ifdef __cplusplus
}
#endif
#endif
