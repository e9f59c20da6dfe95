/* SPDX-License-Identifier: MIT */
/* The sampler, slow drivers and callers at the same time; ThreadSanitizer looks on in CI. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "mill.h"

static const struct timespec pause_2ms = {0, 2000000};

struct visitor {
    struct wattle_meter *meter;
    int bad;
};

/* Sessions, windows and gauges, over and over. The machine draws 50 W by the real clock. */
static void *visit(void *user)
{
    struct visitor *visitor = user;
    struct wattle_energy e;
    int k;

    for (k = 0; k < 40; k++) {
        struct wattle_session *session;
        struct wattle_window window;
        struct wattle_gauge gauges[4];
        struct wattle_series_point points[8];

        if (wattle_session_start(&session, visitor->meter, NULL) != 0) {
            visitor->bad++;
            return NULL;
        }
        wattle_window_begin(visitor->meter, &window);
        nanosleep(&pause_2ms, NULL);
        wattle_window_end(visitor->meter, &window);
        visitor->bad += wattle_session_read(session, &e, NULL) != 0;
        visitor->bad += wattle_window_energy(visitor->meter, &window, &e, NULL) != 0;
        visitor->bad += !(e.machine_j.low <= e.machine_j.value);
        visitor->bad += wattle_session_stop(session, &e, NULL) != 0;
        visitor->bad += !(e.machine_j.low <= e.machine_j.value);
        visitor->bad += !(e.machine_j.high >= e.machine_j.value);
        visitor->bad += fabs(e.components[0].energy_j.value - 50 * e.duration_s) > 1;
        wattle_session_destroy(session);
        wattle_meter_gauges(visitor->meter, gauges, 4);
        wattle_meter_series(visitor->meter, 0, 0, points, 8);
        visitor->bad += wattle_meter_own_cpu_s(visitor->meter) < 0;
        meter_counted(visitor->meter, 0);
    }
    return NULL;
}

static void real_machine(struct mill *mill)
{
    mill_init(mill);
    mill->real_time = true;
    mill_add(mill, WATTLE_D_PACKAGE, 0, WATTLE_Q_ENERGY);
    mill_add(mill, WATTLE_D_NONE, 0, WATTLE_Q_TEMPERATURE);
    mill_add(mill, WATTLE_D_GPU, 0, WATTLE_Q_ENERGY);
    mill_add(mill, WATTLE_D_GPU, 0, WATTLE_Q_POWER);
    mill->channels[3].value = 50;
}

struct observed {
    int rounds;
    bool backwards;
    double last_j;
};

static void observe(void *user, const struct meter_round *round)
{
    struct observed *observed = user;

    observed->rounds++;
    if (round->count > 0 && !isnan(round->energy_j[0])) {
        observed->backwards = observed->backwards || round->energy_j[0] < observed->last_j - 1e-6;
        observed->last_j = round->energy_j[0];
    }
}

static void callers_and_the_sampler_share_a_meter(void **state)
{
    struct visitor visitors[3];
    struct observed observed = {0};
    struct wattle_meter *meter;
    pthread_t threads[3];
    struct mill mill;
    int i;

    (void)state;
    real_machine(&mill);
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    meter_set_observer(meter, observe, &observed);
    for (i = 0; i < 3; i++) {
        visitors[i].meter = meter;
        visitors[i].bad = 0;
        assert_int_equal(pthread_create(&threads[i], NULL, visit, &visitors[i]), 0);
    }
    for (i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(visitors[i].bad, 0);
    }
    meter_set_observer(meter, NULL, NULL);
    assert_true(observed.rounds > 0);
    assert_false(observed.backwards);
    wattle_meter_close(meter);
}

static void a_meter_closes_at_once_whatever_its_rate(void **state)
{
    struct wattle_meter *meter;
    struct mill mill;
    int k;

    (void)state;
    for (k = 0; k < 20; k++) {
        real_machine(&mill);
        assert_int_equal(mill_open(&mill, &meter, NULL), 0);
        wattle_meter_close(meter);
    }
}

static void the_sampler_takes_no_signal(void **state)
{
    struct wattle_meter *meter;
    struct mill mill;
    sigset_t set, before, now;

    (void)state;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    real_machine(&mill);
    assert_int_equal(mill_open(&mill, &meter, NULL), 0);
    pthread_sigmask(SIG_SETMASK, NULL, &now); /* ours is as it was */
    assert_int_equal(sigismember(&now, SIGUSR1), sigismember(&before, SIGUSR1));
    /* Blocked here, it stays pending: the other threads would die of it. */
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGUSR1);
    nanosleep(&pause_2ms, NULL);
    sigpending(&now);
    assert_true(sigismember(&now, SIGUSR1));
    signal(SIGUSR1, SIG_IGN);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    wattle_meter_close(meter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callers_and_the_sampler_share_a_meter),
        cmocka_unit_test(a_meter_closes_at_once_whatever_its_rate),
        cmocka_unit_test(the_sampler_takes_no_signal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
