/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/host.h"

static int clear(void **state)
{
    static const char *const names[] = {"WATTLE_SYSFS", "WATTLE_PROCFS", "WATTLE_CGROUP",
                                        "WATTLE_DEV",   "WATTLE_NVML",   "WATTLE_REPLAY",
                                        "WATTLE_NULL"};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        unsetenv(names[i]);
    }
    return 0;
}

static void without_an_environment_it_is_this_machine(void **state)
{
    struct wattle_host host;

    (void)state;
    host_from_environment(&host);
    assert_string_equal(host.sysfs, "/sys");
    assert_string_equal(host.procfs, "/proc");
    assert_string_equal(host.cgroup, "/sys/fs/cgroup");
    assert_string_equal(host.dev, "/dev");
    assert_null(host.nvml);
    assert_false(host.fake);
    assert_null(host.monotonic_ns);
}

static void a_fake_sys_makes_a_fake_machine(void **state)
{
    struct wattle_host host;

    (void)state;
    setenv("WATTLE_SYSFS", "/tmp/machine/sys", 1);
    setenv("WATTLE_NVML", "none", 1);
    host_from_environment(&host);
    assert_string_equal(host.sysfs, "/tmp/machine/sys");
    assert_string_equal(host.nvml, "none");
    assert_true(host.fake);
}

static void an_empty_variable_is_no_variable(void **state)
{
    struct wattle_host host;

    (void)state;
    setenv("WATTLE_SYSFS", "", 1);
    host_from_environment(&host);
    assert_string_equal(host.sysfs, "/sys");
    assert_false(host.fake);
    assert_null(host_getenv("WATTLE_SYSFS"));
}

static void a_path_that_does_not_fit_is_refused(void **state)
{
    char path[16];

    (void)state;
    assert_int_equal(host_path(path, sizeof path, "/sys", "cpu%d", 7), 9);
    assert_string_equal(path, "/sys/cpu7");
    assert_true(host_path(path, sizeof path, "/sys", "%s", "0123456789a") < 0);
    assert_true(host_path(path, sizeof path, "/0123456789abcdef", "x") < 0);
    assert_int_equal(host_path(path, sizeof path, "/sys", "%s", "0123456789"), 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_an_environment_it_is_this_machine, clear),
        cmocka_unit_test_setup(a_fake_sys_makes_a_fake_machine, clear),
        cmocka_unit_test_setup(an_empty_variable_is_no_variable, clear),
        cmocka_unit_test_setup(a_path_that_does_not_fit_is_refused, clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
