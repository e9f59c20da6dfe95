/* SPDX-License-Identifier: MIT */
/*
 * A counter that steps slowly and a power beside it, joined into one energy. Pure.
 *
 * NVML's counter steps every 20 to 100 ms and lags by about a step: over 0.5 s it was 26 % below
 * the integrated power, over 5 s equal (measured on one board, 2026). The power has the shape but
 * a gain error of its own and looks at a part of the time only (arXiv 2312.02741). So both are
 * weighted by the inverse of their squared errors: the counter rules long intervals, the power
 * short ones, and its gain is taken from the counter once they have run together for 5 s.
 */
#ifndef METER_FUSE_H
#define METER_FUSE_H

#include <stdbool.h>

struct fuse_input {
    double counter_j;      /* difference of the counter over the interval */
    double counter_edge_j; /* what its steps may hide at the ends, half width */
    double step_s;         /* its update period: also its lag */
    double power_j;        /* integral of the power over the interval */
    double power_half_j;   /* half width of that, without gain */
    double power_error;    /* relative gain error of the power as such */
    double power_change_w; /* |power at the end - power at the start| */
    double life_s;         /* both have run for so long */
    double life_counter_j, life_power_j;
};

struct fuse_output {
    double energy_j;
    double half_j;         /* 90 %, without the gain error of the counter */
    double counter_weight; /* 0: the power alone .. 1: the counter alone */
    bool disagree;         /* counter and power differ by more than a third over 5 s and more */
};

void fuse(const struct fuse_input *input, struct fuse_output *ret);

#endif
