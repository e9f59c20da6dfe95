/* SPDX-License-Identifier: MIT */
/* A recorded machine: columns of readings over time, from CSV. Pure. */
#ifndef SENSE_REPLAY_H
#define SENSE_REPLAY_H

#include <stddef.h>

#include <wattle/energy.h>
#include <wattle/error.h>
#include <wattle/sys/sensor.h>

#define REPLAY_COLUMNS_MAX 64

struct replay_column {
    char name[WATTLE_NAME_MAX]; /* without the unit */
    enum wattle_quantity quantity;
    double range_j; /* where the recorded counter wrapped; NaN: never */
};

struct replay {
    size_t column_count;
    struct replay_column columns[REPLAY_COLUMNS_MAX];
    size_t row_count;
    double *t_s;    /* strictly rising, the first is 0 */
    double *values; /* row by row; NaN: a failed read */
};

/* `ret` is filled, to be finished, only on success. */
int replay_parse(const char *text, size_t size, struct replay *ret, struct wattle_error *err);
void replay_finish(struct replay *replay);

/* The value of a column `t_s` after the start; NaN: a failed read. */
double replay_value(const struct replay *replay, size_t column, double t_s);

#endif
