/* SPDX-License-Identifier: MIT */
/* The nvml driver on a fake library, opened as the real one is. */
#ifndef TESTS_SENSE_NVML_FIXTURE_H
#define TESTS_SENSE_NVML_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sense/nvml.h"
#include "sense/sense.h"

extern const struct wattle_sensor_driver sense_nvml;

static const struct wattle_sensor_driver *const driver = &sense_nvml;

static struct fixture {
    struct wattle_host host;
    struct wattle_channel_list list;
    struct wattle_error err;
    void *state;
    struct wattle_reading readings[64];
    void *library;
} f;

__attribute__((unused)) static void set_time(double s)
{
    void *symbol = dlsym(f.library, "fake_nvml_set_time");
    void (*function)(double);

    memcpy(&function, &symbol, sizeof symbol);
    function(s);
}

__attribute__((unused)) static int call_int(const char *name)
{
    void *symbol = dlsym(f.library, name);
    int (*function)(void);

    memcpy(&function, &symbol, sizeof symbol);
    return function();
}

__attribute__((unused)) static void probe_with(const char *library, const char *options)
{
    memset(&f, 0, sizeof f);
    f.host.sysfs = "/nonexistent";
    f.host.procfs = "/nonexistent";
    f.host.nvml = library;
    f.host.fake = true;
    f.library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(f.library);
    call_int("fake_nvml_reset");
    setenv("WATTLE_FAKE_NVML", options, 1);
    set_time(0);
    assert_int_equal(driver->probe(&f.host, &f.list, &f.err), 0);
}

__attribute__((unused)) static void probe(const char *options)
{
    probe_with(FAKE_NVML, options);
}

__attribute__((unused)) static void finish(void)
{
    driver->close(f.state);
    channel_list_finish(&f.list);
    if (f.library != NULL) {
        dlclose(f.library);
    }
    memset(&f, 0, sizeof f);
}

__attribute__((unused)) static int find(const char *name)
{
    size_t i;

    for (i = 0; i < f.list.count; i++) {
        if (strcmp(f.list.items[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

__attribute__((unused)) static const struct wattle_channel *channel(const char *name)
{
    int i = find(name);

    assert_true(i >= 0);
    return &f.list.items[i];
}

__attribute__((unused)) static void open_all(void)
{
    assert_int_equal(
        driver->open(&f.host, f.list.items, f.list.count, &f.state, &f.err), 0);
}

__attribute__((unused)) static struct wattle_reading reading(const char *name)
{
    assert_true(f.list.count <= 64);
    assert_true(find(name) >= 0);
    driver->read(f.state, f.readings);
    return f.readings[find(name)];
}

__attribute__((unused)) static void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance)) {
        fail_msg("%.9g is not %.9g", a, b);
    }
}

/* A key seen twice is one thing reached twice (wattle/sys/sensor.h). */
__attribute__((unused)) static void assert_keys_differ(void)
{
    size_t i, j;

    for (i = 0; i < f.list.count; i++) {
        for (j = 0; j < i; j++) {
            assert_string_not_equal(f.list.items[i].key, f.list.items[j].key);
        }
    }
}

#endif
