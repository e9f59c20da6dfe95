/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sense/null.h"
#include "tree.h"

#define S 1000000000LL

static uint64_t count_at(const struct null_options *options, double t_s)
{
    uint64_t count;

    assert_int_equal(null_count_uj(options, t_s, &count), WATTLE_READ_OK);
    return count;
}

static void fifty_watts_for_two_seconds_are_a_hundred_joules(void **state)
{
    struct null_options options;

    (void)state;
    assert_int_equal(null_options_parse(NULL, &options, NULL), 0);
    assert_true(count_at(&options, 2) == 100000000);
}

static void the_counter_moves_in_steps(void **state)
{
    struct null_options options;

    (void)state;
    assert_int_equal(null_options_parse("power=10,update=0.1", &options, NULL), 0);
    assert_true(count_at(&options, 0.39) == 3000000);
    assert_true(count_at(&options, 0.4) == 4000000);
}

static void faults_happen_when_told(void **state)
{
    struct null_options options;
    uint64_t count;

    (void)state;
    assert_int_equal(
        null_options_parse("power=1,update=0,wrap=1500000,gap=2..3,gap=3.5..3.6,frozen=5,lost=6",
                           &options, NULL),
        0);
    assert_true(count_at(&options, 1) == 1000000);
    assert_true(count_at(&options, 1.5) == 0);
    assert_int_equal(null_count_uj(&options, 2, &count), WATTLE_READ_FAILED);
    assert_int_equal(null_count_uj(&options, 3.55, &count), WATTLE_READ_FAILED);
    assert_true(count_at(&options, 3) == 0);
    assert_true(count_at(&options, 5.9) == count_at(&options, 5));
    assert_int_equal(null_count_uj(&options, 6, &count), WATTLE_READ_LOST);
}

static void a_restart_begins_at_zero_and_a_jump_adds(void **state)
{
    struct null_options options;

    (void)state;
    assert_int_equal(
        null_options_parse("power=1,update=0,start=7000000,reset=2,jump=4:9000000", &options, NULL),
        0);
    assert_true(count_at(&options, 1) == 8000000);
    assert_true(count_at(&options, 2.5) == 500000);
    assert_true(count_at(&options, 4) == 11000000);
}

static void nonsense_is_named(void **state)
{
    static const char *const bad[] = {"power",     "power=",     "power=-1",  "power=nan",
                                      "gap=3",     "gap=3..2",   "count=0",   "count=65",
                                      "domain=up", "as=energy",  "wrap=0",    "volts=3",
                                      "jump=3",    "jump=3:-1",  "start=1.5", "power=1e99"};
    struct null_options options;
    struct wattle_error err;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(null_options_parse(bad[i], &options, &err), WATTLE_E_INVALID);
        assert_non_null(strstr(err.text, "WATTLE_NULL"));
    }
}

static void the_driver_follows_the_hosts_clock_and_sets_it_back(void **state)
{
    const struct wattle_sensor_driver *driver = sense_driver_find("null");
    struct wattle_channel_list list = {0};
    struct wattle_reading readings[2];
    struct tree tree;
    void *device;

    (void)state;
    tree_begin(&tree);
    tree.host.null_options = "power=8,count=2,backwards=3";
    assert_int_equal(sense_probe(&tree.host, "null", SENSE_QUICK, &list, NULL), 0);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[1].name, "null-1");
    assert_int_equal(driver->open(&tree.host, list.items, 2, &device, NULL), 0);
    tree.now_ns += 2 * S;
    assert_int_equal(driver->read(device, readings), 0);
    assert_true(readings[1].count == 16000000);
    assert_true(readings[1].t_ns == tree.now_ns);
    tree.now_ns += 2 * S;
    assert_int_equal(driver->read(device, readings), 0);
    assert_true(readings[0].t_ns == tree.now_ns - S);
    driver->close(device);
    channel_list_finish(&list);
    tree_end(&tree);
}

static void it_must_be_asked_for(void **state)
{
    const struct wattle_sensor_driver *driver = sense_driver_find("null");

    (void)state;
    assert_false(sense_wanted(driver, NULL));
    assert_false(sense_wanted(driver, ""));
    assert_false(sense_wanted(driver, "powercap"));
    assert_true(sense_wanted(driver, "powercap, null ,replay"));
}

static void an_unknown_driver_is_named_with_the_known_ones(void **state)
{
    struct wattle_error err;

    (void)state;
    assert_int_equal(sense_check_names("null,nul", &err), WATTLE_E_INVALID);
    assert_non_null(strstr(err.text, "'nul'"));
    assert_non_null(strstr(err.text, "powercap"));
    assert_int_equal(sense_check_names(" null , powercap,", NULL), 0);
    assert_int_equal(sense_check_names(NULL, NULL), 0);
}

static void bad_options_are_one_unusable_channel(void **state)
{
    struct wattle_sensors *sensors;
    const struct wattle_channel *channel;
    struct tree tree;

    (void)state;
    tree_begin(&tree);
    tree.host.null_options = "volts=3";
    assert_int_equal(wattle_sensors_find(&sensors, &tree.host, "null", NULL), 0);
    assert_int_equal(wattle_sensors_count(sensors), 1);
    channel = wattle_sensors_get(sensors, 0);
    assert_false(channel->usable);
    assert_non_null(strstr(channel->reason, "volts=3"));
    assert_null(wattle_sensors_get(sensors, 1));
    wattle_sensors_destroy(sensors);
    wattle_sensors_destroy(NULL);
    tree_end(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifty_watts_for_two_seconds_are_a_hundred_joules),
        cmocka_unit_test(the_counter_moves_in_steps),
        cmocka_unit_test(faults_happen_when_told),
        cmocka_unit_test(a_restart_begins_at_zero_and_a_jump_adds),
        cmocka_unit_test(nonsense_is_named),
        cmocka_unit_test(the_driver_follows_the_hosts_clock_and_sets_it_back),
        cmocka_unit_test(it_must_be_asked_for),
        cmocka_unit_test(an_unknown_driver_is_named_with_the_known_ones),
        cmocka_unit_test(bad_options_are_one_unusable_channel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
