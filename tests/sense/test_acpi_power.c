/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "driver.h"

#include "sense/acpi_power.h"

extern const struct wattle_sensor_driver sense_acpi_power;

static void accuracy_is_a_percentage(void **state)
{
    (void)state;
    assert_near(acpi_power_parse_accuracy("90.0%"), 0.1, 1e-12);
    assert_near(acpi_power_parse_accuracy("100%"), 0, 1e-12);
    assert_true(isnan(acpi_power_parse_accuracy("90")));
    assert_true(isnan(acpi_power_parse_accuracy("%")));
    assert_true(isnan(acpi_power_parse_accuracy("0%")));
    assert_true(isnan(acpi_power_parse_accuracy("101%")));
    assert_true(isnan(acpi_power_parse_accuracy("")));
    assert_true(isnan(acpi_power_parse_accuracy("99999999999999999999999.0%")));
}

static void labels_name_the_parts_of_a_grace(void **state)
{
    struct acpi_power_part part;

    (void)state;
    assert_true(acpi_power_parse_label("Module Power Socket 1", &part));
    assert_int_equal(part.domain, WATTLE_D_MODULE);
    assert_int_equal(part.unit_index, 1);
    assert_true(acpi_power_parse_label("Grace Power Socket 0", &part));
    assert_int_equal(part.domain, WATTLE_D_PACKAGE);
    assert_false(acpi_power_parse_label("Grace Power Socket", &part));
    assert_false(acpi_power_parse_label("Grace Power Socket 0x", &part));
    assert_false(acpi_power_parse_label("", &part));
}

static void a_server_is_measured_at_the_wall(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_acpi_power);
    /* As Linux 5 has it: the files are one folder further. */
    tree_write(&t.tree, "class/hwmon/hwmon0/device/name", "power_meter");
    tree_write(&t.tree, "class/hwmon/hwmon0/device/power1_average", "213000000");
    tree_write(&t.tree, "class/hwmon/hwmon0/device/power1_average_interval", "1000");
    tree_write(&t.tree, "class/hwmon/hwmon0/device/power1_accuracy", "98.0%%");
    driver_probe(&t);
    assert_int_equal(driver_channel(&t, "wall-0")->domain, WATTLE_D_WALL);
    assert_near(driver_channel(&t, "wall-0")->error_relative, 0.02, 1e-9);
    assert_near(driver_channel(&t, "wall-0")->averaging_s, 1, 1e-9);
    driver_open(&t);
    assert_near(driver_read(&t, "wall-0").value, 213, 1e-9);
    tree_write(&t.tree, "class/hwmon/hwmon0/device/power1_average", "0");
    assert_int_equal(driver_read(&t, "wall-0").status, WATTLE_READ_FAILED);
    driver_end(&t);
}

static void a_grace_has_a_meter_for_each_part(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_acpi_power);
    tree_write(&t.tree, "class/hwmon/hwmon1/name", "power_meter");
    tree_write(&t.tree, "class/hwmon/hwmon1/power1_average", "400000000");
    tree_write(&t.tree, "class/hwmon/hwmon1/power1_oem_info", "Module Power Socket 0");
    tree_write(&t.tree, "class/hwmon/hwmon1/power1_average_interval", "50");
    tree_write(&t.tree, "class/hwmon/hwmon2/name", "power_meter");
    tree_write(&t.tree, "class/hwmon/hwmon2/power1_average", "90000000");
    tree_write(&t.tree, "class/hwmon/hwmon2/power1_oem_info", "CPU Power Socket 0");
    driver_probe(&t);
    assert_int_equal(driver_channel(&t, "module-0")->domain, WATTLE_D_MODULE);
    assert_near(driver_channel(&t, "module-0")->update_period_s, 0.05, 1e-9);
    assert_int_equal(driver_channel(&t, "core-0")->domain, WATTLE_D_CORE);
    driver_end(&t);
}

static void a_meter_at_0_is_refused(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_acpi_power);
    tree_write(&t.tree, "class/hwmon/hwmon1/name", "power_meter");
    tree_write(&t.tree, "class/hwmon/hwmon1/power1_average", "0");
    driver_probe(&t);
    assert_refused(driver_channel(&t, "wall-0"), "reads 0");
    driver_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accuracy_is_a_percentage),
        cmocka_unit_test(labels_name_the_parts_of_a_grace),
        cmocka_unit_test(a_server_is_measured_at_the_wall),
        cmocka_unit_test(a_grace_has_a_meter_for_each_part),
        cmocka_unit_test(a_meter_at_0_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
