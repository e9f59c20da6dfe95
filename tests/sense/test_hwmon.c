/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "driver.h"

#include "sense/hwmon_tree.h"

extern const struct wattle_sensor_driver sense_hwmon;

static void attributes_are_told_apart(void **state)
{
    struct hwmon_attribute a;

    (void)state;
    assert_true(hwmon_parse_attribute("power12_average", &a));
    assert_int_equal(a.class, HWMON_POWER);
    assert_int_equal(a.number, 12);
    assert_string_equal(a.item, "average");
    assert_true(hwmon_parse_attribute("in0_input", &a));
    assert_int_equal(a.class, HWMON_IN);
    assert_false(hwmon_parse_attribute("power_average", &a));
    assert_false(hwmon_parse_attribute("power1", &a));
    assert_false(hwmon_parse_attribute("power1_", &a));
    assert_false(hwmon_parse_attribute("intrusion0_alarm", &a));
    assert_false(hwmon_parse_attribute("fan99999999_input", &a));
}

static void a_rail_with_two_parts_belongs_to_neither(void **state)
{
    (void)state;
    assert_int_equal(hwmon_classify_rail("VDD_CPU_GPU_CV").domain, WATTLE_D_RAIL);
    assert_int_equal(hwmon_classify_rail("POM_5V_GPU").domain, WATTLE_D_GPU);
    assert_int_equal(hwmon_classify_rail("CPU").domain, WATTLE_D_PACKAGE);
    assert_int_equal(hwmon_classify_rail("VDDRQ").domain, WATTLE_D_DRAM);
    assert_int_equal(hwmon_classify_rail("VDDQ_VDD2_1V8AO").domain, WATTLE_D_DRAM);
    assert_true(hwmon_classify_rail("POM_5V_IN").total);
    assert_true(hwmon_classify_rail("VDD_IN").total);
    assert_true(hwmon_classify_rail("Total System Power").total);
    assert_true(hwmon_classify_rail("System").total);
    assert_false(hwmon_classify_rail("Storage System").total);
    assert_int_equal(hwmon_classify_rail("").domain, WATTLE_D_RAIL);
}

static void write_orin(const struct tree *tree)
{
    tree_write(tree, "class/hwmon/hwmon1/name", "ina3221");
    tree_write(tree, "class/hwmon/hwmon1/in1_label", "VDD_IN");
    tree_write(tree, "class/hwmon/hwmon1/in1_input", "5000");
    tree_write(tree, "class/hwmon/hwmon1/curr1_input", "1200");
    tree_write(tree, "class/hwmon/hwmon1/in2_label", "VDD_CPU_GPU_CV");
    tree_write(tree, "class/hwmon/hwmon1/in2_input", "5000");
    tree_write(tree, "class/hwmon/hwmon1/curr2_input", "400");
    tree_write(tree, "class/hwmon/hwmon1/in3_label", "CPU");
    tree_write(tree, "class/hwmon/hwmon1/in3_input", "5000");
    tree_write(tree, "class/hwmon/hwmon1/curr3_input", "100");
    tree_write(tree, "class/hwmon/hwmon1/in4_input", "6"); /* a shunt's voltage and */
    tree_write(tree, "class/hwmon/hwmon1/curr4_input", "1700"); /* the sum of currents */
}

static void a_jetson_counts_its_input_and_shows_its_rails(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_hwmon);
    write_orin(&t.tree);
    driver_probe(&t);
    assert_int_equal(t.list.count, 3);
    assert_int_equal(driver_channel(&t, "rail-vdd-in")->domain, WATTLE_D_PLATFORM);
    assert_int_equal(driver_channel(&t, "rail-vdd-cpu-gpu-cv")->domain, WATTLE_D_RAIL);
    assert_int_equal(driver_channel(&t, "rail-cpu")->domain, WATTLE_D_RAIL);
    assert_int_equal(driver_channel(&t, "rail-cpu")->quality, WATTLE_INTEGRATED);
    driver_open(&t);
    assert_near(driver_read(&t, "rail-vdd-in").value, 6.0, 1e-9);
    assert_near(driver_read(&t, "rail-vdd-cpu-gpu-cv").value, 2.0, 1e-9);
    tree_write(&t.tree, "class/hwmon/hwmon1/curr1_input", "2400");
    assert_near(driver_read(&t, "rail-vdd-in").value, 12.0, 1e-9);
    driver_end(&t);
}

static void without_an_input_the_named_rails_stand_for_their_parts(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_hwmon);
    tree_write(&t.tree, "bus/i2c/drivers/ina3221x/1-0040/iio:device0/rail_name_0", "GPU");
    tree_write(&t.tree, "bus/i2c/drivers/ina3221x/1-0040/iio:device0/in_power0_input", "1500");
    tree_write(&t.tree, "bus/i2c/drivers/ina3221x/1-0040/iio:device0/rail_name_1", "CPU");
    tree_write(&t.tree, "bus/i2c/drivers/ina3221x/1-0040/iio:device0/in_power1_input", "2500");
    tree_write(&t.tree, "bus/i2c/drivers/ina3221x/1-0040/iio:device0/rail_name_2", "NC");
    tree_write(&t.tree, "bus/i2c/drivers/ina3221x/1-0040/iio:device0/in_power2_input", "0");
    tree_write(&t.tree, "bus/i2c/drivers/ina3221x/1-0041/iio:device1/rail_name_0", "SYS5V");
    tree_write(&t.tree, "bus/i2c/drivers/ina3221x/1-0041/iio:device1/in_voltage0_input", "5000");
    tree_write(&t.tree, "bus/i2c/drivers/ina3221x/1-0041/iio:device1/in_current0_input", "300");
    driver_probe(&t);
    assert_int_equal(t.list.count, 3);
    assert_int_equal(driver_channel(&t, "rail-gpu")->domain, WATTLE_D_GPU);
    assert_int_equal(driver_channel(&t, "rail-cpu")->domain, WATTLE_D_PACKAGE);
    assert_int_equal(driver_channel(&t, "rail-cpu")->unit_index, 0);
    assert_int_equal(driver_channel(&t, "rail-sys5v")->domain, WATTLE_D_RAIL);
    driver_open(&t);
    assert_near(driver_read(&t, "rail-gpu").value, 1.5, 1e-9);
    assert_near(driver_read(&t, "rail-sys5v").value, 1.5, 1e-9);
    driver_end(&t);
}

static void amd_energy_gives_sockets_and_leaves_out_cores(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_hwmon);
    tree_write(&t.tree, "class/hwmon/hwmon2/name", "amd_energy");
    tree_write(&t.tree, "class/hwmon/hwmon2/energy1_label", "Ecore000");
    tree_write(&t.tree, "class/hwmon/hwmon2/energy1_input", "5");
    tree_write(&t.tree, "class/hwmon/hwmon2/energy129_label", "Esocket0");
    tree_write(&t.tree, "class/hwmon/hwmon2/energy129_input", "123456789");
    tree_write(&t.tree, "class/hwmon/hwmon2/energy130_label", "Esocket1");
    tree_write(&t.tree, "class/hwmon/hwmon2/energy130_input", "223456789");
    driver_probe(&t);
    assert_int_equal(t.list.count, 2);
    assert_int_equal(driver_channel(&t, "package-1")->domain, WATTLE_D_PACKAGE);
    assert_int_equal(driver_channel(&t, "package-1")->unit_index, 1);
    assert_int_equal(driver_channel(&t, "package-1")->kind, WATTLE_CPU);
    assert_int_equal(driver_channel(&t, "package-1")->range, UINT64_MAX);
    driver_open(&t);
    assert_int_equal(driver_read(&t, "package-0").count, 123456789);
    assert_near(driver_channel(&t, "package-0")->unit, 1e-6, 0);
    driver_end(&t);
}

static void a_counter_is_taken_before_the_power_of_the_same_rail(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_hwmon);
    tree_write(&t.tree, "class/hwmon/hwmon0/name", "ltc2947");
    tree_write(&t.tree, "class/hwmon/hwmon0/energy1_input", "1000");
    tree_write(&t.tree, "class/hwmon/hwmon0/power1_input", "7000000");
    tree_write(&t.tree, "class/hwmon/hwmon0/power2_average", "8000000");
    tree_write(&t.tree, "class/hwmon/hwmon0/power2_average_interval", "500");
    driver_probe(&t);
    assert_int_equal(t.list.count, 2);
    assert_int_equal(driver_channel(&t, "rail-ltc2947--1")->quantity, WATTLE_Q_ENERGY);
    assert_near(driver_channel(&t, "rail-ltc2947--2")->averaging_s, 0.5, 1e-12);
    driver_end(&t);
}

static void a_failing_file_fails_and_a_new_one_is_read(void **state)
{
    struct driver_test t;
    char path[256];
    unsigned i;

    (void)state;
    driver_begin(&t, &sense_hwmon);
    write_orin(&t.tree);
    driver_probe(&t);
    driver_open(&t);
    snprintf(path, sizeof path, "%s/class/hwmon/hwmon1/curr1_input", t.tree.root);
    for (i = 0; i < 3; i++) {
        assert_int_equal(driver_read(&t, "rail-vdd-in").status, WATTLE_READ_OK);
        remove(path);
        assert_int_equal(driver_read(&t, "rail-vdd-in").status, WATTLE_READ_FAILED);
        assert_true(isnan(driver_read(&t, "rail-vdd-in").value));
        assert_int_equal(driver_read(&t, "rail-cpu").status, WATTLE_READ_OK);
        tree_write(&t.tree, "class/hwmon/hwmon1/curr1_input", "-5");
        assert_int_equal(driver_read(&t, "rail-vdd-in").status, WATTLE_READ_FAILED);
        tree_write(&t.tree, "class/hwmon/hwmon1/curr1_input", "garbage");
        assert_int_equal(driver_read(&t, "rail-vdd-in").status, WATTLE_READ_FAILED);
        tree_write(&t.tree, "class/hwmon/hwmon1/curr1_input", "1200");
    }
    driver_end(&t);
}

static void an_unreadable_sensor_is_refused_with_a_reason(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_hwmon);
    tree_write(&t.tree, "class/hwmon/hwmon0/name", "ina226");
    tree_write(&t.tree, "class/hwmon/hwmon0/power1_input", "n/a");
    driver_probe(&t);
    assert_refused(driver_channel(&t, "rail-ina226--1"), "number");
    driver_end(&t);
}

static void open_fails_only_when_all_is_gone(void **state)
{
    struct driver_test t;
    struct wattle_channel gone[2];

    (void)state;
    driver_begin(&t, &sense_hwmon);
    write_orin(&t.tree);
    driver_probe(&t);
    gone[0] = gone[1] = t.list.items[0];
    strcpy(gone[0].driver_path, "/nonexistent");
    assert_int_equal(sense_hwmon.open(&t.tree.host, gone, 1, &t.state, &t.err), WATTLE_E_GONE);
    assert_null(t.state);
    assert_int_equal(sense_hwmon.open(&t.tree.host, gone, 2, &t.state, &t.err), 0);
    driver_end(&t);
}

static void temperatures_are_the_packages_and_fans_turn(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_hwmon);
    tree_write(&t.tree, "class/hwmon/hwmon10/name", "coretemp");
    tree_write(&t.tree, "class/hwmon/hwmon10/temp1_label", "Package id 1");
    tree_write(&t.tree, "class/hwmon/hwmon10/temp1_input", "51000");
    tree_write(&t.tree, "class/hwmon/hwmon10/temp2_label", "Core 0");
    tree_write(&t.tree, "class/hwmon/hwmon10/temp2_input", "49000");
    tree_write(&t.tree, "class/hwmon/hwmon9/name", "k10temp");
    tree_write(&t.tree, "class/hwmon/hwmon9/temp1_label", "Tctl");
    tree_write(&t.tree, "class/hwmon/hwmon9/temp1_input", "70000");
    tree_write(&t.tree, "class/hwmon/hwmon9/temp2_label", "Tdie");
    tree_write(&t.tree, "class/hwmon/hwmon9/temp2_input", "-5000");
    tree_write(&t.tree, "class/hwmon/hwmon3/name", "nct6775");
    tree_write(&t.tree, "class/hwmon/hwmon3/fan1_input", "1200");
    tree_write(&t.tree, "class/hwmon/hwmon3/fan2_input", "-1");
    tree_write(&t.tree, "class/hwmon/hwmon4/name", "drivetemp");
    tree_write(&t.tree, "class/hwmon/hwmon4/temp1_input", "30000");
    tree_write(&t.tree, "class/thermal/thermal_zone0/type", "x86_pkg_temp");
    tree_write(&t.tree, "class/thermal/thermal_zone0/temp", "51000");
    driver_probe(&t);
    assert_int_equal(t.list.count, 3);
    driver_open(&t);
    assert_near(driver_read(&t, "cpu-0-temperature").value, -5, 1e-9); /* hwmon9 before hwmon10 */
    assert_near(driver_read(&t, "cpu-1-temperature").value, 51, 1e-9);
    assert_near(driver_read(&t, "fan-0").value, 1200, 0);
    assert_int_equal(driver_channel(&t, "fan-0")->domain, WATTLE_D_NONE);
    tree_write(&t.tree, "class/hwmon/hwmon10/temp1_input", "60000");
    assert_near(driver_read(&t, "cpu-1-temperature").value, 51, 1e-9); /* once a second */
    t.tree.now_ns += 1000000000;
    assert_near(driver_read(&t, "cpu-1-temperature").value, 60, 1e-9);
    driver_end(&t);
}

static void a_thermal_zone_stands_in_for_a_chip(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_hwmon);
    tree_write(&t.tree, "class/thermal/thermal_zone0/type", "acpitz");
    tree_write(&t.tree, "class/thermal/thermal_zone0/temp", "20000");
    tree_write(&t.tree, "class/thermal/thermal_zone12/type", "cpu-thermal");
    tree_write(&t.tree, "class/thermal/thermal_zone12/temp", "44500");
    driver_probe(&t);
    assert_int_equal(t.list.count, 1);
    driver_open(&t);
    assert_near(driver_read(&t, "cpu-0-temperature").value, 44.5, 1e-9);
    driver_end(&t);
}

static void other_drivers_chips_and_batteries_are_left_alone(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_hwmon);
    tree_write(&t.tree, "class/hwmon/hwmon0/name", "amdgpu");
    tree_write(&t.tree, "class/hwmon/hwmon0/power1_average", "10000000");
    tree_write(&t.tree, "class/hwmon/hwmon1/name", "BAT0");
    tree_write(&t.tree, "class/hwmon/hwmon1/power1_input", "10000000");
    tree_write(&t.tree, "class/hwmon/hwmon1/device/type", "Battery");
    tree_write(&t.tree, "class/hwmon/hwmonX/name", "ina226");
    tree_write(&t.tree, "class/hwmon/hwmon3/power1_input", "1"); /* no name */
    driver_probe(&t);
    assert_int_equal(t.list.count, 0);
    driver_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_are_told_apart),
        cmocka_unit_test(a_rail_with_two_parts_belongs_to_neither),
        cmocka_unit_test(a_jetson_counts_its_input_and_shows_its_rails),
        cmocka_unit_test(without_an_input_the_named_rails_stand_for_their_parts),
        cmocka_unit_test(amd_energy_gives_sockets_and_leaves_out_cores),
        cmocka_unit_test(a_counter_is_taken_before_the_power_of_the_same_rail),
        cmocka_unit_test(a_failing_file_fails_and_a_new_one_is_read),
        cmocka_unit_test(an_unreadable_sensor_is_refused_with_a_reason),
        cmocka_unit_test(open_fails_only_when_all_is_gone),
        cmocka_unit_test(temperatures_are_the_packages_and_fans_turn),
        cmocka_unit_test(a_thermal_zone_stands_in_for_a_chip),
        cmocka_unit_test(other_drivers_chips_and_batteries_are_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
