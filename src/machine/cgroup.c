/* SPDX-License-Identifier: MIT */
#include "machine/cgroup.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/host.h"

/* Version 1 says "no limit" with LONG_MAX rounded down to a page; any such size is more memory
 * than exists. */
#define NO_LIMIT_BYTES 4.6e18

static bool list_has(const char *list, size_t size, const char *name)
{
    size_t length = strlen(name);
    size_t i = 0;

    while (i <= size) {
        const char *comma = memchr(list + i, ',', size - i);
        size_t item = comma != NULL ? (size_t)(comma - list) - i : size - i;

        if (item == length && memcmp(list + i, name, length) == 0) {
            return true;
        }
        i += item + 1;
    }
    return false;
}

/* A path that leaves its root cannot be looked up under ours. */
static bool path_usable(const char *path, size_t size)
{
    size_t i;

    if (size == 0 || path[0] != '/') {
        return false;
    }
    for (i = 0; i < size; i++) {
        if (path[i] == '\0') {
            return false;
        }
        if (path[i] == '/' && i + 2 < size && path[i + 1] == '.' && path[i + 2] == '.' &&
            (i + 3 == size || path[i + 3] == '/')) {
            return false;
        }
    }
    return true;
}

bool cgroup_path_parse(const char *text, size_t size, const char *controller, char *ret,
                       size_t ret_size)
{
    while (size > 0) {
        const char *newline = memchr(text, '\n', size);
        size_t length = newline != NULL ? (size_t)(newline - text) : size;
        const char *first = memchr(text, ':', length);
        const char *second = NULL;

        if (first != NULL) {
            second = memchr(first + 1, ':', length - (size_t)(first + 1 - text));
        }
        if (second != NULL && list_has(first + 1, (size_t)(second - first - 1), controller)) {
            const char *path = second + 1;
            size_t path_size = length - (size_t)(path - text);

            if (!path_usable(path, path_size) || path_size >= ret_size) {
                return false;
            }
            memcpy(ret, path, path_size);
            ret[path_size] = '\0';
            return true;
        }
        if (newline == NULL) {
            return false;
        }
        size -= length + 1;
        text = newline + 1;
    }
    return false;
}

double cgroup_cpu_max_parse(const char *text)
{
    char quota_text[32];
    char period_text[32];
    uint64_t quota, period;

    if (sscanf(text, "%31s %31s", quota_text, period_text) != 2 ||
        !parse_u64(quota_text, strlen(quota_text), &quota) ||
        !parse_u64(period_text, strlen(period_text), &period) || quota == 0 || period == 0) {
        return WATTLE_UNKNOWN;
    }
    return (double)quota / (double)period;
}

double cgroup_bytes_parse(const char *text)
{
    uint64_t bytes;

    if (!parse_u64(text, strlen(text), &bytes) || (double)bytes > NO_LIMIT_BYTES) {
        return WATTLE_UNKNOWN;
    }
    return (double)bytes;
}

static bool is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool exists(const char *dir, const char *name)
{
    char path[4096];
    struct stat st;

    return host_path(path, sizeof path, dir, "%s", name) > 0 && stat(path, &st) == 0;
}

bool cgroup_v2_root(const struct wattle_host *host, char *ret, size_t size)
{
    /* A copy of a container's group may hold its limits alone. */
    if (exists(host->cgroup, "cgroup.controllers") || exists(host->cgroup, "cpu.max") ||
        exists(host->cgroup, "memory.max")) {
        int n = snprintf(ret, size, "%s", host->cgroup);

        return n > 0 && (size_t)n < size;
    }
    return host_path(ret, size, host->cgroup, "unified") > 0 && exists(ret, "cgroup.controllers");
}

bool cgroup_v1_root(const struct wattle_host *host, const char *controller, char *ret, size_t size)
{
    /* cpu and cpuacct are often mounted together; distributions link the short names. */
    static const char *const together[] = {"cpu,cpuacct", "cpuacct,cpu"};
    size_t i;

    if (host_path(ret, size, host->cgroup, "%s", controller) > 0 && is_directory(ret)) {
        return true;
    }
    if (strncmp(controller, "cpu", 3) != 0 || strcmp(controller, "cpuset") == 0) {
        return false;
    }
    for (i = 0; i < sizeof together / sizeof together[0]; i++) {
        if (host_path(ret, size, host->cgroup, "%s", together[i]) > 0 && is_directory(ret)) {
            return true;
        }
    }
    return false;
}

static double lower(double a, double b)
{
    if (isnan(a)) {
        return b;
    }
    return isnan(b) || a < b ? a : b;
}

/* ---- walking up ----------------------------------------------------------------------------- */

static double v2_cpus(const char *dir)
{
    char text[128];

    return file_read_line(dir, "cpu.max", text, sizeof text) > 0 ? cgroup_cpu_max_parse(text)
                                                                 : WATTLE_UNKNOWN;
}

static double v1_cpus(const char *dir)
{
    int64_t quota, period;

    if (file_read_i64(dir, "cpu.cfs_quota_us", &quota) != 0 ||
        file_read_i64(dir, "cpu.cfs_period_us", &period) != 0 || quota <= 0 || period <= 0) {
        return WATTLE_UNKNOWN;
    }
    return (double)quota / (double)period;
}

static double file_bytes(const char *dir, const char *name)
{
    char text[64];

    return file_read_line(dir, name, text, sizeof text) > 0 ? cgroup_bytes_parse(text)
                                                            : WATTLE_UNKNOWN;
}

static double v2_bytes(const char *dir) { return file_bytes(dir, "memory.max"); }
static double v1_bytes(const char *dir) { return file_bytes(dir, "memory.limit_in_bytes"); }

static double file_cpulist(const char *dir, const char *name)
{
    char text[4096];
    int unused;
    int count;

    if (file_read_line(dir, name, text, sizeof text) <= 0) {
        return WATTLE_UNKNOWN;
    }
    count = parse_cpulist(text, &unused, 1);
    return count > 0 ? count : WATTLE_UNKNOWN;
}

static double v2_cpuset(const char *dir) { return file_cpulist(dir, "cpuset.cpus.effective"); }

static double v1_cpuset(const char *dir)
{
    double count = file_cpulist(dir, "cpuset.effective_cpus");

    return isnan(count) ? file_cpulist(dir, "cpuset.cpus") : count;
}

/*
 * The lowest limit on `path` and every group above it. Groups that are not visible here (a
 * container that sees only its own subtree as the root) are skipped. ret_dir: the group that
 * sets the limit, if there is room for it.
 */
static double lowest(const char *root, const char *path, double (*read)(const char *dir),
                     char *ret_dir, size_t ret_size)
{
    char dir[2 * CGROUP_PATH_MAX];
    size_t root_length = strlen(root);
    double limit = WATTLE_UNKNOWN;
    int n = snprintf(dir, sizeof dir, "%s%s", root, strcmp(path, "/") == 0 ? "" : path);

    if (n < 0 || (size_t)n >= sizeof dir) {
        return limit;
    }
    for (;;) {
        double here = read(dir);
        char *slash;

        if (!isnan(here) && (isnan(limit) || here < limit)) {
            limit = here;
            if (ret_size > 0) {
                snprintf(ret_dir, ret_size, "%s", dir);
            }
        }
        slash = strrchr(dir, '/');
        if (slash == NULL || (size_t)(slash - dir) < root_length) {
            return limit;
        }
        *slash = '\0';
    }
}

/* Bytes in use that cannot be dropped at once, as container tools count them. */
static double used_bytes(const char *dir, const char *current, const char *inactive)
{
    char text[16384];
    char *line;
    double used = file_bytes(dir, current);
    double cache = 0;

    if (file_read_at(dir, "memory.stat", text, sizeof text) > 0) {
        line = strstr(text, inactive);
        if (line != NULL && (line == text || line[-1] == '\n')) {
            line += strlen(inactive);
            line[strcspn(line, "\n")] = '\0';
            cache = cgroup_bytes_parse(line);
        }
    }
    return !isnan(cache) && cache < used ? used - cache : used;
}

double cgroup_memory_used(const struct cgroup_limits *limits)
{
    if (limits->memory_dir[0] == '\0') {
        return WATTLE_UNKNOWN;
    }
    return limits->memory_v1
               ? used_bytes(limits->memory_dir, "memory.usage_in_bytes", "total_inactive_file ")
               : used_bytes(limits->memory_dir, "memory.current", "inactive_file ");
}

/* The path of our own group in the tree of `controller` ("": version 2); the root if unknown. */
static void own_path(const char *text, ssize_t size, const char *controller,
                     char ret[CGROUP_PATH_MAX])
{
    if (size <= 0 ||
        !cgroup_path_parse(text, (size_t)size, controller, ret, CGROUP_PATH_MAX)) {
        snprintf(ret, CGROUP_PATH_MAX, "/");
    }
}

void cgroup_limits_read(const struct wattle_host *host, int online_cpus, struct cgroup_limits *ret)
{
    enum { CPU, CPUSET, MEMORY, LIMITS };
    static const char *const v1_controllers[LIMITS] = {"cpu", "cpuset", "memory"};
    double (*const v1_readers[LIMITS])(const char *) = {v1_cpus, v1_cpuset, v1_bytes};
    double (*const v2_readers[LIMITS])(const char *) = {v2_cpus, v2_cpuset, v2_bytes};
    double limits[LIMITS] = {WATTLE_UNKNOWN, WATTLE_UNKNOWN, WATTLE_UNKNOWN};
    char text[8192];
    char root[CGROUP_PATH_MAX];
    char path[CGROUP_PATH_MAX];
    char dir[2 * CGROUP_PATH_MAX];
    ssize_t size = file_read_at(host->procfs, "self/cgroup", text, sizeof text);
    int i;

    memset(ret, 0, sizeof *ret);
    if (cgroup_v2_root(host, root, sizeof root)) {
        own_path(text, size, "", path);
        for (i = 0; i < LIMITS; i++) {
            limits[i] = lowest(root, path, v2_readers[i], ret->memory_dir,
                               i == MEMORY ? sizeof ret->memory_dir : 0);
        }
    }
    for (i = 0; i < LIMITS; i++) {
        double limit;

        if (!cgroup_v1_root(host, v1_controllers[i], root, sizeof root)) {
            continue;
        }
        own_path(text, size, v1_controllers[i], path);
        limit = lowest(root, path, v1_readers[i], dir, sizeof dir);
        if (i == MEMORY && !isnan(limit) && !(limits[i] <= limit)) {
            ret->memory_v1 = true;
            snprintf(ret->memory_dir, sizeof ret->memory_dir, "%s", dir);
        }
        limits[i] = lower(limits[i], limit);
    }
    if (online_cpus > 0 && limits[CPUSET] >= online_cpus) {
        limits[CPUSET] = WATTLE_UNKNOWN;
    }
    ret->cpus = lower(limits[CPU], limits[CPUSET]);
    if (online_cpus > 0 && ret->cpus >= online_cpus) {
        ret->cpus = WATTLE_UNKNOWN;
    }
    ret->memory_bytes = limits[MEMORY];
}
