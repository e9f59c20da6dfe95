/* SPDX-License-Identifier: MIT */
#include "estimate/server.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/*
 * First rung: full power follows TDP and memory, idle is a share of it. Measured servers of
 * 2017-2026 (SPECpower_ssj2008, spec.org) draw 0.9-1.4 x TDP x sockets at full load and idle at
 * 0.10-0.45 of that; the intervals below hold nine of ten of them.
 */
static const double full_per_tdp = 1.10;
static const double full_w_per_gb = 0.10;
static const double full_base_w = 15.0;
static const double idle_per_full = 0.21;
static const double w_per_core = 6.0; /* TDP / cores where TDP is unknown: 3..15 */

static struct wattle_bound bound_around(double value, double below, double above)
{
    struct wattle_bound bound = {value, value * below, value * above};
    return bound;
}

void estimate_server(const struct estimate_server_spec *spec, struct estimate_server *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->confidence = 0.90;
    for (int i = 0; i <= 10; i++) {
        ret->shape[i] = 0.1 * i;
    }
    int sockets = spec->sockets > 0 ? spec->sockets : 1;
    double memory_gb = wattle_known(spec->memory_gb) && spec->memory_gb > 0 ? spec->memory_gb : 16;
    double tdp_w = spec->tdp_w;
    double width = 1.0;
    if (!(tdp_w > 0)) {
        int cores = spec->cores > 0 ? spec->cores : 8 * sockets;
        tdp_w = fmax(15.0, w_per_core * cores / sockets);
        width = spec->cores > 0 ? 1.5 : 2.5;
    }
    double full_w = full_per_tdp * tdp_w * sockets + full_w_per_gb * memory_gb + full_base_w;
    ret->max_w = bound_around(full_w, 0.65 / width, 1.5 * width);
    ret->idle_w = bound_around(full_w * idle_per_full, 0.4 / width, 2.2 * width);
    snprintf(ret->basis, sizeof(ret->basis), "%s, no microarchitecture",
             spec->tdp_w > 0 ? "TDP" : spec->cores > 0 ? "core count" : "nothing known");
}

/*
 * Against a fair split by CPU time over all loads of the neighbours, a linear share spans
 * 0.62-1.32 with a perfect model of the host (simulated on SPECpower curves, 2026).
 */
static const double neighbours_log_below = 0.478; /* -ln 0.62 */
static const double neighbours_log_above = 0.278; /* ln 1.32 */

static struct wattle_bound bound_share(struct wattle_bound bound, double share)
{
    double below = hypot(log(bound.value / bound.low), neighbours_log_below);
    double above = hypot(log(bound.high / bound.value), neighbours_log_above);
    return bound_around(bound.value * share, exp(-below), exp(above));
}

void estimate_server_scale(struct estimate_server *server, double share, const char *who)
{
    server->idle_w = bound_share(server->idle_w, share);
    server->max_w = bound_share(server->max_w, share);
    for (int i = 0; i <= 10; i++) {
        server->shape[i] = 0.1 * i;
    }
    size_t used = strlen(server->basis);
    snprintf(server->basis + used, sizeof(server->basis) - used, "; %s with %.3g of the host", who,
             share);
}

void estimate_server_share(const struct estimate_server_spec *spec, double cpus,
                           struct estimate_server *ret)
{
    struct estimate_server_spec host = *spec;
    host.sockets = 2;
    host.cores = 64;
    host.threads_per_core = 2;
    host.memory_gb = 512;
    host.tdp_w = WATTLE_UNKNOWN;
    estimate_server(&host, ret);
    estimate_server_scale(ret, cpus / (host.cores * host.threads_per_core), "guest");
}

struct wattle_bound estimate_server_power(const struct estimate_server *server, double load)
{
    load = load >= 0 ? fmin(load, 1.0) : 0.0;
    int i = (int)fmin(floor(load * 10), 9);
    double t = load * 10 - i;
    double s = server->shape[i] + t * (server->shape[i + 1] - server->shape[i]);
    struct wattle_bound power = {
        server->idle_w.value + s * (server->max_w.value - server->idle_w.value),
        server->idle_w.low + s * (server->max_w.low - server->idle_w.low),
        server->idle_w.high + s * (server->max_w.high - server->idle_w.high),
    };
    return power;
}
