/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "cli/judge.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "cli/burn.h"
#include "sense/sense.h"

/* The channels of one driver, opened. */
struct group {
    const struct wattle_sensor_driver *driver;
    void *state;
    size_t count;
    size_t *index; /* of each channel in the list of sensors */
    struct wattle_channel *channels;
    struct wattle_reading *before, *after;
};

static bool is_judged(const struct wattle_channel *channel)
{
    return channel->usable && (channel->quantity == WATTLE_Q_ENERGY ||
                               channel->quantity == WATTLE_Q_POWER);
}

static void close_group(struct group *group)
{
    if (group->state != NULL) {
        group->driver->close(group->state);
    }
    free(group->index);
    free(group->channels);
    free(group->before);
    free(group->after);
}

static int gather(struct group *group, const struct wattle_sensors *sensors)
{
    size_t all = wattle_sensors_count(sensors), i;

    group->index = calloc(all, sizeof *group->index);
    group->channels = calloc(all, sizeof *group->channels);
    group->before = calloc(all, sizeof *group->before);
    group->after = calloc(all, sizeof *group->after);
    if (group->index == NULL || group->channels == NULL || group->before == NULL ||
        group->after == NULL) {
        return WATTLE_E_NOMEM;
    }
    for (i = 0; i < all; i++) {
        const struct wattle_channel *channel = wattle_sensors_get(sensors, i);

        if (is_judged(channel) && strcmp(channel->driver, group->driver->name) == 0) {
            group->index[group->count] = i;
            group->channels[group->count++] = *channel;
        }
    }
    return 0;
}

static void compare(const struct group *group, bool opened, struct judgement *ret)
{
    size_t i;

    for (i = 0; i < group->count; i++) {
        struct judgement *judgement = &ret[group->index[i]];
        const struct wattle_channel *channel = &group->channels[i];
        const struct wattle_reading *before = &group->before[i], *after = &group->after[i];

        if (!opened || after->status != WATTLE_READ_OK) {
            judgement->verdict = VERDICT_FAILED;
        } else if (channel->quantity == WATTLE_Q_POWER) {
            judgement->verdict = VERDICT_MOVES;
            judgement->power_w = after->value;
        } else if (before->status == WATTLE_READ_OK && after->count == before->count) {
            judgement->verdict = VERDICT_STILL;
            judgement->energy_j = 0;
        } else {
            judgement->verdict = VERDICT_MOVES;
            if (before->status == WATTLE_READ_OK && after->count > before->count) {
                judgement->energy_j = (double)(after->count - before->count) * channel->unit;
            }
        }
    }
}

static void work(double seconds)
{
    struct burn_options options = {.level = 1};
    struct timespec pause = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    struct burn *burn = NULL;

    /* Without the load the wait is still worth something. */
    if (burn_start(&burn, &options, NULL) != 0) {
        burn = NULL;
    }
    nanosleep(&pause, NULL);
    burn_stop(burn);
}

static void read_all(struct group *groups, size_t count, bool after)
{
    size_t i;

    for (i = 0; i < count; i++) {
        struct wattle_reading *readings = after ? groups[i].after : groups[i].before;
        size_t k;

        if (groups[i].state != NULL && groups[i].driver->read(groups[i].state, readings) == 0) {
            continue;
        }
        for (k = 0; k < groups[i].count; k++) {
            readings[k].status = WATTLE_READ_FAILED;
        }
    }
}

int judge_sensors(const struct wattle_host *host, const struct wattle_sensors *sensors,
                  double seconds, struct judgement *ret, struct wattle_error *err)
{
    struct group *groups = calloc(sense_driver_count, sizeof *groups);
    size_t all = wattle_sensors_count(sensors), i;
    int rc = groups == NULL ? WATTLE_E_NOMEM : 0;

    for (i = 0; i < all; i++) {
        ret[i] = (struct judgement){VERDICT_NONE, WATTLE_UNKNOWN, WATTLE_UNKNOWN};
    }
    for (i = 0; rc == 0 && all > 0 && i < sense_driver_count; i++) {
        struct group *group = &groups[i];

        group->driver = sense_drivers[i];
        rc = gather(group, sensors);
        if (rc == 0 && group->count > 0 &&
            group->driver->open(host, group->channels, group->count, &group->state, NULL) != 0) {
            group->state = NULL;
        }
    }
    if (rc == 0 && all > 0) {
        read_all(groups, sense_driver_count, false);
        work(seconds);
        read_all(groups, sense_driver_count, true);
    }
    for (i = 0; groups != NULL && i < sense_driver_count; i++) {
        if (rc == 0 && all > 0) {
            compare(&groups[i], groups[i].state != NULL, ret);
        }
        if (groups[i].driver != NULL) {
            close_group(&groups[i]);
        }
    }
    free(groups);
    return rc != 0 ? error_set(err, rc, "out of memory") : 0;
}
