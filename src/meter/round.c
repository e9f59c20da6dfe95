/* SPDX-License-Identifier: MIT */
/* One sampling round: ask the drivers, add up, judge, draw one row, tell the observer. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "machine/usage.h"
#include "meter/state.h"

/* Two forced readings closer than this see the same counters: RAPL moves every ms. */
#define FORCED_MIN_NS 1000000LL
/* CPU time has a resolution of a jiffy, 10 ms at worst: /proc/stat is not read more often. */
#define BUSY_MIN_NS 20000000LL
/* What a driver's time stamp may differ by from ours. */
#define CLOCK_SLACK_NS 50000000LL
/* A hanging slow driver (a GPU that falls off the bus) may not hang who asks for a reading. */
#define SLOW_READ_WAIT_S 2

int64_t meter_now_ns(const struct wattle_meter *meter) { return clock_monotonic_ns(meter->host); }

static bool due(const struct group *group, int64_t now_ns, int kind)
{
    int64_t age_ns = now_ns - group->read_ns;
    int64_t least_ns = group->period_ns - group->period_ns / 8;

    if (group->ended) {
        return false;
    }
    if (kind == ROUND_FORCED) {
        least_ns = group->period_ns / 2 < FORCED_MIN_NS ? group->period_ns / 2 : FORCED_MIN_NS;
    }
    return group->read_ns == 0 || age_ns >= least_ns || age_ns < 0;
}

/*
 * A counter is read now, whatever the driver's clock says; a power may have been taken before (a
 * BMC answers late), but not in the future. Within CLOCK_SLACK_NS the driver knows better.
 */
static void trust_clock(const struct slot *slot, int64_t begin_ns, int64_t end_ns,
                        struct wattle_reading *reading)
{
    bool ahead = reading->t_ns > end_ns + CLOCK_SLACK_NS;
    bool behind = reading->t_ns < begin_ns - CLOCK_SLACK_NS;

    if (slot->energy && (ahead || (behind && slot->channel.quantity == WATTLE_Q_ENERGY))) {
        reading->t_ns = end_ns;
    }
}

static void ask(const struct wattle_meter *meter, struct group *group)
{
    int64_t now_ns = meter_now_ns(meter);
    int64_t end_ns;
    size_t i;

    if (group->driver->read(group->state, group->readings) < 0) {
        for (i = 0; i < group->count; i++) {
            group->readings[i].status = WATTLE_READ_LOST;
            group->readings[i].t_ns = now_ns;
        }
        group->ended = true;
    }
    end_ns = meter_now_ns(meter);
    for (i = 0; i < group->count; i++) {
        trust_clock(&group->slots[i], now_ns, end_ns, &group->readings[i]);
    }
    group->read_ns = now_ns;
    group->fresh = true;
}

static void add_gauge(struct slot *slot, const struct wattle_reading *reading)
{
    double dt_s = clock_s(reading->t_ns - slot->last_ns);

    slot->failing = reading->status != WATTLE_READ_OK || isnan(reading->value);
    if (slot->failing) {
        return;
    }
    if (slot->first_ns == 0) {
        slot->first_ns = reading->t_ns;
        slot->max = reading->value;
    } else if (dt_s > 0) {
        slot->integral += (slot->last + reading->value) / 2 * dt_s;
    }
    slot->last = reading->value;
    slot->max = fmax(slot->max, reading->value);
    slot->last_ns = reading->t_ns;
}

static void add_group(struct wattle_meter *meter, struct group *group)
{
    size_t i;

    if (!group->fresh) {
        return;
    }
    group->fresh = false;
    for (i = 0; i < group->count; i++) {
        struct slot *slot = &group->slots[i];

        if (!slot->energy) {
            add_gauge(slot, &group->readings[i]);
            continue;
        }
        accumulator_add(&slot->acc, &group->readings[i], meter->asleep_ns);
    }
}

static void look_asleep(struct wattle_meter *meter)
{
    int64_t before_ns = meter_now_ns(meter);
    int64_t boot_ns = clock_boottime_ns(meter->host);
    int64_t after_ns = meter_now_ns(meter);

    /* A thread that was interrupted between two clocks would see a sleep of its own. */
    if (after_ns - before_ns < 1000000 || meter->asleep_ns == 0) {
        meter->asleep_ns = boot_ns - after_ns;
    }
}

static bool lock_slow(struct group *group, int kind)
{
    const struct timespec pause = {.tv_sec = 0, .tv_nsec = 200000};
    int64_t until_ns;

    if (pthread_mutex_trylock(&group->reading) == 0) {
        return true;
    }
    /* Calibration is not waited for: a session would last longer than what it measures. Looking
     * again and again, because a mutex waits by a clock that people set back. */
    until_ns = clock_monotonic_ns(NULL) + SLOW_READ_WAIT_S * NS_PER_S;
    while (kind != ROUND_PERIODIC && !atomic_load(&group->calibrating) &&
           clock_monotonic_ns(NULL) < until_ns) {
        nanosleep(&pause, NULL);
        if (pthread_mutex_trylock(&group->reading) == 0) {
            return true;
        }
    }
    return false;
}

static bool ask_slow(struct wattle_meter *meter, int kind)
{
    size_t count = atomic_load_explicit(&meter->group_count, memory_order_acquire);
    bool any = false;
    size_t g;

    for (g = 0; g < count; g++) {
        struct group *group = meter->groups[g];

        if (!group->slow || !lock_slow(group, kind)) {
            continue;
        }
        if (due(group, meter_now_ns(meter), kind)) {
            ask(meter, group);
            pthread_mutex_lock(&meter->lock);
            add_group(meter, group);
            pthread_mutex_unlock(&meter->lock);
            any = true;
        }
        pthread_mutex_unlock(&group->reading);
    }
    return any;
}

/* ---- verdicts ----------------------------------------------------------------------------- */

static bool unproven(const struct slot *slot)
{
    return slot->energy && slot->channel.quantity == WATTLE_Q_ENERGY && slot->acc.started &&
           !slot->acc.moved;
}

static void read_busy(struct wattle_meter *meter)
{
    struct machine_cpu_time time;

    machine_cpu_time_read(meter->host, &time);
    meter->busy_s = time.busy_s;
}

static enum liveness judge_slot(const struct wattle_meter *meter, const struct slot *slot,
                                int64_t now_ns)
{
    struct liveness_facts facts = {
        .counter = slot->channel.quantity == WATTLE_Q_ENERGY,
        .read = slot->acc.started,
        .moved = slot->acc.moved,
        .frozen = accumulator_frozen(&slot->acc, now_ns),
        .count = slot->acc.last_count,
        .still_s = clock_s(slot->acc.last_ns - slot->acc.first_ns),
        .limit_s = accumulator_still_limit_s(&slot->acc),
        .period_s = slot->acc.period_s,
        .unit_j = slot->acc.unit_j,
        .busy_s = meter->busy_s - slot->busy_start_s,
        .memory = slot->memory,
    };

    return liveness_judge(&facts);
}

void round_judge(struct wattle_meter *meter, int64_t now_ns)
{
    size_t count = atomic_load_explicit(&meter->slot_count, memory_order_acquire);
    bool need_busy = false;
    size_t i;

    for (i = 0; i < count; i++) {
        const struct slot *slot = meter->slots[i];

        need_busy = need_busy || (unproven(slot) && slot->verdict != LIVENESS_DEAD &&
                                  !(isnan(slot->busy_start_s) &&
                                    slot->memory == LIVENESS_WAS_ALIVE));
    }
    if (need_busy && (meter->busy_ns == 0 || now_ns - meter->busy_ns >= BUSY_MIN_NS)) {
        read_busy(meter);
        meter->busy_ns = now_ns;
    }
    for (i = 0; i < count; i++) {
        struct slot *slot = meter->slots[i];
        enum liveness verdict;

        if (!slot->energy) {
            continue;
        }
        if (unproven(slot) && isnan(slot->busy_start_s)) {
            slot->busy_start_s = meter->busy_s;
        }
        verdict = judge_slot(meter, slot, now_ns);
        if (verdict != slot->verdict) {
            slot->verdict = verdict;
            meter->selected = false;
        }
    }
    if (!meter->selected) {
        round_select(meter);
    }
}

void round_select(struct wattle_meter *meter)
{
    size_t count = atomic_load_explicit(&meter->slot_count, memory_order_acquire);
    struct select_candidate candidates[SLOTS_MAX];
    size_t i;

    for (i = 0; i < count; i++) {
        candidates[i].channel = &meter->slots[i]->channel;
        candidates[i].verdict = meter->slots[i]->verdict;
    }
    meter->scope = select_channels(candidates, count);
    for (i = 0; i < count; i++) {
        meter->slots[i]->counted = candidates[i].role == SELECT_COUNTED;
    }
    meter->selected = true;
}

/* ---- the row ------------------------------------------------------------------------------ */

/* Cumulative since the meter opened, with what was missed before the first reading. */
static double since_open_j(const struct wattle_meter *meter, const struct slot *slot,
                           const struct accumulated *at)
{
    double missed_s = clock_s(slot->acc.first_ns - meter->life_ns);

    if (!slot->energy || !at->started) {
        return WATTLE_UNKNOWN;
    }
    if (missed_s < 0.005) {
        return at->energy_j;
    }
    return at->energy_j + accumulator_first_w(&slot->acc) * missed_s;
}

/* Power of the counted sum: each channel's over the last stretch between readings of its own. */
static double total_w(const struct wattle_meter *meter, size_t count)
{
    double power_w = WATTLE_UNKNOWN;
    size_t i;

    for (i = 0; i < count; i++) {
        const struct slot *slot = meter->slots[i];

        if (slot->counted && !isnan(slot->acc.present_w)) {
            power_w = (isnan(power_w) ? 0 : power_w) + slot->acc.present_w;
        }
    }
    return power_w;
}

void round_draw(struct wattle_meter *meter)
{
    size_t count = atomic_load_explicit(&meter->slot_count, memory_order_acquire);
    int64_t now_ns = meter_now_ns(meter);
    struct meter_round round = {now_ns, count, meter->round_energy_j};
    size_t i;

    round_judge(meter, now_ns);
    for (i = 0; i < count; i++) {
        struct slot *slot = meter->slots[i];
        struct series_cell *cell = &meter->cells[i];

        if (slot->energy) {
            accumulator_at(&slot->acc, now_ns, &cell->at);
            cell->max_w = accumulator_take_max(&slot->acc);
        } else {
            memset(cell, 0, sizeof *cell);
            cell->max_w = WATTLE_UNKNOWN;
        }
        meter->round_energy_j[i] = since_open_j(meter, slot, &cell->at);
    }
    series_append(&meter->series, now_ns, total_w(meter, count), meter->cells);
    atomic_store_explicit(&meter->last_round_ns, now_ns, memory_order_release);
    if (meter->observer != NULL) {
        meter->observer(meter->observer_user, &round);
    }
}

void round_take(struct wattle_meter *meter, int kind)
{
    int64_t cpu_ns = kind == ROUND_FORCED ? clock_thread_cpu_ns() : 0;
    bool any = ask_slow(meter, kind);
    size_t count, g;
    int64_t now_ns;

    pthread_mutex_lock(&meter->round);
    now_ns = meter_now_ns(meter);
    count = atomic_load_explicit(&meter->group_count, memory_order_acquire);
    for (g = 0; g < count; g++) {
        struct group *group = meter->groups[g];

        if (!group->slow && due(group, now_ns, kind)) {
            ask(meter, group);
            any = true;
        }
    }
    if (any || kind == ROUND_PERIODIC) {
        pthread_mutex_lock(&meter->lock);
        look_asleep(meter);
        for (g = 0; g < count; g++) {
            if (!meter->groups[g]->slow) {
                add_group(meter, meter->groups[g]);
            }
        }
        round_draw(meter);
        pthread_mutex_unlock(&meter->lock);
    }
    pthread_mutex_unlock(&meter->round);
    if (kind == ROUND_FORCED) {
        atomic_fetch_add_explicit(&meter->own_ns, clock_thread_cpu_ns() - cpu_ns,
                                  memory_order_relaxed);
    }
}

void round_wait_slow(struct wattle_meter *meter, double wait_s)
{
    struct timespec until;
    int64_t until_ns = clock_monotonic_ns(NULL) + (int64_t)(wait_s * 1e9);

    until.tv_sec = until_ns / NS_PER_S;
    until.tv_nsec = until_ns % NS_PER_S;
    pthread_mutex_lock(&meter->lock);
    while (meter->slow_wanted && !meter->slow_done) {
        if (pthread_cond_timedwait(&meter->changed, &meter->lock, &until) != 0) {
            break;
        }
    }
    pthread_mutex_unlock(&meter->lock);
}
