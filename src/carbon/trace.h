/* SPDX-License-Identifier: MIT */
/*
 * A carbon-intensity history from a CSV file: first column the time, one column the values.
 *
 * Times are RFC 3339 (seconds and zone may be missing: UTC) or Unix seconds. Rows may be 5 to 60
 * minutes apart, out of order, twice there (a DST change: the first wins) or missing.
 */
#ifndef CARBON_TRACE_H
#define CARBON_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include <wattle/error.h>

struct carbon_trace {
    int64_t *start_s;  /* Unix seconds, ascending; owned */
    double *g_kwh;     /* owned */
    size_t count;
    char column[64];   /* the one that was read */
    size_t rejected;   /* rows without a usable time or value */
};

/* `column` NULL: the first numeric one. WATTLE_E_INVALID if there is none or no row is usable. */
int carbon_trace_parse(const char *text, size_t size, const char *column,
                       struct carbon_trace *ret, struct wattle_error *err);
int carbon_trace_read(const char *path, const char *column, struct carbon_trace *ret,
                      struct wattle_error *err);
void carbon_trace_finish(struct carbon_trace *trace);

/*
 * Hourly means from `from_s` (a whole hour) on, NaN where an hour has no row. Rows at or after
 * `before_s` are not looked at. `count` hours are written.
 */
void carbon_trace_hourly(const struct carbon_trace *trace, int64_t from_s, int64_t before_s,
                         double *ret, size_t count);

#endif
