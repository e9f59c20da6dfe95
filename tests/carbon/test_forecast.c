/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carbon/forecast.h"
#include "carbon/ridge.h"
#include "carbon/trace.h"

enum { DAYS = 200, HOURS = DAYS * 24 };

/* A grid that follows the sun and rests at weekends, with a little noise that repeats exactly. */
static double grid_at(long hour)
{
    double day = sin(2 * M_PI * (double)(hour % 24) / 24);
    double weekend = (hour / 24) % 7 < 2 ? -30 : 0;
    double noise = (double)((hour * 2654435761u) % 1000u) / 100 - 5;

    return 300 + 80 * day + weekend + noise;
}

static void make(double *y, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        y[i] = grid_at((long)i);
    }
}

static void a_regular_grid_is_told_within_its_noise(void **state)
{
    static double y[HOURS];
    struct forecast_history history = {.hourly = y, .count = HOURS - 96, .first_hour = 0};
    struct forecast_hour told[96];
    int inside = 0;
    size_t i;

    (void)state;
    make(y, HOURS);
    assert_int_equal(forecast_make(&history, 96, told, NULL), 0);
    for (i = 0; i < 96; i++) {
        double truth = y[history.count + i];

        assert_true(fabs(told[i].g_kwh / truth - 1) < 0.06);
        assert_true(told[i].low <= told[i].g_kwh && told[i].g_kwh <= told[i].high);
        inside += truth >= told[i].low && truth <= told[i].high;
    }
    assert_true(inside > 75);
}

static void what_comes_after_the_time_changes_nothing(void **state)
{
    static double y[HOURS];
    struct forecast_history history = {.hourly = y, .count = HOURS - 48, .first_hour = 0};
    struct forecast_hour before[24], after[24];
    size_t i;

    (void)state;
    make(y, HOURS);
    assert_int_equal(forecast_make(&history, 24, before, NULL), 0);
    for (i = history.count; i < HOURS; i++) {
        y[i] = 1e4;
    }
    assert_int_equal(forecast_make(&history, 24, after, NULL), 0);
    assert_memory_equal(before, after, sizeof before);
}

static void gaps_and_short_histories_still_give_an_interval(void **state)
{
    static double y[HOURS];
    struct forecast_hour told[24];
    size_t counts[] = {48, 72, 24 * 9, 24 * 40, 24 * 80};
    size_t i, hour;

    (void)state;
    make(y, HOURS);
    for (i = 0; i < HOURS; i += 7) {
        y[i] = NAN;
    }
    for (i = 100; i < 180; i++) {
        y[i] = NAN;
    }
    for (i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct forecast_history history = {.hourly = y, .count = counts[i], .first_hour = 0};

        assert_int_equal(forecast_make(&history, 24, told, NULL), 0);
        for (hour = 0; hour < 24; hour++) {
            assert_true(isfinite(told[hour].g_kwh) && told[hour].g_kwh > 100);
            assert_true(told[hour].low <= told[hour].g_kwh);
            assert_true(told[hour].high > told[hour].g_kwh);
        }
    }
}

static void too_little_or_nothing_is_refused(void **state)
{
    static double y[HOURS];
    struct forecast_history history = {.hourly = y, .count = 47, .first_hour = 0};
    struct forecast_hour told[FORECAST_HOURS_MAX];
    size_t i;

    (void)state;
    make(y, HOURS);
    assert_int_equal(forecast_make(&history, 24, told, NULL), WATTLE_E_INVALID);
    history.count = 480;
    assert_int_equal(forecast_make(&history, FORECAST_HOURS_MAX + 1, told, NULL),
                     WATTLE_E_INVALID);
    for (i = 0; i < HOURS; i++) {
        y[i] = NAN;
    }
    assert_int_equal(forecast_make(&history, 24, told, NULL), WATTLE_E_INVALID);
}

static void ridge_finds_a_line(void **state)
{
    double rows[40 * 3], targets[40], weights[40];
    double at[3] = {2, -1, 0.5};
    struct ridge ridge;
    int i;

    (void)state;
    assert_int_equal(ridge_init(&ridge, 3), 0);
    for (i = 0; i < 40; i++) {
        rows[3 * i] = i % 7;
        rows[3 * i + 1] = (i * 5) % 11;
        rows[3 * i + 2] = 1; /* constant: no information, no harm */
        targets[i] = 3 + 2 * rows[3 * i] - 0.5 * rows[3 * i + 1];
        weights[i] = 1 + i % 3;
    }
    assert_true(ridge_fit(&ridge, rows, targets, weights, 40, 3, 1e-9));
    assert_true(fabs(ridge_predict(&ridge, at) - (3 + 4 + 0.5)) < 1e-6);
    assert_true(fabs(ridge.freedom - 2) < 1e-3);
    ridge_finish(&ridge);
}

static void a_trace_survives_what_files_hold(void **state)
{
    static const char text[] = "\xef\xbb\xbf"
                               "time,zone,\"g\"\r\n"
                               "2021-10-31T00:00:00Z,DE,100\r\n"
                               "2021-10-31 01:30,DE,300\n"
                               "2021-10-31T01:00Z,DE,200\n"
                               "2021-10-31T01:00Z,DE,999\n"
                               "2021-10-31T05:00:00+02:00,DE,400\n"
                               "nonsense,DE,1\n"
                               "2021-10-31T06:00Z,DE,\n"
                               "2021-10-31T07:00Z,DE,nan\n"
                               "1635667200,DE,-5";
    struct carbon_trace trace;
    struct wattle_error err;
    double hours[4];

    (void)state;
    assert_int_equal(carbon_trace_parse(text, sizeof text - 1, NULL, &trace, &err), 0);
    assert_string_equal(trace.column, "g");
    assert_int_equal(trace.count, 4);
    assert_int_equal(trace.rejected, 5);
    carbon_trace_hourly(&trace, 1635638400, INT64_MAX, hours, 4);
    assert_true(hours[0] == 100 && hours[1] == 250 && isnan(hours[2]) && hours[3] == 400);
    carbon_trace_hourly(&trace, 1635638400, 1635638400 + 5400, hours, 4);
    assert_true(hours[1] == 200 && isnan(hours[3]));
    carbon_trace_finish(&trace);
    assert_int_equal(carbon_trace_parse(text, sizeof text - 1, "kWh", &trace, &err),
                     WATTLE_E_INVALID);
    assert_int_equal(carbon_trace_parse("", 0, NULL, &trace, &err), WATTLE_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_regular_grid_is_told_within_its_noise),
        cmocka_unit_test(what_comes_after_the_time_changes_nothing),
        cmocka_unit_test(gaps_and_short_histories_still_give_an_interval),
        cmocka_unit_test(too_little_or_nothing_is_refused),
        cmocka_unit_test(ridge_finds_a_line),
        cmocka_unit_test(a_trace_survives_what_files_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
