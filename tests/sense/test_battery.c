/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "driver.h"

#include "sense/battery.h"

extern const struct wattle_sensor_driver sense_battery;

static const struct battery_values nothing = {BATTERY_ABSENT, BATTERY_ABSENT, BATTERY_ABSENT,
                                              BATTERY_ABSENT, BATTERY_ABSENT, BATTERY_ABSENT};

static void power_comes_from_power_or_current_and_voltage(void **state)
{
    struct battery_values v = nothing;

    (void)state;
    assert_true(isnan(battery_power_w(&v)));
    v.current_now_ua = -1000000;
    assert_true(isnan(battery_power_w(&v)));
    v.voltage_now_uv = 12000000;
    assert_near(battery_power_w(&v), 12, 1e-9);
    v.power_now_uw = -8000000;
    assert_near(battery_power_w(&v), 8, 1e-9);
    v.power_now_uw = 0; /* not known: nothing runs on 0 W */
    assert_near(battery_power_w(&v), 12, 1e-9);
    v.current_now_ua = 0;
    assert_true(isnan(battery_power_w(&v)));
    v.power_now_uw = INT64_MAX;
    assert_true(isfinite(battery_power_w(&v)));
}

static void charge_comes_from_energy_or_charge_and_voltage(void **state)
{
    struct battery_values v = nothing;

    (void)state;
    assert_true(isnan(battery_charge_j(&v)));
    v.charge_now_uah = 1000000;
    assert_true(isnan(battery_charge_j(&v)));
    v.voltage_design_uv = 10000000;
    assert_near(battery_charge_j(&v), 36000, 1e-6);
    v.voltage_now_uv = 12000000;
    assert_near(battery_charge_j(&v), 43200, 1e-6);
    v.energy_now_uwh = 50000000;
    assert_near(battery_charge_j(&v), 180000, 1e-6);
}

static void write_battery(const struct tree *tree, const char *name, const char *status,
                          long power_uw)
{
    char path[128];

    snprintf(path, sizeof path, "class/power_supply/%s/type", name);
    tree_write(tree, path, "Battery");
    snprintf(path, sizeof path, "class/power_supply/%s/status", name);
    tree_write(tree, path, "%s", status);
    snprintf(path, sizeof path, "class/power_supply/%s/power_now", name);
    tree_write(tree, path, "%ld", power_uw);
    snprintf(path, sizeof path, "class/power_supply/%s/energy_now", name);
    tree_write(tree, path, "20000000");
}

static void two_batteries_feed_one_machine(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_battery);
    write_battery(&t.tree, "BAT0", "Discharging", 6000000);
    write_battery(&t.tree, "BAT1", "Not charging", 0);
    write_battery(&t.tree, "hidpp_battery_0", "Discharging", 100000);
    tree_write(&t.tree, "class/power_supply/hidpp_battery_0/scope", "Device");
    tree_write(&t.tree, "class/power_supply/AC/type", "Mains");
    tree_write(&t.tree, "class/power_supply/AC/online", "0");
    driver_probe(&t);
    assert_true(driver_channel(&t, "battery")->usable);
    assert_int_equal(driver_channel(&t, "battery")->domain, WATTLE_D_PLATFORM);
    assert_int_equal(driver_channel(&t, "battery")->kind, WATTLE_BATTERY);
    assert_string_equal(driver_channel(&t, "battery")->source, "battery:BAT0+BAT1");
    driver_open(&t);
    assert_near(driver_read(&t, "battery").value, 6, 1e-9);
    assert_near(driver_read(&t, "battery-charge").value, 2 * 72000, 1e-6);
    write_battery(&t.tree, "BAT1", "Discharging", 2000000);
    assert_near(driver_read(&t, "battery").value, 6, 1e-9); /* asked once a second */
    t.tree.now_ns += 1000000000;
    assert_near(driver_read(&t, "battery").value, 8, 1e-9);
    /* The plug goes in. */
    write_battery(&t.tree, "BAT0", "Charging", 30000000);
    t.tree.now_ns += 1000000000;
    assert_int_equal(driver_read(&t, "battery").status, WATTLE_READ_FAILED);
    assert_int_equal(driver_read(&t, "battery-charge").status, WATTLE_READ_OK);
    driver_end(&t);
}

static void on_mains_it_is_listed_but_not_used(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_battery);
    write_battery(&t.tree, "BAT0", "Full", 0);
    tree_write(&t.tree, "class/power_supply/AC/type", "Mains");
    tree_write(&t.tree, "class/power_supply/AC/online", "1");
    driver_probe(&t);
    assert_refused(driver_channel(&t, "battery"), "on mains");
    assert_true(driver_channel(&t, "battery-charge")->usable);
    driver_end(&t);
}

static void a_battery_that_goes_away_fails_and_comes_back(void **state)
{
    struct driver_test t;
    char path[256];

    (void)state;
    driver_begin(&t, &sense_battery);
    write_battery(&t.tree, "BAT0", "Discharging", 6000000);
    driver_probe(&t);
    driver_open(&t);
    snprintf(path, sizeof path, "%s/class/power_supply/BAT0/status", t.tree.root);
    remove(path);
    assert_int_equal(driver_read(&t, "battery").status, WATTLE_READ_FAILED);
    tree_write(&t.tree, "class/power_supply/BAT0/status", "Discharging");
    tree_write(&t.tree, "class/power_supply/BAT0/power_now", "n/a");
    t.tree.now_ns += 1000000000;
    assert_int_equal(driver_read(&t, "battery").status, WATTLE_READ_FAILED);
    tree_write(&t.tree, "class/power_supply/BAT0/power_now", "7000000");
    t.tree.now_ns += 1000000000;
    assert_near(driver_read(&t, "battery").value, 7, 1e-9);
    driver_end(&t);
}

static void a_machine_without_batteries_has_none(void **state)
{
    struct driver_test t;
    struct wattle_channel channel;

    (void)state;
    driver_begin(&t, &sense_battery);
    driver_probe(&t);
    assert_int_equal(t.list.count, 0);
    wattle_channel_init(&channel, "battery");
    assert_int_equal(sense_battery.open(&t.tree.host, &channel, 1, &t.state, &t.err),
                     WATTLE_E_GONE);
    driver_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_comes_from_power_or_current_and_voltage),
        cmocka_unit_test(charge_comes_from_energy_or_charge_and_voltage),
        cmocka_unit_test(two_batteries_feed_one_machine),
        cmocka_unit_test(on_mains_it_is_listed_but_not_used),
        cmocka_unit_test(a_battery_that_goes_away_fails_and_comes_back),
        cmocka_unit_test(a_machine_without_batteries_has_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
