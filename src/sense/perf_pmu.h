/* SPDX-License-Identifier: MIT */
/* A perf PMU as sysfs describes it. */
#ifndef SENSE_PERF_PMU_H
#define SENSE_PERF_PMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wattle/sys/sensor.h>

#define PERF_PMU_CPUS_MAX 256
#define PERF_PMU_EVENTS_MAX 16

struct perf_pmu_event {
    char name[32]; /* "energy-pkg" */
    uint64_t config;
    double unit_j; /* joules per count */
};

struct perf_pmu {
    uint32_t type;
    size_t cpu_count; /* at most PERF_PMU_CPUS_MAX are kept */
    int cpus[PERF_PMU_CPUS_MAX];
    size_t event_count; /* events in joules, sorted by config */
    struct perf_pmu_event events[PERF_PMU_EVENTS_MAX];
};

/* False when the machine has no such PMU, or it has nothing in joules. */
bool perf_pmu_read(const struct wattle_host *host, const char *name, struct perf_pmu *ret);

/* Pure: "event=0x02" to 2; false for anything else. */
bool perf_event_parse(const char *text, uint64_t *ret_config);

#endif
