/* SPDX-License-Identifier: MIT */
#include "machine/cpu.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define CPUS_MAX 65536
#define CPUINFO_MAX ((size_t)32 << 20)

/* ---- sysfs topology ------------------------------------------------------------------------- */

/* Reads a cpulist of one CPU's topology and clears those CPUs in `left`; how many there are. */
static int take_siblings(const struct wattle_host *host, int cpu, const char *name,
                         const char *old_name, unsigned char *left, int *list)
{
    char dir[4096];
    char text[4096];
    int count, i;

    snprintf(dir, sizeof dir, "%s/devices/system/cpu/cpu%d/topology", host->sysfs, cpu);
    if (file_read_line(dir, name, text, sizeof text) <= 0 &&
        file_read_line(dir, old_name, text, sizeof text) <= 0) {
        return 0;
    }
    count = parse_cpulist(text, list, CPUS_MAX);
    for (i = 0; i < count && i < CPUS_MAX; i++) {
        if (list[i] < CPUS_MAX) {
            left[list[i]] = 0;
        }
    }
    return count > 0 ? count : 0;
}

/*
 * Sockets: one read each. Cores: one read each on small machines, where core kinds may differ
 * (performance and efficiency cores); on larger ones every core of a socket has as many threads
 * as its first, so that a start on 1000 CPUs does not cost 1000 file reads.
 */
static void topology_read(const struct wattle_host *host, const int *online, int count,
                          struct machine_cpu *ret)
{
    enum { SMALL = 64 };
    unsigned char *packages = calloc(2, CPUS_MAX);
    int *list = malloc(CPUS_MAX * sizeof *list);
    unsigned char *cores = packages != NULL ? packages + CPUS_MAX : NULL;
    int sockets = 0;
    int total = 0;
    int i;

    for (i = 0; packages != NULL && list != NULL && i < count; i++) {
        packages[online[i]] = 1;
        cores[online[i]] = 1;
    }
    for (i = 0; packages != NULL && list != NULL && i < count; i++) {
        int cpu = online[i];
        int in_package = 0;

        if (packages[cpu]) {
            in_package = take_siblings(host, cpu, "package_cpus_list", "core_siblings_list",
                                       packages, list);
            packages[cpu] = 0;
            if (in_package == 0) {
                break;
            }
            sockets++;
        }
        if (count <= SMALL ? cores[cpu] : in_package > 0) {
            int in_core = take_siblings(host, cpu, "core_cpus_list", "thread_siblings_list",
                                        cores, list);

            if (in_core == 0) {
                break;
            }
            total += count <= SMALL ? 1 : in_package / in_core;
        }
    }
    if (sockets > 0 && i == count) {
        ret->sockets = sockets;
        ret->cores = total;
    }
    free(list);
    free(packages);
}

static int online_read(const struct wattle_host *host, int **ret)
{
    char text[4096];
    int count;

    *ret = NULL;
    if (file_read_line(host->sysfs, "devices/system/cpu/online", text, sizeof text) <= 0) {
        return 0;
    }
    *ret = malloc(CPUS_MAX * sizeof **ret);
    count = *ret != NULL ? parse_cpulist(text, *ret, CPUS_MAX) : 0;
    while (count > 0 && (count > CPUS_MAX || (*ret)[count - 1] >= CPUS_MAX)) {
        count--;
    }
    return count > 0 ? count : 0;
}

static double max_mhz_read(const struct wattle_host *host, int cpu)
{
    char dir[4096];
    uint64_t khz;

    snprintf(dir, sizeof dir, "%s/devices/system/cpu/cpu%d/cpufreq", host->sysfs, cpu);
    return file_read_u64(dir, "cpuinfo_max_freq", &khz) == 0 && khz > 0 ? (double)khz / 1000
                                                                       : WATTLE_UNKNOWN;
}

/* All of cpuinfo, which the kernel makes CPU by CPU: slow on large machines. */
static void parse_whole(const struct wattle_host *host, struct machine_cpu *ret)
{
    size_t size = (size_t)1 << 20;
    char *text = NULL;

    for (; size <= CPUINFO_MAX; size *= 4) {
        ssize_t n;

        free(text);
        text = malloc(size);
        n = text != NULL ? file_read_at(host->procfs, "cpuinfo", text, size) : -1;
        if (n < 0) {
            break;
        }
        if ((size_t)n < size - 1 || size * 4 > CPUINFO_MAX) {
            machine_cpu_parse(text, (size_t)n, ret);
            break;
        }
    }
    free(text);
}

void machine_cpu_read(const struct wattle_host *host, struct machine_cpu *ret)
{
    struct machine_cpu topology;
    char start[8192]; /* more than one processor: who it is, not how many */
    int *online;
    int count = online_read(host, &online);
    ssize_t n;

    machine_cpu_parse("", 0, &topology);
    machine_cpu_parse("", 0, ret);
    if (count > 0) {
        topology_read(host, online, count, &topology);
    }
    if (topology.sockets > 0) {
        n = file_read_at(host->procfs, "cpuinfo", start, sizeof start);
        machine_cpu_parse(start, n > 0 ? (size_t)n : 0, ret);
        ret->sockets = topology.sockets;
        ret->cores = topology.cores;
        ret->threads = count;
    } else {
        parse_whole(host, ret);
        if (count > 0) {
            ret->threads = count;
        }
    }
    if (count > 0) {
        /* The first and the last: little cores come first on some machines. */
        double last = max_mhz_read(host, online[count - 1]);

        ret->max_mhz = max_mhz_read(host, online[0]);
        if (isnan(ret->max_mhz) || last > ret->max_mhz) {
            ret->max_mhz = last;
        }
    }
    free(online);
}
