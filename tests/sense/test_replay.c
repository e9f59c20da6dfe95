/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sense/replay.h"
#include "tree.h"

#define S 1000000000LL

static int parse(const char *text, struct replay *replay)
{
    return replay_parse(text, strlen(text), replay, NULL);
}

static bool near(double a, double b) { return fabs(a - b) < 1e-9; }

static void energy_is_even_between_rows_and_power_stands(void **state)
{
    struct replay replay;

    (void)state;
    assert_int_equal(parse("t_s,package-0_j,gpu-0_w\n10,100,50\n12,200,70\n", &replay), 0);
    assert_int_equal(replay.column_count, 2);
    assert_string_equal(replay.columns[1].name, "gpu-0");
    assert_true(near(replay_value(&replay, 0, 0), 100));
    assert_true(near(replay_value(&replay, 0, 0.5), 125));
    assert_true(near(replay_value(&replay, 0, 2), 200));
    assert_true(near(replay_value(&replay, 1, 1.9), 50));
    assert_true(near(replay_value(&replay, 1, 2), 70));
    replay_finish(&replay);
}

static void an_empty_cell_is_a_failed_read(void **state)
{
    struct replay replay;

    (void)state;
    assert_int_equal(parse("t_s,package-0_j\r\n0,1\r\n1,\r\n2,3\r\n", &replay), 0);
    assert_true(near(replay_value(&replay, 0, 0.9), 1));
    assert_true(isnan(replay_value(&replay, 0, 1.5)));
    assert_true(near(replay_value(&replay, 0, 2), 3));
    replay_finish(&replay);
}

static void a_fall_is_not_spread_over_time(void **state)
{
    struct replay replay;

    (void)state;
    assert_int_equal(parse("t_s,package-0_j\n# range package-0 262\n0,260\n1,5\n", &replay), 0);
    assert_true(near(replay.columns[0].range_j, 262));
    assert_true(near(replay_value(&replay, 0, 0.99), 260));
    assert_true(near(replay_value(&replay, 0, 1), 5));
    replay_finish(&replay);
}

static void nonsense_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "t_s\n1\n",
                                      "t,package-0_j\n",
                                      "t_s,package-0\n",
                                      "t_s,_j\n",
                                      "t_s,a_j\n",
                                      "t_s,a_j\n1\n",
                                      "t_s,a_j\n1,2,3\n",
                                      "t_s,a_j\n1,x\n",
                                      "t_s,a_j\n1,-2\n",
                                      "t_s,a_j\n1,2\n1,3\n",
                                      "t_s,a_j\nnan,2\n",
                                      "t_s,a_j\n1,1e300\n"};
    struct replay replay;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parse(bad[i], &replay), WATTLE_E_INVALID);
        assert_null(replay.t_s);
    }
}

static void the_driver_plays_and_is_lost_at_the_end(void **state)
{
    const struct wattle_sensor_driver *driver = sense_driver_find("replay");
    struct wattle_channel_list list = {0};
    struct wattle_reading readings[2];
    struct tree tree;
    char path[256];
    void *player;

    (void)state;
    tree_begin(&tree);
    tree_write(&tree, "rec.csv", "t_s,dram-1_j,cpu_c\n0,1,40\n4,9,44");
    snprintf(path, sizeof path, "%s/rec.csv", tree.root);
    tree.host.replay = path;
    assert_int_equal(sense_probe(&tree.host, "replay", SENSE_QUICK, &list, NULL), 0);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0].domain, WATTLE_D_DRAM);
    assert_int_equal(list.items[0].unit_index, 1);
    assert_int_equal(list.items[1].quantity, WATTLE_Q_TEMPERATURE);
    assert_int_equal(list.items[1].domain, WATTLE_D_NONE);
    assert_int_equal(driver->open(&tree.host, list.items, 2, &player, NULL), 0);
    tree.now_ns += 1 * S;
    assert_int_equal(driver->read(player, readings), 0);
    assert_true(readings[0].count == 3000000);
    assert_true(near(readings[1].value, 40));
    tree.now_ns += 4 * S;
    assert_int_equal(driver->read(player, readings), 0);
    assert_int_equal(readings[0].status, WATTLE_READ_LOST);
    driver->close(player);
    driver->close(NULL);
    channel_list_finish(&list);
    tree_end(&tree);
}

static void no_recording_is_said(void **state)
{
    struct wattle_channel_list list = {0};
    struct tree tree;

    (void)state;
    tree_begin(&tree);
    assert_int_equal(sense_probe(&tree.host, "replay", SENSE_QUICK, &list, NULL), 0);
    assert_int_equal(list.count, 1);
    assert_false(list.items[0].usable);
    assert_non_null(strstr(list.items[0].reason, "WATTLE_REPLAY"));
    channel_list_finish(&list);
    tree_end(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(energy_is_even_between_rows_and_power_stands),
        cmocka_unit_test(an_empty_cell_is_a_failed_read),
        cmocka_unit_test(a_fall_is_not_spread_over_time),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(the_driver_plays_and_is_lost_at_the_end),
        cmocka_unit_test(no_recording_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
