/* SPDX-License-Identifier: MIT */
#include "mill.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct state {
    struct mill *mill;
    size_t count;
    size_t index[MILL_CHANNELS_MAX];
};

static int64_t mill_monotonic(void *user)
{
    struct mill *mill = user;
    struct timespec ts;

    if (mill->real_time) {
        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t)ts.tv_sec * 1000000000LL + ts.tv_nsec;
    }
    return mill->t_ns;
}

static int64_t mill_boottime(void *user)
{
    return mill_monotonic(user) + ((struct mill *)user)->asleep_ns;
}

static int probe_some(const struct wattle_host *host, struct wattle_channel_list *found, bool gpu,
                      const char *driver)
{
    static const char *const names[] = {"wall",    "psys", "module", "package", "core",
                                        "uncore", "dram", "gpu",    "rail",    "gauge"};
    struct mill *mill = host->time_user;
    size_t i;

    for (i = 0; i < mill->count; i++) {
        const struct mill_channel *from = &mill->channels[i];
        struct wattle_channel c;

        if ((from->domain == WATTLE_D_GPU) != gpu) {
            continue;
        }
        wattle_channel_init(&c, driver);
        snprintf(c.name, sizeof c.name, "%s-%d", names[from->domain], from->unit_index);
        snprintf(c.source, sizeof c.source, "%s:%zu", driver, i);
        c.domain = from->domain;
        c.quantity = from->quantity;
        c.quality = from->quality;
        c.unit_index = from->unit_index;
        c.unit = 1e-6;
        c.range = 262143328851ULL;
        c.update_period_s = from->period_s;
        c.averaging_s = from->averaging_s;
        c.max_power_w = from->max_power_w;
        c.usable = !from->unusable;
        if (from->unusable) {
            snprintf(c.reason, sizeof c.reason, "permission denied");
            snprintf(c.remedy, sizeof c.remedy, "run wattle doctor");
        }
        c.driver_data[0] = i;
        if (wattle_channel_add(found, &c) != 0) {
            return WATTLE_E_NOMEM;
        }
    }
    return 0;
}

static int probe_quick(const struct wattle_host *host, struct wattle_channel_list *found,
                       struct wattle_error *err)
{
    (void)err;
    return probe_some(host, found, false, "mill");
}

static int probe_slow(const struct wattle_host *host, struct wattle_channel_list *found,
                      struct wattle_error *err)
{
    (void)err;
    return probe_some(host, found, true, "slow");
}

static int open_some(const struct wattle_host *host, const struct wattle_channel *channels,
                     size_t n, void **ret_state, struct wattle_error *err)
{
    struct mill *mill = host->time_user;
    struct state *state;
    size_t i;

    if (mill->refuse_open) {
        if (err != NULL) {
            snprintf(err->text, sizeof err->text, "the mill is shut");
        }
        return WATTLE_E_DENIED;
    }
    state = calloc(1, sizeof *state);
    if (state == NULL) {
        return WATTLE_E_NOMEM;
    }
    state->mill = mill;
    state->count = n;
    for (i = 0; i < n; i++) {
        state->index[i] = (size_t)channels[i].driver_data[0];
    }
    *ret_state = state;
    return 0;
}

static int read_some(void *opaque, struct wattle_reading *readings)
{
    struct state *state = opaque;
    struct mill *mill = state->mill;
    size_t i;

    atomic_fetch_add(&mill->reads, 1);
    for (i = 0; i < state->count; i++) {
        const struct mill_channel *channel = &mill->channels[state->index[i]];
        int64_t t_ns = mill_monotonic(mill);

        memset(&readings[i], 0, sizeof readings[i]);
        readings[i].t_ns = t_ns + mill->driver_clock_ns;
        readings[i].low = readings[i].high = NAN;
        readings[i].value = channel->value;
        readings[i].count = channel->count % 262143328851ULL;
        if (mill->real_time && channel->quantity == WATTLE_Q_ENERGY) {
            readings[i].count = (uint64_t)(t_ns / 1000 * 50); /* 50 W */
        }
        readings[i].status = channel->status;
    }
    return 0;
}

const struct wattle_sensor_driver mill_driver = {
    .abi = WATTLE_SENSOR_ABI,
    .name = "mill",
    .summary = "turned by hand",
    .probe = probe_quick,
    .open = open_some,
    .read = read_some,
    .close = free,
};

const struct wattle_sensor_driver mill_slow_driver = {
    .abi = WATTLE_SENSOR_ABI,
    .name = "slow",
    .summary = "turned by hand, late",
    .flags = WATTLE_DRIVER_SLOW,
    .probe = probe_slow,
    .open = open_some,
    .read = read_some,
    .close = free,
};

static const struct wattle_sensor_driver *const drivers[] = {&mill_driver, &mill_slow_driver};

void mill_init(struct mill *mill)
{
    memset(mill, 0, sizeof *mill);
    mill->host.sysfs = "/nonexistent/sys";
    mill->host.procfs = "/nonexistent/proc";
    mill->host.cgroup = "/nonexistent/cgroup";
    mill->host.dev = "/nonexistent/dev";
    mill->host.fake = true;
    mill->host.monotonic_ns = mill_monotonic;
    mill->host.boottime_ns = mill_boottime;
    mill->host.time_user = mill;
    mill->t_ns = 1000000000LL;
}

size_t mill_add(struct mill *mill, enum wattle_domain domain, int unit_index,
                enum wattle_quantity quantity)
{
    struct mill_channel *channel = &mill->channels[mill->count];

    channel->domain = domain;
    channel->quantity = quantity;
    channel->unit_index = unit_index;
    channel->quality = quantity == WATTLE_Q_ENERGY ? WATTLE_MEASURED : WATTLE_INTEGRATED;
    channel->max_power_w = 400;
    channel->period_s = 0.001;
    channel->count = 5000000;
    return mill->count++;
}

int mill_open(struct mill *mill, struct wattle_meter **ret, const char *memory_path)
{
    const struct meter_setup setup = {drivers, 2, !mill->real_time};
    const struct wattle_meter_options options = {
        .size = sizeof options, .host = &mill->host, .memory_path = memory_path};

    return meter_open_with(ret, &options, &setup, NULL);
}

void mill_turn(struct mill *mill, struct wattle_meter *meter, double dt_s, const double *watts)
{
    size_t i;

    mill->t_ns += (int64_t)llround(dt_s * 1e9);
    for (i = 0; i < mill->count; i++) {
        mill->channels[i].count += (uint64_t)llround(watts[i] * dt_s * 1e6);
        mill->channels[i].value = watts[i];
    }
    meter_sample_now(meter, 0);
}
