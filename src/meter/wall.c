/* SPDX-License-Identifier: MIT */
#include "meter/wall.h"

#include <math.h>

void wall_parts_init(struct wall_parts *parts)
{
    const struct wattle_bound unknown = {WATTLE_UNKNOWN, WATTLE_UNKNOWN, WATTLE_UNKNOWN};

    parts->energy_j.cpu_w = parts->energy_j.dram_w = unknown;
    parts->energy_j.gpu_w = parts->energy_j.platform_w = unknown;
    parts->sockets = 0;
}

void wall_parts_add(struct wall_parts *parts, enum wattle_domain domain,
                    const struct accumulator_interval *energy)
{
    struct wattle_bound *sum;

    switch (domain) {
    case WATTLE_D_PACKAGE:
    case WATTLE_D_MODULE:
        parts->sockets++;
        sum = &parts->energy_j.cpu_w;
        break;
    case WATTLE_D_DRAM:
        sum = &parts->energy_j.dram_w;
        break;
    case WATTLE_D_GPU:
        sum = &parts->energy_j.gpu_w;
        break;
    case WATTLE_D_PLATFORM:
        sum = &parts->energy_j.platform_w;
        break;
    default:
        return;
    }
    if (isnan(sum->value)) {
        sum->value = sum->low = sum->high = 0;
    }
    sum->value += energy->energy_j;
    sum->low += energy->low_j;
    sum->high += energy->high_j;
}

static struct wattle_bound times(struct wattle_bound bound, double factor)
{
    bound.value *= factor;
    bound.low *= factor;
    bound.high *= factor;
    return bound;
}

struct wattle_bound wall_parts_beside(const struct wall_parts *parts, struct wattle_bound model_j,
                                      double dt_s)
{
    struct estimate_server_spec spec = {.sockets = parts->sockets, .memory_gb = WATTLE_UNKNOWN};
    struct estimate_parts watts = {times(parts->energy_j.cpu_w, 1 / dt_s),
                                   times(parts->energy_j.dram_w, 1 / dt_s),
                                   times(parts->energy_j.gpu_w, 1 / dt_s),
                                   times(parts->energy_j.platform_w, 1 / dt_s)};

    return times(estimate_wall_beside(&watts, &spec, times(model_j, 1 / dt_s)), dt_s);
}
