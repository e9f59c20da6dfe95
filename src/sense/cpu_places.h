/* SPDX-License-Identifier: MIT */
/* Which CPU sits in which socket and die: <sysfs>/devices/system/cpu. */
#ifndef SENSE_CPU_PLACES_H
#define SENSE_CPU_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include <wattle/sys/sensor.h>

#include "sense/rapl.h"

/* A CPU through which the counters of one socket or die are read. */
struct cpu_place {
    int cpu;
    int package; /* physical package; the position in the list where the machine does not say */
    int die;     /* -1: the package is whole */
};

/* Places of the given CPUs (a PMU's cpumask). `whole` keeps the first CPU of each package. */
size_t cpu_places_of(const struct wattle_host *host, const int *cpus, size_t count, bool whole,
                     struct cpu_place *ret);

/* One CPU for each socket, or for each die unless `whole`; reads a few files however many CPUs. */
size_t cpu_places_find(const struct wattle_host *host, bool whole, struct cpu_place *ret,
                       size_t max);

void cpu_places_parts(const struct cpu_place *places, size_t count, struct rapl_parts *ret);

#endif
