/* SPDX-License-Identifier: MIT */
/*
 * What the three RAPL drivers (perf, powercap, MSR) share: the parts of a
 * machine that RAPL sees, how they are named and numbered, and how far their
 * numbers may be trusted.
 */
#ifndef SENSE_RAPL_H
#define SENSE_RAPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wattle/sys/sensor.h>

#define RAPL_PARTS_MAX 256
/* 0xFFFFFFFF counts of 61035 nJ, as the kernel rounds 2^-14 J. */
#define RAPL_LARGEST_RANGE_UJ 262143328850ULL

enum rapl_vendor { RAPL_VENDOR_UNKNOWN = 0, RAPL_VENDOR_INTEL, RAPL_VENDOR_AMD };

/* What the processor says of itself; all unknown where the host's cpuinfo is not its own. */
struct rapl_cpu {
    enum rapl_vendor vendor;
    int family, model; /* -1 unknown */
    char name[WATTLE_NAME_MAX];
};

/* A zone's name as the kernel writes it: "package-1-die-3", "dram", "psys-1". */
struct rapl_name {
    enum wattle_domain domain;
    int package; /* package-N, psys-N (psys alone is 0); -1 when the name does not say */
    int die;     /* -1: none named */
};

/* One place with counters of its own: a socket, or a die of one. */
struct rapl_part {
    int package;
    int die; /* -1: the package is whole */
};

/* The parts of a machine in order of package and die: their rank numbers them for every driver. */
struct rapl_parts {
    struct rapl_part items[RAPL_PARTS_MAX];
    size_t count;
};

void rapl_cpu_read(const struct wattle_host *host, struct rapl_cpu *ret);

/* Pure: false for a name that RAPL does not have. */
bool rapl_name_parse(const char *text, struct rapl_name *ret);

/* Keeps the list sorted and free of twins. */
void rapl_parts_add(struct rapl_parts *parts, int package, int die);
/* unit_index: the package's own number where packages are whole, the rank among dies otherwise. */
int rapl_parts_index(const struct rapl_parts *parts, int package, int die);

/*
 * Fills everything that does not depend on the way to the counter: name,
 * kind, domain, index, error bounds, update period, device.
 */
void rapl_channel_describe(struct wattle_channel *channel, const struct rapl_cpu *cpu,
                           const struct rapl_parts *parts, enum wattle_domain domain, int package,
                           int die);

/* The modulus of a 32-bit counter in microjoules as powercap would state it, when it does not. */
uint64_t rapl_likely_range_uj(const struct rapl_cpu *cpu, enum wattle_domain domain);

/* DRAM counts 2^-16 J on these Intel servers, whatever the unit register says. */
bool rapl_dram_unit_is_fixed(const struct rapl_cpu *cpu);

#endif
