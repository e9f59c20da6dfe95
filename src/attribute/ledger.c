/* SPDX-License-Identifier: MIT */
#include "attribute/ledger.h"

#include <math.h>
#include <string.h>

enum { BEST, LEAST, MOST }; /* of idle: with the best, lowest and highest idle power */

static const struct wattle_bound unknown = {(double)NAN, (double)NAN, (double)NAN};

static double clamp(double x, double low, double high)
{
    if (!(x > low)) {
        return low;
    }
    return x < high ? x : high;
}

void ledger_account_init(struct ledger_account *account, const struct ledger_idle *idle,
                         bool device)
{
    memset(account, 0, sizeof *account);
    account->idle = *idle;
    account->device = device;
}

/* ---- idle ----------------------------------------------------------------------------------- */

/*
 * Without a known idle power: power is taken to rise linearly with use u from r x full to full,
 * so that of the power drawn the part r / (r + (1 - r) u) is idle. Exact at u = 0, where all of
 * it is, and equal to the fraction at u = 1.
 */
static double idle_part(double r, double u) { return r > 0 ? r / (r + (1 - r) * u) : 0; }

static void take_idle(struct ledger_account *account, double energy_j, double use, double ret[3])
{
    const struct wattle_bound *power = &account->idle.power_w;
    const struct wattle_bound *fraction = &account->idle.fraction;
    const double powers[3] = {power->value, power->low, power->high};
    int i;

    if (account->device && account->device_use.vacant) {
        /* All of it, as long as that is a power that a device at rest may draw. */
        ret[MOST] = isnan(power->value) ? energy_j
                                        : clamp(power->high * account->use.dt_s, 0, energy_j);
        ret[BEST] = ret[MOST];
        ret[LEAST] = isnan(power->value) ? energy_j * fraction->low
                                         : clamp(power->low * account->use.dt_s, 0, energy_j);
        return;
    }
    if (isnan(power->value)) {
        ret[BEST] = energy_j * idle_part(fraction->value, isnan(use) ? 0.5 : use);
        ret[LEAST] = energy_j * idle_part(fraction->low, isnan(use) ? 1 : use);
        ret[MOST] = energy_j * idle_part(fraction->high, isnan(use) ? 0 : use);
        return;
    }
    for (i = 0; i < 3; i++) {
        /* A counter may step late: what was due before its step is taken out of the step. */
        account->due_j[i] += powers[i] * account->use.dt_s;
        ret[i] = clamp(account->due_j[i], 0, energy_j);
        account->due_j[i] -= ret[i];
    }
}

/* ---- shares --------------------------------------------------------------------------------- */

struct share {
    double task, low, high; /* of the dynamic energy; low and high: what could be, systematically */
    double noise;           /* 90 % half width from the resolution of CPU time */
    double own;
    double use; /* 0..1 of the component; NaN unknown */
};

/*
 * Half width of busy_s. The kernel counts whole ticks: what it sees of a CPU that is busy for
 * part of the time is a sample of it. n ticks at a probability p have the deviation
 * sqrt(n p (1 - p)); 1.645 deviations are a 90 % interval. One more tick for the ends. The time
 * of task and Wattle is known far better: p is that of the others.
 */
static double busy_error(const struct ledger_use *use)
{
    double n = use->capacity_s / use->tick_s;
    double p = clamp((use->busy_s - use->task_s - use->own_s) / use->capacity_s, 0, 1);

    if (isnan(n) || n <= 0) {
        return use->tick_s;
    }
    return use->tick_s * (1 + 1.645 * sqrt(n * p * (1 - p)));
}

static void cpu_share(const struct ledger_use *use, struct share *ret)
{
    double named = use->task_s + use->own_s;
    double busy = use->busy_s > named ? use->busy_s : named;

    memset(ret, 0, sizeof *ret);
    ret->use = isnan(use->busy_s) ? WATTLE_UNKNOWN : clamp(busy / use->capacity_s, 0, 1);
    if (isnan(use->capacity_s)) {
        ret->use = WATTLE_UNKNOWN;
    }
    if (busy <= 0) {
        /* Nothing ran, as far as a tick can see. */
        ret->high = use->task_error_s > 0 ? 1 : 0;
        return;
    }
    ret->own = use->own_s / busy;
    ret->task = use->task_s / busy;
    ret->low = isnan(use->busy_s) ? 0 : ret->task;
    ret->high = ret->task;
    ret->noise = hypot(isnan(use->busy_s) ? 0 : busy_error(use) / busy * ret->task,
                       use->task_error_s / busy);
}

static void device_share(const struct ledger_use *use, const struct ledger_device_use *device,
                         struct share *ret)
{
    struct share cpu;
    double hidden = clamp(device->unknown_s / use->dt_s, 0, 1);

    memset(ret, 0, sizeof *ret);
    ret->use = hidden > 0 ? WATTLE_UNKNOWN : clamp(device->all_s / use->dt_s, 0, 1);
    if (device->all_s > 0) {
        ret->task = clamp(device->task_s / device->all_s, 0, 1);
        ret->low = clamp((device->task_s - device->doubt_s) / device->all_s, 0, ret->task);
        ret->high = ret->task;
    } else if (device->task_present) {
        ret->high = 1;
    }
    if (hidden > 0) {
        /* Who was on it is not known. The best guess is who kept the processors busy; it may
         * have been all or nothing. */
        cpu_share(use, &cpu);
        ret->task = ret->task * (1 - hidden) + cpu.task * hidden;
        ret->low = ret->low * (1 - hidden);
        ret->high = ret->high * (1 - hidden) + hidden;
    }
}

static void settle(struct ledger_account *account, double energy_j)
{
    struct share share;
    double idle[3];
    double noise;
    int i;

    if (account->device) {
        device_share(&account->use, &account->device_use, &share);
    } else {
        cpu_share(&account->use, &share);
    }
    take_idle(account, energy_j, share.use, idle);
    for (i = 0; i < 3; i++) {
        /* The least for its users is what is left by the highest idle power. */
        int bound = i == BEST ? BEST : i == MOST ? LEAST : MOST;
        double dynamic = energy_j - idle[i];
        double task = bound == BEST ? share.task : bound == LEAST ? share.low : share.high;
        double other_task = bound == BEST ? share.task : bound == LEAST ? share.high : share.low;

        account->idle_j[i] += idle[i];
        account->owner_j[LEDGER_TASK][bound] += dynamic * task;
        account->owner_j[LEDGER_OWN][bound] += dynamic * share.own;
        account->owner_j[LEDGER_OTHER][bound] +=
            dynamic * clamp(1 - share.own - other_task, 0, 1);
    }
    noise = (energy_j - idle[BEST]) * clamp(share.noise, 0, 1);
    account->variance_j2 += noise * noise;
    account->energy_j += energy_j;
    memset(&account->use, 0, sizeof account->use);
    memset(&account->device_use, 0, sizeof account->device_use);
}

void ledger_device_add(struct ledger_device_use *sum, const struct ledger_device_use *more,
                       bool first)
{
    sum->task_s += more->task_s;
    sum->doubt_s += more->doubt_s;
    sum->all_s += more->all_s;
    sum->unknown_s += more->unknown_s;
    sum->task_present |= more->task_present;
    sum->vacant = more->vacant && (first || sum->vacant);
}

void ledger_interval(struct ledger_account *account, double energy_j,
                     const struct ledger_use *use, const struct ledger_device_use *device)
{
    struct ledger_use *pending = &account->use;
    bool first = pending->dt_s <= 0;

    pending->dt_s += use->dt_s;
    pending->capacity_s += use->capacity_s;
    pending->busy_s += use->busy_s;
    pending->task_s += use->task_s;
    pending->task_error_s += use->task_error_s;
    pending->own_s += use->own_s;
    pending->tick_s = use->tick_s;
    if (device != NULL) {
        ledger_device_add(&account->device_use, device, first);
    } else {
        account->device_use.vacant = false;
        account->device_use.unknown_s += use->dt_s;
    }
    if (energy_j > 0 && pending->dt_s > 0) {
        settle(account, energy_j);
    }
}

/* ---- the split ------------------------------------------------------------------------------ */

/* Whole microjoules, as a double that holds them exactly. */
static double whole_uj(double joules) { return nearbyint(joules * 1e6); }

static struct wattle_bound bound_of(double value_uj, double low_j, double high_j)
{
    struct wattle_bound ret = {value_uj / 1e6, 0, 0};

    ret.low = clamp(whole_uj(low_j) / 1e6, 0, ret.value);
    ret.high = clamp(whole_uj(high_j) / 1e6, ret.value, (double)INFINITY);
    return ret;
}

/* Idle takes what rounding leaves; where there is none of it, the others give way in turn. */
static void round_parts(const struct ledger_account *sum, double scale, double total_uj, bool task,
                        double *ret_idle_uj, double ret_owner_uj[LEDGER_OWNERS])
{
    static const enum ledger_owner order[] = {LEDGER_OWN, LEDGER_TASK, LEDGER_OTHER};
    double left_uj = total_uj;
    size_t i;

    for (i = 0; i < LEDGER_OWNERS; i++) {
        double part_j = sum->owner_j[order[i]][BEST];

        if (!task && order[i] == LEDGER_TASK) {
            part_j = 0;
        } else if (!task && order[i] == LEDGER_OTHER) {
            part_j += sum->owner_j[LEDGER_TASK][BEST];
        }
        ret_owner_uj[order[i]] = clamp(whole_uj(part_j * scale), 0, left_uj);
        left_uj -= ret_owner_uj[order[i]];
    }
    *ret_idle_uj = left_uj;
}

void ledger_split(const struct ledger_account *account, const struct wattle_bound *energy_j,
                  bool task, struct ledger_split *ret)
{
    struct ledger_account sum = *account;
    double owner_uj[LEDGER_OWNERS];
    struct wattle_bound owner[LEDGER_OWNERS];
    double total_uj = whole_uj(energy_j->value);
    double scale, idle_uj, dynamic_j, below_j, above_j;
    int i;

    *ret = (struct ledger_split){*energy_j, unknown, unknown, unknown, unknown, WATTLE_UNKNOWN};
    if (isnan(energy_j->value)) {
        return;
    }
    if (sum.use.dt_s > 0 && energy_j->value > sum.energy_j) {
        settle(&sum, energy_j->value - sum.energy_j);
    }
    scale = sum.energy_j > 0 ? energy_j->value / sum.energy_j : 0;
    dynamic_j = (sum.energy_j - sum.idle_j[BEST]) * scale;
    below_j = energy_j->value - energy_j->low;
    above_j = energy_j->high - energy_j->value;
    round_parts(&sum, scale, total_uj, task, &idle_uj, owner_uj);
    ret->task_noise_j = sqrt(sum.variance_j2) * scale;
    for (i = 0; i < LEDGER_OWNERS; i++) {
        /* An error of the energy itself falls on the users in proportion. */
        double part = dynamic_j > 0 ? owner_uj[i] / 1e6 / dynamic_j : 0;
        double noise = i == LEDGER_OWN || !task ? 0 : ret->task_noise_j;

        owner[i] = bound_of(owner_uj[i],
                            sum.owner_j[i][LEAST] * scale - below_j * part - noise,
                            sum.owner_j[i][MOST] * scale + above_j * part + noise);
        if (owner[i].high > energy_j->high) {
            owner[i].high = owner[i].value > energy_j->high ? owner[i].value : energy_j->high;
        }
    }
    ret->idle_j = bound_of(idle_uj, fmin(sum.idle_j[LEAST] * scale, energy_j->low),
                           fmin(sum.idle_j[MOST] * scale + above_j, energy_j->high));
    ret->energy_j.value = total_uj / 1e6;
    ret->task_j = task ? owner[LEDGER_TASK] : unknown;
    ret->other_j = owner[LEDGER_OTHER];
    ret->own_j = owner[LEDGER_OWN];
}

static void add_bound(struct wattle_bound *total, const struct wattle_bound *part)
{
    total->value = (whole_uj(total->value) + whole_uj(part->value)) / 1e6;
    total->low = (whole_uj(total->low) + whole_uj(part->low)) / 1e6;
    total->high = (whole_uj(total->high) + whole_uj(part->high)) / 1e6;
}

void ledger_add(struct ledger_split *total, const struct ledger_split *component)
{
    add_bound(&total->energy_j, &component->energy_j);
    add_bound(&total->task_j, &component->task_j);
    add_bound(&total->other_j, &component->other_j);
    add_bound(&total->idle_j, &component->idle_j);
    add_bound(&total->own_j, &component->own_j);
    total->task_noise_j = hypot(total->task_noise_j, component->task_noise_j);
}
