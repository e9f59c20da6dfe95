/* SPDX-License-Identifier: MIT */
#include "sense/rapl_registers.h"

#include <math.h>

/* Intel SDM vol. 4: MSR_RAPL_POWER_UNIT and the energy status registers. */
#define INTEL_UNIT 0x606
static const struct rapl_register intel[] = {
    {WATTLE_D_PACKAGE, 0x611}, /* MSR_PKG_ENERGY_STATUS */
    {WATTLE_D_CORE, 0x639},    /* MSR_PP0_ENERGY_STATUS */
    {WATTLE_D_UNCORE, 0x641},  /* MSR_PP1_ENERGY_STATUS */
    {WATTLE_D_DRAM, 0x619},    /* MSR_DRAM_ENERGY_STATUS */
    {WATTLE_D_PLATFORM, 0x64d} /* MSR_PLATFORM_ENERGY_STATUS */
};

/* AMD PPR for family 17h model 31h (55803): RAPL_PWR_UNIT, PKG_ENERGY_STAT. The core register
 * 0xc001029a is one core's, inside the package: not read. */
#define AMD_UNIT 0xc0010299
static const struct rapl_register amd[] = {{WATTLE_D_PACKAGE, 0xc001029b}};

const struct rapl_register *rapl_registers(const struct rapl_cpu *cpu, size_t *ret_count)
{
    *ret_count = 0;
    if (cpu->vendor == RAPL_VENDOR_INTEL && cpu->family == 6) {
        *ret_count = sizeof intel / sizeof intel[0];
        return intel;
    }
    if (cpu->vendor == RAPL_VENDOR_AMD && cpu->family >= 0x17) {
        *ret_count = sizeof amd / sizeof amd[0];
        return amd;
    }
    return NULL;
}

uint32_t rapl_unit_register(const struct rapl_cpu *cpu)
{
    return cpu->vendor == RAPL_VENDOR_AMD ? AMD_UNIT : INTEL_UNIT;
}

/* Silvermont and Airmont count 2^n microjoules, all others 2^-n joules
 * (drivers/powercap/intel_rapl_common.c, rapl_check_unit_atom). */
static bool counts_microjoules(const struct rapl_cpu *cpu)
{
    return cpu->vendor == RAPL_VENDOR_INTEL && cpu->family == 6 &&
           (cpu->model == 0x37 || cpu->model == 0x4a || cpu->model == 0x4c || cpu->model == 0x5a);
}

/* Sapphire and Emerald Rapids count the platform in whole joules
 * (arch/x86/events/rapl.c, RAPL_UNIT_QUIRK_INTEL_SPR). */
static bool psys_counts_joules(const struct rapl_cpu *cpu)
{
    return cpu->vendor == RAPL_VENDOR_INTEL && cpu->family == 6 &&
           (cpu->model == 0x8f || cpu->model == 0xcf);
}

double rapl_unit_j(const struct rapl_cpu *cpu, enum wattle_domain domain, uint64_t unit_register)
{
    int exponent = (int)(unit_register >> 8 & 0x1f);

    if (unit_register == 0) {
        return WATTLE_UNKNOWN;
    }
    if (domain == WATTLE_D_DRAM && rapl_dram_unit_is_fixed(cpu)) {
        return ldexp(1, -16);
    }
    if (domain == WATTLE_D_PLATFORM && psys_counts_joules(cpu)) {
        return 1;
    }
    return counts_microjoules(cpu) ? ldexp(1e-6, exponent) : ldexp(1, -exponent);
}
