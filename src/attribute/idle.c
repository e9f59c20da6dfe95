/* SPDX-License-Identifier: MIT */
#include "attribute/idle.h"

#include <math.h>

/* A machine that is used less than this is taken as idle: a system's own timers. */
#define QUIET_USE 0.02

/*
 * Idle power / power at full use where nothing better is known; wide on purpose.
 *
 * Packages: 0.12 of full load by RAPL on 33 server CPUs (Teads Engineering, EC2 dataset, 2021:
 * 0.11-0.13), but half of it and more on processors that cannot sleep deeply.
 * Memory: 0.33 of the power under memory stress (the same, 0.15-0.33), more under light load.
 * GPUs: 0.11 (the same); data-sheet idle powers of 10-20 % of the limit are common.
 * Whole servers: 0.20 of full load at the plug, 5-95 %: 0.15-0.41 (110 SPECpower_ssj2008 results
 * of 2023-2026; SPEC and the benchmark name are trademarks of SPEC).
 */
static const struct wattle_bound package_fraction = {0.15, 0.05, 0.50};
static const struct wattle_bound dram_fraction = {0.33, 0.15, 0.90};
static const struct wattle_bound gpu_fraction = {0.12, 0.03, 0.40};
static const struct wattle_bound board_fraction = {0.20, 0.12, 0.55};

/* The same machine at rest differs between two moments with temperature and background work:
 * our own choice of 90 % limits, wider for an older reading. */
#define JUST_BEFORE_LOW 0.92
#define JUST_BEFORE_HIGH 1.05
#define REMEMBERED_LOW 0.90
#define REMEMBERED_HIGH 1.25

const char *idle_source_text(enum idle_source source)
{
    switch (source) {
    case IDLE_MEASURED:
        return "measured just before";
    case IDLE_REMEMBERED:
        return "remembered";
    case IDLE_MODELLED:
        break;
    }
    return "modelled";
}

/*
 * Where the model knows the ratio for this machine: two chassis with one processor differ by
 * x/: 1.18 at idle and 1.10 at full load (1 sigma, docs/estimation.md), their ratio by x/: 1.22,
 * of which 90 % lie within x/: 1.38.
 */
#define KNOWN_SHARE_SPREAD 1.38

static const struct wattle_bound *fraction_of(const struct wattle_channel *channel)
{
    switch (channel->kind) {
    case WATTLE_CPU:
        return &package_fraction;
    case WATTLE_DRAM:
        return &dram_fraction;
    case WATTLE_GPU:
        return &gpu_fraction;
    case WATTLE_BOARD:
    case WATTLE_BATTERY:
    case WATTLE_OTHER:
        break;
    }
    return &board_fraction;
}

enum idle_source idle_choose(const struct wattle_channel *channel, double just_before_w,
                             double just_before_use, double remembered_w, struct ledger_idle *ret)
{
    const struct wattle_bound *fraction = fraction_of(channel);
    bool quiet = just_before_use < QUIET_USE;

    ret->fraction = *fraction;
    if (channel->idle_share > 0 && channel->idle_share < 1) {
        ret->fraction.value = channel->idle_share;
        ret->fraction.low = channel->idle_share / KNOWN_SHARE_SPREAD;
        ret->fraction.high = fmin(1, channel->idle_share * KNOWN_SHARE_SPREAD);
    }
    ret->power_w = (struct wattle_bound){WATTLE_UNKNOWN, WATTLE_UNKNOWN, WATTLE_UNKNOWN};
    if (just_before_w >= 0 && (quiet || isnan(remembered_w))) {
        ret->power_w.value = just_before_w;
        ret->power_w.high = just_before_w * JUST_BEFORE_HIGH;
        /* Something ran: part of it was not idle, by the same line as the model's. */
        ret->power_w.low = just_before_w * JUST_BEFORE_LOW;
        if (!quiet) {
            double use = isnan(just_before_use) ? 1 : just_before_use;

            ret->power_w.low *= fraction->low / (fraction->low + (1 - fraction->low) * use);
        }
        return IDLE_MEASURED;
    }
    if (remembered_w >= 0) {
        ret->power_w.value = remembered_w;
        ret->power_w.low = remembered_w * REMEMBERED_LOW;
        ret->power_w.high = remembered_w * REMEMBERED_HIGH;
        return IDLE_REMEMBERED;
    }
    /* A GPU's limit is a power that it really reaches; nothing tells its use as reliably as CPU
     * time tells that of a processor. Other channels' limits are only ceilings. */
    if (channel->domain == WATTLE_D_GPU && channel->max_power_w > 0) {
        ret->power_w.value = fraction->value * channel->max_power_w;
        ret->power_w.low = fraction->low * channel->max_power_w;
        ret->power_w.high = fraction->high * channel->max_power_w;
    }
    return IDLE_MODELLED;
}

double idle_candidate_w(const struct wattle_channel *channel, double energy_j, double dt_s,
                        double use)
{
    enum { STEPS = 5 }; /* fewer could miss a whole step of the counter */

    if (!(dt_s >= IDLE_STRETCH_S) || !(use < QUIET_USE) || !(energy_j > 0) ||
        channel->quality == WATTLE_MODELLED || channel->update_period_s * STEPS > dt_s) {
        return WATTLE_UNKNOWN;
    }
    /* A GPU on which nobody is seen may still work for somebody who is not. */
    if (channel->domain == WATTLE_D_GPU &&
        energy_j / dt_s > gpu_fraction.high * channel->max_power_w) {
        return WATTLE_UNKNOWN;
    }
    return energy_j / dt_s;
}
