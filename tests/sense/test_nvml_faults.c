/* SPDX-License-Identifier: MIT */
/* What the nvml driver does when something is missing, refused or lost. */
#include "nvml_fixture.h"

static void with_neither_it_is_refused_and_never_0(void **state)
{
    (void)state;
    probe("no_energy no_instant no_average no_power");
    assert_false(channel("gpu-0")->usable);
    assert_non_null(strstr(channel("gpu-0")->reason, "Not Supported"));
    assert_true(channel("gpu-0")->remedy[0] != '\0');
    finish();
    probe("no_energy power=0");
    assert_false(channel("gpu-0")->usable);
    finish();
    probe("no_energy power=50@0,0@1");
    open_all();
    assert_int_equal(reading("gpu-0").status, WATTLE_READ_OK);
    set_time(2);
    assert_int_equal(reading("gpu-0").status, WATTLE_READ_FAILED);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_neither_it_is_refused_and_never_0),
        cmocka_unit_test(one_lost_gpu_does_not_stop_the_others),
        cmocka_unit_test(a_failed_call_is_a_failed_reading_and_passes),
        cmocka_unit_test(refusals_say_why_and_what_to_do),
        cmocka_unit_test(a_library_that_is_not_there_is_refused),
        cmocka_unit_test(hidden_devices_are_still_measured),
        cmocka_unit_test(the_library_is_held_between_probe_and_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
