/* SPDX-License-Identifier: MIT */
/*
 * How busy the machine is: CPU seconds since boot from <procfs>/stat, memory from
 * <procfs>/meminfo. Steal is time that the hypervisor gave to others: neither
 * busy nor ours. Guest time is inside user time and not counted twice.
 */
#ifndef MACHINE_USAGE_H
#define MACHINE_USAGE_H

#include <stddef.h>
#include <stdint.h>

#include <wattle/sys/sensor.h>

struct machine_cpu_time {
    double busy_s;  /* user + nice + system + irq + softirq; NaN unknown */
    double idle_s;  /* idle + iowait */
    double steal_s;
    int cpus;       /* "cpuN" lines; 0 unknown */
    double resolution_s; /* one jiffy of USER_HZ */
};

struct machine_memory {
    double total_bytes; /* of the machine, or the container's limit when lower; NaN unknown */
    double used_bytes;  /* total - MemAvailable */
};

void machine_cpu_time_read(const struct wattle_host *host, struct machine_cpu_time *ret);
/* The same without `cpus` (0): reads the first line alone, however many CPUs there are. */
void machine_cpu_totals_read(const struct wattle_host *host, struct machine_cpu_time *ret);
void machine_cpu_time_parse(const char *text, size_t size, struct machine_cpu_time *ret);
void machine_memory_read(const struct wattle_host *host, struct machine_memory *ret);
/* The same with limits that were read before: for readings that are repeated. */
struct cgroup_limits;
void machine_memory_read_within(const struct wattle_host *host, const struct cgroup_limits *limits,
                                struct machine_memory *ret);
void machine_memory_parse(const char *text, size_t size, struct machine_memory *ret);

#endif
