/* SPDX-License-Identifier: MIT */
/* The modelled driver, and the pure step from machine facts to what it models. */
#ifndef SENSE_MODELLED_H
#define SENSE_MODELLED_H

#include <wattle/sys/sensor.h>

#include "estimate/server.h"
#include "machine/cpu.h"
#include "machine/usage.h"
#include "machine/virt.h"

extern const struct wattle_sensor_driver sense_modelled;

/* driver_data of the channel: power at rest, for those who split idle from dynamic. */
enum { MODELLED_IDLE_MW = 0, MODELLED_IDLE_LOW_MW = 1, MODELLED_IDLE_HIGH_MW = 2 };

struct modelled_machine {
    struct estimate_server_spec spec;
    struct estimate_server server; /* of the machine, or of the part of it that is ours */
    double cpus;    /* CPUs whose full use is full power */
    bool own_group; /* a container: count the CPU time of its control group only */
};

/* Pure. */
void modelled_describe(const struct machine_cpu *cpu, const struct machine_memory *memory,
                       const struct machine_virt *virt, struct modelled_machine *ret);

#endif
