/* SPDX-License-Identifier: MIT */
/* One channel and its accumulator, fed by hand. */
#ifndef TESTS_METER_ONE_CHANNEL_H
#define TESTS_METER_ONE_CHANNEL_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "meter/accumulate.h"

#define UNIT_J 61.035e-6
#define RANGE_UJ 262143328850ULL

struct bench {
    struct wattle_channel channel;
    struct accumulator acc;
    struct accumulated from;
};

/* A RAPL package: microjoules, wraps at 262 kJ, 200 W at most, so 600 W are plausible. */
static inline void rapl(struct bench *b)
{
    memset(b, 0, sizeof *b);
    b->channel.quantity = WATTLE_Q_ENERGY;
    b->channel.domain = WATTLE_D_PACKAGE;
    b->channel.unit = 1e-6;
    b->channel.range = RANGE_UJ + 1;
    b->channel.update_period_s = 0.001;
    b->channel.max_power_w = 200;
    b->channel.error_relative = b->channel.error_w = WATTLE_UNKNOWN;
    accumulator_init(&b->acc, &b->channel);
}

static inline void power(struct bench *b, double averaging_s)
{
    memset(b, 0, sizeof *b);
    b->channel.quantity = WATTLE_Q_POWER;
    b->channel.quality = WATTLE_INTEGRATED;
    b->channel.domain = WATTLE_D_GPU;
    b->channel.update_period_s = 0.1;
    b->channel.averaging_s = averaging_s;
    b->channel.max_power_w = 700;
    b->channel.error_relative = b->channel.error_w = WATTLE_UNKNOWN;
    accumulator_init(&b->acc, &b->channel);
}

static inline int64_t ns(double s) { return (int64_t)llround(s * 1e9); }

static inline void count(struct bench *b, double t_s, uint64_t value)
{
    struct wattle_reading r = {.t_ns = ns(t_s), .count = value, .low = NAN, .high = NAN};

    accumulator_add(&b->acc, &r, 0);
}

static inline void watts(struct bench *b, double t_s, double value)
{
    struct wattle_reading r = {.t_ns = ns(t_s), .value = value, .low = NAN, .high = NAN};

    accumulator_add(&b->acc, &r, 0);
}

static inline void miss(struct bench *b, double t_s, enum wattle_reading_status status)
{
    struct wattle_reading r = {.t_ns = ns(t_s), .status = status, .low = NAN, .high = NAN};

    accumulator_add(&b->acc, &r, 0);
}

static inline void begin(struct bench *b, double t_s)
{
    accumulator_at(&b->acc, ns(t_s), &b->from);
}

static inline struct accumulator_interval end(struct bench *b, double t_s)
{
    struct accumulator_interval interval;
    struct accumulated to;

    accumulator_at(&b->acc, ns(t_s), &to);
    accumulator_interval(&b->acc, &b->from, &to, NAN, &interval);
    return interval;
}

static inline void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance)) {
        fail_msg("%.9g is not %.9g", value, expected);
    }
}

#endif
