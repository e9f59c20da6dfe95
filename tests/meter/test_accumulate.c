/* SPDX-License-Identifier: MIT */
#include "one_channel.h"

static void a_counter_difference_is_exact(void **state)
{
    struct bench b;
    struct accumulator_interval i;

    (void)state;
    rapl(&b);
    count(&b, 0, 1000000);
    begin(&b, 0);
    count(&b, 0.5, 26000000);
    count(&b, 1.0, 51000000);
    i = end(&b, 1.0);
    assert_near(i.energy_j, 50, 1e-9);
    assert_near(i.gap_s, 0, 0);
    assert_int_equal(i.samples, 2);
    /* the end of the interval is known to one update: 1 ms of 50 W, and a count; the start to
     * one update of twice the mean, as its power was not known yet */
    assert_near(i.high_j - i.energy_j, 0.1, 0.0001);
    assert_near(i.energy_j - i.low_j, 0.1, 0.0001);
}

static void a_wrap_is_added_at_the_modulus(void **state)
{
    struct bench b;
    struct accumulator_interval i;

    (void)state;
    rapl(&b);
    count(&b, 0, RANGE_UJ - 999999);
    begin(&b, 0);
    count(&b, 0.1, 4000000);
    i = end(&b, 0.1);
    assert_near(i.energy_j, 5.0, 1e-9);
    assert_near(i.gap_s, 0, 0);
}

static void several_wraps_add_up(void **state)
{
    struct bench b;
    struct accumulator_interval i;
    uint64_t value = 5;
    int k;

    (void)state;
    rapl(&b);
    count(&b, 0, value);
    begin(&b, 0);
    for (k = 1; k <= 100; k++) {
        value = (value + 20000000000ULL) % (RANGE_UJ + 1);
        count(&b, k * 200, value);
    }
    i = end(&b, 20000);
    assert_near(i.energy_j, 2e6, 1e-6);
    assert_near(i.gap_s, 0, 0);
}

static void an_implausible_fall_is_a_gap_filled_with_the_power_around_it(void **state)
{
    struct bench b;
    struct accumulator_interval i;

    (void)state;
    rapl(&b);
    count(&b, 0, 100000000000ULL);
    begin(&b, 0);
    count(&b, 1, 100100000000ULL); /* 100 W */
    count(&b, 2, 7);               /* the driver was loaded anew */
    count(&b, 3, 50000007);        /* 50 W */
    i = end(&b, 3);
    assert_near(i.energy_j, 100 + 75 + 50, 1e-9);
    assert_near(i.gap_s, 1, 1e-12);
    assert_true(i.low_j <= 150 && i.low_j > 149);
    assert_true(i.high_j >= 150 + 600 && i.high_j < 751);
}

static void an_implausible_rise_is_a_gap(void **state)
{
    struct bench b;
    struct accumulator_interval i;

    (void)state;
    rapl(&b);
    count(&b, 0, 0);
    begin(&b, 0);
    count(&b, 1, 10000000);
    count(&b, 2, 900000000000ULL % RANGE_UJ); /* a virtual machine moved to another host */
    i = end(&b, 2);
    assert_near(i.energy_j, 20, 1e-9);
    assert_near(i.gap_s, 1, 1e-12);
    assert_true(i.high_j <= 10 + 600 + 1);
}

static void a_fall_across_a_suspend_is_never_a_wrap(void **state)
{
    struct bench b;
    struct accumulator_interval i;
    struct wattle_reading r = {.t_ns = ns(1.1), .count = 1000, .low = NAN, .high = NAN};

    (void)state;
    rapl(&b);
    count(&b, 0, RANGE_UJ - 11000000);
    begin(&b, 0);
    count(&b, 1, RANGE_UJ - 1000000);
    accumulator_add(&b.acc, &r, 3600 * 1000000000LL); /* one hour of sleep, 0.1 s awake */
    i = end(&b, 1.1);
    assert_near(i.energy_j, 11, 1e-9); /* 10 W before, for 0.1 s */
    assert_near(i.gap_s, 0.1, 1e-9);
}

static void a_counter_not_read_for_a_while_is_bridged_exactly(void **state)
{
    struct bench b;
    struct accumulator_interval i;

    (void)state;
    rapl(&b);
    count(&b, 0, 0);
    begin(&b, 0);
    count(&b, 1, 30000000);
    miss(&b, 2, WATTLE_READ_FAILED);
    miss(&b, 3, WATTLE_READ_FAILED);
    i = end(&b, 3); /* not bridged yet: estimated */
    assert_near(i.energy_j, 90, 1e-9);
    assert_near(i.gap_s, 2, 1e-12);
    assert_true(i.high_j >= 30 + 1200);
    count(&b, 4, 200000000);
    i = end(&b, 4);
    assert_near(i.energy_j, 200, 1e-9);
    assert_near(i.gap_s, 3, 1e-12);
    assert_true(i.high_j < 201 && i.low_j > 199);
}

static void blind_for_longer_than_a_wrap_takes_the_nearest_number_of_laps(void **state)
{
    struct bench b;
    struct accumulator_interval i;
    double true_j = 100 * 10000.0;
    uint64_t value;

    (void)state;
    rapl(&b);
    count(&b, 0, 0);
    count(&b, 10, 1000000000); /* 100 W */
    begin(&b, 10);
    miss(&b, 20, WATTLE_READ_FAILED);
    value = (1000000000ULL + 1000000000000ULL) % (RANGE_UJ + 1);
    count(&b, 10010, value);
    i = end(&b, 10010);
    assert_near(i.energy_j, true_j, 1e-3);
    assert_near(i.gap_s, 10000, 1e-6);
    assert_true(i.low_j < true_j - 200000 && i.high_j > true_j + 200000);
}

static void a_failed_start_does_not_become_a_phantom_wrap(void **state)
{
    struct bench b;
    struct accumulator_interval i;

    (void)state;
    rapl(&b);
    begin(&b, 0);
    miss(&b, 0, WATTLE_READ_FAILED);
    count(&b, 1, 50000000000ULL);
    count(&b, 2, 50040000000ULL);
    i = end(&b, 2);
    assert_near(i.energy_j, 80, 1e-9); /* the missed second at 40 W */
    assert_near(i.gap_s, 1, 1e-12);
    assert_true(i.low_j <= 40 && i.high_j >= 640);
}

static void time_that_runs_backwards_is_refused(void **state)
{
    struct bench b;
    struct accumulator_interval i;

    (void)state;
    rapl(&b);
    count(&b, 10, 0);
    begin(&b, 10);
    count(&b, 11, 10000000);
    count(&b, 5, 11000000);
    count(&b, 12, 20000000);
    i = end(&b, 12);
    assert_near(i.energy_j, 20, 1e-9);
    assert_near(i.gap_s, 1, 1e-12);
}

static void a_frozen_counter_is_a_gap_at_the_power_before(void **state)
{
    struct bench b;
    struct accumulator_interval i;
    int k;

    (void)state;
    rapl(&b);
    count(&b, 0, 0);
    begin(&b, 0);
    count(&b, 1, 60000000);
    for (k = 2; k <= 5; k++) {
        count(&b, k, 60000000);
    }
    assert_true(accumulator_frozen(&b.acc, ns(5)));
    i = end(&b, 5);
    assert_near(i.energy_j, 60 + 4 * 60, 1e-9);
    assert_near(i.gap_s, 4, 1e-12);
    count(&b, 6, 360000000); /* it had gone on after all */
    i = end(&b, 6);
    assert_near(i.energy_j, 360, 1e-9);
    assert_near(i.gap_s, 0, 1e-12);
}

static void a_lost_device_is_a_marked_gap(void **state)
{
    struct bench b;
    struct accumulator_interval i;

    (void)state;
    power(&b, 0);
    watts(&b, 0, 300);
    begin(&b, 0);
    watts(&b, 1, 300);
    miss(&b, 2, WATTLE_READ_LOST);
    assert_true(b.acc.lost);
    i = end(&b, 4);
    assert_near(i.energy_j, 1200, 1e-9);
    assert_near(i.gap_s, 3, 1e-12);
    assert_true(i.low_j >= 299 && i.low_j <= 300 && i.high_j >= 300 + 3 * 2100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_difference_is_exact),
        cmocka_unit_test(a_wrap_is_added_at_the_modulus),
        cmocka_unit_test(several_wraps_add_up),
        cmocka_unit_test(an_implausible_fall_is_a_gap_filled_with_the_power_around_it),
        cmocka_unit_test(an_implausible_rise_is_a_gap),
        cmocka_unit_test(a_fall_across_a_suspend_is_never_a_wrap),
        cmocka_unit_test(a_counter_not_read_for_a_while_is_bridged_exactly),
        cmocka_unit_test(blind_for_longer_than_a_wrap_takes_the_nearest_number_of_laps),
        cmocka_unit_test(a_failed_start_does_not_become_a_phantom_wrap),
        cmocka_unit_test(time_that_runs_backwards_is_refused),
        cmocka_unit_test(a_frozen_counter_is_a_gap_at_the_power_before),
        cmocka_unit_test(a_lost_device_is_a_marked_gap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
