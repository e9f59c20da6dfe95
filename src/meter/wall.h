/* SPDX-License-Identifier: MIT */
/* A modelled server knows nothing of what was measured beside it, GPUs above all: both together
 * make the machine at its plug. */
#ifndef METER_WALL_H
#define METER_WALL_H

#include <wattle/sys/sensor.h>

#include "estimate/wall.h"
#include "meter/accumulate.h"

struct wall_parts {
    struct estimate_parts energy_j; /* joules here, watts when asked */
    int sockets;
};

void wall_parts_init(struct wall_parts *parts);
/* Adds a counted part; those of which nobody knows how much of the machine they are, are left. */
void wall_parts_add(struct wall_parts *parts, enum wattle_domain domain,
                    const struct accumulator_interval *energy);
/* The energy at the plug over dt_s > 0; model_j: of the modelled server. */
struct wattle_bound wall_parts_beside(const struct wall_parts *parts, struct wattle_bound model_j,
                                      double dt_s);

#endif
