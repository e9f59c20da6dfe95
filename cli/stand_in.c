/* SPDX-License-Identifier: MIT */
/* A measurement without its ledger: weak, last in the link, gone when the room has its own. */
#include <stdlib.h>
#include <string.h>

#include "attribute/measurement.h"
#include "base/clock.h"
#include "base/error.h"
#include "meter/meter.h"

#define WEAK __attribute__((weak))

struct measurement {
    struct wattle_meter *meter;
    struct wattle_session *session;
    int64_t start_ns;
};

WEAK int measurement_begin(struct measurement **ret, const struct measurement_options *options,
                           struct wattle_error *err)
{
    struct measurement *measurement = calloc(1, sizeof *measurement);
    int rc;

    *ret = measurement;
    if (measurement == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    rc = wattle_meter_open(&measurement->meter, &options->meter, err);
    if (rc == 0) {
        rc = wattle_session_start(&measurement->session, measurement->meter, err);
        measurement->start_ns = clock_monotonic_ns(NULL);
    }
    return rc;
}
WEAK int measurement_cgroup_fd(struct measurement *measurement)
{
    (void)measurement;
    return -1;
}
WEAK void measurement_child(struct measurement *measurement, pid_t pid)
{
    (void)measurement;
    (void)pid;
}
WEAK int measurement_read(struct measurement *measurement, struct wattle_energy *ret,
                          struct wattle_error *err)
{
    return wattle_session_read(measurement->session, ret, err);
}
WEAK bool measurement_target_gone(struct measurement *measurement)
{
    (void)measurement;
    return true;
}
WEAK int measurement_end(struct measurement *measurement, const struct rusage *reaped,
                         struct wattle_energy *ret, struct wattle_error *err)
{
    (void)reaped;
    return wattle_session_stop(measurement->session, ret, err);
}
WEAK void measurement_utilization(struct measurement *measurement,
                                  struct measurement_utilization *ret)
{
    (void)measurement;
    ret->cpu = ret->gpu = ret->ram = ret->ram_bytes = WATTLE_UNKNOWN;
    ret->task_cpu_s = ret->own_cpu_s = WATTLE_UNKNOWN;
}
WEAK struct wattle_meter *measurement_meter(struct measurement *measurement)
{
    return measurement->meter;
}
WEAK int64_t measurement_start_ns(const struct measurement *measurement)
{
    return measurement->start_ns;
}
WEAK void measurement_destroy(struct measurement *measurement)
{
    if (measurement != NULL) {
        wattle_session_destroy(measurement->session);
        wattle_meter_close(measurement->meter);
    }
    free(measurement);
}
