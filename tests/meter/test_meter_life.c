/* SPDX-License-Identifier: MIT */
#include "energy_checks.h"

static void a_verdict_is_remembered_until_the_next_boot(void **state)
{
    const double watts[] = {0, 60};
    char dir[] = "/tmp/wattle-meter-XXXXXX";
    char path[64], boot[128];
    struct wattle_session *session;
    struct wattle_meter *meter;
    struct wattle_energy e;
    struct mill mill;
    size_t at;
    FILE *f;
    int k;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/sensors.state", dir);
    snprintf(boot, sizeof boot, "mkdir -p %s/sys/kernel/random", dir);
    assert_int_equal(system(boot), 0);
    snprintf(boot, sizeof boot, "%s/sys/kernel/random/boot_id", dir);
    for (k = 0; k < 3; k++) {
        f = fopen(boot, "w");
        fprintf(f, "0f0e0d0c-0000-4000-8000-00000000000%d\n", k == 2 ? 2 : 1);
        fclose(f);
        mill_init(&mill);
        mill.host.procfs = dir;
        mill_add(&mill, WATTLE_D_PACKAGE, 0, WATTLE_Q_ENERGY);
        mill_add(&mill, WATTLE_D_PLATFORM, 0, WATTLE_Q_ENERGY);
        assert_int_equal(mill_open(&mill, &meter, path), 0);
        at = strcmp(wattle_meter_channel(meter, 0)->name, "package-0") == 0 ? 0 : 1;
        assert_int_equal(isnan(meter_remembered_idle_w(meter, at)), k != 1);
        meter_remember_idle_w(meter, at, 12.5);
        wattle_session_start(&session, meter, NULL);
        mill_turn(&mill, meter, k == 0 ? 2 : 0.01, watts);
        wattle_session_stop(session, &e, NULL);
        /* judged in the first run, remembered in the second, unknown after the boot */
        assert_int_equal(component(&e, "psys-0")->counted, k != 2);
        wattle_session_destroy(session);
        wattle_meter_close(meter);
    }
    snprintf(boot, sizeof boot, "rm -r %s", dir);
    assert_int_equal(system(boot), 0);
}

static void a_forked_child_is_refused_and_does_not_crash(void **state)
{
    struct wattle_session *session, *other;
    struct wattle_window window;
    struct wattle_meter *meter;
    struct wattle_energy e;
    struct mill mill;
    int status;
    pid_t child;

    (void)state;
    two_sockets(&mill);
    mill.real_time = true;
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    wattle_session_start(&session, meter, NULL);
    child = fork();
    if (child == 0) {
        int bad = 0;

        bad += wattle_session_start(&other, meter, NULL) != WATTLE_E_INVALID;
        bad += wattle_session_read(session, &e, NULL) != WATTLE_E_INVALID;
        bad += wattle_session_stop(session, &e, NULL) != WATTLE_E_INVALID;
        wattle_window_begin(meter, &window);
        wattle_window_end(meter, &window);
        bad += wattle_window_energy(meter, &window, &e, NULL) != WATTLE_E_INVALID;
        bad += meter_sample_now(meter, 0) != WATTLE_E_INVALID;
        wattle_session_destroy(session);
        wattle_meter_close(meter);
        _exit(bad);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(wattle_session_stop(session, &e, NULL), 0);
    assert_true(e.machine_j.value >= 0);
    wattle_session_destroy(session);
    wattle_meter_close(meter);
}

static void options_that_mean_nothing_are_refused(void **state)
{
    struct wattle_meter_options options = {.size = sizeof options, .hz = 5000};
    struct wattle_meter *meter;
    struct wattle_error err;

    (void)state;
    assert_int_equal(wattle_meter_open(&meter, &options, &err), WATTLE_E_INVALID);
    assert_null(meter);
    options.hz = 10;
    options.drivers = "thermometer-of-the-neighbour";
    assert_int_equal(wattle_meter_open(&meter, &options, &err), WATTLE_E_INVALID);
    wattle_meter_close(NULL);
    wattle_session_destroy(NULL);
}

static void a_model_read_once_a_second_makes_no_peaks_of_its_own(void **state)
{
    struct wattle_session *session;
    struct wattle_meter *meter;
    struct wattle_energy e;
    struct mill mill;
    int k;

    (void)state;
    mill_init(&mill);
    mill_add(&mill, WATTLE_D_WALL, 0, WATTLE_Q_POWER);
    mill.channels[0].quality = WATTLE_MODELLED;
    mill.channels[0].averaging_s = -1;
    mill.channels[0].period_s = 1;
    mill.channels[0].value = 100;
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    assert_int_equal(wattle_session_start(&session, meter, NULL), 0);
    for (k = 1; k <= 50; k++) {
        mill.t_ns += 100000000;
        mill.channels[0].value = k <= 20 ? 100 : 300; /* between: extrapolated at the last power */
        round_take(meter, ROUND_PERIODIC);
    }
    assert_int_equal(wattle_session_stop(session, &e, NULL), 0);
    assert_near(e.max_w, 300, 1e-6);
    assert_near(e.machine_j.value, 1100, 41); /* to a reading that begins at the old power */
    assert_near(e.wall_j.value, e.machine_j.value, 0);
    wattle_session_destroy(session);
    wattle_meter_close(meter);
}

static void sleep_is_noted_and_makes_a_gap(void **state)
{
    struct wattle_session *session;
    struct wattle_meter *meter;
    struct wattle_energy e;
    struct mill mill;

    (void)state;
    two_sockets(&mill);
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    mill_turn(&mill, meter, 1, two_sockets_w);
    wattle_session_start(&session, meter, NULL);
    mill_turn(&mill, meter, 1, two_sockets_w);
    mill.asleep_ns += 3600000000000LL;
    mill.channels[1].count = 17; /* reset in its sleep */
    mill.t_ns += 100000000;
    meter_sample_now(meter, 0);
    mill_turn(&mill, meter, 1, two_sockets_w);
    wattle_session_stop(session, &e, NULL);
    assert_near(component(&e, "package-0")->energy_j.value, 210, 1e-6);
    assert_near(component(&e, "package-0")->gap_s, 0.1, 1e-9);
    assert_int_equal(e.quality, WATTLE_GAP);
    assert_near(e.duration_s, 2.1, 1e-9);
    assert_true(noted(&e, "slept for 1 h"));
    assert_conserved(&e);
    wattle_session_destroy(session);
    wattle_meter_close(meter);
}

static void a_driver_with_a_wrong_clock_changes_no_energy(void **state)
{
    struct wattle_session *session;
    struct wattle_meter *meter;
    struct wattle_energy e;
    struct mill mill;

    (void)state;
    two_sockets(&mill);
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    mill_turn(&mill, meter, 1, two_sockets_w);
    wattle_session_start(&session, meter, NULL);
    mill_turn(&mill, meter, 1, two_sockets_w);
    mill.driver_clock_ns = -5000000000LL;
    mill_turn(&mill, meter, 1, two_sockets_w);
    mill.driver_clock_ns = 5000000000LL;
    mill_turn(&mill, meter, 1, two_sockets_w);
    wattle_session_stop(session, &e, NULL);
    assert_near(e.machine_j.value, 594, 0);
    assert_int_equal(e.quality, WATTLE_MEASURED);
    wattle_session_destroy(session);
    wattle_meter_close(meter);
}

/* xorshift64: the same numbers on every machine */
static uint64_t next(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

/* Wraps, failures and any power: what sessions say in turn is what one says of the whole. */
static void back_to_back_sessions_add_up_to_the_whole(void **state)
{
    struct wattle_session *whole, *part;
    struct wattle_meter *meter;
    static struct wattle_energy e;
    struct mill mill;
    uint64_t seed = 7;
    double parts_j = 0, true_j = 0;
    int k;

    (void)state;
    two_sockets(&mill);
    mill.channels[1].count = 262143000000ULL;
    mill.channels[3].count = 262100000000ULL;
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    mill_turn(&mill, meter, 1, two_sockets_w);
    wattle_session_start(&whole, meter, NULL);
    wattle_session_start(&part, meter, NULL);
    for (k = 0; k < 2000; k++) {
        double watts[5], dt_s = 0.05 + (double)(next(&seed) % 1000) / 1000;
        size_t i;

        for (i = 0; i < 5; i++) {
            watts[i] = 1 + (double)(next(&seed) % 300);
            if (i > 0) {
                true_j += (double)llround(watts[i] * dt_s * 1e6) / 1e6;
            }
        }
        mill.channels[1].status = k % 7 == 3 ? WATTLE_READ_FAILED : WATTLE_READ_OK;
        mill_turn(&mill, meter, dt_s, watts);
        if (k % 50 == 49) {
            assert_int_equal(wattle_session_stop(part, &e, NULL), 0);
            assert_conserved(&e);
            parts_j += e.machine_j.value;
            wattle_session_destroy(part);
            assert_int_equal(wattle_session_start(&part, meter, NULL), 0);
        }
    }
    assert_int_equal(wattle_session_stop(whole, &e, NULL), 0);
    assert_conserved(&e);
    assert_near(e.machine_j.value, true_j, 1e-3);
    assert_near(parts_j, true_j, 1e-3);
    assert_true(component(&e, "package-0")->gap_s > 0);
    assert_true(component(&e, "dram-0")->gap_s == 0);
    wattle_session_destroy(part);
    wattle_session_destroy(whole);
    wattle_meter_close(meter);
}

static void no_rate_lets_a_counter_wrap_unseen(void **state)
{
    const struct wattle_meter_options options = {.size = sizeof options, .hz = 0.1};
    struct wattle_meter_options own = options;
    static const struct wattle_sensor_driver *const drivers[] = {&mill_driver};
    const struct meter_setup setup = {drivers, 1, true};
    struct wattle_meter *meter;
    struct mill mill;

    (void)state;
    two_sockets(&mill);
    own.host = &mill.host;
    assert_int_equal(meter_open_with(&meter, &own, &setup, NULL), 0);
    assert_near(sampler_period_s(meter), 10, 1e-9);
    wattle_meter_close(meter);
    mill.channels[3].max_power_w = 40000; /* wraps in 2.2 s at what is believed */
    assert_int_equal(meter_open_with(&meter, &own, &setup, NULL), 0);
    assert_near(sampler_period_s(meter), 262143.328851 / 3 / 120000, 1e-6);
    wattle_meter_close(meter);
}

static void a_driver_that_does_not_open_is_refused_with_its_words(void **state)
{
    static const struct wattle_sensor_driver *const drivers[] = {&mill_driver};
    const struct meter_setup setup = {drivers, 1, false};
    struct wattle_meter_options options = {.size = sizeof options};
    struct wattle_session *session;
    struct wattle_meter *meter;
    struct wattle_energy e;
    struct mill mill;

    (void)state;
    two_sockets(&mill);
    mill.refuse_open = true;
    options.host = &mill.host;
    assert_int_equal(meter_open_with(&meter, &options, &setup, NULL), WATTLE_E_UNSUPPORTED);
    assert_null(meter);
    assert_int_equal(mill_open(&mill, &meter, NULL), 0); /* a slow driver may still come */
    meter_join_slow(meter);
    assert_int_equal(wattle_session_start(&session, meter, NULL), 0);
    assert_int_equal(wattle_session_stop(session, &e, NULL), 0);
    assert_true(isnan(e.machine_j.value) && isnan(e.repeat_error));
    assert_true(noted(&e, "package-0, dram-0, package-1, dram-1 not used (mill): the mill"));
    wattle_session_destroy(session);
    wattle_meter_close(meter);
}

static void an_observer_sees_cumulative_rounds(void *user, const struct meter_round *round)
{
    double *energy_j = user;

    *energy_j = round->energy_j[0];
}

static void an_observer_is_told_at_once_and_after_each_round(void **state)
{
    struct wattle_meter *meter;
    struct mill mill;
    double energy_j = -1;

    (void)state;
    two_sockets(&mill);
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    mill_turn(&mill, meter, 1, two_sockets_w);
    meter_set_observer(meter, an_observer_sees_cumulative_rounds, &energy_j);
    assert_near(energy_j, 100, 1e-9);
    mill_turn(&mill, meter, 1, two_sockets_w);
    assert_near(energy_j, 200, 1e-9);
    wattle_meter_close(meter);
}

static void gauges_keep_last_mean_and_highest(void **state)
{
    double celsius[] = {40};
    struct wattle_gauge gauges[2];
    struct wattle_meter *meter;
    struct mill mill;

    (void)state;
    mill_init(&mill);
    mill_add(&mill, WATTLE_D_NONE, 0, WATTLE_Q_TEMPERATURE);
    mill.channels[0].value = 40;
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    mill_turn(&mill, meter, 1, celsius);
    celsius[0] = 60;
    mill_turn(&mill, meter, 2, celsius);
    assert_int_equal(wattle_meter_gauges(meter, gauges, 2), 1);
    assert_near(gauges[0].value, 60, 0);
    assert_near(gauges[0].max, 60, 0);
    assert_near(gauges[0].mean, (40 + 2 * 50) / 3.0, 1e-9);
    mill.channels[0].status = WATTLE_READ_FAILED;
    mill_turn(&mill, meter, 1, celsius);
    assert_int_equal(wattle_meter_gauges(meter, gauges, 2), 1);
    assert_true(isnan(gauges[0].value));
    assert_near(gauges[0].max, 60, 0);
    wattle_meter_close(meter);
}

static void the_series_is_cumulative_and_thinned_without_loss(void **state)
{
    struct wattle_series_point points[50];
    struct wattle_meter *meter;
    struct mill mill;
    size_t n, i;
    int k;

    (void)state;
    two_sockets(&mill);
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    for (k = 0; k < 5000; k++) {
        mill_turn(&mill, meter, 0.1, two_sockets_w);
    }
    n = wattle_meter_series(meter, 0, 0, points, 50);
    assert_int_equal(n, 50);
    for (i = 1; i < n; i++) {
        double dt_s = (double)(points[i].t_ns - points[i - 1].t_ns) / 1e9;

        assert_true(dt_s > 0);
        assert_near((points[i].energy_j - points[i - 1].energy_j) / dt_s, 198, 1e-3);
    }
    assert_true(points[n - 1].energy_j > 198 * 499);
    wattle_meter_close(meter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verdict_is_remembered_until_the_next_boot),
        cmocka_unit_test(a_forked_child_is_refused_and_does_not_crash),
        cmocka_unit_test(options_that_mean_nothing_are_refused),
        cmocka_unit_test(a_model_read_once_a_second_makes_no_peaks_of_its_own),
        cmocka_unit_test(sleep_is_noted_and_makes_a_gap),
        cmocka_unit_test(a_driver_with_a_wrong_clock_changes_no_energy),
        cmocka_unit_test(back_to_back_sessions_add_up_to_the_whole),
        cmocka_unit_test(no_rate_lets_a_counter_wrap_unseen),
        cmocka_unit_test(a_driver_that_does_not_open_is_refused_with_its_words),
        cmocka_unit_test(an_observer_is_told_at_once_and_after_each_round),
        cmocka_unit_test(gauges_keep_last_mean_and_highest),
        cmocka_unit_test(the_series_is_cumulative_and_thinned_without_loss),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
