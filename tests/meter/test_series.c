/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "meter/fuse.h"
#include "meter/memory.h"
#include "meter/series.h"

static void append(struct series *series, int64_t t, double energy_j, double max_w)
{
    struct series_cell cell = {.at = {.t_ns = t, .started = true, .energy_j = energy_j},
                               .max_w = max_w};

    series_append(series, t, max_w, &cell);
}

static void a_long_run_stays_small_and_loses_no_energy(void **state)
{
    const struct series_rows *rows;
    struct series series;
    size_t before, after, i;
    int64_t t;

    (void)state;
    assert_int_equal(series_init(&series, 8, 16), 0);
    assert_int_equal(series_add_column(&series), 0);
    for (t = 1; t <= 100000; t++) {
        append(&series, t, (double)t * 2, t == 50001 ? 900 : 2);
    }
    assert_int_equal(series.recent.count, 8);
    assert_true(series.history.count >= 8 && series.history.count <= 16);
    assert_int_equal(series_t(&series.history, 0), 1);
    for (i = 0; i < series.history.count; i++) {
        assert_true(series_at(&series.history, i, 0)->at.energy_j ==
                    2 * (double)series_t(&series.history, i));
    }
    /* the newest as they came */
    assert_true(series_find(&series, 99997, &rows, &before, &after));
    assert_ptr_equal(rows, &series.recent);
    assert_int_equal(series_t(rows, before), 99997);
    assert_int_equal(before, after);
    /* the old ones around */
    assert_true(series_find(&series, 40000, &rows, &before, &after));
    assert_ptr_equal(rows, &series.history);
    assert_true(series_t(rows, before) <= 40000 && series_t(rows, after) >= 40000);
    assert_false(series_find(&series, 0, &rows, &before, &after));
    assert_false(series_find(&series, 100001, &rows, &before, &after));
    /* the one peak was kept through every halving */
    assert_true(series_max_w(&series, 1, 100000, 0) == 900);
    assert_true(series_max_w(&series, 1, 100000, -1) == 900);
    assert_true(series_max_w(&series, 99994, 99999, 0) == 2);
    series_finish(&series);
}

static void a_column_that_comes_late_has_not_started_before(void **state)
{
    const struct series_rows *rows;
    struct series_cell cells[2];
    struct series series;
    size_t before, after;

    (void)state;
    assert_int_equal(series_init(&series, 8, 8), 0);
    assert_int_equal(series_add_column(&series), 0);
    append(&series, 10, 1, NAN);
    assert_int_equal(series_add_column(&series), 0);
    memset(cells, 0, sizeof cells);
    cells[1].at.started = true;
    series_append(&series, 20, NAN, cells);
    series_append(&series, 20, NAN, cells); /* time stands still: dropped */
    assert_int_equal(series.recent.count, 2);
    assert_true(series_find(&series, 15, &rows, &before, &after));
    assert_false(series_at(rows, before, 1)->at.started);
    assert_true(series_at(rows, after, 1)->at.started);
    assert_true(isnan(series_max_w(&series, 10, 20, 1)) == false);
    series_finish(&series);
}

static struct fuse_input steady(double duration_s)
{
    /* 300 W, steps of 0.1 s, the power reads 5 % too high */
    struct fuse_input in = {
        .counter_j = 300 * duration_s, .counter_edge_j = 30, .step_s = 0.1,
        .power_j = 315 * duration_s, .power_half_j = 1, .power_error = 0.05,
    };

    return in;
}

static void a_long_window_believes_the_counter_and_a_short_one_the_power(void **state)
{
    struct fuse_input in = steady(100);
    struct fuse_output out;

    (void)state;
    fuse(&in, &out);
    assert_true(out.counter_weight > 0.99);
    assert_true(fabs(out.energy_j - 30000) < 30);
    in = steady(0.2);
    in.counter_j = 30; /* one of two steps was seen */
    fuse(&in, &out);
    assert_true(out.counter_weight < 0.02);
    assert_true(fabs(out.energy_j - 63) < 1);
    assert_true(out.energy_j - out.half_j < 60 && out.energy_j + out.half_j > 60);
}

static void the_gain_of_the_power_comes_from_the_counter(void **state)
{
    struct fuse_input in = steady(0.2);
    struct fuse_output out;

    (void)state;
    in.counter_j = 30;
    in.life_s = 60;
    in.life_counter_j = 18000;
    in.life_power_j = 18900;
    fuse(&in, &out);
    assert_true(fabs(out.energy_j - 60) < 0.5);
    assert_false(out.disagree);
}

static void counter_and_power_that_contradict_each_other_do_not_mix(void **state)
{
    struct fuse_input in = steady(10);
    struct fuse_output out;

    (void)state;
    in.life_s = 60;
    in.life_counter_j = 11220; /* zeus#181: an idle board, 187 J against 327 J in 5 s */
    in.life_power_j = 19620;
    fuse(&in, &out);
    assert_true(out.disagree);
    assert_true(out.energy_j == in.counter_j);
}

static void a_jump_of_power_makes_the_lagging_counter_less_sure(void **state)
{
    struct fuse_input in = steady(1);
    struct fuse_output calm, jump;

    (void)state;
    fuse(&in, &calm);
    in.power_change_w = 400;
    fuse(&in, &jump);
    assert_true(jump.counter_weight < calm.counter_weight);
    assert_true(jump.half_j > calm.half_j);
}

static void a_memory_line_survives_and_garbage_is_skipped(void **state)
{
    static const char text[] = "wattle-sensors 1\n"
                               "boot root alive 12.5 0.02 - nvml:GPU 0\n"
                               "boot root alive twelve - - x\n"
                               "boot root undead - - - x\n"
                               "\n\n"
                               "boot root dead - - 0.0024 powercap:intel-rapl:0\n"
                               "boot root dead - - - torn";
    const char *cursor = text;
    const char *end = text + sizeof text - 1;
    struct memory_entry entry;
    char line[512];

    (void)state;
    assert_true(memory_next(&cursor, end, &entry));
    assert_int_equal(entry.verdict, LIVENESS_WAS_ALIVE);
    assert_string_equal(entry.source, "nvml:GPU 0");
    assert_true(entry.idle_w == 12.5 && entry.period_s == 0.02 && isnan(entry.call_s));
    memory_format(&entry, line, sizeof line);
    assert_string_equal(line, "boot root alive 12.500000000 0.020000000 - nvml:GPU 0\n");
    assert_true(memory_next(&cursor, end, &entry));
    assert_int_equal(entry.verdict, LIVENESS_WAS_DEAD);
    assert_true(entry.call_s == 0.0024);
    assert_false(memory_next(&cursor, end, &entry));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_run_stays_small_and_loses_no_energy),
        cmocka_unit_test(a_column_that_comes_late_has_not_started_before),
        cmocka_unit_test(a_long_window_believes_the_counter_and_a_short_one_the_power),
        cmocka_unit_test(the_gain_of_the_power_comes_from_the_counter),
        cmocka_unit_test(counter_and_power_that_contradict_each_other_do_not_mix),
        cmocka_unit_test(a_jump_of_power_makes_the_lagging_counter_less_sure),
        cmocka_unit_test(a_memory_line_survives_and_garbage_is_skipped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
