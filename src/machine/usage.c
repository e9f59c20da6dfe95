/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include "machine/usage.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/host.h"
#include "machine/cgroup.h"

/* A line per CPU; beyond this size a file is not a /proc/stat. */
#define STAT_MAX ((size_t)4 << 20)

static void cpu_time_init(struct machine_cpu_time *ret)
{
    long hertz = sysconf(_SC_CLK_TCK);

    ret->busy_s = WATTLE_UNKNOWN;
    ret->idle_s = WATTLE_UNKNOWN;
    ret->steal_s = WATTLE_UNKNOWN;
    ret->cpus = 0;
    ret->resolution_s = 1.0 / (double)(hertz > 0 ? hertz : 100);
}

/* Unsigned decimals separated by blanks up to the end of the line. */
static int parse_fields(const char *text, size_t size, double *ret, int max)
{
    size_t i = 0;
    int count = 0;

    while (count < max) {
        double value = 0;

        while (i < size && (text[i] == ' ' || text[i] == '\t')) {
            i++;
        }
        if (i == size || !isdigit((unsigned char)text[i])) {
            break;
        }
        while (i < size && isdigit((unsigned char)text[i])) {
            value = value * 10 + (text[i] - '0');
            i++;
        }
        ret[count++] = value;
    }
    return count;
}

static void parse_total(const char *line, size_t size, bool whole, struct machine_cpu_time *ret)
{
    enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, GUEST, FIELDS };
    double field[FIELDS] = {0};
    int count = parse_fields(line, size, field, FIELDS);

    /* Four fields on the oldest kernels. A line without its end may have lost digits of the
     * last number; guest, the ninth, is not used. */
    if (count < 4 || (!whole && count < FIELDS)) {
        return;
    }
    ret->busy_s = (field[USER] + field[NICE] + field[SYSTEM] + field[IRQ] + field[SOFTIRQ]) *
                  ret->resolution_s;
    ret->idle_s = (field[IDLE] + field[IOWAIT]) * ret->resolution_s;
    ret->steal_s = field[STEAL] * ret->resolution_s;
}

void machine_cpu_time_parse(const char *text, size_t size, struct machine_cpu_time *ret)
{
    bool first = true;

    cpu_time_init(ret);
    while (size > 3 && memcmp(text, "cpu", 3) == 0) {
        const char *newline = memchr(text, '\n', size);
        size_t length = newline != NULL ? (size_t)(newline - text) : size;

        if (first && (text[3] == ' ' || text[3] == '\t')) {
            parse_total(text + 3, length - 3, newline != NULL, ret);
        } else if (isdigit((unsigned char)text[3])) {
            ret->cpus++;
        }
        first = false;
        if (newline == NULL) {
            return;
        }
        size -= length + 1;
        text = newline + 1;
    }
}

static int open_stat(const struct wattle_host *host)
{
    char path[4096];

    if (host_path(path, sizeof path, host->procfs, "stat") < 0) {
        return -1;
    }
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static ssize_t read_once(int fd, char *ret, size_t size)
{
    ssize_t n;

    do {
        n = read(fd, ret, size);
    } while (n < 0 && errno == EINTR);
    return n;
}

void machine_cpu_totals_read(const struct wattle_host *host, struct machine_cpu_time *ret)
{
    char text[512];
    ssize_t n = -1;
    int fd = open_stat(host);

    if (fd >= 0) {
        n = read_once(fd, text, sizeof text);
        close(fd);
    }
    machine_cpu_time_parse(text, n > 0 ? (size_t)n : 0, ret);
    ret->cpus = 0;
}

void machine_cpu_time_read(const struct wattle_host *host, struct machine_cpu_time *ret)
{
    size_t capacity = 16384;
    size_t used = 0;
    char *text = NULL;
    int fd = open_stat(host);

    while (fd >= 0) {
        char *grown;
        ssize_t n;

        if (text == NULL || used == capacity) {
            capacity = text == NULL ? capacity : capacity * 2;
            grown = capacity <= STAT_MAX ? realloc(text, capacity) : NULL;
            if (grown == NULL) {
                break;
            }
            text = grown;
        }
        n = read_once(fd, text + used, capacity - used);
        if (n <= 0) {
            break;
        }
        /* The interrupt counts that follow the CPUs can be longer than all of them. */
        used += (size_t)n;
        if (memmem(text + (used - (size_t)n), (size_t)n, "\nintr", 5) != NULL) {
            break;
        }
    }
    machine_cpu_time_parse(text != NULL ? text : "", used, ret);
    free(text);
    if (fd >= 0) {
        close(fd);
    }
}

/* ---- memory --------------------------------------------------------------------------------- */

/* Bytes of "Name:   123 kB" at the start of a line; NaN when it is not there. */
static double meminfo_bytes(const char *text, size_t size, const char *name)
{
    size_t length = strlen(name);

    while (size > length) {
        const char *newline = memchr(text, '\n', size);
        size_t line = newline != NULL ? (size_t)(newline - text) : size;

        if (line > length && memcmp(text, name, length) == 0 && text[length] == ':') {
            double kilobytes;

            /* Without its unit the number may have been cut. */
            if (memchr(text, 'k', line) == NULL ||
                parse_fields(text + length + 1, line - length - 1, &kilobytes, 1) != 1) {
                return WATTLE_UNKNOWN;
            }
            return kilobytes * 1024;
        }
        if (newline == NULL) {
            break;
        }
        size -= line + 1;
        text = newline + 1;
    }
    return WATTLE_UNKNOWN;
}

void machine_memory_parse(const char *text, size_t size, struct machine_memory *ret)
{
    double available = meminfo_bytes(text, size, "MemAvailable");

    ret->total_bytes = meminfo_bytes(text, size, "MemTotal");
    if (isnan(available)) { /* before Linux 3.14 */
        available = meminfo_bytes(text, size, "MemFree") +
                    meminfo_bytes(text, size, "Buffers") + meminfo_bytes(text, size, "Cached");
    }
    ret->used_bytes = ret->total_bytes - available;
    if (ret->used_bytes < 0) {
        ret->used_bytes = WATTLE_UNKNOWN;
    }
}

void machine_memory_read_within(const struct wattle_host *host, const struct cgroup_limits *limits,
                                struct machine_memory *ret)
{
    char text[8192];
    ssize_t n = file_read_at(host->procfs, "meminfo", text, sizeof text);

    machine_memory_parse(text, n > 0 ? (size_t)n : 0, ret);
    if (!isnan(limits->memory_bytes) && !(ret->total_bytes <= limits->memory_bytes)) {
        ret->total_bytes = limits->memory_bytes;
        ret->used_bytes = cgroup_memory_used(limits);
    }
}

void machine_memory_read(const struct wattle_host *host, struct machine_memory *ret)
{
    struct cgroup_limits limits;

    cgroup_limits_read(host, 0, &limits);
    machine_memory_read_within(host, &limits, ret);
}
