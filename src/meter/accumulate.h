/* SPDX-License-Identifier: MIT */
/*
 * Readings of one channel in, cumulative joules with bounds out. Pure: no clock, no file.
 *
 * Everything cumulative starts at the first trusted reading, so that the energy of an interval
 * is the difference of two points, and what the meter missed before that reading is added by
 * accumulator_interval.
 *
 * The rules, in one place:
 *  - A rise is believed when its power is plausible: at most cap_w since the counter last moved,
 *    and what it left of that before, up to 100 ms: a counter that is updated late catches up.
 *  - A fall is a wrap only if the same holds for it and the machine was not suspended.
 *  - Everything else is a gap: mean power before and after, times the time; bounds [0, cap x dt].
 *  - A counter that could not be read for a while, but went on plausibly, is bridged: its
 *    difference is exact and gap_s says how long it was not seen. Where it may have wrapped more
 *    than once meanwhile, the number of laps nearest to the mean power is taken and the bounds
 *    hold all of them.
 *  - A power is integrated: trapezoids between instants, rectangles of means.
 */
#ifndef METER_ACCUMULATE_H
#define METER_ACCUMULATE_H

#include <stdbool.h>
#include <stdint.h>

#include <wattle/sys/sensor.h>

/* A point on the cumulative curve. */
struct accumulated {
    int64_t t_ns;
    bool started;     /* a trusted reading existed */
    double energy_j;  /* best value */
    double below_j;   /* the truth may be so much lower: gain error, model, gaps; adds linearly */
    double above_j;   /* the same, higher */
    double loose_j;   /* the part of the half width that differs between two runs: gaps */
    double random_j2; /* variance of discretisation */
    double gap_s;     /* not covered by a trusted reading */
    uint64_t samples; /* trusted readings */
    bool moved;       /* the counter had: its power was known */
    double edge_j;    /* this very point may be off by so much; not cumulative */
    double power_w;   /* at this point, not cumulative; NaN unknown */
};

struct accumulator {
    enum wattle_quantity quantity;
    enum wattle_quality quality;
    double unit_j;
    double range_j; /* 0: none known */
    uint64_t range;
    double period_s;
    double averaging_s;
    double cap_w;
    double nominal_w; /* the most the channel really draws */
    double error_relative;
    double error_w;

    struct accumulated sum;
    bool started;
    bool lost;
    bool failing; /* the last attempt gave nothing */
    bool moved;   /* the counter changed since open */
    int64_t first_ns;
    int64_t last_ns;
    uint64_t first_count;
    uint64_t last_count;
    double last_w, last_below_w, last_above_w;
    int64_t asleep_ns;  /* boottime - monotonic at the last trusted reading */
    int64_t changed_ns; /* reading at which the counter last moved */
    int64_t still_ns;   /* last reading at which it had not */
    double observed_period_s;
    double plateau_s;   /* longest time seen standing still between two readings, or so far */
    double rise_j;      /* largest step between two readings */
    unsigned moves;     /* how many were seen, up to a few */
    double recent_w; /* mean of about the last second; NaN unknown */
    double recent_s;
    double swing_w;
    double credit_j; /* what a late counter may still catch up */
    double run_j, run_s; /* since the last break, until settled */
    double first_w;      /* power after the first reading; NaN not known yet */
    double pending_gap_s, pending_before_w;
    double peak_j; /* where the present stretch of the highest power began */
    int64_t peak_ns;
    double present_w; /* of the last such stretch; NaN */
    double max_w; /* highest since accumulator_take_max */
};

/* `channel` must be a WATTLE_Q_ENERGY or WATTLE_Q_POWER one. */
void accumulator_init(struct accumulator *acc, const struct wattle_channel *channel);

/* Highest power that is believed, W: 3 x max_power_w, or by domain. */
double accumulator_cap_w(const struct wattle_channel *channel);

/* `asleep_ns`: boottime - monotonic now. */
void accumulator_add(struct accumulator *acc, const struct wattle_reading *reading,
                     int64_t asleep_ns);

/* The curve at `t_ns`, now or a little after the last reading. */
void accumulator_at(const struct accumulator *acc, int64_t t_ns, struct accumulated *ret);

/* Energy of an interval. */
struct accumulator_interval {
    double energy_j, low_j, high_j; /* NaN: nothing is known of it */
    double repeat_j;                /* half width between two runs */
    double gap_s;
    uint64_t samples;
};
/* `assumed_w` stands for the power before the first reading where acc does not know it; NaN. */
void accumulator_interval(const struct accumulator *acc, const struct accumulated *from,
                          const struct accumulated *to, double assumed_w,
                          struct accumulator_interval *ret);

/* The counter has moved, but not for too long now: its silence is a gap. */
bool accumulator_frozen(const struct accumulator *acc, int64_t t_ns);
/* Seconds after which a silent counter is suspect: 1 s, 10 updates, or ticks of 1 W. */
double accumulator_still_limit_s(const struct accumulator *acc);

/* Power after the first reading, once it has settled; NaN before. */
double accumulator_first_w(const struct accumulator *acc);

/* What a gap is filled with: the power just before, or half of the nominal one. */
double accumulator_gap_power_w(const struct accumulator *acc);
/* Moves the bounds of a sum out to [low_j, high_j] for a part that was estimated. */
void accumulated_widen(struct accumulated *sum, double energy_j, double low_j, double high_j);

/* Highest mean power since the last call; NaN if none was seen. */
double accumulator_take_max(struct accumulator *acc);

#endif
