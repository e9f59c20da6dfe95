/* SPDX-License-Identifier: MIT */
#include "estimate/wall.h"

#include <math.h>

static const double z90 = 1.6449;

/* 80 PLUS Gold to Titanium supplies at 20-100 % load; low: an old one, or one that idles. */
static const struct wattle_bound efficiency = {0.90, 0.84, 0.95};
/* Board, fans, disks, network: a PC on a plug meter gave 37 W (318 runs); servers: more fans. */
static const struct wattle_bound rest_w = {37, 16, 80};
static const double rest_more_sockets_w = 15;
/* DDR4 in use: 0.02-0.09 W/GB marginal at the plug of servers, 0.2-0.6 under memory stress. */
static const struct wattle_bound dram_w_per_gb = {0.15, 0.05, 0.40};
static const struct wattle_bound dram_unknown_w = {5, 1, 20};

/* Share of TDP over 838 inference configurations on H100 and B200 (ML.ENERGY v3, 2025): median,
 * 5 and 95 %; idle: makers' and reviewers' figures for boards without work. */
static const struct wattle_bound gpu_busy = {0.70, 0.42, 0.96};
static const struct wattle_bound gpu_idle = {0.12, 0.05, 0.25};

struct guess {
    double ln, variance; /* of ln watts; variance INFINITY: none */
};

static double spread(struct wattle_bound bound) { return (bound.high - bound.low) / (2 * z90); }

static struct wattle_bound times(struct wattle_bound bound, double factor)
{
    struct wattle_bound product = {bound.value * factor, bound.low * factor, bound.high * factor};
    return product;
}

/* Independent parts: values add, deviations add as squares. */
static void add(struct wattle_bound part, double *sum, double *variance)
{
    *sum += part.value;
    if (isfinite(spread(part))) {
        *variance += spread(part) * spread(part);
    }
}

static struct guess behind_supply(double sum, double variance)
{
    double supply = spread(efficiency) / efficiency.value;
    struct guess guess = {log(sum / efficiency.value), variance / (sum * sum) + supply * supply};
    return guess;
}

/* Measured parts, and a guess of each that is not. */
static struct guess from_parts(const struct estimate_parts *parts,
                               const struct estimate_server_spec *spec)
{
    struct guess none = {0, INFINITY};
    double sum = 0, variance = 0;
    if (wattle_known(parts->platform_w.value) && parts->platform_w.value > 0) {
        add(parts->platform_w, &sum, &variance);
        return behind_supply(sum, variance);
    }
    if (!wattle_known(parts->cpu_w.value)) {
        return none;
    }
    add(parts->cpu_w, &sum, &variance);
    if (wattle_known(parts->dram_w.value)) {
        add(parts->dram_w, &sum, &variance);
    } else if (spec->memory_gb > 0) {
        add(times(dram_w_per_gb, spec->memory_gb), &sum, &variance);
    } else {
        add(dram_unknown_w, &sum, &variance);
    }
    if (wattle_known(parts->gpu_w.value)) {
        add(parts->gpu_w, &sum, &variance);
    }
    add(rest_w, &sum, &variance);
    sum += spec->sockets > 1 ? rest_more_sockets_w * (spec->sockets - 1) : 0;
    return behind_supply(sum, variance);
}

static double known_or_0(double watts) { return watts > 0 ? watts : 0; }

static struct guess from_specs(const struct estimate_parts *parts, struct wattle_bound server_w)
{
    struct guess guess = {0, INFINITY};
    /* Less than what was measured inside of it: these specifications are not this machine's. */
    double inside = known_or_0(parts->cpu_w.low) + known_or_0(parts->dram_w.low);
    if (!(server_w.value > 0) || wattle_known(parts->platform_w.value) ||
        server_w.high < inside) {
        return guess;
    }
    double sum = 0, variance = 0;
    add(server_w, &sum, &variance);
    if (wattle_known(parts->gpu_w.value)) {
        add(times(parts->gpu_w, 1 / efficiency.value), &sum, &variance);
    }
    guess.ln = log(sum);
    guess.variance = fmax(variance / (sum * sum), 0.05 * 0.05);
    return guess;
}

struct wattle_bound estimate_wall(const struct estimate_parts *parts,
                                  const struct estimate_server_spec *spec,
                                  const struct estimate_server *server, double load)
{
    struct wattle_bound none = {WATTLE_UNKNOWN, WATTLE_UNKNOWN, WATTLE_UNKNOWN};
    return estimate_wall_beside(parts, spec,
                                server != NULL ? estimate_server_power(server, load) : none);
}

struct wattle_bound estimate_wall_beside(const struct estimate_parts *parts,
                                         const struct estimate_server_spec *spec,
                                         struct wattle_bound server_w)
{
    struct wattle_bound wall = {WATTLE_UNKNOWN, WATTLE_UNKNOWN, WATTLE_UNKNOWN};
    struct guess a = from_parts(parts, spec);
    struct guess b = from_specs(parts, server_w);
    double weight = 1 / a.variance + 1 / b.variance;
    if (!(weight > 0)) {
        return wall;
    }
    /* 1 / INFINITY is 0: a way that is not there has no weight. */
    double mean = (a.ln / a.variance + b.ln / b.variance) / weight;
    /* Where both ways disagree by more than they admit, the interval says so. */
    double apart = isfinite(a.variance) && isfinite(b.variance) ? a.ln - b.ln : 0;
    double excess = fmax(0, apart * apart - a.variance - b.variance);
    double half = z90 * sqrt(1 / weight + excess / 4);
    wall.value = exp(mean);
    wall.low = exp(mean - half);
    wall.high = exp(mean + half);
    /* A plug gives no less than what was measured behind it. */
    double least = known_or_0(parts->platform_w.low) + known_or_0(parts->cpu_w.low) +
                   known_or_0(parts->dram_w.low) + known_or_0(parts->gpu_w.low);
    wall.low = fmax(wall.low, least);
    wall.value = fmax(wall.value, wall.low);
    wall.high = fmax(wall.high, wall.value);
    return wall;
}

struct wattle_bound estimate_gpu(double tdp_w, double utilization)
{
    double u = wattle_known(utilization) ? fmin(fmax(utilization, 0), 1) : 1;
    struct wattle_bound power = {
        tdp_w * (gpu_idle.value + u * (gpu_busy.value - gpu_idle.value)),
        tdp_w * (gpu_idle.low + u * (gpu_busy.low - gpu_idle.low)),
        tdp_w * (gpu_idle.high + u * (gpu_busy.high - gpu_idle.high))};
    return power;
}
