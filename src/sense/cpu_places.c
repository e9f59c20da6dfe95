/* SPDX-License-Identifier: MIT */
#include "sense/cpu_places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/host.h"

#define CPUS_MAX 8192

static int topology_number(const struct wattle_host *host, int cpu, const char *name)
{
    char dir[512];
    int64_t value;

    if (host_path(dir, sizeof dir, host->sysfs, "devices/system/cpu/cpu%d/topology", cpu) < 0 ||
        file_read_i64(dir, name, &value) != 0 || value < 0 || value > 99999) {
        return -1;
    }
    return (int)value;
}

/* A die number means something only where one package has several. */
static void forget_lonely_dies(struct cpu_place *places, size_t count)
{
    bool several = false;
    size_t i, j;

    for (i = 0; i < count; i++) {
        for (j = 0; j < i; j++) {
            several = several || (places[i].package == places[j].package &&
                                  places[i].die != places[j].die);
        }
    }
    for (i = 0; i < count && !several; i++) {
        places[i].die = -1;
    }
}

size_t cpu_places_of(const struct wattle_host *host, const int *cpus, size_t count, bool whole,
                     struct cpu_place *ret)
{
    size_t kept = 0;
    size_t i, j;

    for (i = 0; i < count; i++) {
        struct cpu_place *place = &ret[kept];

        place->cpu = cpus[i];
        place->package = topology_number(host, cpus[i], "physical_package_id");
        place->die = whole ? -1 : topology_number(host, cpus[i], "die_id");
        if (place->package < 0) {
            place->package = (int)i;
        }
        for (j = 0; j < kept; j++) {
            if (ret[j].package == place->package && ret[j].die == place->die) {
                break;
            }
        }
        kept += j == kept;
    }
    forget_lonely_dies(ret, kept);
    return kept;
}

/* Strikes the CPUs that share the socket or die of `cpu`; false when the machine does not say. */
static bool strike(const struct wattle_host *host, int cpu, bool whole, bool *online)
{
    static const char *const by_die[] = {"die_cpus_list", "package_cpus_list",
                                         "core_siblings_list"};
    char dir[512];
    char text[4096];
    int *list;
    int n = -1;
    int i;

    if (host_path(dir, sizeof dir, host->sysfs, "devices/system/cpu/cpu%d/topology", cpu) < 0 ||
        (list = malloc(CPUS_MAX * sizeof *list)) == NULL) {
        return false;
    }
    for (i = whole ? 1 : 0; i < 3 && n <= 0; i++) {
        if (file_read_line(dir, by_die[i], text, sizeof text) > 0) {
            n = parse_cpulist(text, list, CPUS_MAX);
        }
    }
    for (i = 0; i < n && i < CPUS_MAX; i++) {
        if (list[i] >= 0 && list[i] < CPUS_MAX) {
            online[list[i]] = false;
        }
    }
    free(list);
    online[cpu] = false;
    return n > 0;
}

size_t cpu_places_find(const struct wattle_host *host, bool whole, struct cpu_place *ret,
                       size_t max)
{
    char dir[512];
    char text[4096];
    int *list = calloc(CPUS_MAX, sizeof *list);
    bool *online = calloc(CPUS_MAX, sizeof *online);
    size_t count = 0;
    int n = -1;
    int i;

    if (list != NULL && online != NULL &&
        host_path(dir, sizeof dir, host->sysfs, "devices/system/cpu") >= 0 &&
        file_read_line(dir, "online", text, sizeof text) > 0) {
        n = parse_cpulist(text, list, CPUS_MAX);
    }
    for (i = 0; i < n && i < CPUS_MAX; i++) {
        if (list[i] < CPUS_MAX) {
            online[list[i]] = true;
        }
    }
    for (i = 0; n > 0 && i < CPUS_MAX && count < max; i++) {
        if (online[i]) {
            list[count++] = i;
            if (!strike(host, i, whole, online)) {
                break; /* without topology there is one place: the first CPU's */
            }
        }
    }
    count = count > 0 ? cpu_places_of(host, list, count, whole, ret) : 0;
    free(list);
    free(online);
    return count;
}

void cpu_places_parts(const struct cpu_place *places, size_t count, struct rapl_parts *ret)
{
    size_t i;

    memset(ret, 0, sizeof *ret);
    for (i = 0; i < count; i++) {
        rapl_parts_add(ret, places[i].package, places[i].die);
    }
}
