/* SPDX-License-Identifier: MIT */
/* What a counter shows at a moment, and what is true. */
#include <math.h>

#include "machine.h"

static double energy_between(const struct machine_counter *counter, double from_s, double to_s)
{
    double sum_j = 0;
    size_t i;

    for (i = 0; i < counter->step_count; i++) {
        double begin_s = fmax(from_s, counter->step_s[i]);
        double end_s = i + 1 < counter->step_count ? fmin(to_s, counter->step_s[i + 1]) : to_s;

        if (end_s > begin_s) {
            sum_j += (end_s - begin_s) * counter->step_w[i];
        }
    }
    return sum_j;
}

double machine_true_j(const struct machine_counter *counter, double t_s)
{
    return energy_between(counter, 0, t_s);
}

static double power_at(const struct machine_counter *counter, double t_s)
{
    double power_w = 0;
    size_t i;

    for (i = 0; i < counter->step_count; i++) {
        if (t_s >= counter->step_s[i]) {
            power_w = counter->step_w[i];
        }
    }
    return power_w;
}

uint64_t machine_count_uj(const struct machine_counter *counter, double t_s)
{
    uint64_t start_uj = counter->start_uj;
    double from_s = 0;
    uint64_t count;
    size_t i;

    if (counter->gauge) {
        return (uint64_t)llround(power_at(counter, t_s) * 1e6);
    }
    for (i = 0; i < counter->fault_count; i++) {
        if (counter->faults[i].kind == FAULT_SET && t_s >= counter->faults[i].from_s) {
            start_uj = counter->faults[i].set_uj;
            from_s = counter->faults[i].from_s;
        }
    }
    count = start_uj;
    if (!counter->stuck) {
        count += (uint64_t)llround(energy_between(counter, from_s, t_s) * 1e6);
    }
    return counter->range_uj > 0 ? count % counter->range_uj : count;
}
