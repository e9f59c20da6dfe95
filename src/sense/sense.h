/* SPDX-License-Identifier: MIT */
/* The room's own list of drivers and channels; what drivers implement is <wattle/sys/sensor.h>. */
#ifndef SENSE_SENSE_H
#define SENSE_SENSE_H

#include <stddef.h>

#include <wattle/meter.h>
#include <wattle/sys/sensor.h>

struct wattle_channel_list {
    struct wattle_channel *items;
    size_t count;
    size_t capacity;
};

void channel_list_finish(struct wattle_channel_list *list);

/* All drivers in order of preference: for the same part of the machine the earlier one wins. */
extern const struct wattle_sensor_driver *const sense_drivers[];
extern const size_t sense_driver_count;

const struct wattle_sensor_driver *sense_driver_find(const char *name);

/*
 * Is `driver` wanted by the comma list `names`? NULL or "": every one that is not explicit.
 * A name that no driver has is an error of the list: sense_check_names says which.
 */
bool sense_wanted(const struct wattle_sensor_driver *driver, const char *names);
int sense_check_names(const char *names, struct wattle_error *err);

/* Probes wanted drivers, quick ones, slow ones or both, in order. A driver that fails adds one
 * unusable channel with its reason; the others go on. Marks a channel whose `key` an earlier one
 * has as unusable: one thing reached twice. */
enum { SENSE_QUICK = 1, SENSE_SLOW = 2 };
int sense_probe(const struct wattle_host *host, const char *names, unsigned which,
                struct wattle_channel_list *found, struct wattle_error *err);

#endif
