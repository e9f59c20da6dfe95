/* SPDX-License-Identifier: MIT */
#include "energy_checks.h"

static void a_session_sums_packages_and_memory(void **state)
{
    struct wattle_session *session;
    struct wattle_meter *meter;
    struct wattle_energy e;
    struct mill mill;
    int k;

    (void)state;
    two_sockets(&mill);
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    assert_int_equal(wattle_meter_channel_count(meter), 5);
    assert_string_equal(wattle_meter_channel(meter, 4)->name, "psys-0");
    assert_string_equal(wattle_meter_channel(meter, 0)->name, "package-0");
    mill_turn(&mill, meter, 1, two_sockets_w);
    assert_int_equal(wattle_session_start(&session, meter, NULL), 0);
    for (k = 0; k < 20; k++) {
        mill_turn(&mill, meter, 0.1, two_sockets_w);
    }
    assert_int_equal(wattle_session_stop(session, &e, NULL), 0);
    assert_near(e.machine_j.value, 396, 0);
    assert_near(e.duration_s, 2, 1e-12);
    assert_near(e.mean_w, 198, 1e-9);
    assert_near(e.max_w, 198, 1e-6);
    assert_int_equal(e.quality, WATTLE_MEASURED);
    assert_int_equal(e.scope, WATTLE_SCOPE_COMPONENTS);
    assert_false(component(&e, "psys-0")->counted);
    assert_near(component(&e, "psys-0")->energy_j.value, 500, 0);
    assert_true(isnan(e.wall_j.value) && isnan(e.task_j.value));
    assert_true(e.repeat_error > 0 && e.repeat_error < 0.002);
    assert_int_equal(component(&e, "package-0")->samples, 20);
    assert_near(component(&e, "package-1")->max_w, 80, 1e-6);
    assert_conserved(&e);
    mill_turn(&mill, meter, 1, two_sockets_w);
    assert_int_equal(wattle_session_stop(session, &e, NULL), 0);
    assert_near(e.machine_j.value, 396, 0);
    wattle_session_destroy(session);
    wattle_meter_close(meter);
}

static void sessions_nest_and_overlap_and_share_no_baseline(void **state)
{
    struct wattle_session *outer, *inner, *late;
    struct wattle_meter *meter;
    struct wattle_energy e;
    struct mill mill;

    (void)state;
    two_sockets(&mill);
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    mill_turn(&mill, meter, 1, two_sockets_w);
    wattle_session_start(&outer, meter, NULL);
    mill_turn(&mill, meter, 1, two_sockets_w);
    wattle_session_start(&inner, meter, NULL);
    mill_turn(&mill, meter, 1, two_sockets_w);
    wattle_session_start(&late, meter, NULL);
    wattle_session_read(inner, &e, NULL);
    assert_near(e.machine_j.value, 198, 0);
    mill_turn(&mill, meter, 1, two_sockets_w);
    wattle_session_stop(inner, &e, NULL);
    assert_near(e.machine_j.value, 396, 0);
    wattle_session_stop(outer, &e, NULL);
    assert_near(e.machine_j.value, 594, 0);
    mill_turn(&mill, meter, 1, two_sockets_w);
    wattle_session_stop(late, &e, NULL);
    assert_near(e.machine_j.value, 396, 0);
    wattle_session_destroy(outer);
    wattle_session_destroy(inner);
    wattle_session_destroy(late);
    wattle_meter_close(meter);
}

static void windows_are_interpolated_with_an_honest_interval(void **state)
{
    struct wattle_window whole, part, open;
    struct wattle_meter *meter;
    struct wattle_energy e;
    struct mill mill;

    (void)state;
    two_sockets(&mill);
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    mill_turn(&mill, meter, 1, two_sockets_w);
    wattle_window_begin(meter, &whole);
    wattle_window_begin(meter, &open);
    mill.t_ns += 250000000;
    wattle_window_begin(meter, &part);
    mill.t_ns -= 250000000;
    mill_turn(&mill, meter, 1, two_sockets_w);
    mill_turn(&mill, meter, 1, two_sockets_w);
    mill.t_ns -= 500000000;
    wattle_window_end(meter, &part);
    mill.t_ns += 500000000;
    wattle_window_end(meter, &whole);
    assert_int_equal(wattle_window_energy(meter, &whole, &e, NULL), 0);
    assert_near(e.machine_j.value, 396, 0);
    assert_conserved(&e);
    assert_int_equal(wattle_window_energy(meter, &part, &e, NULL), 0);
    assert_near(e.machine_j.value, 1.25 * 198, 1e-6);
    /* within a quarter of a second at each end nothing is known but the highest power */
    assert_true(e.machine_j.high > 1.25 * 198 + 100 && e.machine_j.low < 1.25 * 198 - 50);
    assert_conserved(&e);
    assert_int_equal(wattle_window_energy(meter, &open, &e, NULL), WATTLE_E_INVALID);
    open.end_ns = open.begin_ns - 5;
    assert_int_equal(wattle_window_energy(meter, &open, &e, NULL), WATTLE_E_INVALID);
    open.begin_ns = 5;
    open.end_ns = 6;
    assert_int_equal(wattle_window_energy(meter, &open, &e, NULL), WATTLE_E_INVALID);
    wattle_meter_close(meter);
}

static void a_window_newer_than_the_last_row_takes_a_reading(void **state)
{
    struct wattle_window window;
    struct wattle_meter *meter;
    struct wattle_energy e;
    struct mill mill;

    (void)state;
    two_sockets(&mill);
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    mill_turn(&mill, meter, 1, two_sockets_w);
    wattle_window_begin(meter, &window);
    mill.t_ns += 500000000; /* half a second: still counters are not suspect yet */
    mill.channels[1].count += 70000000;
    wattle_window_end(meter, &window);
    assert_int_equal(wattle_window_energy(meter, &window, &e, NULL), 0);
    assert_near(e.machine_j.value, 70, 1e-9);
    mill.t_ns += 100; /* too soon for another reading: the row alone is drawn */
    wattle_window_end(meter, &window);
    assert_int_equal(wattle_window_energy(meter, &window, &e, NULL), 0);
    assert_near(e.machine_j.value, 70, 1e-9);
    wattle_meter_close(meter);
}

static void a_dead_counter_gives_its_place_for_the_whole_interval(void **state)
{
    const double watts[] = {0, 60, 150};
    struct wattle_session *session;
    struct wattle_meter *meter;
    struct wattle_energy e;
    struct mill mill;
    int k;

    (void)state;
    mill_init(&mill);
    mill_add(&mill, WATTLE_D_PACKAGE, 0, WATTLE_Q_ENERGY);
    mill_add(&mill, WATTLE_D_PLATFORM, 0, WATTLE_Q_ENERGY);
    mill_add(&mill, WATTLE_D_WALL, 0, WATTLE_Q_POWER);
    mill.channels[2].quality = WATTLE_MODELLED;
    mill.channels[2].value = 150;
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    assert_true(meter_counted(meter, 0));
    wattle_session_start(&session, meter, NULL);
    mill_turn(&mill, meter, 0.5, watts);
    wattle_session_read(session, &e, NULL);
    assert_true(component(&e, "package-0")->counted); /* not judged yet */
    for (k = 0; k < 5; k++) {
        mill_turn(&mill, meter, 0.5, watts);
    }
    wattle_session_stop(session, &e, NULL);
    assert_null(component(&e, "package-0"));
    assert_true(component(&e, "psys-0")->counted);
    assert_near(e.machine_j.value, 180, 1e-9);
    assert_near(e.wall_j.value, 180 / 0.9, 1e-6); /* psys is all behind the supply */
    assert_true(noted(&e, "package-0"));
    assert_conserved(&e);
    wattle_session_destroy(session);
    wattle_meter_close(meter);
}

static void a_model_alone_is_the_whole_server(void **state)
{
    const double watts[] = {0, 150};
    struct wattle_session *session;
    struct wattle_meter *meter;
    struct wattle_energy e;
    struct mill mill;

    (void)state;
    mill_init(&mill);
    mill_add(&mill, WATTLE_D_PACKAGE, 0, WATTLE_Q_ENERGY);
    mill.channels[0].unusable = true;
    mill_add(&mill, WATTLE_D_WALL, 0, WATTLE_Q_POWER);
    mill.channels[1].quality = WATTLE_MODELLED;
    mill.channels[1].averaging_s = -1;
    mill.channels[1].value = 150;
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    wattle_session_start(&session, meter, NULL);
    mill_turn(&mill, meter, 2, watts);
    wattle_session_stop(session, &e, NULL);
    assert_int_equal(e.scope, WATTLE_SCOPE_WALL);
    assert_int_equal(e.quality, WATTLE_MODELLED);
    assert_near(e.machine_j.value, 300, 1e-9);
    assert_near(e.wall_j.value, 300, 1e-9);
    assert_true(e.repeat_error > 0.029 && e.repeat_error < 0.05);
    assert_true(noted(&e, "permission denied; run wattle doctor"));
    assert_true(noted(&e, "modelled"));
    wattle_session_destroy(session);
    wattle_meter_close(meter);
}

static void a_slow_gpu_joins_and_its_start_is_estimated_as_a_gap(void **state)
{
    double watts[] = {50, 300, 300};
    struct wattle_session *session;
    const struct wattle_component *gpu;
    struct wattle_meter *meter;
    struct wattle_energy e;
    struct mill mill;

    (void)state;
    mill_init(&mill);
    mill_add(&mill, WATTLE_D_PACKAGE, 0, WATTLE_Q_ENERGY);
    mill_add(&mill, WATTLE_D_GPU, 0, WATTLE_Q_ENERGY);
    mill_add(&mill, WATTLE_D_GPU, 0, WATTLE_Q_POWER);
    mill.channels[1].period_s = 0.1;
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    wattle_session_start(&session, meter, NULL);
    mill_turn(&mill, meter, 0.5, watts);
    meter_join_slow(meter);
    mill_turn(&mill, meter, 0.5, watts);
    mill_turn(&mill, meter, 0.5, watts);
    wattle_session_stop(session, &e, NULL);
    gpu = component(&e, "gpu-0");
    assert_non_null(gpu);
    assert_near(gpu->gap_s, 0.5, 1e-9);
    assert_near(gpu->energy_j.value, 450, 1e-6);
    assert_true(gpu->energy_j.low <= 305 && gpu->energy_j.high >= 300 + 0.5 * 1200 - 5);
    assert_int_equal(e.quality, WATTLE_GAP);
    assert_near(e.machine_j.value, 525, 1e-6);
    assert_conserved(&e);
    wattle_session_destroy(session);
    wattle_meter_close(meter);
}

static void a_slow_gpu_that_comes_after_the_end_is_estimated_from_its_power(void **state)
{
    double watts[] = {50, 300, 300};
    struct accumulated from[2], to[4];
    struct wattle_meter *meter;
    struct wattle_energy e;
    struct mill mill;

    (void)state;
    mill_init(&mill);
    mill_add(&mill, WATTLE_D_PACKAGE, 0, WATTLE_Q_ENERGY);
    mill_add(&mill, WATTLE_D_GPU, 0, WATTLE_Q_ENERGY);
    mill_add(&mill, WATTLE_D_GPU, 0, WATTLE_Q_POWER);
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    memset(from, 0, sizeof from);
    memset(to, 0, sizeof to);
    mill_turn(&mill, meter, 1, watts);
    accumulator_at(&meter->slots[0]->acc, mill.t_ns, &from[0]);
    mill_turn(&mill, meter, 0.002, watts);
    accumulator_at(&meter->slots[0]->acc, mill.t_ns, &to[0]);
    mill.t_ns += 300000000;
    meter_join_slow(meter);
    round_judge(meter, mill.t_ns);
    result_build(meter, 2000000000, 2002000000, from, 1, to, 1, &e);
    assert_near(component(&e, "gpu-0")->energy_j.value, 0.6, 1e-6);
    assert_near(component(&e, "gpu-0")->gap_s, 0.002, 1e-9);
    assert_near(e.machine_j.value, 0.7, 1e-6);
    wattle_meter_close(meter);
}

static void a_stepping_gpu_counter_takes_the_shape_of_its_power(void **state)
{
    struct wattle_session *session;
    struct wattle_meter *meter;
    struct wattle_energy e;
    struct mill mill;
    int k;

    (void)state;
    mill_init(&mill);
    mill_add(&mill, WATTLE_D_GPU, 0, WATTLE_Q_ENERGY);
    mill_add(&mill, WATTLE_D_GPU, 0, WATTLE_Q_POWER);
    mill.channels[0].period_s = mill.channels[1].period_s = 0.1;
    mill.channels[1].value = 300;
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    meter_join_slow(meter);
    /* 300 W; the counter lags by one step of 0.1 s; then 0.25 s at 600 W, of which the counter
     * shows 0.2 s, one of them at the old power */
    for (k = 0; k < 100; k++) {
        mill.t_ns += 100000000;
        mill.channels[0].count += 30000000;
        meter_sample_now(meter, 0);
    }
    wattle_session_start(&session, meter, NULL);
    mill.channels[1].value = 600;
    mill.t_ns += 1000000;
    meter_sample_now(meter, 0);
    for (k = 0; k < 2; k++) {
        mill.t_ns += 100000000;
        mill.channels[0].count += k == 0 ? 30000000 : 60000000;
        meter_sample_now(meter, 0);
    }
    mill.t_ns += 50000000;
    wattle_session_stop(session, &e, NULL);
    assert_int_equal(e.component_count, 1);
    /* the counter alone says 90 J, the truth is 150.3 */
    assert_true(e.machine_j.value > 140 && e.machine_j.value < 152);
    assert_true(e.machine_j.low < 150.3 && e.machine_j.high > 150.3);
    assert_conserved(&e);
    wattle_session_destroy(session);
    wattle_meter_close(meter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_sums_packages_and_memory),
        cmocka_unit_test(sessions_nest_and_overlap_and_share_no_baseline),
        cmocka_unit_test(windows_are_interpolated_with_an_honest_interval),
        cmocka_unit_test(a_window_newer_than_the_last_row_takes_a_reading),
        cmocka_unit_test(a_dead_counter_gives_its_place_for_the_whole_interval),
        cmocka_unit_test(a_model_alone_is_the_whole_server),
        cmocka_unit_test(a_slow_gpu_joins_and_its_start_is_estimated_as_a_gap),
        cmocka_unit_test(a_slow_gpu_that_comes_after_the_end_is_estimated_from_its_power),
        cmocka_unit_test(a_stepping_gpu_counter_takes_the_shape_of_its_power),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
