/* SPDX-License-Identifier: MIT */
/* One driver on a fake machine: probe, find channels by name, open those that are usable, read. */
#ifndef TESTS_SENSE_DRIVER_H
#define TESTS_SENSE_DRIVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tree.h"

enum { DRIVER_CHANNELS_MAX = 64 };

struct driver_test {
    struct tree tree;
    const struct wattle_sensor_driver *driver;
    struct wattle_channel_list list;
    struct wattle_channel open[DRIVER_CHANNELS_MAX];
    size_t open_count;
    struct wattle_error err;
    void *state;
};

__attribute__((unused)) static void driver_begin(struct driver_test *t,
                                                 const struct wattle_sensor_driver *driver)
{
    memset(t, 0, sizeof *t);
    tree_begin(&t->tree);
    t->driver = driver;
}

__attribute__((unused)) static void driver_end(struct driver_test *t)
{
    t->driver->close(t->state);
    channel_list_finish(&t->list);
    tree_end(&t->tree);
}

__attribute__((unused)) static void driver_probe(struct driver_test *t)
{
    assert_int_equal(t->driver->probe(&t->tree.host, &t->list, &t->err), 0);
}

__attribute__((unused)) static void driver_open(struct driver_test *t)
{
    size_t i;

    for (i = 0; i < t->list.count; i++) {
        if (t->list.items[i].usable) {
            assert_true(t->open_count < DRIVER_CHANNELS_MAX);
            t->open[t->open_count++] = t->list.items[i];
        }
    }
    assert_int_equal(
        t->driver->open(&t->tree.host, t->open, t->open_count, &t->state, &t->err), 0);
}

__attribute__((unused)) static const struct wattle_channel *
driver_find(const struct driver_test *t, const char *name)
{
    size_t i;

    for (i = 0; i < t->list.count; i++) {
        if (strcmp(t->list.items[i].name, name) == 0) {
            return &t->list.items[i];
        }
    }
    return NULL;
}

__attribute__((unused)) static const struct wattle_channel *
driver_channel(const struct driver_test *t, const char *name)
{
    const struct wattle_channel *channel = driver_find(t, name);

    if (channel == NULL) {
        fail_msg("no channel %s", name);
    }
    return channel;
}

__attribute__((unused)) static struct wattle_reading driver_read(struct driver_test *t,
                                                                 const char *name)
{
    struct wattle_reading readings[DRIVER_CHANNELS_MAX];
    size_t i;

    t->driver->read(t->state, readings);
    for (i = 0; i < t->open_count; i++) {
        if (strcmp(t->open[i].name, name) == 0) {
            return readings[i];
        }
    }
    fail_msg("%s is not open", name);
    return readings[0];
}

__attribute__((unused)) static void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance)) {
        fail_msg("%.9g is not %.9g", a, b);
    }
}

/* Whatever is refused says why and what can be done. */
__attribute__((unused)) static void assert_refused(const struct wattle_channel *channel,
                                                   const char *word)
{
    assert_false(channel->usable);
    assert_non_null(strstr(channel->reason, word));
    assert_true(channel->remedy[0] != '\0');
}

#endif
