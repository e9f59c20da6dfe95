/* SPDX-License-Identifier: MIT */
/* The worked example of HACKING.md does what it says there, on a machine that is a folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sense/sense.h"

#include "../../examples/sensor_cray_pm.h"

static char folder[] = "/tmp/wattle-cray-XXXXXX";
static char path[128];

static int make_machine(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/cray", folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/cray/pm_counters", folder);
    return mkdir(path, 0700);
}

static int remove_machine(void **state)
{
    (void)state;
    rmdir(path);
    snprintf(path, sizeof path, "%s/cray", folder);
    rmdir(path);
    return rmdir(folder);
}

static void put(const char *text)
{
    char name[160];
    FILE *file;

    snprintf(name, sizeof name, "%s/energy", path);
    if (text == NULL) {
        unlink(name);
        return;
    }
    file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void a_node_counter_is_found_and_read(void **state)
{
    struct wattle_host host = {.sysfs = folder, .fake = true};
    struct wattle_channel_list found = {0};
    struct wattle_reading reading = {0};
    void *driver = NULL;

    (void)state;
    put("31415926 J 1763694245678901 us\n");
    assert_int_equal(cray_pm_driver.probe(&host, &found, NULL), 0);
    assert_int_equal(found.count, 1);
    assert_true(found.items[0].usable);
    assert_string_equal(found.items[0].name, "node");
    assert_int_equal(cray_pm_driver.open(&host, found.items, 1, &driver, NULL), 0);
    assert_int_equal(cray_pm_driver.read(driver, &reading), 0);
    assert_int_equal(reading.status, WATTLE_READ_OK);
    assert_int_equal(reading.count, 31415926);
    put("31416000 J 1763694245778901 us\n");
    assert_int_equal(cray_pm_driver.read(driver, &reading), 0);
    assert_int_equal(reading.count, 31416000);
    put("rubbish\n");
    assert_int_equal(cray_pm_driver.read(driver, &reading), 0);
    assert_int_equal(reading.status, WATTLE_READ_FAILED);
    put(NULL);
    assert_int_equal(cray_pm_driver.read(driver, &reading), 0);
    assert_int_equal(reading.status, WATTLE_READ_LOST);
    cray_pm_driver.close(driver);
    cray_pm_driver.close(NULL);
    channel_list_finish(&found);
}

static void a_counter_that_makes_no_sense_is_listed_with_its_reason(void **state)
{
    struct wattle_host host = {.sysfs = folder, .fake = true};
    struct wattle_channel_list found = {0};

    (void)state;
    put("31415926\n");
    assert_int_equal(cray_pm_driver.probe(&host, &found, NULL), 0);
    assert_int_equal(found.count, 1);
    assert_false(found.items[0].usable);
    assert_non_null(strstr(found.items[0].reason, "not \"<number> J"));
    put(NULL);
    channel_list_finish(&found);
}

static void another_machine_has_none_and_that_is_no_error(void **state)
{
    struct wattle_host host = {.sysfs = "/nonexistent", .fake = true};
    struct wattle_channel_list found = {0};

    (void)state;
    assert_int_equal(cray_pm_driver.probe(&host, &found, NULL), 0);
    assert_int_equal(found.count, 0);
    channel_list_finish(&found);
}

static void the_line_is_parsed_and_nothing_else(void **state)
{
    static const char *const wrong[] = {"", "J", "12", "12 ", "12 J", "12 W 1 us", "-1 J 1 us",
                                        "18446744073709551616 J 1 us", "12 Joule"};
    uint64_t joules;
    size_t i;

    (void)state;
    assert_true(cray_pm_parse("245 J\n", 6, &joules));
    assert_int_equal(joules, 245);
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(cray_pm_parse(wrong[i], strlen(wrong[i]), &joules));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_counter_is_found_and_read),
        cmocka_unit_test(a_counter_that_makes_no_sense_is_listed_with_its_reason),
        cmocka_unit_test(another_machine_has_none_and_that_is_no_error),
        cmocka_unit_test(the_line_is_parsed_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, make_machine, remove_machine);
}
