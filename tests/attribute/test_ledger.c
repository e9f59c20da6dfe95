/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "attribute/idle.h"
#include "attribute/ledger.h"

#define UJ(x) ((long long)llround((x) * 1e6))

static const struct ledger_idle ten_watts = {{10, 9, 12}, {0.2, 0.1, 0.5}};
static const struct ledger_idle modelled = {{NAN, NAN, NAN}, {0.2, 0.1, 0.5}};

static void assert_near(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance)) {
        fail_msg("%.9g is not %.9g +- %.3g", got, wanted, tolerance);
    }
}

static void assert_adds_up(const struct ledger_split *split)
{
    const struct wattle_bound *parts[] = {&split->task_j, &split->other_j, &split->idle_j,
                                          &split->own_j};
    long long sum = 0;
    size_t i;

    for (i = 0; i < 4; i++) {
        if (!isnan(parts[i]->value)) {
            assert_true(parts[i]->value >= 0);
            assert_true(parts[i]->low >= 0);
            assert_true(parts[i]->low <= parts[i]->value);
            assert_true(parts[i]->value <= parts[i]->high);
            sum += UJ(parts[i]->value);
        }
    }
    assert_int_equal(sum, UJ(split->energy_j.value));
}

static struct ledger_use use_of(double dt_s, double busy_s, double task_s, double own_s)
{
    return (struct ledger_use){dt_s, 4 * dt_s, busy_s, task_s, 0, own_s, 0.01};
}

static void idle_comes_off_first_and_cpu_time_shares_the_rest(void **state)
{
    const struct wattle_bound energy = {50, 49, 51};
    struct ledger_account account;
    struct ledger_split split;
    struct ledger_use use = use_of(1, 2, 1, 0.2);

    (void)state;
    ledger_account_init(&account, &ten_watts, false);
    ledger_interval(&account, 50, &use, NULL);
    ledger_split(&account, &energy, true, &split);
    assert_near(split.idle_j.value, 10, 1e-9);
    assert_near(split.task_j.value, 20, 1e-9);
    assert_near(split.own_j.value, 4, 1e-9);
    assert_near(split.other_j.value, 16, 1e-9);
    assert_true(split.task_j.low < 19.1 && split.task_j.low > 15);
    assert_true(split.task_j.high > 21 && split.task_j.high < 26);
    assert_near(split.idle_j.low, 9, 1e-9);
    assert_near(split.idle_j.high, 13, 1e-9);
    assert_adds_up(&split);
}

static void idle_is_never_more_than_was_drawn(void **state)
{
    const struct wattle_bound energy = {4, 4, 4};
    struct ledger_account account;
    struct ledger_split split;
    struct ledger_use use = use_of(1, 2, 2, 0);

    (void)state;
    ledger_account_init(&account, &ten_watts, false);
    ledger_interval(&account, 4, &use, NULL);
    ledger_split(&account, &energy, true, &split);
    assert_near(split.idle_j.value, 4, 1e-9);
    assert_near(split.task_j.value, 0, 1e-9);
    assert_adds_up(&split);
}

static void a_counter_that_steps_late_keeps_its_idle_and_its_users(void **state)
{
    const struct wattle_bound energy = {300, 300, 300};
    struct ledger_account account;
    struct ledger_split split;
    int i;

    (void)state;
    ledger_account_init(&account, &ten_watts, false);
    for (i = 0; i < 10; i++) {
        /* The task runs in the first half only; the counter steps at the very end. */
        struct ledger_use use = use_of(1, 2, i < 5 ? 2 : 0, 0);

        ledger_interval(&account, i < 9 ? 0 : 300, &use, NULL);
    }
    ledger_split(&account, &energy, true, &split);
    assert_near(split.idle_j.value, 100, 1e-9);
    assert_near(split.task_j.value, 100, 1e-9);
    assert_adds_up(&split);
}

static void modelled_idle_is_all_at_rest_and_the_fraction_at_full_use(void **state)
{
    const struct wattle_bound energy = {100, 100, 100};
    struct ledger_account account;
    struct ledger_split split;
    struct ledger_use rest = use_of(1, 0, 0, 0);
    struct ledger_use full = use_of(1, 4, 4, 0);

    (void)state;
    ledger_account_init(&account, &modelled, false);
    ledger_interval(&account, 100, &rest, NULL);
    ledger_split(&account, &energy, true, &split);
    assert_near(split.idle_j.value, 100, 1e-9);
    ledger_account_init(&account, &modelled, false);
    ledger_interval(&account, 100, &full, NULL);
    ledger_split(&account, &energy, true, &split);
    assert_near(split.idle_j.value, 20, 1e-9);
    assert_near(split.idle_j.low, 10, 1e-9);
    assert_near(split.idle_j.high, 50, 1e-9);
    assert_near(split.task_j.low, 50, 0.5);
    assert_near(split.task_j.high, 90, 0.5);
    assert_adds_up(&split);
}

static void what_the_meter_stands_by_is_split_not_what_the_rounds_saw(void **state)
{
    const struct wattle_bound energy = {55, 40, 60};
    struct ledger_account account;
    struct ledger_split split;
    struct ledger_use use = use_of(1, 2, 1, 0);

    (void)state;
    ledger_account_init(&account, &ten_watts, false);
    ledger_interval(&account, 50, &use, NULL);
    ledger_split(&account, &energy, true, &split);
    assert_near(split.energy_j.value, 55, 1e-9);
    assert_near(split.idle_j.value, 11, 1e-9);
    assert_adds_up(&split);
    /* Nothing seen in rounds at all: a run shorter than a step. */
    ledger_account_init(&account, &ten_watts, false);
    ledger_interval(&account, NAN, &use, NULL);
    ledger_split(&account, &energy, true, &split);
    assert_near(split.task_j.value, 22.5, 1e-6);
    assert_adds_up(&split);
}

static void unknown_energy_is_unknown_everywhere(void **state)
{
    const struct wattle_bound energy = {NAN, NAN, NAN};
    struct ledger_account account;
    struct ledger_split split;

    (void)state;
    ledger_account_init(&account, &ten_watts, false);
    ledger_split(&account, &energy, true, &split);
    assert_true(isnan(split.task_j.value) && isnan(split.idle_j.value));
}

static void without_a_task_its_share_is_unknown_and_the_rest_adds_up(void **state)
{
    const struct wattle_bound energy = {50, 49, 51};
    struct ledger_account account;
    struct ledger_split split;
    struct ledger_use use = use_of(1, 2, 0, 0.2);

    (void)state;
    ledger_account_init(&account, &ten_watts, false);
    ledger_interval(&account, 50, &use, NULL);
    ledger_split(&account, &energy, false, &split);
    assert_true(isnan(split.task_j.value));
    assert_near(split.other_j.value, 36, 1e-9);
    assert_adds_up(&split);
}

static void task_time_beyond_the_tick_count_never_exceeds_the_machine(void **state)
{
    const struct wattle_bound energy = {50, 49, 51};
    struct ledger_account account;
    struct ledger_split split;
    struct ledger_use use = use_of(0.005, 0, 0.004, 0.001);

    (void)state;
    ledger_account_init(&account, &modelled, false);
    ledger_interval(&account, 50, &use, NULL);
    ledger_split(&account, &energy, true, &split);
    assert_near(split.other_j.value, 0, 1e-9);
    assert_near(split.task_j.value / split.own_j.value, 4, 1e-6);
    assert_adds_up(&split);
}

static void a_gpu_is_split_by_its_own_users(void **state)
{
    const struct wattle_bound energy = {100, 100, 100};
    const struct ledger_device_use half = {.task_s = 0.4, .all_s = 0.8, .task_present = true};
    const struct ledger_device_use nobody = {.vacant = true};
    const struct ledger_device_use strangers = {.all_s = 0.5};
    const struct ledger_device_use hidden = {.unknown_s = 1};
    struct ledger_account account;
    struct ledger_split split;
    struct ledger_use use = use_of(1, 2, 2, 0);

    (void)state;
    ledger_account_init(&account, &ten_watts, true);
    ledger_interval(&account, 100, &use, &half);
    ledger_split(&account, &energy, true, &split);
    assert_near(split.task_j.value, 45, 1e-9);
    assert_adds_up(&split);

    ledger_account_init(&account, &ten_watts, true);
    ledger_interval(&account, 100, &use, &nobody);
    ledger_split(&account, &energy, true, &split);
    assert_near(split.task_j.value, 0, 1e-9);
    assert_near(split.task_j.high, 0, 1e-9);
    assert_near(split.idle_j.value, 12, 1e-9); /* more is no rest */
    assert_near(split.other_j.value, 88, 1e-9);
    assert_adds_up(&split);

    ledger_account_init(&account, &ten_watts, true);
    ledger_interval(&account, 100, &use, &strangers);
    ledger_split(&account, &energy, true, &split);
    assert_near(split.task_j.value, 0, 1e-9);
    assert_near(split.other_j.value, 90, 1e-9);

    /* Nobody could be asked: by CPU time, and it may have been all or nothing. */
    ledger_account_init(&account, &ten_watts, true);
    ledger_interval(&account, 100, &use, &hidden);
    ledger_split(&account, &energy, true, &split);
    assert_near(split.task_j.value, 90, 1e-9);
    assert_near(split.task_j.low, 0, 1e-9);
    assert_adds_up(&split);
}

static void two_tasks_never_get_more_than_the_dynamic_energy(void **state)
{
    const struct wattle_bound energy = {500, 490, 510};
    struct ledger_account one, two;
    struct ledger_split first, second;
    int i;

    (void)state;
    ledger_account_init(&one, &ten_watts, false);
    ledger_account_init(&two, &ten_watts, false);
    srand(1);
    for (i = 0; i < 10; i++) {
        double a = (rand() % 1000) / 1000.0;
        double b = (rand() % 1000) / 1000.0;
        struct ledger_use use_a = use_of(1, a + b + 0.1, a, 0.01);
        struct ledger_use use_b = use_of(1, a + b + 0.1, b, 0.01);

        ledger_interval(&one, 50, &use_a, NULL);
        ledger_interval(&two, 50, &use_b, NULL);
    }
    ledger_split(&one, &energy, true, &first);
    ledger_split(&two, &energy, true, &second);
    assert_true(first.task_j.value + second.task_j.value <= 400);
    assert_adds_up(&first);
    assert_adds_up(&second);
}

static void any_history_adds_up_and_is_never_negative(void **state)
{
    int run;

    (void)state;
    srand(7);
    for (run = 0; run < 2000; run++) {
        struct ledger_account account;
        struct ledger_split split, total = {0};
        struct wattle_bound energy;
        double sum = 0;
        int i;

        ledger_account_init(&account, run % 2 ? &ten_watts : &modelled, run % 3 == 0);
        for (i = 0; i < rand() % 20; i++) {
            double dt = (rand() % 100) / 50.0;
            double joules = rand() % 5 == 0 ? 0 : (rand() % 100000) / 977.0;
            struct ledger_use use = use_of(dt, rand() % 7 == 0 ? NAN : (rand() % 100) / 20.0,
                                           (rand() % 100) / 40.0, (rand() % 100) / 400.0);
            struct ledger_device_use device = {.task_s = (rand() % 3) * dt / 4,
                                               .doubt_s = (rand() % 2) * dt / 4,
                                               .all_s = dt / 2,
                                               .unknown_s = rand() % 2 * dt / 2,
                                               .task_present = rand() % 2,
                                               .vacant = rand() % 5 == 0};

            use.task_error_s = (rand() % 10) / 100.0;
            ledger_interval(&account, joules, &use, rand() % 4 ? &device : NULL);
            sum += joules;
        }
        energy.value = round(sum * (0.5 + (rand() % 100) / 100.0) * 1e6) / 1e6;
        energy.low = energy.value * 0.9;
        energy.high = energy.value * 1.1;
        ledger_split(&account, &energy, run % 5 != 0, &split);
        assert_adds_up(&split);
        if (run % 5 != 0) {
            ledger_add(&total, &split);
            ledger_add(&total, &split);
            assert_adds_up(&total);
        }
    }
}

static void idle_comes_from_the_best_source(void **state)
{
    struct wattle_channel channel = {.kind = WATTLE_CPU, .domain = WATTLE_D_PACKAGE,
                                     .quality = WATTLE_MEASURED, .update_period_s = 0.001,
                                     .max_power_w = 200};
    struct ledger_idle idle;

    (void)state;
    assert_int_equal(idle_choose(&channel, 12, 0.01, 11, &idle), IDLE_MEASURED);
    assert_near(idle.power_w.value, 12, 1e-12);
    assert_int_equal(idle_choose(&channel, 30, 0.5, 11, &idle), IDLE_REMEMBERED);
    assert_near(idle.power_w.value, 11, 1e-12);
    assert_int_equal(idle_choose(&channel, NAN, NAN, NAN, &idle), IDLE_MODELLED);
    /* A model that knows its own ratio is believed rather than all machines together. */
    channel.idle_share = 0.30;
    assert_int_equal(idle_choose(&channel, NAN, NAN, NAN, &idle), IDLE_MODELLED);
    assert_true(idle.fraction.value == 0.30);
    assert_true(idle.fraction.low > 0.2 && idle.fraction.high < 0.42);
    channel.idle_share = NAN;
    assert_true(isnan(idle.power_w.value));
    assert_true(idle.fraction.low < idle.fraction.high);
    assert_true(isnan(idle_candidate_w(&channel, 10, 0.5, 0.01)));
    assert_true(isnan(idle_candidate_w(&channel, 10, 1.0, 0.10)));
    assert_true(isnan(idle_candidate_w(&channel, 10, 1.0, NAN)));
    assert_near(idle_candidate_w(&channel, 10, 1.0, 0.01), 10, 1e-12);
    channel.update_period_s = 1; /* it may have stepped once too few */
    assert_true(isnan(idle_candidate_w(&channel, 10, 1.0, 0.01)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_comes_off_first_and_cpu_time_shares_the_rest),
        cmocka_unit_test(idle_is_never_more_than_was_drawn),
        cmocka_unit_test(a_counter_that_steps_late_keeps_its_idle_and_its_users),
        cmocka_unit_test(modelled_idle_is_all_at_rest_and_the_fraction_at_full_use),
        cmocka_unit_test(what_the_meter_stands_by_is_split_not_what_the_rounds_saw),
        cmocka_unit_test(unknown_energy_is_unknown_everywhere),
        cmocka_unit_test(without_a_task_its_share_is_unknown_and_the_rest_adds_up),
        cmocka_unit_test(task_time_beyond_the_tick_count_never_exceeds_the_machine),
        cmocka_unit_test(a_gpu_is_split_by_its_own_users),
        cmocka_unit_test(two_tasks_never_get_more_than_the_dynamic_energy),
        cmocka_unit_test(any_history_adds_up_and_is_never_negative),
        cmocka_unit_test(idle_comes_from_the_best_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
