/* SPDX-License-Identifier: MIT */
/* The nvml driver on fake libraries, opened as the real one is. */
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

static int64_t test_clock(void *user)
{
    (void)user;
    return 5000000000;
}

static void set_time(double s)
{
    void *symbol = dlsym(f.library, "fake_nvml_set_time");
    void (*function)(double);

    memcpy(&function, &symbol, sizeof symbol);
    function(s);
}

static int call_int(const char *name)
{
    void *symbol = dlsym(f.library, name);
    int (*function)(void);

    memcpy(&function, &symbol, sizeof symbol);
    return function();
}

static void probe_with(const char *library, const char *options)
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

static void probe(const char *options)
{
    probe_with(FAKE_NVML, options);
}

static void finish(void)
{
    driver->close(f.state);
    channel_list_finish(&f.list);
    if (f.library != NULL) {
        dlclose(f.library);
    }
    memset(&f, 0, sizeof f);
}

static int find(const char *name)
{
    size_t i;

    for (i = 0; i < f.list.count; i++) {
        if (strcmp(f.list.items[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static const struct wattle_channel *channel(const char *name)
{
    int i = find(name);

    assert_true(i >= 0);
    return &f.list.items[i];
}

static void open_all(void)
{
    assert_int_equal(
        driver->open(&f.host, f.list.items, f.list.count, &f.state, &f.err), 0);
}

static struct wattle_reading reading(const char *name)
{
    assert_true(f.list.count <= 64);
    assert_true(find(name) >= 0);
    driver->read(f.state, f.readings);
    return f.readings[find(name)];
}

static void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance)) {
        fail_msg("%.9g is not %.9g", a, b);
    }
}

static void counter_and_power_stand_side_by_side(void **state)
{
    (void)state;
    probe("gpus=2 power=60@0,300@1 1:power=200 utilization=0.5 fan=1500");
    assert_int_equal(channel("gpu-0")->quantity, WATTLE_Q_ENERGY);
    assert_int_equal(channel("gpu-0")->quality, WATTLE_MEASURED);
    assert_int_equal(channel("gpu-0")->range, UINT64_MAX);
    assert_int_equal(channel("gpu-0")->domain, WATTLE_D_GPU);
    assert_near(channel("gpu-0")->max_power_w, 350, 0);
    assert_int_equal(channel("gpu-1-power")->quantity, WATTLE_Q_POWER);
    assert_int_equal(channel("gpu-1-power")->unit_index, 1);
    assert_near(channel("gpu-1-power")->averaging_s, 0, 0);
    assert_string_equal(channel("gpu-0")->device, "NVIDIA H100 PCIe");
    assert_string_not_equal(channel("gpu-0")->key, channel("gpu-1")->key);
    assert_string_not_equal(channel("gpu-0")->key, channel("gpu-0-power")->key);
    open_all();
    set_time(1);
    assert_int_equal(reading("gpu-0").count, 1000000000 + 60000);
    assert_near(reading("gpu-0-power").value, 300, 1e-9);
    assert_int_equal(reading("gpu-1").count, 1000000000 + 200000);
    assert_near(reading("gpu-0-temperature").value, 45, 0);
    assert_near(reading("gpu-0-utilization").value, 0.5, 1e-9);
    assert_near(reading("gpu-0-fan").value, 1500, 0);
    set_time(1.05); /* between two updates nothing moves */
    assert_int_equal(reading("gpu-0").count, 1000000000 + 60000);
    set_time(1.1);
    assert_int_equal(reading("gpu-0").count, 1000000000 + 90000);
    finish();
}

static void without_a_counter_power_takes_its_place(void **state)
{
    (void)state;
    probe("no_energy power=77");
    assert_int_equal(channel("gpu-0")->quantity, WATTLE_Q_POWER);
    assert_int_equal(channel("gpu-0")->quality, WATTLE_INTEGRATED);
    assert_non_null(strstr(channel("gpu-0")->reason, "no energy counter"));
    assert_int_equal(find("gpu-0-power"), -1);
    open_all();
    assert_near(reading("gpu-0").value, 77, 1e-9);
    finish();
}

static void with_neither_it_is_refused_and_never_0(void **state)
{
    (void)state;
    probe("no_energy no_instant no_average no_power");
    assert_false(channel("gpu-0")->usable);
    assert_non_null(strstr(channel("gpu-0")->reason, "Not Supported"));
    finish();
}

static void power_falls_back_from_instant_to_average_to_usage(void **state)
{
    (void)state;
    probe("no_instant");
    assert_string_equal(channel("gpu-0-power")->source, "nvml:0:power-average");
    assert_near(channel("gpu-0-power")->averaging_s, 1, 0);
    finish();
    probe("no_instant no_average");
    assert_string_equal(channel("gpu-0-power")->source, "nvml:0:power-usage");
    assert_near(channel("gpu-0-power")->averaging_s, 1, 0);
    finish();
    /* GA100 and Volta: an instant */
    probe("gpus=2 no_instant no_average arch=7 0:pci=20b0 1:pci=2204");
    assert_near(channel("gpu-0-power")->averaging_s, 0, 0);
    assert_near(channel("gpu-1-power")->averaging_s, 1, 0);
    finish();
    probe("bad_type power=50"); /* a 16-bit power is no power */
    assert_string_equal(channel("gpu-0-power")->source, "nvml:0:power-usage");
    finish();
}

static void one_lost_gpu_does_not_stop_the_others(void **state)
{
    (void)state;
    probe("gpus=2 0:lost=2");
    open_all();
    set_time(1);
    assert_int_equal(reading("gpu-0").status, WATTLE_READ_OK);
    set_time(2);
    assert_int_equal(reading("gpu-0").status, WATTLE_READ_LOST);
    assert_int_equal(reading("gpu-0").count, 0);
    assert_int_equal(reading("gpu-0-power").status, WATTLE_READ_LOST);
    assert_int_equal(reading("gpu-1").status, WATTLE_READ_OK);
    assert_int_equal(driver->read(f.state, f.readings), 0);
    finish();
    probe("lost=2");
    open_all();
    set_time(3);
    assert_int_equal(driver->read(f.state, f.readings), WATTLE_E_GONE);
    finish();
    probe("gpus=2 1:lost=0"); /* lost before anybody looked */
    assert_true(channel("gpu-0")->usable);
    assert_false(channel("gpu-1")->usable);
    assert_true(channel("gpu-1")->remedy[0] != '\0');
    finish();
}

static void a_failed_call_is_a_failed_reading_and_passes(void **state)
{
    (void)state;
    probe("energy_fails=3 power=10");
    open_all(); /* call 1 was probe's */
    assert_int_equal(reading("gpu-0").status, WATTLE_READ_OK);
    assert_int_equal(reading("gpu-0").status, WATTLE_READ_FAILED);
    assert_int_equal(reading("gpu-0").status, WATTLE_READ_OK);
    finish();
}

static void a_module_is_not_a_gpu(void **state)
{
    (void)state;
    probe("module power=500 name=NVIDIA_GB200");
    assert_int_equal(channel("module-0")->domain, WATTLE_D_MODULE);
    assert_int_equal(channel("module-0-power")->domain, WATTLE_D_MODULE);
    assert_int_equal(find("gpu-0"), -1);
    open_all();
    assert_near(reading("module-0-power").value, 500, 1e-9);
    finish();
    probe("superchip power=400 name=NVIDIA_GH200_480GB");
    assert_int_equal(channel("module-0")->domain, WATTLE_D_MODULE);
    assert_int_equal(channel("gpu-0-power")->domain, WATTLE_D_GPU);
    open_all();
    assert_near(reading("gpu-0-power").value, 300, 1e-9);
    assert_near(reading("module-0-power").value, 400, 1e-9);
    finish();
}

static void mig_has_one_energy_and_no_processes(void **state)
{
    struct wattle_device_process processes[4];

    (void)state;
    probe("mig process=42:0.5:100");
    assert_true(channel("gpu-0")->usable);
    assert_non_null(strstr(channel("gpu-0")->reason, "MIG"));
    assert_int_equal(find("gpu-0-utilization"), -1);
    open_all();
    assert_int_equal(driver->processes(f.state, 0, processes, 4), WATTLE_E_UNSUPPORTED);
    finish();
}

static void processes_are_told_with_their_share(void **state)
{
    struct wattle_device_process processes[4];

    (void)state;
    probe("process=42:0.5:100 process=43:0.25:10 process=44:0:10");
    open_all();
    assert_int_equal(driver->processes(f.state, 0, processes, 4), 2);
    assert_int_equal(processes[0].pid, 42);
    assert_near(processes[0].utilization, 0.5, 1e-9);
    assert_near(processes[1].utilization, 0.25, 1e-9);
    assert_int_equal(driver->processes(f.state, 0, processes, 1), 1);
    finish();
    probe("no_utilization process=42:0.5:100"); /* the only one there is */
    open_all();
    assert_int_equal(driver->processes(f.state, 0, processes, 4), 1);
    assert_near(processes[0].utilization, 1, 0);
    assert_int_equal(processes[0].memory_bytes, 100ULL << 20);
    finish();
    probe("no_utilization process=42:0.5:100 process=43:0.5:1");
    open_all();
    assert_int_equal(driver->processes(f.state, 0, processes, 4), 2);
    assert_true(isnan(processes[0].utilization));
    finish();
    probe_with(FAKE_NVML_OLD, "process=42:0.5:100"); /* the smaller structure */
    open_all();
    assert_int_equal(driver->processes(f.state, 0, processes, 4), 1);
    assert_int_equal(processes[0].pid, 42);
    assert_int_equal(processes[0].memory_bytes, 100ULL << 20);
    finish();
}

static void an_old_driver_gives_power(void **state)
{
    (void)state;
    probe_with(FAKE_NVML_OLD, "power=120");
    assert_string_equal(channel("gpu-0")->source, "nvml:0:power-usage");
    open_all();
    assert_near(reading("gpu-0").value, 120, 1e-9);
    finish();
}

static void refusals_say_why_and_what_to_do(void **state)
{
    (void)state;
    probe("init_error=9");
    assert_int_equal(f.list.count, 1);
    assert_false(f.list.items[0].usable);
    assert_non_null(strstr(f.list.items[0].reason, "Driver Not Loaded"));
    assert_non_null(strstr(f.list.items[0].remedy, "modprobe"));
    finish();
    probe("denied");
    assert_false(channel("gpu-0")->usable);
    assert_non_null(strstr(channel("gpu-0")->remedy, "/dev/nvidia"));
    assert_int_equal(call_int("fake_nvml_references"), 0);
    finish();
    probe("gpus=0");
    assert_int_equal(f.list.count, 0);
    finish();
}

static void a_library_that_is_not_there_is_refused(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.host.sysfs = "/nonexistent";
    f.host.nvml = "/nonexistent/libnvidia-ml.so";
    assert_int_equal(driver->probe(&f.host, &f.list, &f.err), 0);
    assert_int_equal(f.list.count, 1);
    assert_false(f.list.items[0].usable);
    channel_list_finish(&f.list);
    f.host.nvml = "libm.so.6"; /* a library, but not NVML */
    assert_int_equal(driver->probe(&f.host, &f.list, &f.err), 0);
    assert_int_equal(f.list.count, 1);
    assert_non_null(strstr(f.list.items[0].reason, "nvmlInit"));
    channel_list_finish(&f.list);
    f.host.nvml = "none";
    assert_int_equal(driver->probe(&f.host, &f.list, &f.err), 0);
    assert_int_equal(f.list.count, 0);
    f.host.nvml = NULL;
    f.host.fake = true;
    assert_int_equal(driver->probe(&f.host, &f.list, &f.err), 0);
    assert_int_equal(f.list.count, 0);
}

static void hidden_devices_are_still_measured(void **state)
{
    (void)state;
    setenv("CUDA_VISIBLE_DEVICES", "MIG-GPU-1234/1/0,GPU-5678,", 1);
    probe("gpus=2");
    assert_true(channel("gpu-1")->usable);
    finish();
    setenv("CUDA_VISIBLE_DEVICES", "", 1);
    probe("gpus=2");
    assert_true(channel("gpu-1")->usable);
    finish();
    unsetenv("CUDA_VISIBLE_DEVICES");
}

static void gauges_are_refreshed_once_a_second(void **state)
{
    (void)state;
    probe("utilization=0.5");
    f.host.monotonic_ns = test_clock;
    open_all();
    assert_near(reading("gpu-0-utilization").value, 0.5, 1e-9);
    setenv("WATTLE_FAKE_NVML", "utilization=0.75", 1);
    assert_near(reading("gpu-0-utilization").value, 0.5, 1e-9); /* this clock stands still */
    finish();
}

static void the_library_is_held_between_probe_and_close(void **state)
{
    (void)state;
    probe("gpus=1");
    assert_int_equal(call_int("fake_nvml_references"), 1);
    open_all();
    assert_int_equal(call_int("fake_nvml_references"), 2);
    driver->close(f.state);
    f.state = NULL;
    assert_int_equal(call_int("fake_nvml_references"), 1);
    finish();
    driver->close(NULL);
}

static void calibration_finds_period_and_step(void **state)
{
    struct wattle_calibration found[64];

    (void)state;
    probe("gpus=2 power=100 period=0.005 call_us=100");
    set_time((double)NAN);
    open_all();
    assert_int_equal(driver->calibrate(f.state, 0.2, found), 0);
    assert_true(found[find("gpu-0")].call_s >= 100e-6);
    assert_true(found[find("gpu-0")].step > 0);
    assert_true(found[find("gpu-0")].update_period_s > 0);
    assert_near(found[find("gpu-1")].step, found[find("gpu-0")].step, 0);
    assert_true(isnan(found[find("gpu-0-power")].step)); /* constant: nothing to see */
    assert_true(isnan(found[find("gpu-0-temperature")].call_s));
    finish();
}

static void field_types_are_looked_at(void **state)
{
    struct nvml_field_value value = {.status = NVML_OK, .value_type = NVML_TYPE_UINT};

    (void)state;
    value.value.u = 123456;
    assert_near(nvml_field_w(&value), 123.456, 1e-9);
    value.status = NVML_NOT_SUPPORTED;
    assert_true(isnan(nvml_field_w(&value)));
    value.status = NVML_OK;
    value.value_type = NVML_TYPE_INT;
    value.value.i = -5;
    assert_true(isnan(nvml_field_w(&value)));
    value.value_type = NVML_TYPE_DOUBLE;
    value.value.d = (double)NAN;
    assert_true(isnan(nvml_field_w(&value)));
    value.value_type = 99;
    assert_true(isnan(nvml_field_w(&value)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counter_and_power_stand_side_by_side),
        cmocka_unit_test(without_a_counter_power_takes_its_place),
        cmocka_unit_test(with_neither_it_is_refused_and_never_0),
        cmocka_unit_test(power_falls_back_from_instant_to_average_to_usage),
        cmocka_unit_test(one_lost_gpu_does_not_stop_the_others),
        cmocka_unit_test(a_failed_call_is_a_failed_reading_and_passes),
        cmocka_unit_test(a_module_is_not_a_gpu),
        cmocka_unit_test(mig_has_one_energy_and_no_processes),
        cmocka_unit_test(processes_are_told_with_their_share),
        cmocka_unit_test(an_old_driver_gives_power),
        cmocka_unit_test(refusals_say_why_and_what_to_do),
        cmocka_unit_test(a_library_that_is_not_there_is_refused),
        cmocka_unit_test(hidden_devices_are_still_measured),
        cmocka_unit_test(gauges_are_refreshed_once_a_second),
        cmocka_unit_test(the_library_is_held_between_probe_and_close),
        cmocka_unit_test(calibration_finds_period_and_step),
        cmocka_unit_test(field_types_are_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
