/* SPDX-License-Identifier: MIT */
/* What the nvml driver reads. */
#include "nvml_fixture.h"

static int64_t test_clock(void *user)
{
    (void)user;
    return 5000000000;
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
    assert_keys_differ();
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

static void a_module_is_not_a_gpu(void **state)
{
    (void)state;
    probe("module power=500 name=NVIDIA_GB200");
    assert_int_equal(channel("module-0")->domain, WATTLE_D_MODULE);
    assert_int_equal(channel("module-0-power")->domain, WATTLE_D_MODULE);
    assert_int_equal(find("gpu-0"), -1);
    assert_int_equal(find("gpu-0-power"), -1); /* nvmlDeviceGetPowerUsage has no scope */
    open_all();
    assert_near(reading("module-0-power").value, 500, 1e-9);
    finish();
    probe("superchip power=400 name=NVIDIA_GH200_480GB");
    assert_int_equal(channel("module-0")->domain, WATTLE_D_MODULE);
    assert_int_equal(channel("gpu-0")->domain, WATTLE_D_GPU);
    assert_int_equal(channel("gpu-0")->quantity, WATTLE_Q_POWER);
    assert_keys_differ();
    open_all();
    assert_near(reading("gpu-0").value, 300, 1e-9);
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
        cmocka_unit_test(power_falls_back_from_instant_to_average_to_usage),
        cmocka_unit_test(a_module_is_not_a_gpu),
        cmocka_unit_test(mig_has_one_energy_and_no_processes),
        cmocka_unit_test(processes_are_told_with_their_share),
        cmocka_unit_test(an_old_driver_gives_power),
        cmocka_unit_test(gauges_are_refreshed_once_a_second),
        cmocka_unit_test(calibration_finds_period_and_step),
        cmocka_unit_test(field_types_are_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
