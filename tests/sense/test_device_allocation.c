/* SPDX-License-Identifier: MIT */
/* Every allocation of the device drivers' lives fails once: nothing crashes, nothing is lost. */
#define _GNU_SOURCE
#include "driver.h"

extern const struct wattle_sensor_driver sense_nvml, sense_amdgpu, sense_intel_gpu, sense_hwmon,
    sense_acpi_power, sense_ipmi, sense_battery;

static const struct wattle_sensor_driver *const drivers[] = {
    &sense_nvml,       &sense_amdgpu, &sense_intel_gpu, &sense_hwmon,
    &sense_acpi_power, &sense_ipmi,   &sense_battery};

/* The linker sends the rooms' allocations here (--wrap). */
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static long until_failure;
static bool failed;

static bool fails(void)
{
    bool now = until_failure > 0 && --until_failure == 0;

    failed = failed || now;
    return now;
}

void *__wrap_calloc(size_t n, size_t size) { return fails() ? NULL : __real_calloc(n, size); }
void *__wrap_realloc(void *p, size_t size) { return fails() ? NULL : __real_realloc(p, size); }

static void write_machine(const struct tree *tree)
{
    tree_write(tree, "ipmi0", "a device");
    tree_write(tree, "class/hwmon/hwmon0/name", "amdgpu");
    tree_write(tree, "class/hwmon/hwmon0/power1_average", "100000000");
    tree_write(tree, "class/hwmon/hwmon1/name", "xe");
    tree_write(tree, "class/hwmon/hwmon1/energy1_input", "100000000");
    tree_write(tree, "class/hwmon/hwmon2/name", "ina226");
    tree_write(tree, "class/hwmon/hwmon2/power1_input", "100000000");
    tree_write(tree, "class/hwmon/hwmon3/name", "power_meter");
    tree_write(tree, "class/hwmon/hwmon3/power1_average", "100000000");
    tree_write(tree, "class/power_supply/BAT0/type", "Battery");
    tree_write(tree, "class/power_supply/BAT0/status", "Discharging");
    tree_write(tree, "class/power_supply/BAT0/power_now", "7000000");
}

/* Probe, open, read, ask, close. True if all of it succeeded. */
static bool live(struct driver_test *t)
{
    struct wattle_device_process processes[4];
    struct wattle_reading readings[DRIVER_CHANNELS_MAX];
    struct wattle_calibration calibrations[DRIVER_CHANNELS_MAX];
    int code = t->driver->probe(&t->tree.host, &t->list, &t->err);
    size_t i;

    for (i = 0; code == 0 && i < t->list.count; i++) {
        if (t->list.items[i].usable) {
            t->open[t->open_count++] = t->list.items[i];
        }
    }
    if (code == 0 && t->open_count > 0) {
        code = t->driver->open(&t->tree.host, t->open, t->open_count, &t->state, &t->err);
    }
    if (code == 0 && t->state != NULL) {
        assert_int_equal(t->driver->read(t->state, readings), 0);
        if (t->driver->calibrate != NULL) {
            code = t->driver->calibrate(t->state, 0.001, calibrations);
        }
        if (t->driver->processes != NULL && t->driver->processes(t->state, 0, processes, 4) < 0) {
            code = WATTLE_E_NOMEM;
        }
    }
    until_failure = 0;
    t->driver->close(t->state);
    t->state = NULL;
    return code == 0;
}

static void an_allocation_that_fails_is_an_error_and_no_more(void **state)
{
    size_t i;

    (void)state;
    setenv("WATTLE_FAKE_NVML", "gpus=2 process=7:0.5:10", 1);
    setenv("WATTLE_FAKE_IPMI", "power=200", 1);
    for (i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
        long n;

        failed = true;
        for (n = 1; failed && n < 100; n++) {
            struct driver_test t;
            bool well;

            driver_begin(&t, drivers[i]);
            write_machine(&t.tree);
            t.tree.host.nvml = FAKE_NVML;
            t.tree.host.ipmi = FAKE_FREEIPMI;
            failed = false;
            until_failure = n;
            well = live(&t);
            if (!failed) {
                assert_true(well);
                assert_true(t.open_count > 0);
            }
            driver_end(&t);
        }
        assert_true(n > 1 && n < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_allocation_that_fails_is_an_error_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
