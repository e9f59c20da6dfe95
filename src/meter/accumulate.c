/* SPDX-License-Identifier: MIT */
#include "meter/accumulate.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* A sleep of the machine shorter than this is the jitter of reading two clocks. */
#define ASLEEP_MIN_NS 100000000LL
/* Power "just before" is the mean of about so long. */
#define RECENT_S 1.0
/* After a break, power counts as known when it was seen for so long. */
#define SETTLE_S 0.05
/* RAPL's nominal update (Intel SDM vol. 3B, 15.10); for drivers that do not say. */
#define DEFAULT_PERIOD_S 0.001
/* Whoever updates a counter (firmware, a file's writer on a busy machine) may be so late. */
#define LATE_S 0.1

static double seconds(int64_t ns) { return (double)ns / 1e9; }

double accumulator_cap_w(const struct wattle_channel *channel)
{
    if (!isnan(channel->max_power_w) && channel->max_power_w > 0) {
        return 3 * channel->max_power_w;
    }
    switch (channel->domain) {
    case WATTLE_D_DRAM:
        return 500;
    case WATTLE_D_WALL:
        return 20000;
    default:
        return 2000;
    }
}

static double or_zero(double x) { return isnan(x) || x < 0 ? 0 : x; }

void accumulator_init(struct accumulator *acc, const struct wattle_channel *channel)
{
    memset(acc, 0, sizeof *acc);
    acc->quantity = channel->quantity;
    acc->quality = channel->quality;
    acc->unit_j = or_zero(channel->unit);
    acc->range = channel->range;
    acc->range_j = (double)channel->range * acc->unit_j;
    acc->period_s = or_zero(channel->update_period_s);
    if (acc->quantity == WATTLE_Q_ENERGY && acc->period_s == 0) {
        acc->period_s = DEFAULT_PERIOD_S;
    }
    acc->averaging_s = isnan(channel->averaging_s) ? 0 : channel->averaging_s;
    acc->cap_w = accumulator_cap_w(channel);
    acc->nominal_w = acc->cap_w / 3;
    acc->error_relative = or_zero(channel->error_relative);
    acc->error_w = or_zero(channel->error_w);
    acc->recent_w = acc->first_w = acc->max_w = acc->present_w = WATTLE_UNKNOWN;
    acc->pending_before_w = acc->last_w = acc->sum.power_w = WATTLE_UNKNOWN;
}

static double settle_s(const struct accumulator *acc)
{
    return fmax(SETTLE_S, 5 * fmax(acc->period_s, acc->observed_period_s));
}

/* A plain mean at first, then one that forgets with a time constant of RECENT_S. */
static void follow_power(struct accumulator *acc, double power_w, double dt_s)
{
    if (dt_s <= 0) {
        return;
    }
    if (isnan(acc->recent_w)) {
        acc->recent_w = power_w;
        acc->recent_s = dt_s;
        return;
    }
    acc->swing_w = fmax(acc->swing_w * exp(-dt_s / (10 * RECENT_S)),
                        fabs(power_w - acc->recent_w));
    acc->recent_s = fmin(acc->recent_s + dt_s, fmax(RECENT_S, dt_s));
    acc->recent_w += (power_w - acc->recent_w) * fmin(1, dt_s / acc->recent_s);
}

/* Highest power is that of stretches long enough to hold several updates, or jiffies of a model. */
static double stretch_s(const struct accumulator *acc)
{
    if (acc->quantity == WATTLE_Q_ENERGY) {
        return fmax(0.005, 5 * fmax(acc->period_s, acc->observed_period_s));
    }
    return acc->averaging_s < 0 ? fmin(acc->period_s, 0.1) : 0.001;
}

static void follow_peak(struct accumulator *acc, int64_t t_ns)
{
    double dt_s = seconds(t_ns - acc->peak_ns);

    if (dt_s > 0 && dt_s >= stretch_s(acc)) {
        acc->present_w = (acc->sum.energy_j - acc->peak_j) / dt_s;
        acc->max_w = fmax(acc->max_w, acc->present_w);
        acc->peak_j = acc->sum.energy_j;
        acc->peak_ns = t_ns;
    }
}

/* What a break left open is settled as soon as the power after it is known. */
static void settle(struct accumulator *acc, double energy_j, double dt_s)
{
    double after_w;

    if (!isnan(acc->first_w) && acc->pending_gap_s == 0) {
        return;
    }
    acc->run_j += energy_j;
    acc->run_s += dt_s;
    if (acc->run_s < settle_s(acc)) {
        return;
    }
    after_w = acc->run_j / acc->run_s;
    if (isnan(acc->first_w)) {
        acc->first_w = after_w;
    }
    if (acc->pending_gap_s > 0) {
        double before_w = acc->pending_before_w;
        double mean_w = isnan(before_w) ? after_w : (before_w + after_w) / 2;
        double was_w = isnan(before_w) ? acc->nominal_w / 2 : fmin(before_w, acc->cap_w);
        double change_j = (fmin(mean_w, acc->cap_w) - was_w) * acc->pending_gap_s;

        acc->sum.energy_j += change_j;
        acc->sum.below_j += change_j;
        acc->sum.above_j -= change_j;
        acc->pending_gap_s = 0;
        acc->peak_j += change_j;
    }
    acc->run_j = acc->run_s = 0;
}

static void add_good(struct accumulator *acc, double energy_j, double dt_s)
{
    double slack_j = energy_j * acc->error_relative + acc->error_w * dt_s;

    acc->sum.energy_j += energy_j;
    acc->sum.below_j += slack_j;
    acc->sum.above_j += slack_j;
    settle(acc, energy_j, dt_s);
}

static void add_gap(struct accumulator *acc, double dt_s)
{
    double energy_j = accumulator_gap_power_w(acc) * dt_s;

    acc->sum.energy_j += energy_j;
    accumulated_widen(&acc->sum, energy_j, 0, acc->cap_w * dt_s);
    acc->sum.gap_s += dt_s;
    if (acc->pending_gap_s == 0) {
        acc->pending_before_w = acc->recent_w;
    }
    acc->pending_gap_s += dt_s;
    acc->run_j = acc->run_s = 0;
    acc->peak_j += energy_j; /* an estimate is no peak */
}

static void start(struct accumulator *acc, const struct wattle_reading *reading)
{
    acc->started = true;
    acc->first_ns = acc->changed_ns = acc->still_ns = acc->peak_ns = reading->t_ns;
    acc->first_count = reading->count;
    acc->peak_j = 0;
    acc->credit_j = acc->cap_w * LATE_S;
    if (acc->quantity == WATTLE_Q_POWER) {
        acc->first_w = reading->value;
        follow_power(acc, reading->value, fmax(acc->period_s, 1e-3));
    }
}

/* The counter moved by `up_j`: power since it last did, and how long it stands still between. */
static void moved(struct accumulator *acc, int64_t t_ns, double up_j, double dt_s)
{
    /* One update seen right after the first reading may stand for a whole period. */
    double since_s = fmax(seconds(t_ns - acc->changed_ns), acc->period_s);
    double still_s = seconds(acc->still_ns - acc->changed_ns);

    follow_power(acc, up_j / since_s, since_s);
    acc->observed_period_s *= 0.98;
    if (acc->moved && still_s > 0) {
        /* It stood still for at least still_s, and moved within the dt_s after that. */
        acc->observed_period_s = fmax(acc->observed_period_s, still_s + fmin(dt_s, still_s));
    }
    acc->rise_j = fmax(acc->rise_j, up_j);
    if (acc->moves < UINT_MAX) {
        acc->moves++;
    }
    acc->moved = true;
    acc->changed_ns = t_ns;
}

/* Believes `up_j` (plus whole laps) or declares a gap. */
static void add_counter(struct accumulator *acc, const struct wattle_reading *reading,
                        double dt_s, bool slept)
{
    double since_s = seconds(reading->t_ns - acc->changed_ns);
    double allowed_j = acc->cap_w * (since_s + acc->period_s) + acc->unit_j + acc->credit_j;
    bool fell = reading->count < acc->last_count;
    bool believed = !fell || (!slept && acc->range > acc->last_count);
    double up_j = 0;
    double laps = 0;

    if (believed) {
        uint64_t up = fell ? acc->range - acc->last_count + reading->count
                           : reading->count - acc->last_count;

        up_j = (double)up * acc->unit_j;
        believed = up_j <= allowed_j;
    }
    if (!believed) {
        add_gap(acc, dt_s);
        acc->changed_ns = acc->still_ns = reading->t_ns;
        return;
    }
    if (acc->range_j > 0) {
        laps = floor((acc->cap_w * dt_s - up_j) / acc->range_j);
    }
    if (laps >= 1) {
        double most_j = up_j + laps * acc->range_j;
        double k = round((accumulator_gap_power_w(acc) * dt_s - up_j) / acc->range_j);
        double energy_j = up_j + fmin(fmax(k, 0), laps) * acc->range_j;

        add_good(acc, energy_j, dt_s);
        accumulated_widen(&acc->sum, energy_j, up_j, most_j);
        acc->sum.gap_s += dt_s;
        acc->changed_ns = acc->still_ns = reading->t_ns;
        return;
    }
    if (up_j > 0) {
        acc->credit_j = fmin(allowed_j - up_j, acc->cap_w * LATE_S);
    }
    add_good(acc, up_j, dt_s);
    if (slept) {
        accumulated_widen(&acc->sum, up_j, 0, acc->cap_w * dt_s);
        acc->sum.gap_s += dt_s;
    } else if (acc->failing) {
        acc->sum.gap_s += dt_s;
    }
    if (up_j > 0) {
        moved(acc, reading->t_ns, up_j, dt_s);
    } else {
        acc->still_ns = reading->t_ns;
        acc->plateau_s = fmax(acc->plateau_s, since_s);
    }
}

static void add_power(struct accumulator *acc, const struct wattle_reading *reading, double dt_s,
                      bool blind)
{
    double now_w = reading->value;
    bool means = acc->averaging_s < 0 || (acc->averaging_s > 0 && dt_s <= 2 * acc->averaging_s);
    double mean_w = means ? now_w : (acc->last_w + now_w) / 2;
    double below_w = isnan(reading->low) ? 0 : fmax(0, now_w - reading->low);
    double above_w = isnan(reading->high) ? 0 : fmax(0, reading->high - now_w);
    double energy_j = mean_w * dt_s;

    if (blind && acc->averaging_s >= 0) {
        energy_j = (acc->last_w + now_w) / 2 * dt_s;
        acc->sum.energy_j += energy_j;
        accumulated_widen(&acc->sum, energy_j, 0, acc->cap_w * dt_s);
        acc->sum.gap_s += dt_s;
        acc->peak_j += energy_j;
    } else {
        if (isnan(reading->low) || isnan(reading->high)) {
            add_good(acc, energy_j, dt_s);
        } else {
            acc->sum.energy_j += energy_j;
            acc->sum.below_j += dt_s * (means ? below_w : (below_w + acc->last_below_w) / 2);
            acc->sum.above_j += dt_s * (means ? above_w : (above_w + acc->last_above_w) / 2);
        }
        if (blind) {
            acc->sum.gap_s += dt_s;
        }
        if (!means) {
            /* Between two instants the power may have been either all the time: uniform. */
            double spread_j = (now_w - acc->last_w) * dt_s;

            acc->sum.random_j2 += spread_j * spread_j / 12;
        }
    }
    follow_power(acc, mean_w, dt_s);
}

static bool sound(const struct accumulator *acc, const struct wattle_reading *reading)
{
    if (reading->status != WATTLE_READ_OK) {
        return false;
    }
    if (acc->quantity == WATTLE_Q_POWER &&
        !(reading->value >= 0 && reading->value <= acc->cap_w)) {
        return false; /* NaN, negative, or more than anything real draws */
    }
    return true;
}

void accumulator_add(struct accumulator *acc, const struct wattle_reading *reading,
                     int64_t asleep_ns)
{
    double dt_s;
    bool slept;

    if (reading->status == WATTLE_READ_LOST) {
        acc->lost = true;
    }
    if (!sound(acc, reading) || (acc->started && reading->t_ns < acc->last_ns)) {
        acc->failing = true; /* also when time runs backwards: wait until it is sane again */
        return;
    }
    if (acc->started && reading->t_ns == acc->last_ns) {
        return;
    }
    if (!acc->started) {
        start(acc, reading);
    } else {
        dt_s = seconds(reading->t_ns - acc->last_ns);
        slept = asleep_ns - acc->asleep_ns > ASLEEP_MIN_NS;
        if (acc->quantity == WATTLE_Q_ENERGY) {
            add_counter(acc, reading, dt_s, slept);
        } else {
            add_power(acc, reading, dt_s, slept || acc->failing);
        }
        follow_peak(acc, reading->t_ns);
    }
    acc->sum.samples++;
    acc->failing = acc->lost = false;
    acc->last_ns = reading->t_ns;
    acc->last_count = reading->count;
    acc->asleep_ns = asleep_ns;
    if (acc->quantity == WATTLE_Q_POWER) {
        acc->last_w = reading->value;
        acc->last_below_w = isnan(reading->low) ? 0 : fmax(0, reading->value - reading->low);
        acc->last_above_w = isnan(reading->high) ? 0 : fmax(0, reading->high - reading->value);
    }
}
