/* SPDX-License-Identifier: MIT */
/* The drivers of a meter: probed, opened, read once, calibrated, and made part of the rounds. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "meter/memory.h"
#include "meter/state.h"

/* Calibration keeps a device to itself for a moment, in which a run that ends has no last reading:
 * not while that moment would be a large part of the run. */
#define CALIBRATE_AFTER_S 10

/* A slow driver may take so much of the thread: 2 % of one core. */
#define CALL_SHARE 50
#define CALIBRATE_S 0.2

void group_destroy(struct group *group)
{
    if (group == NULL) {
        return;
    }
    if (group->state != NULL) {
        group->driver->close(group->state);
    }
    pthread_mutex_destroy(&group->reading);
    free(group->slots);
    free(group->readings);
    free(group);
}

static void slot_init(struct slot *slot, struct group *group, size_t index,
                      const struct wattle_channel *channel)
{
    slot->channel = *channel;
    slot->group = group;
    slot->index = index;
    slot->energy = channel->domain != WATTLE_D_NONE && (channel->quantity == WATTLE_Q_ENERGY ||
                                                        channel->quantity == WATTLE_Q_POWER);
    if (slot->energy) {
        accumulator_init(&slot->acc, channel);
    }
    slot->verdict = LIVENESS_LOST;
    slot->idle_w = slot->busy_start_s = WATTLE_UNKNOWN;
    slot->calibration.call_s = slot->calibration.update_period_s = WATTLE_UNKNOWN;
    slot->calibration.step = WATTLE_UNKNOWN;
    slot->last = slot->max = WATTLE_UNKNOWN;
    if (channel->update_period_s > 0 &&
        (group->period_ns == 0 || channel->update_period_s * 1e9 < (double)group->period_ns)) {
        group->period_ns = (int64_t)(channel->update_period_s * 1e9);
    }
}

static void refuse(struct wattle_meter *meter, const struct wattle_channel *channel,
                   const char *reason)
{
    struct wattle_channel *grown = NULL;

    pthread_mutex_lock(&meter->lock);
    if (meter->refused_count < REFUSED_MAX) {
        grown = realloc(meter->refused, (meter->refused_count + 1) * sizeof *grown);
    }
    if (grown != NULL) { /* otherwise: one note less */
        meter->refused = grown;
        grown[meter->refused_count] = *channel;
        if (reason != NULL) {
            snprintf(grown[meter->refused_count].reason, sizeof grown->reason, "%s", reason);
        }
        meter->refused_count++;
    }
    pthread_mutex_unlock(&meter->lock);
}

/* A driver's own list of channels, contiguous as open wants it. */
static int group_create(struct group **ret, struct wattle_meter *meter,
                        const struct wattle_sensor_driver *driver,
                        const struct wattle_channel *channels, size_t count,
                        struct wattle_error *err)
{
    struct group *group = calloc(1, sizeof *group);
    int code;
    size_t i;

    *ret = NULL;
    if (group == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    pthread_mutex_init(&group->reading, NULL);
    group->driver = driver;
    group->count = count;
    group->slow = (driver->flags & WATTLE_DRIVER_SLOW) != 0;
    group->slots = calloc(count, sizeof *group->slots);
    group->readings = calloc(count, sizeof *group->readings);
    if (group->slots == NULL || group->readings == NULL) {
        group_destroy(group);
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    code = driver->open(meter->host, channels, count, &group->state, err);
    if (code < 0) {
        group_destroy(group);
        return code;
    }
    for (i = 0; i < count; i++) {
        slot_init(&group->slots[i], group, i, &channels[i]);
    }
    *ret = group;
    return 0;
}

/* Makes the group part of the rounds. Under the lock (or before there are threads). */
static int group_publish(struct wattle_meter *meter, struct group *group)
{
    size_t at = atomic_load(&meter->slot_count);
    size_t i;

    for (i = 0; i < group->count; i++) {
        if (series_add_column(&meter->series) != 0) {
            return WATTLE_E_NOMEM; /* columns without a slot are never looked at */
        }
    }
    for (i = 0; i < group->count; i++) {
        meter->slots[at + i] = &group->slots[i];
    }
    meter->groups[atomic_load(&meter->group_count)] = group;
    atomic_store_explicit(&meter->slot_count, at + group->count, memory_order_release);
    atomic_fetch_add_explicit(&meter->group_count, 1, memory_order_release);
    meter->selected = false;
    return 0;
}

/* The usable channels of a driver; the others are refused. */
static size_t sort_out(struct wattle_meter *meter, const struct wattle_sensor_driver *driver,
                       const struct wattle_channel_list *found, struct wattle_channel *own)
{
    size_t count = 0;
    size_t i;

    for (i = 0; i < found->count; i++) {
        const struct wattle_channel *channel = &found->items[i];

        if (channel->driver == NULL || strcmp(channel->driver, driver->name) != 0) {
            continue;
        }
        if (!channel->usable) {
            refuse(meter, channel, NULL);
        } else if (meter->series.column_count + count >= SLOTS_MAX ||
                   atomic_load(&meter->group_count) >= GROUPS_MAX) {
            refuse(meter, channel, "more sensors than a meter reads");
        } else {
            own[count++] = *channel;
        }
    }
    return count;
}

static int add_driver(struct wattle_meter *meter, const struct wattle_sensor_driver *driver,
                      const struct wattle_channel_list *found, struct group **ret,
                      struct wattle_error *err)
{
    struct wattle_channel *own;
    struct wattle_error why = {0};
    size_t count;
    int code = 0;
    size_t i;

    *ret = NULL;
    if (found->count == 0) {
        return 0;
    }
    own = malloc(found->count * sizeof *own); /* touched only as far as it is used */
    if (own == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    count = sort_out(meter, driver, found, own);
    if (count > 0) {
        code = group_create(ret, meter, driver, own, count, &why);
        if (code < 0 && code != WATTLE_E_NOMEM) {
            for (i = 0; i < count; i++) {
                refuse(meter, &own[i], why.text);
            }
            code = 0;
        } else if (code < 0) {
            error_set(err, code, "%s", why.text);
        }
    }
    free(own);
    return code;
}

static size_t driver_count(const struct wattle_meter *meter)
{
    return meter->own_drivers != NULL ? meter->own_driver_count : sense_driver_count;
}

static const struct wattle_sensor_driver *driver_at(const struct wattle_meter *meter, size_t i)
{
    return meter->own_drivers != NULL ? meter->own_drivers[i] : sense_drivers[i];
}

static bool slow(const struct wattle_sensor_driver *driver)
{
    return (driver->flags & WATTLE_DRIVER_SLOW) != 0;
}

static int probe(struct wattle_meter *meter, bool slow_ones, struct wattle_channel_list *found,
                 struct wattle_error *err)
{
    size_t i;
    int code = 0;

    if (meter->own_drivers == NULL) {
        return sense_probe(meter->host, meter->drivers, slow_ones ? SENSE_SLOW : SENSE_QUICK,
                           found, err);
    }
    for (i = 0; i < meter->own_driver_count && code >= 0; i++) {
        if (slow(meter->own_drivers[i]) == slow_ones) {
            code = meter->own_drivers[i]->probe(meter->host, found, err);
        }
    }
    return code < 0 ? code : 0;
}

static void calibrate(struct wattle_meter *meter, struct group *group, bool measure)
{
    struct wattle_calibration *found = calloc(group->count, sizeof *found);
    double calls_s = 0;
    size_t i;

    if (found == NULL) {
        return;
    }
    pthread_mutex_lock(&group->reading);
    atomic_store(&group->calibrating, true);
    if (measure && (group->driver->calibrate == NULL ||
                    group->driver->calibrate(group->state, CALIBRATE_S, found) < 0)) {
        measure = false;
    }
    pthread_mutex_lock(&meter->lock);
    for (i = 0; i < group->count; i++) {
        struct slot *slot = &group->slots[i];

        if (measure) {
            slot->calibration = found[i];
            slot->calibrated = true;
        }
        if (slot->calibration.update_period_s > 0) {
            slot->acc.period_s = slot->calibration.update_period_s;
        }
        calls_s += slot->calibration.call_s > 0 ? slot->calibration.call_s : 0;
    }
    if ((double)group->period_ns < CALL_SHARE * calls_s * 1e9) {
        group->period_ns = (int64_t)(CALL_SHARE * calls_s * 1e9);
    }
    pthread_mutex_unlock(&meter->lock);
    atomic_store(&group->calibrating, false);
    pthread_mutex_unlock(&group->reading);
    free(found);
}

/* False when the meter is being closed meanwhile. */
static bool wait_before_calibration(struct wattle_meter *meter)
{
    struct timespec until;
    bool stop;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += CALIBRATE_AFTER_S;
    pthread_mutex_lock(&meter->lock);
    while (!meter->stop && pthread_cond_timedwait(&meter->changed, &meter->lock, &until) == 0) {
    }
    stop = meter->stop;
    pthread_mutex_unlock(&meter->lock);
    return !stop;
}

static bool calibrated(const struct group *group)
{
    size_t i;

    for (i = 0; i < group->count; i++) {
        if (!isnan(group->slots[i].calibration.call_s)) {
            return true;
        }
    }
    return false;
}

/* The first reading, outside the lock; then everybody may have it. */
static void join_group(struct wattle_meter *meter, struct group *group)
{
    struct wattle_reading *readings = group->readings;
    int code = group->driver->read(group->state, readings);
    size_t i;

    group->read_ns = meter_now_ns(meter);
    memory_recall(meter, group);
    pthread_mutex_lock(&meter->lock);
    for (i = 0; i < group->count && code == 0; i++) {
        if (group->slots[i].energy) {
            accumulator_add(&group->slots[i].acc, &readings[i], meter->asleep_ns);
        }
    }
    code = group_publish(meter, group);
    pthread_mutex_unlock(&meter->lock);
    if (code < 0) {
        group_destroy(group);
    }
}

void meter_join_slow(struct wattle_meter *meter)
{
    struct wattle_channel_list found = {0};
    size_t i;

    if (probe(meter, true, &found, NULL) == 0) {
        for (i = 0; i < driver_count(meter); i++) {
            struct group *group = NULL;

            if (slow(driver_at(meter, i)) &&
                add_driver(meter, driver_at(meter, i), &found, &group, NULL) == 0 &&
                group != NULL) {
                join_group(meter, group);
            }
        }
    }
    channel_list_finish(&found);
    pthread_mutex_lock(&meter->lock);
    meter->slow_done = true;
    pthread_cond_broadcast(&meter->changed);
    pthread_mutex_unlock(&meter->lock);
}

void meter_calibrate_slow(struct wattle_meter *meter)
{
    size_t i;

    for (i = 0; i < atomic_load(&meter->group_count); i++) {
        bool measure = !calibrated(meter->groups[i]);

        if (!meter->groups[i]->slow) {
            continue;
        }
        if (measure && !wait_before_calibration(meter)) {
            break;
        }
        calibrate(meter, meter->groups[i], measure);
    }
}

int group_open_quick(struct wattle_meter *meter, struct wattle_error *err)
{
    struct wattle_channel_list found = {0};
    int code = probe(meter, false, &found, err);
    size_t i;

    for (i = 0; i < driver_count(meter) && code == 0; i++) {
        struct group *group = NULL;

        if (slow(driver_at(meter, i))) {
            meter->slow_wanted = meter->slow_wanted || meter->own_drivers != NULL ||
                                 sense_wanted(driver_at(meter, i), meter->drivers);
            continue;
        }
        code = add_driver(meter, driver_at(meter, i), &found, &group, err);
        if (group != NULL) {
            memory_recall(meter, group);
            code = group_publish(meter, group);
            if (code < 0) {
                group_destroy(group);
                error_set(err, code, "out of memory");
            }
        }
    }
    channel_list_finish(&found);
    return code;
}
