/* SPDX-License-Identifier: MIT */
/* RAPL's model-specific registers, by vendor and model. Pure. */
#ifndef SENSE_RAPL_REGISTERS_H
#define SENSE_RAPL_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sense/rapl.h"

struct rapl_register {
    enum wattle_domain domain;
    uint32_t address;
};

/* NULL and 0 for a processor without RAPL registers that we know. */
const struct rapl_register *rapl_registers(const struct rapl_cpu *cpu, size_t *ret_count);
/* The register that holds the units. */
uint32_t rapl_unit_register(const struct rapl_cpu *cpu);
/* Joules per count; NaN when the unit register says nothing (0: there is no RAPL behind it). */
double rapl_unit_j(const struct rapl_cpu *cpu, enum wattle_domain domain, uint64_t unit_register);

#endif
