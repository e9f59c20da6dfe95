/* SPDX-License-Identifier: MIT */
/* The curve that accumulate.c draws: a point on it, and the energy between two points. */
#include "meter/accumulate.h"

#include <math.h>
#include <string.h>

/* 90 % of a normal distribution lie within so many standard deviations. */
#define Z90 1.645

static double seconds(int64_t ns) { return (double)ns / 1e9; }

double accumulator_gap_power_w(const struct accumulator *acc)
{
    return isnan(acc->recent_w) ? acc->nominal_w / 2 : fmin(acc->recent_w, acc->cap_w);
}

void accumulated_widen(struct accumulated *sum, double energy_j, double low_j, double high_j)
{
    sum->below_j += fmax(0, energy_j - low_j);
    sum->above_j += fmax(0, high_j - energy_j);
    sum->loose_j += fmax(fmax(0, energy_j - low_j), fmax(0, high_j - energy_j));
}

double accumulator_still_limit_s(const struct accumulator *acc)
{
    double limit_s = fmax(1, 10 * fmax(acc->period_s, acc->observed_period_s));

    return fmax(limit_s, 2 * acc->unit_j / 1.0);
}

bool accumulator_frozen(const struct accumulator *acc, int64_t t_ns)
{
    return acc->quantity == WATTLE_Q_ENERGY && acc->moved && !acc->failing &&
           seconds(t_ns - acc->changed_ns) >= accumulator_still_limit_s(acc);
}

double accumulator_first_w(const struct accumulator *acc) { return acc->first_w; }

static double edge_j(const struct accumulator *acc, double age_s)
{
    double period_s = fmax(acc->period_s, acc->observed_period_s);

    if (acc->quantity == WATTLE_Q_ENERGY) {
        double tick_w = acc->moved ? fmax(acc->recent_w, 0) : acc->nominal_w;
        double tick_j = tick_w * fmax(period_s, age_s);

        /* It steps more slowly than it should, and too few steps were seen to know how slowly:
         * either end may hide a whole one. */
        if (acc->moves < 3 && acc->plateau_s > 5 * acc->period_s) {
            tick_j = fmax(tick_j, acc->rise_j);
        }
        return tick_j + acc->unit_j;
    }
    /* A mean since the previous read has no edge: it speaks of exactly the time that passed. */
    if (acc->averaging_s < 0) {
        return acc->swing_w * age_s;
    }
    /* A power seen late: what it may have changed by, for as long as it was not seen. */
    return acc->swing_w * (period_s / 2 + fmax(acc->averaging_s, 0) / 2 + age_s);
}

void accumulator_at(const struct accumulator *acc, int64_t t_ns, struct accumulated *ret)
{
    double age_s = acc->started ? fmax(0, seconds(t_ns - acc->last_ns)) : 0;

    *ret = acc->sum;
    ret->t_ns = t_ns;
    ret->started = acc->started && t_ns >= acc->first_ns;
    ret->power_w = acc->quantity == WATTLE_Q_POWER ? acc->last_w : acc->recent_w;
    if (!ret->started) {
        memset(ret, 0, sizeof *ret);
        ret->t_ns = t_ns;
        ret->power_w = WATTLE_UNKNOWN;
        return;
    }
    ret->moved = acc->moved;
    ret->edge_j = edge_j(acc, age_s);
    if (acc->failing || accumulator_frozen(acc, t_ns)) {
        double blind_s = acc->failing ? age_s : fmax(0, seconds(t_ns - acc->changed_ns));
        double energy_j = accumulator_gap_power_w(acc) * blind_s;

        ret->energy_j += energy_j;
        accumulated_widen(ret, energy_j, 0, acc->cap_w * blind_s);
        ret->gap_s += blind_s;
    } else if (acc->quantity == WATTLE_Q_POWER) {
        double energy_j = acc->last_w * age_s;

        ret->energy_j += energy_j;
        ret->below_j += energy_j * acc->error_relative + acc->last_below_w * age_s;
        ret->above_j += energy_j * acc->error_relative + acc->last_above_w * age_s;
    }
}

/* A mean over the last averaging_s says little about an interval that is shorter. */
static void blur_short(const struct accumulator *acc, double dt_s, double *low_j, double *high_j)
{
    double energy_j = *high_j;

    if (acc->quantity != WATTLE_Q_POWER || acc->averaging_s <= 0 || dt_s >= acc->averaging_s) {
        return;
    }
    *low_j *= dt_s / acc->averaging_s;
    *high_j = fmax(energy_j, fmin(acc->cap_w * dt_s, acc->recent_w * acc->averaging_s));
}

static void add_missed(const struct accumulator *acc, double missed_s, double assumed_w,
                       struct accumulator_interval *ret)
{
    double power_w = acc->first_w;

    if (isnan(power_w) && acc->run_s > 0) {
        power_w = acc->run_j / acc->run_s;
    }
    if (isnan(power_w)) {
        power_w = assumed_w;
    }
    if (isnan(power_w)) {
        ret->energy_j = WATTLE_UNKNOWN;
        return;
    }
    power_w = fmin(power_w, acc->cap_w);
    ret->energy_j += power_w * missed_s;
    ret->high_j += acc->cap_w * missed_s;
    ret->repeat_j = hypot(ret->repeat_j, (acc->cap_w - power_w) * missed_s);
    /* Less than an update is what the channel cannot tell anyway: an edge, not a gap. */
    if (missed_s > fmax(acc->period_s, acc->observed_period_s)) {
        ret->gap_s += missed_s;
    }
}

/*
 * Half width by the ends. Where the power at the start was not known yet, one update of the
 * highest power was taken; now the mean is known, and twice that will do.
 */
static double ends_j(const struct accumulator *acc, const struct accumulated *from,
                     const struct accumulated *to, double mean_w)
{
    double from_j = from->edge_j;

    if (acc->quantity == WATTLE_Q_ENERGY && from->started && !from->moved && to->moved) {
        double period_s = fmax(acc->period_s, acc->observed_period_s);

        from_j = fmin(from_j, 2 * mean_w * period_s + acc->unit_j);
    }
    return fmax(from_j, to->edge_j);
}

void accumulator_interval(const struct accumulator *acc, const struct accumulated *from,
                          const struct accumulated *to, double assumed_w,
                          struct accumulator_interval *ret)
{
    double energy_j = fmax(0, to->energy_j - from->energy_j);
    double dt_s = seconds(to->t_ns - from->t_ns);
    double random_j = Z90 * sqrt(fmax(0, to->random_j2 - from->random_j2));
    double half_j = hypot(random_j, ends_j(acc, from, to, dt_s > 0 ? energy_j / dt_s : 0));

    memset(ret, 0, sizeof *ret);
    ret->energy_j = energy_j;
    if (to->started) {
        ret->low_j = energy_j - half_j - fmax(0, to->below_j - from->below_j);
        ret->low_j = fmax(0, ret->low_j);
        ret->high_j = energy_j + half_j + fmax(0, to->above_j - from->above_j);
        blur_short(acc, dt_s, &ret->low_j, &ret->high_j);
        ret->repeat_j = hypot(half_j, fmax(0, to->loose_j - from->loose_j));
        ret->gap_s = fmin(dt_s, fmax(0, to->gap_s - from->gap_s));
        ret->samples = to->samples - from->samples;
    }
    if (!from->started) {
        int64_t until_ns = to->started ? acc->first_ns : to->t_ns;

        add_missed(acc, seconds(until_ns - from->t_ns), assumed_w, ret);
    }
    if (isnan(ret->energy_j)) {
        ret->low_j = ret->high_j = ret->repeat_j = WATTLE_UNKNOWN;
        return;
    }
    ret->low_j = fmin(ret->low_j, ret->energy_j);
    ret->high_j = fmax(ret->high_j, ret->energy_j);
}

double accumulator_take_max(struct accumulator *acc)
{
    double max_w = acc->max_w;

    acc->max_w = WATTLE_UNKNOWN;
    return max_w;
}
