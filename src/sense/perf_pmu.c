/* SPDX-License-Identifier: MIT */
#include "sense/perf_pmu.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/host.h"

bool perf_event_parse(const char *text, uint64_t *ret_config)
{
    static const char prefix[] = "event=0x";
    uint64_t config = 0;
    const char *p;
    int digits = 0;

    if (strncmp(text, prefix, sizeof prefix - 1) != 0) {
        return false;
    }
    for (p = text + sizeof prefix - 1; isxdigit((unsigned char)*p) && digits < 8; p++) {
        config = config * 16 + (uint64_t)(isdigit((unsigned char)*p)
                                              ? *p - '0'
                                              : tolower((unsigned char)*p) - 'a' + 10);
        digits++;
    }
    if (digits == 0 || (*p != '\0' && *p != '\n')) {
        return false;
    }
    *ret_config = config;
    return true;
}

static bool read_event(const char *dir, const char *name, struct perf_pmu_event *ret)
{
    char file[64];
    char text[64];

    if (strlen(name) >= sizeof ret->name || strchr(name, '.') != NULL ||
        strncmp(name, "energy-", 7) != 0) {
        return false;
    }
    memcpy(ret->name, name, strlen(name) + 1);
    if (file_read_line(dir, name, text, sizeof text) <= 0 ||
        !perf_event_parse(text, &ret->config)) {
        return false;
    }
    snprintf(file, sizeof file, "%s.unit", name);
    if (file_read_line(dir, file, text, sizeof text) <= 0 || strcmp(text, "Joules") != 0) {
        return false;
    }
    snprintf(file, sizeof file, "%s.scale", name);
    return file_read_line(dir, file, text, sizeof text) > 0 && parse_double(text, &ret->unit_j) &&
           ret->unit_j > 0 && ret->unit_j < 1e3;
}

static int compare_events(const void *a, const void *b)
{
    const struct perf_pmu_event *x = a;
    const struct perf_pmu_event *y = b;

    return x->config < y->config ? -1 : x->config > y->config;
}

bool perf_pmu_read(const struct wattle_host *host, const char *name, struct perf_pmu *ret)
{
    char dir[PATH_MAX];
    char text[4096];
    uint64_t type;
    struct dirent *entry;
    DIR *stream;
    int n;

    memset(ret, 0, sizeof *ret);
    if (host_path(dir, sizeof dir, host->sysfs, "bus/event_source/devices/%s", name) < 0 ||
        file_read_u64(dir, "type", &type) != 0 || type > UINT32_MAX ||
        file_read_line(dir, "cpumask", text, sizeof text) <= 0) {
        return false;
    }
    ret->type = (uint32_t)type;
    n = parse_cpulist(text, ret->cpus, PERF_PMU_CPUS_MAX);
    if (n <= 0) {
        return false;
    }
    ret->cpu_count = n < PERF_PMU_CPUS_MAX ? (size_t)n : PERF_PMU_CPUS_MAX;
    host_path(dir, sizeof dir, host->sysfs, "bus/event_source/devices/%s/events", name);
    stream = opendir(dir);
    if (stream == NULL) {
        return false;
    }
    while (ret->event_count < PERF_PMU_EVENTS_MAX && (entry = readdir(stream)) != NULL) {
        ret->event_count += read_event(dir, entry->d_name, &ret->events[ret->event_count]);
    }
    closedir(stream);
    qsort(ret->events, ret->event_count, sizeof ret->events[0], compare_events);
    return ret->event_count > 0;
}
