/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mill.h"

/* Two seconds of a package beside a modelled wall; both powers in W. */
static void measure(double package_w, double wall_w, struct wattle_energy *ret)
{
    const double watts[] = {package_w, wall_w};
    struct wattle_session *session;
    struct wattle_meter *meter;
    struct mill mill;

    mill_init(&mill);
    mill_add(&mill, WATTLE_D_PACKAGE, 0, WATTLE_Q_ENERGY);
    mill_add(&mill, WATTLE_D_WALL, 0, WATTLE_Q_POWER);
    mill.channels[1].quality = WATTLE_MODELLED;
    mill.channels[1].value = wall_w;
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    assert_int_equal(wattle_session_start(&session, meter, NULL), 0);
    mill_turn(&mill, meter, 2, watts);
    assert_int_equal(wattle_session_stop(session, ret, NULL), 0);
    wattle_session_destroy(session);
    wattle_meter_close(meter);
}

static void a_model_tells_the_plug_beside_measured_parts(void **state)
{
    struct wattle_energy energy;

    (void)state;
    measure(50, 150, &energy);
    assert_true(fabs(energy.machine_j.value - 100) < 1e-6);
    assert_true(fabs(energy.wall_j.value - 300) < 1e-6);
}

static void a_plug_with_less_than_was_counted_behind_it_is_not_believed(void **state)
{
    struct wattle_energy energy;
    bool said = false;
    size_t i;

    (void)state;
    measure(150, 10, &energy);
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
        cmocka_unit_test(a_model_tells_the_plug_beside_measured_parts),
        cmocka_unit_test(a_plug_with_less_than_was_counted_behind_it_is_not_believed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
