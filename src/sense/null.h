/* SPDX-License-Identifier: MIT */
/* What the null driver is told to do, and what it would then read. Pure. */
#ifndef SENSE_NULL_H
#define SENSE_NULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wattle/energy.h>
#include <wattle/error.h>
#include <wattle/sys/sensor.h>

#define NULL_GAPS_MAX 8

struct null_gap {
    double from_s, to_s;
};

/* Times are seconds after open; NaN: never. */
struct null_options {
    double power_w;
    double update_s;
    uint64_t start_uj;
    uint64_t wrap_uj; /* 0: never */
    double backwards_s;
    double frozen_s;
    double lost_s;
    double reset_s;
    double jump_s;
    uint64_t jump_uj;
    size_t gap_count;
    struct null_gap gaps[NULL_GAPS_MAX];
    int count;
    bool as_power;
    enum wattle_domain domain;
};

void null_options_init(struct null_options *options);
/* "power=50,gap=2..3" (NULL or "": the defaults) into options; the words are in null.c. */
int null_options_parse(const char *text, struct null_options *ret, struct wattle_error *err);

/* The reading `elapsed_s` after open, in microjoules. */
enum wattle_reading_status null_count_uj(const struct null_options *options, double elapsed_s,
                                         uint64_t *ret_uj);

#endif
