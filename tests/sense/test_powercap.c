/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sense/powercap_zones.h"
#include "tree.h"

#define PC "class/powercap/"

static int probe(struct tree *tree, struct wattle_channel_list *list)
{
    return sense_probe(&tree->host, "powercap", SENSE_QUICK, list, NULL);
}

static size_t usable(const struct wattle_channel_list *list)
{
    size_t i, n = 0;

    for (i = 0; i < list->count; i++) {
        n += list->items[i].usable;
    }
    return n;
}

static void no_powercap_is_no_channel_and_no_error(void **state)
{
    struct wattle_channel_list list = {0};
    struct tree tree;

    (void)state;
    tree_begin(&tree);
    assert_int_equal(probe(&tree, &list), 0);
    assert_int_equal(list.count, 0);
    tree_end(&tree);
}

static void the_kernels_layout_gives_each_zone_once(void **state)
{
    struct wattle_channel_list list = {0};
    const struct wattle_channel *channel;
    struct tree tree;

    (void)state;
    tree_begin(&tree);
    tree_zone(&tree, "devices/virtual/powercap/intel-rapl/intel-rapl:0", "package-0", 5);
    tree_zone(&tree, "devices/virtual/powercap/intel-rapl/intel-rapl:0/intel-rapl:0:0", "dram", 6);
    tree_zone(&tree, "devices/virtual/powercap/intel-rapl/intel-rapl:1", "package-1", 7);
    tree_zone(&tree, "devices/virtual/powercap/intel-rapl/intel-rapl:1/intel-rapl:1:0", "dram", 8);
    tree_link(&tree, PC "intel-rapl", "../../devices/virtual/powercap/intel-rapl");
    tree_link(&tree, PC "intel-rapl:0", "../../devices/virtual/powercap/intel-rapl/intel-rapl:0");
    tree_link(&tree, PC "intel-rapl:1", "../../devices/virtual/powercap/intel-rapl/intel-rapl:1");
    tree_link(&tree, PC "intel-rapl:1:0",
              "../../devices/virtual/powercap/intel-rapl/intel-rapl:1/intel-rapl:1:0");
    assert_int_equal(probe(&tree, &list), 0);
    assert_int_equal(list.count, 4);
    assert_int_equal(usable(&list), 4);
    channel = tree_channel(&list, "powercap:intel-rapl:1:0");
    assert_non_null(channel);
    assert_string_equal(channel->name, "dram-1");
    assert_int_equal(channel->unit_index, 1);
    assert_int_equal(channel->domain, WATTLE_D_DRAM);
    assert_true(channel->range == 262143328850);
    channel_list_finish(&list);
    tree_end(&tree);
}

static void a_zone_under_another_name_is_refused_by_its_real_path(void **state)
{
    struct wattle_channel_list list = {0};
    struct tree tree;

    (void)state;
    tree_begin(&tree);
    tree_zone(&tree, PC "intel-rapl:0", "package-0", 5);
    tree_link(&tree, PC "intel-rapl:7", "intel-rapl:0");
    assert_int_equal(probe(&tree, &list), 0);
    assert_int_equal(usable(&list), 1);
    channel_list_finish(&list);
    tree_end(&tree);
}

static void mmio_is_a_second_way_to_the_same_package(void **state)
{
    struct wattle_channel_list list = {0};
    const struct wattle_channel *channel;
    struct tree tree;

    (void)state;
    tree_begin(&tree);
    tree_zone(&tree, PC "intel-rapl-mmio:0", "package-0", 5);
    tree_zone(&tree, PC "intel-rapl:0", "package-0", 5);
    tree_zone(&tree, PC "intel-rapl:1", "psys", 5);
    assert_int_equal(probe(&tree, &list), 0);
    assert_int_equal(list.count, 3);
    assert_true(tree_channel(&list, "powercap:intel-rapl:0")->usable);
    channel = tree_channel(&list, "powercap:intel-rapl-mmio:0");
    assert_false(channel->usable);
    assert_non_null(strstr(channel->reason, "counted once"));
    channel_list_finish(&list);
    tree_end(&tree);
}

static void mmio_takes_the_place_of_an_unreadable_zone(void **state)
{
    struct wattle_channel_list list = {0};
    struct tree tree;

    (void)state;
    tree_begin(&tree);
    tree_zone(&tree, PC "intel-rapl-mmio:0", "package-0", 5);
    tree_zone(&tree, PC "intel-rapl:0", "package-0", 5);
    tree_write(&tree, PC "intel-rapl:0/energy_uj", "garbage");
    assert_int_equal(probe(&tree, &list), 0);
    assert_false(tree_channel(&list, "powercap:intel-rapl:0")->usable);
    assert_true(tree_channel(&list, "powercap:intel-rapl-mmio:0")->usable);
    channel_list_finish(&list);
    tree_end(&tree);
}

static void dies_are_numbered_through_and_keep_their_dram(void **state)
{
    struct wattle_channel_list list = {0};
    const struct wattle_channel *channel;
    struct tree tree;

    (void)state;
    tree_begin(&tree);
    tree_zone(&tree, PC "intel-rapl:0", "package-1-die-1", 5);
    tree_zone(&tree, PC "intel-rapl:1", "package-0-die-0", 5);
    tree_zone(&tree, PC "intel-rapl:2", "package-0-die-1", 5);
    tree_zone(&tree, PC "intel-rapl:3", "package-1-die-0", 5);
    tree_zone(&tree, PC "intel-rapl:0:0", "dram", 5);
    assert_int_equal(probe(&tree, &list), 0);
    assert_int_equal(usable(&list), 5);
    assert_int_equal(tree_channel(&list, "powercap:intel-rapl:1")->unit_index, 0);
    channel = tree_channel(&list, "powercap:intel-rapl:0");
    assert_int_equal(channel->unit_index, 3);
    assert_string_equal(channel->name, "package-1-die-1");
    assert_string_equal(tree_channel(&list, "powercap:intel-rapl:0:0")->name, "dram-3");
    channel_list_finish(&list);
    tree_end(&tree);
}

static void zones_from_ten_on_and_psys_numbers_are_read(void **state)
{
    struct wattle_channel_list list = {0};
    char dir[64], name[32];
    struct tree tree;
    int i;

    (void)state;
    tree_begin(&tree);
    for (i = 0; i < 12; i++) {
        snprintf(dir, sizeof dir, PC "intel-rapl:%d", i);
        snprintf(name, sizeof name, i < 11 ? "package-%d" : "psys-1", i);
        tree_zone(&tree, dir, name, 5);
    }
    assert_int_equal(probe(&tree, &list), 0);
    assert_int_equal(usable(&list), 12);
    assert_int_equal(tree_channel(&list, "powercap:intel-rapl:10")->unit_index, 10);
    assert_string_equal(tree_channel(&list, "powercap:intel-rapl:11")->name, "psys-1");
    channel_list_finish(&list);
    tree_end(&tree);
}

static void a_missing_range_is_taken_from_a_sibling_or_assumed(void **state)
{
    struct wattle_channel_list list = {0};
    const struct wattle_channel *channel;
    char path[256];
    struct tree tree;

    (void)state;
    tree_begin(&tree);
    tree_zone(&tree, PC "intel-rapl:0", "package-0", 5);
    tree_zone(&tree, PC "intel-rapl:1", "package-1", 5);
    tree_write(&tree, PC "intel-rapl:0/max_energy_range_uj", "65532610987");
    snprintf(path, sizeof path, "%s/" PC "intel-rapl:1/max_energy_range_uj", tree.root);
    unlink(path);
    assert_int_equal(probe(&tree, &list), 0);
    channel = tree_channel(&list, "powercap:intel-rapl:1");
    assert_true(channel->usable);
    assert_true(channel->range == 65532610987);
    assert_non_null(strstr(channel->reason, "cannot be read"));
    channel_list_finish(&list);
    tree_end(&tree);
}

static void stated_limits_bound_the_power_and_absurd_ones_do_not(void **state)
{
    struct wattle_channel_list list = {0};
    struct tree tree;

    (void)state;
    tree_begin(&tree);
    tree_zone(&tree, PC "intel-rapl:0", "package-0", 5);
    tree_write(&tree, PC "intel-rapl:0/constraint_0_max_power_uw", "125000000");
    tree_write(&tree, PC "intel-rapl:0/constraint_1_power_limit_uw", "253000000");
    tree_write(&tree, PC "intel-rapl:0/constraint_0_power_limit_uw", "4095875000");
    tree_zone(&tree, PC "intel-rapl:1", "package-1", 5);
    tree_zone(&tree, PC "intel-rapl:2", "package-2", 5);
    tree_write(&tree, PC "intel-rapl:2/constraint_0_max_power_uw", "15000000");
    assert_int_equal(probe(&tree, &list), 0);
    assert_true(tree_channel(&list, "powercap:intel-rapl:0")->max_power_w == 253);
    assert_true(isnan(tree_channel(&list, "powercap:intel-rapl:1")->max_power_w));
    assert_true(tree_channel(&list, "powercap:intel-rapl:2")->max_power_w == 70);
    channel_list_finish(&list);
    tree_end(&tree);
}

static void denied_says_what_to_do(void **state)
{
    struct wattle_channel_list list = {0};
    struct tree tree;
    char path[256];

    (void)state;
    tree_begin(&tree);
    tree_zone(&tree, PC "intel-rapl:0", "package-0", 5);
    snprintf(path, sizeof path, "%s/" PC "intel-rapl:0/energy_uj", tree.root);
    chmod(path, 0400);
    chmod(tree.root, 0755);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 0, 0), 0);
        assert_int_equal(seteuid(65534), 0);
    } else {
        chmod(path, 0);
    }
    assert_int_equal(probe(&tree, &list), 0);
    if (getuid() == 0) {
        assert_int_equal(seteuid(0), 0);
    }
    assert_int_equal(usable(&list), 0);
    assert_non_null(strstr(list.items[0].reason, "permission denied"));
    assert_non_null(strstr(list.items[0].remedy, "doctor --fix"));
    channel_list_finish(&list);
    tree_end(&tree);
}

static void a_counter_that_vanishes_fails_and_comes_back(void **state)
{
    const struct wattle_sensor_driver *driver = sense_driver_find("powercap");
    struct wattle_channel_list list = {0};
    struct wattle_reading reading;
    struct tree tree;
    char path[256];
    void *open_state;
    int pass;

    (void)state;
    for (pass = 0; pass < 2; pass++) {
        tree_begin(&tree);
        tree.host.fake = pass == 0;
        tree_zone(&tree, PC "intel-rapl:0", "package-0", 5);
        assert_int_equal(probe(&tree, &list), 0);
        assert_int_equal(driver->open(&tree.host, list.items, 1, &open_state, NULL), 0);
        assert_int_equal(driver->read(open_state, &reading), 0);
        assert_int_equal(reading.status, WATTLE_READ_OK);
        assert_int_equal(reading.count, 5);
        assert_true(reading.t_ns == tree.now_ns);
        tree_write(&tree, PC "intel-rapl:0/energy_uj", "%s", "not a number");
        assert_int_equal(driver->read(open_state, &reading), 0);
        assert_int_equal(reading.status, WATTLE_READ_FAILED);
        snprintf(path, sizeof path, "%s/" PC "intel-rapl:0/energy_uj", tree.root);
        unlink(path);
        assert_int_equal(driver->read(open_state, &reading), 0);
        assert_int_equal(reading.status, WATTLE_READ_FAILED);
        tree_write(&tree, PC "intel-rapl:0/energy_uj", "9");
        assert_int_equal(driver->read(open_state, &reading), 0);
        assert_int_equal(reading.status, WATTLE_READ_OK);
        assert_int_equal(reading.count, 9);
        driver->close(open_state);
        driver->close(NULL);
        channel_list_finish(&list);
        tree_end(&tree);
    }
}

static void amd_dies_that_mirror_one_counter_are_counted_once(void **state)
{
    static const char *const vendors[] = {"AuthenticAMD", "GenuineIntel"};
    struct wattle_channel_list list = {0};
    struct tree tree;
    char procfs[200];
    int i;

    (void)state;
    for (i = 0; i < 2; i++) {
        tree_begin(&tree);
        snprintf(procfs, sizeof procfs, "%s/proc", tree.root);
        tree.host.procfs = procfs;
        tree_write(&tree, "proc/cpuinfo",
                   "processor\t: 0\nvendor_id\t: %s\ncpu family\t: 23\nmodel\t\t: 1\n"
                   "model name\t: A processor\n", vendors[i]);
        tree_zone(&tree, PC "intel-rapl:0", "package-0-die-0", 7000000000);
        tree_zone(&tree, PC "intel-rapl:1", "package-0-die-1", 7000050000);
        tree_zone(&tree, PC "intel-rapl:2", "package-1-die-0", 7000050000);
        assert_int_equal(probe(&tree, &list), 0);
        assert_int_equal(usable(&list), i == 0 ? 2 : 3);
        assert_string_equal(list.items[0].device, "A processor");
        channel_list_finish(&list);
        tree_end(&tree);
    }
}

static void names_that_are_not_rapls_are_refused(void **state)
{
    static const char *const bad[] = {"",        "package",  "package-",     "package--1",
                                      "package-0-die-", "core-", "dram0", "package-0x",
                                      "package-999999999999", "PSYS", "psys-"};
    struct rapl_name name;
    struct powercap_zone zone;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(rapl_name_parse(bad[i], &name));
    }
    assert_true(rapl_name_parse("package-12-die-34", &name));
    assert_int_equal(name.package, 12);
    assert_int_equal(name.die, 34);
    assert_false(powercap_zone_parse("intel-rapl", &zone));
    assert_false(powercap_zone_parse("intel-rapl:", &zone));
    assert_false(powercap_zone_parse("intel-rapl:0:1:2:3", &zone));
    assert_false(powercap_zone_parse("dtpm:0", &zone));
    assert_true(powercap_zone_parse("intel-rapl-mmio:10:2", &zone));
    assert_int_equal(zone.number[0], 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_powercap_is_no_channel_and_no_error),
        cmocka_unit_test(the_kernels_layout_gives_each_zone_once),
        cmocka_unit_test(a_zone_under_another_name_is_refused_by_its_real_path),
        cmocka_unit_test(mmio_is_a_second_way_to_the_same_package),
        cmocka_unit_test(mmio_takes_the_place_of_an_unreadable_zone),
        cmocka_unit_test(dies_are_numbered_through_and_keep_their_dram),
        cmocka_unit_test(zones_from_ten_on_and_psys_numbers_are_read),
        cmocka_unit_test(a_missing_range_is_taken_from_a_sibling_or_assumed),
        cmocka_unit_test(stated_limits_bound_the_power_and_absurd_ones_do_not),
        cmocka_unit_test(denied_says_what_to_do),
        cmocka_unit_test(a_counter_that_vanishes_fails_and_comes_back),
        cmocka_unit_test(amd_dies_that_mirror_one_counter_are_counted_once),
        cmocka_unit_test(names_that_are_not_rapls_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
