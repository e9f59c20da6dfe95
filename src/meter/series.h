/* SPDX-License-Identifier: MIT */
/*
 * Rows of the cumulative curves, bounded for ever: the newest rows as they came, and a history
 * that keeps every second row when it is full. Rows are cumulative, so no energy is lost when
 * one is dropped. Not thread-safe: the meter's lock guards it.
 */
#ifndef METER_SERIES_H
#define METER_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meter/accumulate.h"

#define SERIES_COLUMNS_MAX 256

struct series_cell {
    struct accumulated at;
    double max_w; /* since the row before; NaN */
};

struct series_rows {
    size_t capacity;
    size_t start, count; /* a ring */
    int64_t *t_ns;
    double *max_w; /* of the counted sum since the row before; NaN */
    struct series_cell *columns[SERIES_COLUMNS_MAX];
};

struct series {
    struct series_rows recent;  /* overwrites its oldest row */
    struct series_rows history; /* halves itself */
    uint64_t stride;            /* history takes every stride-th row */
    uint64_t appended;
    size_t column_count;
    double carry_max_w; /* of rows that history skipped */
    double carry[SERIES_COLUMNS_MAX];
};

/* Capacities are even and at least 4. 0 or WATTLE_E_NOMEM. */
int series_init(struct series *series, size_t recent, size_t history);
void series_finish(struct series *series);
/* One more column; rows that exist have "not started" in it. 0 or WATTLE_E_NOMEM. */
int series_add_column(struct series *series);

/* `cells` holds column_count cells. A row not newer than the last one is dropped. */
void series_append(struct series *series, int64_t t_ns, double max_w,
                   const struct series_cell *cells);

int64_t series_t(const struct series_rows *rows, size_t i);
const struct series_cell *series_at(const struct series_rows *rows, size_t i, size_t column);

/*
 * Rows around t: the last at or before it, and the first at or after it; in the newest rows if
 * they reach back so far. False if t is before the first row or after the last.
 */
bool series_find(const struct series *series, int64_t t_ns, const struct series_rows **ret_rows,
                 size_t *ret_before, size_t *ret_after);

/*
 * Highest power between two times from whole row intervals inside them, or, if there is none,
 * from those that overlap. column < 0: of the counted sum.
 */
double series_max_w(const struct series *series, int64_t from_ns, int64_t to_ns, int column);

#endif
