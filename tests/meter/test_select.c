/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "meter/select.h"

#define MAX 32

struct machine {
    struct wattle_channel channels[MAX];
    struct select_candidate candidates[MAX];
    size_t count;
};

static size_t add(struct machine *m, const char *driver, const char *name,
                  enum wattle_domain domain, int unit, enum wattle_quantity quantity,
                  enum wattle_quality quality)
{
    struct wattle_channel *c = &m->channels[m->count];

    memset(c, 0, sizeof *c);
    snprintf(c->name, sizeof c->name, "%s", name);
    c->driver = driver;
    c->domain = domain;
    c->unit_index = unit;
    c->quantity = quantity;
    c->quality = quality;
    c->usable = true;
    m->candidates[m->count].channel = c;
    m->candidates[m->count].verdict = LIVENESS_ALIVE;
    return m->count++;
}

static size_t counter(struct machine *m, const char *driver, enum wattle_domain domain, int unit)
{
    return add(m, driver, "x", domain, unit, WATTLE_Q_ENERGY, WATTLE_MEASURED);
}

static size_t power(struct machine *m, const char *driver, enum wattle_domain domain, int unit)
{
    return add(m, driver, "x", domain, unit, WATTLE_Q_POWER, WATTLE_INTEGRATED);
}

static size_t model(struct machine *m, enum wattle_domain domain, int unit)
{
    return add(m, "modelled", "m", domain, unit, WATTLE_Q_POWER, WATTLE_MODELLED);
}

static enum wattle_scope choose(struct machine *m)
{
    return select_channels(m->candidates, m->count);
}

static enum select_role role(const struct machine *m, size_t i) { return m->candidates[i].role; }

static void packages_and_dram_are_counted_and_psys_shown(void **state)
{
    struct machine m = {0};
    size_t package0 = counter(&m, "powercap", WATTLE_D_PACKAGE, 0);
    size_t core0 = counter(&m, "powercap", WATTLE_D_CORE, 0);
    size_t dram0 = counter(&m, "powercap", WATTLE_D_DRAM, 0);
    size_t package1 = counter(&m, "powercap", WATTLE_D_PACKAGE, 1);
    size_t dram1 = counter(&m, "powercap", WATTLE_D_DRAM, 1);
    size_t psys = counter(&m, "powercap", WATTLE_D_PLATFORM, 0);

    (void)state;
    assert_int_equal(choose(&m), WATTLE_SCOPE_COMPONENTS);
    assert_int_equal(role(&m, package0), SELECT_COUNTED);
    assert_int_equal(role(&m, core0), SELECT_SHOWN);
    assert_int_equal(role(&m, dram0), SELECT_COUNTED);
    assert_int_equal(role(&m, package1), SELECT_COUNTED);
    assert_int_equal(role(&m, dram1), SELECT_COUNTED);
    assert_int_equal(role(&m, psys), SELECT_SHOWN);
}

static void psys_is_counted_when_no_package_lives(void **state)
{
    struct machine m = {0};
    size_t package0 = counter(&m, "powercap", WATTLE_D_PACKAGE, 0);
    size_t dram0 = counter(&m, "powercap", WATTLE_D_DRAM, 0);
    size_t psys = counter(&m, "powercap", WATTLE_D_PLATFORM, 0);

    (void)state;
    m.candidates[package0].verdict = LIVENESS_DEAD;
    choose(&m);
    assert_int_equal(role(&m, package0), SELECT_NONE);
    assert_int_equal(role(&m, dram0), SELECT_SHOWN);
    assert_int_equal(role(&m, psys), SELECT_COUNTED);
}

static void the_earlier_driver_wins_until_its_counter_is_dead(void **state)
{
    struct machine m = {0};
    size_t perf = counter(&m, "rapl_perf", WATTLE_D_PACKAGE, 0);
    size_t powercap = counter(&m, "powercap", WATTLE_D_PACKAGE, 0);
    size_t msr = counter(&m, "msr", WATTLE_D_PACKAGE, 0);

    (void)state;
    choose(&m);
    assert_int_equal(role(&m, perf), SELECT_COUNTED);
    assert_int_equal(role(&m, powercap), SELECT_NONE);
    assert_int_equal(role(&m, msr), SELECT_NONE);
    m.candidates[perf].verdict = LIVENESS_DEAD;
    choose(&m);
    assert_int_equal(role(&m, perf), SELECT_NONE);
    assert_int_equal(role(&m, powercap), SELECT_COUNTED);
    m.candidates[perf].verdict = LIVENESS_FROZEN;
    m.candidates[powercap].verdict = LIVENESS_NEVER;
    choose(&m);
    assert_int_equal(role(&m, msr), SELECT_COUNTED);
    m.candidates[msr].verdict = LIVENESS_LOST;
    choose(&m); /* a frozen counter is better than none */
    assert_int_equal(role(&m, perf), SELECT_COUNTED);
}

static void a_model_is_counted_only_when_nothing_is_measured(void **state)
{
    struct machine m = {0};
    size_t package0 = counter(&m, "powercap", WATTLE_D_PACKAGE, 0);
    size_t server = model(&m, WATTLE_D_WALL, 0);
    size_t cpu = model(&m, WATTLE_D_PACKAGE, 1);

    (void)state;
    assert_int_equal(choose(&m), WATTLE_SCOPE_COMPONENTS);
    assert_int_equal(role(&m, package0), SELECT_COUNTED);
    assert_int_equal(role(&m, server), SELECT_WALL);
    assert_int_equal(role(&m, cpu), SELECT_SHOWN);
    m.candidates[package0].verdict = LIVENESS_DEAD;
    assert_int_equal(choose(&m), WATTLE_SCOPE_WALL);
    assert_int_equal(role(&m, package0), SELECT_NONE);
    assert_int_equal(role(&m, server), SELECT_COUNTED);
    assert_int_equal(role(&m, cpu), SELECT_SHOWN);
}

static void a_measured_gpu_keeps_every_model_out(void **state)
{
    struct machine m = {0};
    size_t gpu = power(&m, "nvml", WATTLE_D_GPU, 0);
    size_t cpu = model(&m, WATTLE_D_PACKAGE, 0);

    (void)state;
    choose(&m);
    assert_int_equal(role(&m, gpu), SELECT_COUNTED);
    assert_int_equal(role(&m, cpu), SELECT_SHOWN);
}

static void a_wall_sensor_is_the_wall_beside_components_and_counted_alone(void **state)
{
    struct machine m = {0};
    size_t package0 = counter(&m, "powercap", WATTLE_D_PACKAGE, 0);
    size_t bmc = power(&m, "ipmi", WATTLE_D_WALL, 0);
    size_t acpi = power(&m, "acpi", WATTLE_D_WALL, 0);
    size_t server = model(&m, WATTLE_D_WALL, 0);

    (void)state;
    assert_int_equal(choose(&m), WATTLE_SCOPE_COMPONENTS);
    assert_int_equal(role(&m, bmc), SELECT_WALL);
    assert_int_equal(role(&m, acpi), SELECT_NONE);
    assert_int_equal(role(&m, server), SELECT_NONE);
    m.candidates[package0].verdict = LIVENESS_DEAD;
    assert_int_equal(choose(&m), WATTLE_SCOPE_WALL);
    assert_int_equal(role(&m, bmc), SELECT_COUNTED);
    assert_int_equal(role(&m, server), SELECT_NONE);
}

static void a_gpu_counter_takes_its_power_as_partner(void **state)
{
    struct machine m = {0};
    size_t watts0 = power(&m, "nvml", WATTLE_D_GPU, 0);
    size_t joules0 = counter(&m, "nvml", WATTLE_D_GPU, 0);
    size_t watts1 = power(&m, "nvml", WATTLE_D_GPU, 1);
    size_t other0 = power(&m, "hwmon", WATTLE_D_GPU, 0);

    (void)state;
    choose(&m);
    assert_int_equal(role(&m, joules0), SELECT_COUNTED);
    assert_int_equal(m.candidates[joules0].partner, (int)watts0);
    assert_int_equal(role(&m, watts0), SELECT_PARTNER);
    assert_int_equal(role(&m, watts1), SELECT_COUNTED);
    assert_int_equal(role(&m, other0), SELECT_NONE);
    m.candidates[joules0].verdict = LIVENESS_DEAD; /* a counter that stays at 0 */
    choose(&m);
    assert_int_equal(role(&m, watts0), SELECT_COUNTED);
}

static void a_module_stands_for_its_parts_unless_both_are_there(void **state)
{
    struct machine m = {0};
    size_t module = power(&m, "nvml", WATTLE_D_MODULE, 0);
    size_t gpu = counter(&m, "nvml", WATTLE_D_GPU, 0);
    size_t package = power(&m, "hwmon", WATTLE_D_PACKAGE, 0);

    (void)state;
    choose(&m);
    assert_int_equal(role(&m, module), SELECT_SHOWN);
    assert_int_equal(role(&m, gpu), SELECT_COUNTED);
    assert_int_equal(role(&m, package), SELECT_COUNTED);
    m.candidates[package].verdict = LIVENESS_LOST;
    choose(&m);
    assert_int_equal(role(&m, module), SELECT_COUNTED);
    assert_int_equal(role(&m, gpu), SELECT_SHOWN);
}

static void rails_and_unusable_channels_are_never_counted(void **state)
{
    struct machine m = {0};
    size_t rail = add(&m, "hwmon", "5V", WATTLE_D_RAIL, 0, WATTLE_Q_POWER, WATTLE_INTEGRATED);
    size_t rail2 = add(&m, "hwmon", "12V", WATTLE_D_RAIL, 0, WATTLE_Q_POWER, WATTLE_INTEGRATED);
    size_t package = counter(&m, "powercap", WATTLE_D_PACKAGE, 0);
    size_t server = model(&m, WATTLE_D_WALL, 0);

    (void)state;
    m.channels[package].usable = false;
    choose(&m);
    assert_int_equal(role(&m, rail), SELECT_SHOWN);
    assert_int_equal(role(&m, rail2), SELECT_SHOWN);
    assert_int_equal(role(&m, package), SELECT_NONE);
    assert_int_equal(role(&m, server), SELECT_COUNTED);
}

static void a_short_run_believes_a_counter_unless_it_reads_zero(void **state)
{
    struct liveness_facts facts = {.counter = true, .read = true, .count = 7, .still_s = 0.002,
                                   .limit_s = 1, .period_s = 0.001, .busy_s = 0.002};

    (void)state;
    assert_int_equal(liveness_judge(&facts), LIVENESS_UNJUDGED);
    facts.count = 0;
    assert_int_equal(liveness_judge(&facts), LIVENESS_NEVER);
    facts.memory = LIVENESS_WAS_ALIVE;
    assert_int_equal(liveness_judge(&facts), LIVENESS_ALIVE);
    facts.memory = LIVENESS_WAS_DEAD;
    facts.count = 7;
    assert_int_equal(liveness_judge(&facts), LIVENESS_DEAD);
    facts.moved = true; /* forgiven */
    assert_int_equal(liveness_judge(&facts), LIVENESS_ALIVE);
    facts.frozen = true;
    assert_int_equal(liveness_judge(&facts), LIVENESS_FROZEN);
}

static void a_still_counter_is_dead_after_a_second_or_work(void **state)
{
    struct liveness_facts facts = {.counter = true, .read = true, .count = 7, .still_s = 0.99,
                                   .limit_s = 1, .period_s = 0.001, .busy_s = 0.049};

    (void)state;
    assert_int_equal(liveness_judge(&facts), LIVENESS_UNJUDGED);
    facts.still_s = 1;
    assert_int_equal(liveness_judge(&facts), LIVENESS_DEAD);
    facts.still_s = 0.1;
    facts.busy_s = 0.05;
    assert_int_equal(liveness_judge(&facts), LIVENESS_DEAD);
    facts.still_s = 0.099;
    assert_int_equal(liveness_judge(&facts), LIVENESS_UNJUDGED);
    facts.still_s = 0.5;
    facts.period_s = 0.1; /* too slow a counter to tell from work */
    assert_int_equal(liveness_judge(&facts), LIVENESS_UNJUDGED);
    facts.period_s = 0.001;
    facts.unit_j = 1; /* and too coarse a one before 0.2 s */
    facts.still_s = 0.15;
    assert_int_equal(liveness_judge(&facts), LIVENESS_UNJUDGED);
    facts.still_s = 0.2;
    assert_int_equal(liveness_judge(&facts), LIVENESS_DEAD);
    facts.busy_s = NAN;
    facts.period_s = 0.001;
    assert_int_equal(liveness_judge(&facts), LIVENESS_UNJUDGED);
    facts.read = false;
    assert_int_equal(liveness_judge(&facts), LIVENESS_LOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packages_and_dram_are_counted_and_psys_shown),
        cmocka_unit_test(psys_is_counted_when_no_package_lives),
        cmocka_unit_test(the_earlier_driver_wins_until_its_counter_is_dead),
        cmocka_unit_test(a_model_is_counted_only_when_nothing_is_measured),
        cmocka_unit_test(a_measured_gpu_keeps_every_model_out),
        cmocka_unit_test(a_wall_sensor_is_the_wall_beside_components_and_counted_alone),
        cmocka_unit_test(a_gpu_counter_takes_its_power_as_partner),
        cmocka_unit_test(a_module_stands_for_its_parts_unless_both_are_there),
        cmocka_unit_test(rails_and_unusable_channels_are_never_counted),
        cmocka_unit_test(a_short_run_believes_a_counter_unless_it_reads_zero),
        cmocka_unit_test(a_still_counter_is_dead_after_a_second_or_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
