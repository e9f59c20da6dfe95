/* SPDX-License-Identifier: MIT */
/* The ipmi driver on a fake FreeIPMI, opened as the real one is. */
#define _GNU_SOURCE
#include "driver.h"

#include <time.h>

#include "sense/ipmi.h"

extern const struct wattle_sensor_driver sense_ipmi;

static void begin(struct driver_test *t, const char *options)
{
    driver_begin(t, &sense_ipmi);
    tree_write(&t->tree, "ipmi0", "a device");
    t->tree.host.ipmi = FAKE_FREEIPMI;
    setenv("WATTLE_FAKE_IPMI", options, 1);
}

static void a_bmc_measures_the_machine_at_the_wall(void **state)
{
    struct driver_test t;

    (void)state;
    begin(&t, "power=230");
    driver_probe(&t);
    assert_true(driver_channel(&t, "wall-bmc")->usable);
    assert_int_equal(driver_channel(&t, "wall-bmc")->domain, WATTLE_D_WALL);
    driver_open(&t);
    assert_near(driver_read(&t, "wall-bmc").value, 230, 0);
    assert_int_equal(driver_read(&t, "wall-bmc").t_ns, t.tree.now_ns);
    driver_end(&t);
}

static void what_the_bmc_refuses_is_told(void **state)
{
    static const struct {
        const char *options, *word;
    } cases[] = {{"unsupported=1", "unsupported"},
                 {"open_fails=1", "timeout"},
                 {"power=0", "0 W"},
                 {"measuring=0", "does not measure"}};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct driver_test t;

        begin(&t, cases[i].options);
        driver_probe(&t);
        assert_refused(driver_channel(&t, "wall-bmc"), cases[i].word);
        driver_end(&t);
    }
}

static void a_stuck_bmc_is_not_waited_for(void **state)
{
    const struct timespec pause = {.tv_nsec = 500000000};
    struct driver_test t;

    (void)state;
    begin(&t, "delay_ms=600");
    driver_probe(&t);
    assert_refused(driver_channel(&t, "wall-bmc"), "does not answer");
    /* Even opened, it gives failed readings and no waiting; closing leaves its thread to end. */
    t.list.items[0].usable = true;
    driver_open(&t);
    assert_int_equal(driver_read(&t, "wall-bmc").status, WATTLE_READ_FAILED);
    driver_end(&t);
    nanosleep(&pause, NULL); /* so that a leak checker sees the end of both threads */
    nanosleep(&pause, NULL);
}

static void a_missing_library_or_driver_has_a_remedy(void **state)
{
    struct driver_test t;

    (void)state;
    begin(&t, "");
    t.tree.host.ipmi = "/nonexistent/libfreeipmi.so.17";
    driver_probe(&t);
    assert_refused(driver_channel(&t, "wall-bmc"), "FreeIPMI");
    driver_end(&t);
    begin(&t, "");
    t.tree.host.ipmi = "libm.so.6";
    driver_probe(&t);
    assert_refused(driver_channel(&t, "wall-bmc"), "ipmi_ctx_create");
    driver_end(&t);
    driver_begin(&t, &sense_ipmi);
    t.tree.host.ipmi = FAKE_FREEIPMI;
    tree_write(&t.tree, "bus/acpi/devices/IPI0001:00/hid", "IPI0001");
    driver_probe(&t);
    assert_refused(driver_channel(&t, "wall-bmc"), "no driver");
    driver_end(&t);
}

static void a_machine_without_a_bmc_has_no_channel(void **state)
{
    struct driver_test t;

    (void)state;
    driver_begin(&t, &sense_ipmi);
    t.tree.host.ipmi = FAKE_FREEIPMI;
    driver_probe(&t);
    t.tree.host.ipmi = "none";
    tree_write(&t.tree, "ipmi0", "a device");
    driver_probe(&t);
    t.tree.host.ipmi = NULL; /* a fake machine does not touch the real library */
    driver_probe(&t);
    assert_int_equal(t.list.count, 0);
    driver_end(&t);
}

static void an_answer_is_judged_before_it_is_believed(void **state)
{
    const char *reason = NULL;

    (void)state;
    assert_near(ipmi_power_w(345, 1, &reason), 345, 0);
    assert_null(reason);
    assert_true(isnan(ipmi_power_w(345, 0, &reason)));
    assert_true(isnan(ipmi_power_w(0, 1, &reason)));
    assert_true(isnan(ipmi_power_w(UINT64_MAX, 1, &reason)));
    assert_non_null(reason);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bmc_measures_the_machine_at_the_wall),
        cmocka_unit_test(what_the_bmc_refuses_is_told),
        cmocka_unit_test(a_stuck_bmc_is_not_waited_for),
        cmocka_unit_test(a_missing_library_or_driver_has_a_remedy),
        cmocka_unit_test(a_machine_without_a_bmc_has_no_channel),
        cmocka_unit_test(an_answer_is_judged_before_it_is_believed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
