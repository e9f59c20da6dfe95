/* SPDX-License-Identifier: MIT */
/* The RAPL zones of a powercap tree, each once, named by what they see. */
#ifndef SENSE_POWERCAP_ZONES_H
#define SENSE_POWERCAP_ZONES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <wattle/error.h>

#include "sense/rapl.h"

#define POWERCAP_LEVELS_MAX 3

struct powercap_zone {
    char base[48];  /* "intel-rapl-mmio:0:1" */
    char text[48];  /* what its file `name` says */
    char path[512]; /* the way we found it */
    dev_t device;   /* where it really is, whatever links led there */
    ino_t inode;
    bool mmio;
    int levels;
    int number[POWERCAP_LEVELS_MAX];
    bool known; /* `name` below is filled */
    struct rapl_name name; /* package and die are the parent's where its own name has none */
};

struct powercap_zones {
    struct powercap_zone *items; /* intel-rapl before intel-rapl-mmio, then by number */
    size_t count;
    size_t capacity;
};

/* No powercap folder is success with no zones. */
int powercap_zones_find(const char *sysfs, struct powercap_zones *ret, struct wattle_error *err);
void powercap_zones_finish(struct powercap_zones *zones);

/* The largest power that the zone's own limits speak of; NaN when they say nothing. */
double powercap_zone_power_w(const struct powercap_zone *zone);
/* The range of a zone that does not state it: a sibling's of the same kind, or the usual one. */
uint64_t powercap_zone_range(const struct powercap_zones *zones, const struct powercap_zone *zone,
                             const struct rapl_cpu *cpu, uint64_t count);

/* Pure: "intel-rapl:10:0" or "intel-rapl-mmio:0" into its numbers; false for anything else. */
bool powercap_zone_parse(const char *base, struct powercap_zone *ret);

#endif
