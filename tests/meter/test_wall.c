/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mill.h"

/* Two seconds of a package beside a wall; both powers in W. */
static void measure(double package_w, double wall_w, enum wattle_quality quality,
                    struct wattle_energy *ret)
{
    const double watts[] = {package_w, wall_w};
    struct wattle_session *session;
    struct wattle_meter *meter;
    struct mill mill;

    mill_init(&mill);
    mill_add(&mill, WATTLE_D_PACKAGE, 0, WATTLE_Q_ENERGY);
    mill_add(&mill, WATTLE_D_WALL, 0, WATTLE_Q_POWER);
    mill.channels[1].quality = quality;
    mill.channels[1].value = wall_w;
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    assert_int_equal(wattle_session_start(&session, meter, NULL), 0);
    mill_turn(&mill, meter, 2, watts);
    assert_int_equal(wattle_session_stop(session, ret, NULL), 0);
    wattle_session_destroy(session);
    wattle_meter_close(meter);
}

static void a_model_and_measured_parts_tell_the_plug_together(void **state)
{
    struct wattle_energy energy;

    (void)state;
    measure(50, 150, WATTLE_MODELLED, &energy);
    assert_true(fabs(energy.machine_j.value - 100) < 1e-6);
    /* The parts say (50 + 5 + 37) / 0.9 = 102 W, the model 150 W: between the two, and wide. */
    assert_true(energy.wall_j.value > 205 && energy.wall_j.value < 300);
    assert_true(energy.wall_j.low < 240 && energy.wall_j.high > 290);
}

static void a_measured_plug_is_taken_as_it_is(void **state)
{
    struct wattle_energy energy;

    (void)state;
    measure(50, 150, WATTLE_INTEGRATED, &energy);
    assert_true(fabs(energy.wall_j.value - 300) < 1e-6);
}

static void a_model_below_its_own_parts_is_not_believed(void **state)
{
    struct wattle_energy energy;

    (void)state;
    measure(150, 10, WATTLE_MODELLED, &energy);
    assert_true(energy.wall_j.low >= 300);
    assert_true(fabs(energy.wall_j.value - 2 * (150 + 5 + 37) / 0.9) < 1);
}

static void a_plug_with_less_than_was_counted_behind_it_is_not_believed(void **state)
{
    struct wattle_energy energy;
    bool said = false;
    size_t i;

    (void)state;
    measure(150, 10, WATTLE_INTEGRATED, &energy);
    assert_true(fabs(energy.machine_j.value - 300) < 1e-6);
    assert_true(isnan(energy.wall_j.value));
    for (i = 0; i < energy.note_count; i++) {
        said = said || strstr(energy.notes[i], "less at the plug") != NULL;
    }
    assert_true(said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_and_measured_parts_tell_the_plug_together),
        cmocka_unit_test(a_measured_plug_is_taken_as_it_is),
        cmocka_unit_test(a_model_below_its_own_parts_is_not_believed),
        cmocka_unit_test(a_plug_with_less_than_was_counted_behind_it_is_not_believed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
