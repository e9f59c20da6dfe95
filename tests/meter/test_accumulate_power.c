/* SPDX-License-Identifier: MIT */
#include "one_channel.h"

static void instants_make_trapezoids(void **state)
{
    struct bench b;
    struct accumulator_interval i;

    (void)state;
    power(&b, 0);
    watts(&b, 0, 100);
    begin(&b, 0);
    watts(&b, 1, 200);
    watts(&b, 3, 200);
    i = end(&b, 3.5);
    assert_near(i.energy_j, 150 + 400 + 100, 1e-9);
    assert_near(i.gap_s, 0, 0);
    assert_true(i.low_j < 650 - 20 && i.high_j > 650 + 20);
}

static void means_make_rectangles(void **state)
{
    struct bench b;
    struct accumulator_interval i;

    (void)state;
    power(&b, -1);
    watts(&b, 0, 500);
    begin(&b, 0);
    watts(&b, 1, 100);
    watts(&b, 3, 200);
    i = end(&b, 3);
    assert_near(i.energy_j, 100 + 400, 1e-9);
}

static void a_mean_of_a_second_says_little_about_a_tenth(void **state)
{
    struct bench b;
    struct accumulator_interval i;

    (void)state;
    power(&b, 1);
    watts(&b, 0, 100);
    watts(&b, 1, 100);
    begin(&b, 1);
    watts(&b, 1.1, 100);
    i = end(&b, 1.1);
    assert_near(i.energy_j, 10, 1e-9);
    assert_true(i.low_j <= 1.0001 && i.high_j >= 99.9);
}

static void modelled_bounds_are_integrated_and_not_averaged_away(void **state)
{
    struct bench b;
    struct accumulator_interval i;
    int k;

    (void)state;
    power(&b, -1);
    b.acc.quality = WATTLE_MODELLED;
    for (k = 0; k <= 100; k++) {
        struct wattle_reading r = {.t_ns = ns(k * 0.1), .value = 100, .low = 60, .high = 160};

        accumulator_add(&b.acc, &r, 0);
        if (k == 0) {
            begin(&b, 0);
        }
    }
    i = end(&b, 10);
    assert_near(i.energy_j, 1000, 1e-6);
    assert_near(i.low_j, 600, 1e-3);
    assert_near(i.high_j, 1600, 1e-3);
}

static void a_gain_error_adds_linearly_and_does_not_count_between_runs(void **state)
{
    struct bench b;
    struct accumulator_interval i;

    (void)state;
    rapl(&b);
    b.acc.error_relative = 0.02;
    b.acc.error_w = 0.5;
    count(&b, 0, 0);
    count(&b, 10, 1000000000);
    begin(&b, 10);
    count(&b, 20, 2000000000);
    i = end(&b, 20);
    assert_near(i.high_j - i.energy_j, 20 + 5 + 0.1, 0.001);
    assert_near(i.repeat_j, 0.1, 0.001);
}

static void a_run_too_short_for_an_update_is_zero_to_one_tick(void **state)
{
    struct bench b;
    struct accumulator_interval i;

    (void)state;
    rapl(&b);
    count(&b, 0, 500);
    begin(&b, 0);
    count(&b, 0.0004, 500);
    i = end(&b, 0.0004);
    assert_near(i.energy_j, 0, 0);
    assert_near(i.low_j, 0, 0);
    assert_near(i.high_j, 0.2, 0.001); /* 200 W for 1 ms */
}

static void impossible_power_is_a_failed_reading(void **state)
{
    struct bench b;
    struct accumulator_interval i;

    (void)state;
    power(&b, 0);
    watts(&b, 0, 100);
    begin(&b, 0);
    watts(&b, 1, NAN);
    watts(&b, 2, -5);
    watts(&b, 3, 1e9);
    watts(&b, 4, 100);
    i = end(&b, 4);
    assert_near(i.energy_j, 400, 1e-9);
    assert_near(i.gap_s, 4, 1e-12);
}

static void a_slow_counter_shows_its_own_period(void **state)
{
    struct bench b;
    int k;

    (void)state;
    rapl(&b);
    for (k = 0; k < 200; k++) { /* 100 W, updated every 0.25 s, read every 10 ms */
        count(&b, k * 0.01, (uint64_t)(k / 25) * 25000000);
    }
    assert_near(b.acc.observed_period_s, 0.25, 0.011);
}

/* xorshift64: the same numbers on every machine */
static uint64_t next(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static void what_goes_in_comes_out_whatever_the_wraps_and_failures(void **state)
{
    uint64_t seed = 42;
    int round;

    (void)state;
    for (round = 0; round < 300; round++) {
        struct bench b;
        struct accumulator_interval i;
        uint64_t total = next(&seed) % RANGE_UJ, start = total;
        double t = 0;
        int k;

        rapl(&b);
        count(&b, 0, total % (RANGE_UJ + 1));
        begin(&b, 0);
        for (k = 0; k < 200; k++) {
            double dt = 0.01 + (double)(next(&seed) % 100000) / 1000; /* to 100 s: 20 kJ */

            t += dt;
            total += (uint64_t)(dt * 1e6 * (double)(next(&seed) % 200));
            if (next(&seed) % 8 == 0) {
                miss(&b, t, WATTLE_READ_FAILED);
            } else {
                count(&b, t, total % (RANGE_UJ + 1));
            }
        }
        t += 0.1;
        count(&b, t, total % (RANGE_UJ + 1));
        i = end(&b, t);
        if (i.gap_s == 0 || i.high_j - i.low_j < 1) {
            assert_near(i.energy_j, (double)(total - start) / 1e6, 1e-3);
        }
        assert_true(i.low_j <= (double)(total - start) / 1e6 + 1e-6);
        assert_true(i.high_j >= (double)(total - start) / 1e6 - 1e-6);
    }
}

static void nothing_known_stays_unknown(void **state)
{
    struct bench b;
    struct accumulator_interval i;

    (void)state;
    rapl(&b);
    begin(&b, 0);
    miss(&b, 1, WATTLE_READ_FAILED);
    i = end(&b, 1);
    assert_true(isnan(i.energy_j) && isnan(i.low_j) && isnan(i.high_j));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instants_make_trapezoids),
        cmocka_unit_test(means_make_rectangles),
        cmocka_unit_test(a_mean_of_a_second_says_little_about_a_tenth),
        cmocka_unit_test(modelled_bounds_are_integrated_and_not_averaged_away),
        cmocka_unit_test(a_gain_error_adds_linearly_and_does_not_count_between_runs),
        cmocka_unit_test(a_run_too_short_for_an_update_is_zero_to_one_tick),
        cmocka_unit_test(impossible_power_is_a_failed_reading),
        cmocka_unit_test(a_slow_counter_shows_its_own_period),
        cmocka_unit_test(what_goes_in_comes_out_whatever_the_wraps_and_failures),
        cmocka_unit_test(nothing_known_stays_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
