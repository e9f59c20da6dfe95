/* SPDX-License-Identifier: MIT */
/* What every energy of a meter must be, and a machine that several tests use. */
#ifndef TESTS_METER_ENERGY_CHECKS_H
#define TESTS_METER_ENERGY_CHECKS_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "mill.h"

static inline void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance)) {
        fail_msg("%.9g is not %.9g", value, expected);
    }
}

static const struct wattle_component *component(const struct wattle_energy *energy,
                                                const char *name)
{
    size_t i;

    for (i = 0; i < energy->component_count; i++) {
        if (strcmp(energy->components[i].name, name) == 0) {
            return &energy->components[i];
        }
    }
    return NULL;
}

static inline bool noted(const struct wattle_energy *energy, const char *words)
{
    size_t i;

    for (i = 0; i < energy->note_count; i++) {
        if (strstr(energy->notes[i], words) != NULL) {
            return true;
        }
    }
    return false;
}

/* machine_j is the sum of the counted, in whole microjoules. */
static inline void assert_conserved(const struct wattle_energy *energy)
{
    long long sum = 0;
    size_t i;

    for (i = 0; i < energy->component_count; i++) {
        const struct wattle_component *c = &energy->components[i];

        assert_true(c->energy_j.low <= c->energy_j.value && c->energy_j.value <= c->energy_j.high);
        assert_true(c->energy_j.low >= 0);
        assert_int_equal(c->quality == WATTLE_GAP, c->gap_s > 0);
        if (c->counted) {
            sum += llround(c->energy_j.value * 1e6);
        }
    }
    assert_int_equal(sum, llround(energy->machine_j.value * 1e6));
    assert_true((double)sum / 1e6 == energy->machine_j.value);
}

/* Two sockets with memory, psys above them. */
static inline void two_sockets(struct mill *mill)
{
    mill_init(mill);
    mill_add(mill, WATTLE_D_PLATFORM, 0, WATTLE_Q_ENERGY);
    mill_add(mill, WATTLE_D_PACKAGE, 0, WATTLE_Q_ENERGY);
    mill_add(mill, WATTLE_D_DRAM, 0, WATTLE_Q_ENERGY);
    mill_add(mill, WATTLE_D_PACKAGE, 1, WATTLE_Q_ENERGY);
    mill_add(mill, WATTLE_D_DRAM, 1, WATTLE_Q_ENERGY);
}

static const double two_sockets_w[] = {250, 100, 10, 80, 8};

#endif
