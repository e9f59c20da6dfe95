/* SPDX-License-Identifier: MIT */
/*
 * Node energy of HPE Cray EX: the worked example of HACKING.md.
 *
 * Hardware: HPE Cray EX (Shasta) and Cray XC compute nodes; the blade controller measures the node.
 * Counter: <sysfs>/cray/pm_counters/energy, "31415926 J 1763694245678901 us": joules since the
 *     controller's start and the time of the reading; renewed ten times a second.
 * Resolution: 1 J. Wrap: not documented; a restart of the controller begins at 0 again.
 * Privilege: none, world-readable.
 * Source: HPE Cray EX System Administration Guide, "User Access to Compute Node Power Data".
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <wattle/sys/sensor.h>

#include "sensor_cray_pm.h"

#define DRIVER "cray_pm"

struct cray_pm {
    const struct wattle_host *host;
    char path[WATTLE_REASON_MAX];
};

/* Pure: the parser of one line, so that a fuzzer can have it. */
bool cray_pm_parse(const char *text, size_t size, uint64_t *ret_j)
{
    uint64_t joules = 0;
    size_t i;

    for (i = 0; i < size && text[i] >= '0' && text[i] <= '9'; i++) {
        unsigned digit = (unsigned)(text[i] - '0');

        if (joules > (UINT64_MAX - digit) / 10) {
            return false;
        }
        joules = joules * 10 + digit;
    }
    if (i == 0 || size - i < 3 || memcmp(text + i, " J", 2) != 0 ||
        (text[i + 2] != ' ' && text[i + 2] != '\n')) {
        return false;
    }
    *ret_j = joules;
    return true;
}

/* 0 or -errno. */
static int read_energy(const char *path, uint64_t *ret_j)
{
    char text[96];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n;

    if (fd < 0) {
        return -errno;
    }
    n = read(fd, text, sizeof text);
    close(fd);
    return n > 0 && cray_pm_parse(text, (size_t)n, ret_j) ? 0 : -EINVAL;
}

static int probe(const struct wattle_host *host, struct wattle_channel_list *found,
                 struct wattle_error *err)
{
    struct wattle_channel channel;
    uint64_t joules;
    int failed;

    (void)err;
    wattle_channel_init(&channel, DRIVER);
    snprintf(channel.driver_path, sizeof channel.driver_path, "%s/cray/pm_counters/energy",
             host->sysfs);
    failed = read_energy(channel.driver_path, &joules);
    if (failed == -ENOENT) {
        return 0; /* no such machine: nothing found is success */
    }
    snprintf(channel.name, sizeof channel.name, "node");
    snprintf(channel.source, sizeof channel.source, DRIVER ":energy");
    channel.kind = WATTLE_BOARD;
    channel.quantity = WATTLE_Q_ENERGY;
    channel.domain = WATTLE_D_PLATFORM; /* everything of the node, after the rack's supply */
    channel.quality = WATTLE_MEASURED;
    channel.unit = 1; /* J per count */
    channel.update_period_s = 0.1;
    channel.max_power_w = 4000; /* above the largest EX blade's node, EX255a: 4 x 550 W + board */
    channel.error_relative = 0.05; /* HPE publishes no accuracy: a guess, on the wide side */
    channel.error_w = 0;
    channel.usable = failed == 0;
    if (failed != 0) {
        snprintf(channel.reason, sizeof channel.reason, "%s: %s", channel.driver_path,
                 failed == -EINVAL ? "not \"<number> J <time> us\"" : "cannot be read");
    }
    return wattle_channel_add(found, &channel);
}

static void close_driver(void *state) { free(state); }

static int open_driver(const struct wattle_host *host, const struct wattle_channel *channels,
                       size_t n, void **ret_state, struct wattle_error *err)
{
    struct cray_pm *pm = calloc(1, sizeof *pm);

    if (pm == NULL || n != 1) {
        free(pm);
        if (err != NULL) {
            err->code = WATTLE_E_NOMEM;
            snprintf(err->text, sizeof err->text, "out of memory");
        }
        return WATTLE_E_NOMEM;
    }
    pm->host = host;
    memcpy(pm->path, channels[0].driver_path, sizeof pm->path);
    *ret_state = pm;
    return 0;
}

static int64_t now_ns(const struct wattle_host *host)
{
    struct timespec ts;

    if (host->monotonic_ns != NULL) {
        return host->monotonic_ns(host->time_user);
    }
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Raw: a counter that went backwards, a gap or a frozen value is the meter's to judge. */
static int read_driver(void *state, struct wattle_reading *readings)
{
    struct cray_pm *pm = state;
    int failed = read_energy(pm->path, &readings[0].count);

    readings[0].t_ns = now_ns(pm->host);
    readings[0].status = failed == 0         ? WATTLE_READ_OK
                         : failed == -ENOENT ? WATTLE_READ_LOST
                                             : WATTLE_READ_FAILED;
    return 0;
}

const struct wattle_sensor_driver cray_pm_driver = {
    .abi = WATTLE_SENSOR_ABI,
    .name = DRIVER,
    .summary = "HPE Cray EX: energy of the node",
    .probe = probe,
    .open = open_driver,
    .read = read_driver,
    .close = close_driver,
};
