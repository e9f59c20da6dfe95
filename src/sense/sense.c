/* SPDX-License-Identifier: MIT */
#include "sense/sense.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/host.h"

struct wattle_sensors {
    struct wattle_channel_list list;
};

void wattle_channel_init(struct wattle_channel *channel, const char *driver)
{
    memset(channel, 0, sizeof *channel);
    channel->driver = driver;
    channel->kind = WATTLE_OTHER;
    channel->domain = WATTLE_D_NONE;
    channel->unit = WATTLE_UNKNOWN;
    channel->update_period_s = WATTLE_UNKNOWN;
    channel->averaging_s = 0;
    channel->max_power_w = WATTLE_UNKNOWN;
    channel->idle_share = WATTLE_UNKNOWN;
    channel->error_relative = WATTLE_UNKNOWN;
    channel->error_w = WATTLE_UNKNOWN;
}

int wattle_channel_add(struct wattle_channel_list *list, const struct wattle_channel *channel)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        struct wattle_channel *items = realloc(list->items, capacity * sizeof *items);

        if (items == NULL) {
            return WATTLE_E_NOMEM;
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = *channel;
    return 0;
}

void channel_list_finish(struct wattle_channel_list *list)
{
    free(list->items);
    memset(list, 0, sizeof *list);
}

/* The next name of a comma list: its start and length, blanks trimmed. False at the end. */
static bool next_name(const char **cursor, const char **ret_name, size_t *ret_length)
{
    const char *p = *cursor;

    p += strspn(p, ", \t");
    if (*p == '\0') {
        return false;
    }
    *ret_name = p;
    *ret_length = strcspn(p, ",");
    *cursor = p + *ret_length;
    while (*ret_length > 0 && strchr(" \t", p[*ret_length - 1]) != NULL) {
        (*ret_length)--;
    }
    return true;
}

bool sense_wanted(const struct wattle_sensor_driver *driver, const char *names)
{
    const char *cursor = names;
    const char *name;
    size_t length;
    bool any = false;

    while (names != NULL && next_name(&cursor, &name, &length)) {
        any = true;
        if (strlen(driver->name) == length && strncmp(driver->name, name, length) == 0) {
            return true;
        }
    }
    return !any && (driver->flags & WATTLE_DRIVER_EXPLICIT) == 0;
}

int sense_check_names(const char *names, struct wattle_error *err)
{
    const char *cursor = names;
    const char *name;
    size_t length;

    while (names != NULL && next_name(&cursor, &name, &length)) {
        char known[200] = "";
        size_t used = 0;
        size_t i;

        for (i = 0; i < sense_driver_count; i++) {
            const char *driver = sense_drivers[i]->name;

            if (strlen(driver) == length && strncmp(driver, name, length) == 0) {
                break;
            }
            if (used < sizeof known) {
                used += (size_t)snprintf(known + used, sizeof known - used, "%s%s",
                                         i > 0 ? ", " : "", driver);
            }
        }
        if (i == sense_driver_count) {
            return error_set(err, WATTLE_E_INVALID, "no sensor driver '%.*s' (there are: %s)",
                             (int)(length < 40 ? length : 40), name, known);
        }
    }
    return 0;
}

/* One thing reached twice is counted once: the first that can be used keeps its key. */
static void refuse_twins(struct wattle_channel_list *list, size_t first_new)
{
    size_t i, j;

    for (i = first_new; i < list->count; i++) {
        struct wattle_channel *channel = &list->items[i];

        for (j = 0; j < i && channel->usable && channel->key[0] != '\0'; j++) {
            const struct wattle_channel *earlier = &list->items[j];

            if (earlier->usable && strcmp(earlier->key, channel->key) == 0) {
                channel->usable = false;
                snprintf(channel->reason, sizeof channel->reason,
                         "the same sensor as %s, reached twice", earlier->source);
            }
        }
    }
}

static int probe_one(const struct wattle_host *host, const struct wattle_sensor_driver *driver,
                     struct wattle_channel_list *found, struct wattle_error *err)
{
    struct wattle_error own = {0};
    struct wattle_channel channel;
    size_t first_new = found->count;
    int code = driver->probe(host, found, &own);

    if (code == WATTLE_E_NOMEM) {
        return error_set(err, code, "out of memory while looking for sensors");
    }
    if (code < 0) {
        wattle_channel_init(&channel, driver->name);
        snprintf(channel.name, sizeof channel.name, "%s", driver->name);
        snprintf(channel.source, sizeof channel.source, "%s", driver->name);
        snprintf(channel.reason, sizeof channel.reason, "%s",
                 own.text[0] != '\0' ? own.text : "the driver failed");
        if (wattle_channel_add(found, &channel) != 0) {
            return error_set(err, WATTLE_E_NOMEM, "out of memory while looking for sensors");
        }
    }
    refuse_twins(found, first_new);
    return 0;
}

int sense_probe(const struct wattle_host *host, const char *names, unsigned which,
                struct wattle_channel_list *found, struct wattle_error *err)
{
    size_t i;

    for (i = 0; i < sense_driver_count; i++) {
        const struct wattle_sensor_driver *driver = sense_drivers[i];
        unsigned pace = (driver->flags & WATTLE_DRIVER_SLOW) != 0 ? SENSE_SLOW : SENSE_QUICK;

        if ((pace & which) != 0 && sense_wanted(driver, names)) {
            int code = probe_one(host, driver, found, err);

            if (code < 0) {
                return code;
            }
        }
    }
    return 0;
}

int wattle_sensors_find(struct wattle_sensors **ret, const struct wattle_host *host,
                        const char *drivers, struct wattle_error *err)
{
    struct wattle_sensors *sensors;
    struct wattle_host own_host;
    int code;

    *ret = NULL;
    if (host == NULL) {
        host_from_environment(&own_host);
        host = &own_host;
    }
    if (drivers == NULL) {
        drivers = host_getenv("WATTLE_SENSORS");
    }
    code = sense_check_names(drivers, err);
    if (code < 0) {
        return code;
    }
    sensors = calloc(1, sizeof *sensors);
    if (sensors == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    code = sense_probe(host, drivers, SENSE_QUICK | SENSE_SLOW, &sensors->list, err);
    if (code < 0) {
        wattle_sensors_destroy(sensors);
        return code;
    }
    *ret = sensors;
    return 0;
}

size_t wattle_sensors_count(const struct wattle_sensors *sensors) { return sensors->list.count; }

const struct wattle_channel *wattle_sensors_get(const struct wattle_sensors *sensors, size_t i)
{
    return i < sensors->list.count ? &sensors->list.items[i] : NULL;
}

void wattle_sensors_destroy(struct wattle_sensors *sensors)
{
    if (sensors != NULL) {
        channel_list_finish(&sensors->list);
        free(sensors);
    }
}
