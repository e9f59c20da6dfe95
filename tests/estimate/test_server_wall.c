/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "estimate/calibration.h"
#include "estimate/wall.h"

static const struct wattle_bound unknown = {WATTLE_UNKNOWN, WATTLE_UNKNOWN, WATTLE_UNKNOWN};

static struct estimate_server_spec milan(void)
{
    struct estimate_server_spec spec = {.cpu = "AMD EPYC 7763", .family = -1, .model = -1,
                                        .sockets = 2, .cores = 128, .threads_per_core = 2,
                                        .memory_gb = 512, .tdp_w = 280};
    return spec;
}

static double ratio(struct wattle_bound bound) { return bound.high / bound.low; }

static void one_reading_moves_and_narrows_the_estimate(void **state)
{
    struct estimate_server_spec spec = milan();
    struct estimate_server before, after;
    struct calibration calibration = {.count = 1, .points = {{0, 180, 0.03}}};
    (void)state;
    estimate_server(&spec, &before);
    after = before;
    calibration_apply(&calibration, &after);
    assert_true(fabs(after.idle_w.value / 180 - 1) < 0.05);
    assert_true(ratio(after.idle_w) < 1.1);
    /* A machine that idles high draws somewhat more at full load, too. */
    assert_true(after.max_w.value > before.max_w.value);
    assert_true(ratio(after.max_w) < ratio(before.max_w));
    assert_non_null(strstr(after.basis, "calibrated at 1 load"));
}

static void both_ends_pin_the_whole_curve(void **state)
{
    struct estimate_server_spec spec = milan();
    struct estimate_server server;
    struct calibration calibration = {.count = 0};
    (void)state;
    calibration_add(&calibration, &(struct calibration_point){0, 150, 0.02});
    calibration_add(&calibration, &(struct calibration_point){1, 650, 0.02});
    calibration_add(&calibration, &(struct calibration_point){0, 140, 0.02});
    assert_int_equal(calibration.count, 2);
    estimate_server(&spec, &server);
    calibration_apply(&calibration, &server);
    assert_true(fabs(server.idle_w.value / 140 - 1) < 0.03);
    assert_true(fabs(server.max_w.value / 650 - 1) < 0.03);
    assert_true(server.idle_w.low > 130 && server.max_w.high < 700);
}

static void a_calibration_survives_its_file(void **state)
{
    struct calibration calibration = {.cpu = "AMD EPYC 7763", .count = 0}, again;
    char text[CALIBRATION_TEXT_MAX];
    (void)state;
    for (int i = 0; i < 30; i++) {
        calibration_add(&calibration,
                        &(struct calibration_point){(i % 17) / 17.0, 100 + i, 0.03});
    }
    int size = calibration_format(&calibration, text, sizeof(text));
    assert_true(size > 0);
    assert_true(calibration_parse(text, (size_t)size, &again));
    assert_string_equal(again.cpu, calibration.cpu);
    assert_int_equal(again.count, calibration.count);
    assert_true(fabs(again.points[3].watts - calibration.points[3].watts) < 1e-3);
    static const char nonsense[] = "point\npoint 2 100 0.1\npoint 0 nan 0.1\npoint 0 1e9 0.1\ncpu";
    assert_false(calibration_parse(nonsense, strlen(nonsense), &again));
    assert_int_equal(calibration_format(&calibration, text, 40), -1);
}

static void the_wall_is_more_than_its_measured_parts(void **state)
{
    struct estimate_server_spec spec = milan();
    struct estimate_server server;
    struct estimate_parts parts = {{300, 295, 305}, {30, 29, 31}, {900, 890, 910}, unknown};
    (void)state;
    estimate_server(&spec, &server);
    struct wattle_bound wall = estimate_wall(&parts, &spec, &server, 0.6);
    assert_true(wall.low > 1230 && wall.value < 1600 && wall.high < 1900);
    struct wattle_bound alone = estimate_wall(&parts, &spec, NULL, WATTLE_UNKNOWN);
    assert_true(alone.value > 1300 && alone.value < 1550);
    parts.platform_w = (struct wattle_bound){100, 99, 101};
    wall = estimate_wall(&parts, &spec, &server, 0.6);
    assert_true(wall.low >= 99);
    struct estimate_parts nothing = {unknown, unknown, unknown, unknown};
    assert_false(wattle_known(estimate_wall(&nothing, &spec, NULL, 0.5).value));
    wall = estimate_wall(&nothing, &spec, &server, 0.5);
    assert_true(fabs(wall.value - estimate_server_power(&server, 0.5).value) < 1);
}

/* A PC with an RTX 4090 and an i9-13900K on a plug meter: about 1.17 x + 43 W (318 runs). */
static void the_rest_of_a_pc_is_what_a_plug_meter_found(void **state)
{
    struct estimate_server_spec spec = {.family = -1, .model = -1, .sockets = 1,
                                        .memory_gb = 64, .tdp_w = WATTLE_UNKNOWN};
    struct estimate_parts parts = {{90, 89, 91}, {10, 9, 11}, {300, 295, 305}, unknown};
    (void)state;
    struct wattle_bound wall = estimate_wall(&parts, &spec, NULL, WATTLE_UNKNOWN);
    assert_true(fabs(wall.value / (1.17 * 400 + 43) - 1) < 0.07);
    assert_true(wall.low < 1.17 * 400 + 43 && 1.17 * 400 + 43 < wall.high);
}

static void an_unseen_gpu_draws_seven_tenths_of_its_tdp(void **state)
{
    struct wattle_bound busy = estimate_gpu(700, WATTLE_UNKNOWN), idle = estimate_gpu(700, 0);
    (void)state;
    assert_true(fabs(busy.value - 490) < 1e-9 && fabs(busy.low - 294) < 1e-9 &&
                fabs(busy.high - 672) < 1e-9);
    assert_true(idle.value < 100 && idle.low < idle.value && idle.value < idle.high);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_reading_moves_and_narrows_the_estimate),
        cmocka_unit_test(both_ends_pin_the_whole_curve),
        cmocka_unit_test(a_calibration_survives_its_file),
        cmocka_unit_test(the_wall_is_more_than_its_measured_parts),
        cmocka_unit_test(the_rest_of_a_pc_is_what_a_plug_meter_found),
        cmocka_unit_test(an_unseen_gpu_draws_seven_tenths_of_its_tdp),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
