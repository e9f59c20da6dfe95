/* SPDX-License-Identifier: MIT */
/* What rooms that are not built yet would say: weak, last in the link, gone when they land. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "carbon/table.h"
#include "cli/run.h"
#include "machine/identity.h"
#include "meter/meter.h"
#include "record/store.h"
#include "report/text.h"
#include "sense/sense.h"

#define WEAK __attribute__((weak))

struct measurement {
    int nothing;
};

WEAK int measurement_begin(struct measurement **ret, const struct measurement_options *options,
                           struct wattle_error *err)
{
    (void)options;
    *ret = calloc(1, sizeof **ret);
    return *ret != NULL ? 0 : error_set(err, WATTLE_E_NOMEM, "out of memory");
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
    (void)measurement;
    (void)ret;
    return error_set(err, WATTLE_E_UNSUPPORTED, "no meter in this build");
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
    return measurement_read(measurement, ret, err);
}
WEAK void measurement_utilization(struct measurement *measurement,
                                  struct measurement_utilization *ret)
{
    (void)measurement;
    memset(ret, 0, sizeof *ret);
}
WEAK struct wattle_meter *measurement_meter(struct measurement *measurement)
{
    (void)measurement;
    return NULL;
}
WEAK int64_t measurement_start_ns(const struct measurement *measurement)
{
    (void)measurement;
    return 0;
}
WEAK void measurement_destroy(struct measurement *measurement)
{
    free(measurement);
}
WEAK const struct wattle_host *meter_host(const struct wattle_meter *meter)
{
    (void)meter;
    return NULL;
}
WEAK int machine_identity(const struct wattle_host *host, const char *state_dir, char *ret,
                          size_t size, bool *ret_salted, struct wattle_error *err)
{
    (void)host;
    (void)state_dir;
    (void)ret_salted;
    (void)size;
    ret[0] = '\0';
    return error_set(err, WATTLE_E_UNSUPPORTED, "not in this build");
}
WEAK size_t wattle_meter_gauges(struct wattle_meter *meter, struct wattle_gauge *ret, size_t max)
{
    (void)meter;
    (void)ret;
    (void)max;
    return 0;
}
WEAK size_t wattle_meter_series(struct wattle_meter *meter, int64_t from_ns, int64_t to_ns,
                                struct wattle_series_point *ret, size_t max)
{
    (void)meter;
    (void)from_ns;
    (void)to_ns;
    (void)ret;
    (void)max;
    return 0;
}
WEAK int sense_check_names(const char *names, struct wattle_error *err)
{
    (void)names;
    (void)err;
    return 0;
}
WEAK int carbon_table_find(const char *zone, struct carbon_factor *ret, struct wattle_error *err)
{
    (void)ret;
    return error_set(err, WATTLE_E_NOENT, "no zone \"%.40s\" in this build", zone);
}
WEAK void carbon_convert(const struct wattle_energy *energy, const struct carbon_factor *factor,
                         enum wattle_emission_of of, struct wattle_emission *ret)
{
    (void)energy;
    (void)factor;
    (void)of;
    memset(ret, 0, sizeof *ret);
}
WEAK void wattle_record_init(struct wattle_record *record)
{
    memset(record, 0, sizeof *record);
}
WEAK void wattle_record_finish(struct wattle_record *record)
{
    (void)record;
}
WEAK char *wattle_record_to_json(const struct wattle_record *record, bool pretty)
{
    (void)record;
    (void)pretty;
    return NULL;
}
WEAK int store_default_path(char *ret, size_t size, struct wattle_error *err)
{
    (void)size;
    ret[0] = '\0';
    return error_set(err, WATTLE_E_NOENT, "no store in this build");
}
WEAK int store_open(struct store **ret, const char *path, unsigned flags, struct wattle_error *err)
{
    (void)path;
    (void)flags;
    *ret = NULL;
    return error_set(err, WATTLE_E_UNSUPPORTED, "no store in this build");
}
WEAK void store_close(struct store *store)
{
    (void)store;
}
WEAK int store_put(struct store *store, const struct wattle_record *record,
                   struct wattle_error *err)
{
    (void)store;
    (void)record;
    (void)err;
    return 0;
}
WEAK int spool_open(struct spool **ret, const char *store_path, const char *id,
                    struct wattle_error *err)
{
    (void)store_path;
    (void)id;
    *ret = NULL;
    return error_set(err, WATTLE_E_UNSUPPORTED, "no store in this build");
}
WEAK int spool_write(struct spool *spool, const struct wattle_record *record,
                     struct wattle_error *err)
{
    (void)spool;
    (void)record;
    (void)err;
    return 0;
}
WEAK void spool_close(struct spool *spool, bool remove)
{
    (void)spool;
    (void)remove;
}
WEAK void report_text(FILE *out, const struct wattle_record *record,
                      const struct report_text_options *options)
{
    (void)out;
    (void)record;
    (void)options;
}
