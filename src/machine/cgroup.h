/* SPDX-License-Identifier: MIT */
/*
 * Control groups: where a process is, and which limits hold there.
 *
 * Version 2 has one tree (<cgroup>, or <cgroup>/unified beside version 1);
 * version 1 has one tree per controller (<cgroup>/cpu, /cpuacct, /memory, ...).
 * A limit on any group up the path holds for everything below it.
 */
#ifndef MACHINE_CGROUP_H
#define MACHINE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>

#include <wattle/sys/sensor.h>

#define CGROUP_PATH_MAX 1024

/*
 * Pure: the path of `controller` in the text of a /proc/PID/cgroup; "" (the
 * empty string) means version 2. "a" is found in "4:a,b:/x". False when it is not
 * there or the path cannot be used ("..": outside of our namespace, too long).
 */
bool cgroup_path_parse(const char *text, size_t size, const char *controller, char *ret,
                       size_t ret_size);

/* Pure: "200000 100000" or "max 100000" to CPUs; NaN: no limit or no sense. */
double cgroup_cpu_max_parse(const char *text);
/* Pure: bytes, or NaN for "max", version 1's "no limit" (about 2^63, page-rounded) and nonsense. */
double cgroup_bytes_parse(const char *text);

/* Where version 2 is mounted under the host's root; false: nowhere. */
bool cgroup_v2_root(const struct wattle_host *host, char *ret, size_t size);
/* Where a version 1 controller is mounted ("memory", "cpuacct", ...); false: nowhere. */
bool cgroup_v1_root(const struct wattle_host *host, const char *controller, char *ret,
                    size_t size);

struct cgroup_limits {
    double cpus;         /* quota and cpuset; NaN: no limit */
    double memory_bytes; /* NaN: no limit */
    bool memory_v1;
    char memory_dir[2 * CGROUP_PATH_MAX]; /* of the group that sets the memory limit; "" none */
};

/* Of the group that this process is in. `online_cpus` (0 unknown): a cpuset of all is no limit. */
void cgroup_limits_read(const struct wattle_host *host, int online_cpus,
                        struct cgroup_limits *ret);

/* Bytes in use in the group that sets the memory limit, without file cache that can go; NaN. */
double cgroup_memory_used(const struct cgroup_limits *limits);

#endif
