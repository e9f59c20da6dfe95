/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
/* amdgpu and intel_gpu on fake trees. */
#include "driver.h"

extern const struct wattle_sensor_driver sense_amdgpu;
extern const struct wattle_sensor_driver sense_intel_gpu;

/* hwmonN of a GPU at a PCI address, as /sys links it. */
static void write_gpu(const struct tree *tree, unsigned number, const char *name,
                      const char *address, const char *id)
{
    char path[128], target[256];

    snprintf(path, sizeof path, "devices/%s/device", address);
    tree_write(tree, path, "%s", id);
    snprintf(path, sizeof path, "class/hwmon/hwmon%u/name", number);
    tree_write(tree, path, "%s", name);
    snprintf(path, sizeof path, "class/hwmon/hwmon%u/device", number);
    snprintf(target, sizeof target, "%s/devices/%s", tree->root, address);
    tree_link(tree, path, target);
}

static void amd_power_is_a_gpu_with_its_gauges(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_amdgpu);
    write_gpu(&t.tree, 3, "amdgpu", "0000:c1:00.0", "0x73bf");
    tree_write(&t.tree, "class/hwmon/hwmon3/power1_average", "45000000");
    tree_write(&t.tree, "class/hwmon/hwmon3/power1_cap_max", "300000000");
    tree_write(&t.tree, "class/hwmon/hwmon3/temp1_input", "40000");
    tree_write(&t.tree, "class/hwmon/hwmon3/fan1_input", "900");
    tree_write(&t.tree, "devices/0000:c1:00.0/gpu_busy_percent", "75");
    driver_probe(&t);
    assert_string_equal(driver_channel(&t, "amdgpu-0")->key, "pci:0000:c1:00.0:power1_average");
    assert_int_equal(driver_channel(&t, "amdgpu-0")->domain, WATTLE_D_GPU);
    assert_near(driver_channel(&t, "amdgpu-0")->max_power_w, 300, 1e-9);
    driver_open(&t);
    assert_near(driver_read(&t, "amdgpu-0").value, 45, 1e-9);
    assert_near(driver_read(&t, "amdgpu-0-temperature").value, 40, 1e-9);
    assert_near(driver_read(&t, "amdgpu-0-fan").value, 900, 1e-9);
    assert_near(driver_read(&t, "amdgpu-0-utilization").value, 0.75, 1e-9);
    tree_write(&t.tree, "class/hwmon/hwmon3/power1_average", "0");
    assert_int_equal(driver_read(&t, "amdgpu-0").status, WATTLE_READ_FAILED);
    driver_end(&t);
}

static void the_second_die_of_a_card_is_refused_not_0(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_amdgpu);
    write_gpu(&t.tree, 1, "amdgpu", "0000:31:00.0", "0x740c");
    tree_write(&t.tree, "class/hwmon/hwmon1/power1_average", "180000000");
    tree_write(&t.tree, "class/hwmon/hwmon1/power1_cap_max", "280000000");
    write_gpu(&t.tree, 2, "amdgpu", "0000:32:00.0", "0x740c");
    tree_write(&t.tree, "class/hwmon/hwmon2/power1_average", "0");
    driver_probe(&t);
    assert_true(driver_channel(&t, "amdgpu-0")->usable);
    assert_non_null(strstr(driver_channel(&t, "amdgpu-0")->reason, "second die"));
    assert_refused(driver_channel(&t, "amdgpu-1"), "first die");
    driver_end(&t);
}

static void a_counter_comes_first_and_power_beside_it(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_amdgpu);
    write_gpu(&t.tree, 1, "amdgpu", "0000:31:00.0", "0x74a1");
    tree_write(&t.tree, "class/hwmon/hwmon1/energy1_input", "123000000");
    tree_write(&t.tree, "class/hwmon/hwmon1/power1_input", "150000000");
    driver_probe(&t);
    assert_int_equal(driver_channel(&t, "amdgpu-0")->quantity, WATTLE_Q_ENERGY);
    assert_int_equal(driver_channel(&t, "amdgpu-0-power")->quantity, WATTLE_Q_POWER);
    assert_int_equal(driver_channel(&t, "amdgpu-0-power")->unit_index,
                     driver_channel(&t, "amdgpu-0")->unit_index);
    driver_open(&t);
    assert_int_equal(driver_read(&t, "amdgpu-0").count, 123000000);
    assert_near(driver_read(&t, "amdgpu-0-power").value, 150, 1e-9);
    driver_end(&t);
}

static void an_apu_is_a_package(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_amdgpu);
    write_gpu(&t.tree, 1, "amdgpu", "0000:04:00.0", "0x15bf");
    tree_write(&t.tree, "class/hwmon/hwmon1/power1_average", "15000000");
    tree_write(&t.tree, "class/hwmon/hwmon1/in1_input", "900");
    driver_probe(&t);
    assert_int_equal(driver_channel(&t, "package-0-apu")->domain, WATTLE_D_PACKAGE);
    assert_int_equal(driver_channel(&t, "package-0-apu")->unit_index, 0);
    driver_end(&t);
}

static void a_gpu_without_power_says_so(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_amdgpu);
    write_gpu(&t.tree, 1, "amdgpu", "0000:04:00.0", "0x15bf");
    driver_probe(&t);
    assert_refused(driver_channel(&t, "amdgpu-0"), "no power");
    driver_end(&t);
}

static void intel_cards_count_and_their_tiles_do_not(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_intel_gpu);
    write_gpu(&t.tree, 1, "i915", "0000:03:00.0", "0x56a0");
    tree_write(&t.tree, "class/hwmon/hwmon1/energy1_input", "5000000");
    tree_write(&t.tree, "class/hwmon/hwmon1/power1_rated_max", "225000000");
    write_gpu(&t.tree, 2, "i915_gt0", "0000:03:00.0", "0x56a0");
    tree_write(&t.tree, "class/hwmon/hwmon2/energy1_input", "4000000");
    write_gpu(&t.tree, 3, "xe", "0000:04:00.0", "0xe20b");
    tree_write(&t.tree, "class/hwmon/hwmon3/energy2_input", "7000000");
    tree_write(&t.tree, "class/hwmon/hwmon3/temp2_input", "33000");
    tree_write(&t.tree, "class/hwmon/hwmon3/fan1_input", "700");
    write_gpu(&t.tree, 4, "xe", "0000:05:00.0", "0xe20b");
    driver_probe(&t);
    assert_near(driver_channel(&t, "intel-gpu-0")->max_power_w, 225, 1e-9);
    assert_non_null(strstr(driver_channel(&t, "intel-gpu-1")->reason, "package alone"));
    assert_refused(driver_channel(&t, "intel-gpu-2"), "no energy");
    driver_open(&t);
    assert_int_equal(t.open_count, 4);
    assert_int_equal(driver_read(&t, "intel-gpu-0").count, 5000000);
    assert_int_equal(driver_read(&t, "intel-gpu-1").count, 7000000);
    assert_near(driver_read(&t, "intel-gpu-1-temperature").value, 33, 1e-9);
    driver_end(&t);
}

static void makers_do_not_share_units(void **state)
{
    struct driver_test amd, intel;

    (void)state;
    driver_begin(&amd, &sense_amdgpu);
    write_gpu(&amd.tree, 1, "amdgpu", "0000:31:00.0", "0x73bf");
    tree_write(&amd.tree, "class/hwmon/hwmon1/power1_average", "1000000");
    driver_probe(&amd);
    driver_begin(&intel, &sense_intel_gpu);
    write_gpu(&intel.tree, 1, "xe", "0000:31:00.0", "0xe20b");
    tree_write(&intel.tree, "class/hwmon/hwmon1/energy1_input", "1000000");
    driver_probe(&intel);
    assert_true(amd.list.items[0].unit_index != 0);
    assert_true(intel.list.items[0].unit_index != 0);
    assert_true(amd.list.items[0].unit_index != intel.list.items[0].unit_index);
    driver_end(&amd);
    driver_end(&intel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amd_power_is_a_gpu_with_its_gauges),
        cmocka_unit_test(the_second_die_of_a_card_is_refused_not_0),
        cmocka_unit_test(a_counter_comes_first_and_power_beside_it),
        cmocka_unit_test(an_apu_is_a_package),
        cmocka_unit_test(a_gpu_without_power_says_so),
        cmocka_unit_test(intel_cards_count_and_their_tiles_do_not),
        cmocka_unit_test(makers_do_not_share_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
