/* SPDX-License-Identifier: MIT */
/*
 * A meter's session, a tracker and the accounts, held together. A thread
 * keeps the accounts about once a second. Locks, in this order: `turn` (whoever keeps
 * the accounts; may call the meter), the meter's own, `seen` (the last round, copied by the
 * observer inside the meter).
 */
#define _GNU_SOURCE
#include "attribute/measurement.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attribute/accounts.h"
#include "base/clock.h"
#include "base/error.h"

#define STEP_NS NS_PER_S
#define RECENT_NS (NS_PER_S / 2)
/* A first question about GPUs, for those that end before the first step. */
#define EARLY_NS (NS_PER_S / 4)

struct measurement {
    struct wattle_meter *meter;
    struct wattle_session *session;
    struct tracker *tracker;
    struct accounts accounts;
    enum measurement_target target;
    int64_t start_ns;

    pthread_mutex_t turn;
    pthread_mutex_t seen;
    struct accounts_round round;

    pthread_cond_t wake; /* with `seen` */
    bool stop;
    bool thread_started;
    pthread_t thread;

    bool ended;
    struct wattle_energy *total;
};

static void observe(void *user, const struct meter_round *round)
{
    struct measurement *measurement = user;
    size_t count = round->count < ACCOUNTS_MAX ? round->count : ACCOUNTS_MAX;

    pthread_mutex_lock(&measurement->seen);
    measurement->round.t_ns = round->t_ns;
    measurement->round.count = count;
    memcpy(measurement->round.energy_j, round->energy_j, count * sizeof round->energy_j[0]);
    pthread_mutex_unlock(&measurement->seen);
}

static void last_round(struct measurement *measurement, struct accounts_round *ret)
{
    pthread_mutex_lock(&measurement->seen);
    *ret = measurement->round;
    pthread_mutex_unlock(&measurement->seen);
}

/* Somebody has kept the accounts a moment ago: no need to do it again. */
static bool recent(const struct measurement *measurement)
{
    int64_t now_ns = clock_monotonic_ns(meter_host(measurement->meter));

    return now_ns - measurement->accounts.last_ns < RECENT_NS &&
           measurement->accounts.last_ns > measurement->start_ns;
}

/* One step of the accounts, with a round of now. In turn. */
static void step(struct measurement *measurement, bool forced)
{
    struct accounts_round round;

    meter_sample_now(measurement->meter, 0);
    last_round(measurement, &round);
    accounts_step(&measurement->accounts, &round, accounts_busy_s(&measurement->accounts), forced);
}

static void *keep(void *user)
{
    struct measurement *measurement = user;
    struct timespec until;
    bool early = true;
    bool stop = false;

    pthread_setname_np(pthread_self(), "wattle-ledger");
    clock_gettime(CLOCK_MONOTONIC, &until);
    for (; !stop; early = false) {
        int64_t next_ns = until.tv_nsec + (early ? EARLY_NS : STEP_NS);

        until.tv_sec += next_ns / NS_PER_S;
        until.tv_nsec = next_ns % NS_PER_S;
        pthread_mutex_lock(&measurement->seen);
        while (!measurement->stop && pthread_cond_timedwait(&measurement->wake, &measurement->seen,
                                                            &until) != ETIMEDOUT) {
        }
        stop = measurement->stop;
        pthread_mutex_unlock(&measurement->seen);
        if (!stop) {
            pthread_mutex_lock(&measurement->turn);
            if (!measurement->ended && early) {
                accounts_ask_users(&measurement->accounts);
            } else if (!measurement->ended && !recent(measurement)) {
                step(measurement, false);
            }
            pthread_mutex_unlock(&measurement->turn);
        }
    }
    return NULL;
}

/* ---- the start ------------------------------------------------------------------------------ */

static int locks_init(struct measurement *measurement)
{
    pthread_condattr_t attributes;
    int code;

    if (pthread_mutex_init(&measurement->turn, NULL) != 0 ||
        pthread_mutex_init(&measurement->seen, NULL) != 0 ||
        pthread_condattr_init(&attributes) != 0) {
        return -1;
    }
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    code = pthread_cond_init(&measurement->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    return code;
}

/* Without a thread (a fork bomb has taken them all) the accounts have fewer, longer intervals. */
static void thread_start(struct measurement *measurement)
{
    sigset_t all, before;

    /* Signals are for the program's own threads. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    measurement->thread_started =
        pthread_create(&measurement->thread, NULL, keep, measurement) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void measure_idle(struct measurement *measurement, double idle_s)
{
    struct accounts_round from, to;
    struct timespec rest = {(time_t)idle_s, (long)((idle_s - (double)(time_t)idle_s) * 1e9)};
    const struct timespec moment = {0, 2000000};
    double busy_s;

    /* Right after opening, the meter thinks its first reading is fresh enough. */
    nanosleep(&moment, NULL);
    meter_sample_now(measurement->meter, 0);
    last_round(measurement, &from);
    busy_s = accounts_busy_s(&measurement->accounts);
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {
    }
    meter_sample_now(measurement->meter, 0);
    last_round(measurement, &to);
    busy_s = accounts_busy_s(&measurement->accounts) - busy_s;
    accounts_before(&measurement->accounts, &from, &to, busy_s);
}

static int begin(struct measurement *measurement, const struct measurement_options *options,
                 struct wattle_error *err)
{
    struct accounts_round round;
    int code = wattle_meter_open(&measurement->meter, &options->meter, err);

    if (code == 0) {
        code = tracker_create(&measurement->tracker, meter_host(measurement->meter), options, err);
    }
    if (code != 0) {
        return code;
    }
    accounts_init(&measurement->accounts, measurement->meter, measurement->tracker, options);
    meter_set_observer(measurement->meter, observe, measurement);
    if (options->idle_s > 0) {
        measure_idle(measurement, options->idle_s);
    }
    code = wattle_session_start(&measurement->session, measurement->meter, err);
    if (code != 0) {
        return code;
    }
    measurement->start_ns = clock_monotonic_ns(meter_host(measurement->meter));
    last_round(measurement, &round);
    if (round.t_ns == 0) { /* so soon after opening that the meter needed no new reading */
        round.t_ns = measurement->start_ns;
    }
    if (accounts_start(&measurement->accounts, &round) != 0) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    thread_start(measurement);
    return 0;
}

int measurement_begin(struct measurement **ret, const struct measurement_options *options,
                      struct wattle_error *err)
{
    struct measurement *measurement = calloc(1, sizeof *measurement);
    int code;

    *ret = NULL;
    if (measurement == NULL || locks_init(measurement) != 0) {
        free(measurement);
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    measurement->target = options->target;
    code = begin(measurement, options, err);
    if (code != 0) {
        measurement_destroy(measurement);
        return code;
    }
    *ret = measurement;
    return 0;
}

int measurement_cgroup_fd(struct measurement *measurement)
{
    return tracker_cgroup_fd(measurement->tracker);
}

void measurement_child(struct measurement *measurement, pid_t pid)
{
    pthread_mutex_lock(&measurement->turn);
    tracker_child(measurement->tracker, pid);
    pthread_mutex_unlock(&measurement->turn);
}

/* ---- the middle and the end ----------------------------------------------------------------- */

int measurement_read(struct measurement *measurement, struct wattle_energy *ret,
                     struct wattle_error *err)
{
    int code;

    pthread_mutex_lock(&measurement->turn);
    if (measurement->ended) {
        *ret = *measurement->total;
        code = 0;
    } else {
        step(measurement, false);
        code = wattle_session_read(measurement->session, ret, err);
        if (code == 0) {
            accounts_apply(&measurement->accounts, ret);
        }
    }
    pthread_mutex_unlock(&measurement->turn);
    return code;
}

bool measurement_target_gone(struct measurement *measurement)
{
    bool gone;

    pthread_mutex_lock(&measurement->turn);
    gone = tracker_gone(measurement->tracker);
    pthread_mutex_unlock(&measurement->turn);
    return gone;
}

static double cpu_of(const struct rusage *usage)
{
    return (double)usage->ru_utime.tv_sec + (double)usage->ru_stime.tv_sec +
           ((double)usage->ru_utime.tv_usec + (double)usage->ru_stime.tv_usec) / 1e6;
}

static void add_notes(struct measurement *measurement, struct wattle_energy *energy)
{
    size_t left = measurement->target == MEASURE_COMMAND ? tracker_left(measurement->tracker) : 0;

    if (left > 0) {
        accounts_note(energy, "%zu process%s of the command still run%s; what is used from now on "
                      "is not in these numbers", left, left == 1 ? "" : "es",
                      left == 1 ? "s" : "");
    }
    if (energy->idle_j.value > 0 && strcmp(energy->idle_source, "modelled") == 0) {
        accounts_note(energy, "idle power is a guess with a wide interval; it is remembered once "
                      "the machine has been seen at rest, or measured with --idle 5s");
    }
    if (strcmp(energy->idle_source, "measured just before") == 0 &&
        measurement->accounts.before_use > 0.1) {
        accounts_note(energy, "idle power was measured while the machine was %.0f %% busy: too "
                      "much is called idle; remembered idle power is better",
                      100 * measurement->accounts.before_use);
    }
}

/* The session ends at once; what is slow to ask comes after it. */
static int end(struct measurement *measurement, const struct rusage *reaped,
               struct wattle_energy *total, struct wattle_error *err)
{
    struct accounts_round round;
    double busy_s;
    int code;

    /* Stopping may wait for a slow driver; the last interval ends here all the same. */
    meter_sample_now(measurement->meter, 0);
    last_round(measurement, &round);
    busy_s = accounts_busy_s(&measurement->accounts);
    code = wattle_session_stop(measurement->session, total, err);
    if (code != 0) {
        return code;
    }
    if (reaped != NULL) {
        tracker_reaped(measurement->tracker, cpu_of(reaped));
    }
    accounts_step(&measurement->accounts, &round, busy_s, true);
    accounts_apply(&measurement->accounts, total);
    add_notes(measurement, total);
    return 0;
}

int measurement_end(struct measurement *measurement, const struct rusage *reaped,
                    struct wattle_energy *ret, struct wattle_error *err)
{
    struct wattle_energy *total;
    int code = 0;

    pthread_mutex_lock(&measurement->turn);
    if (!measurement->ended) {
        total = malloc(sizeof *total);
        if (total == NULL) {
            error_set(err, WATTLE_E_NOMEM, "out of memory");
            code = WATTLE_E_NOMEM;
        } else {
            code = end(measurement, reaped, total, err);
        }
        if (code == 0) {
            measurement->total = total;
            measurement->ended = true;
        } else {
            free(total);
        }
    }
    if (code == 0) {
        *ret = *measurement->total;
    }
    pthread_mutex_unlock(&measurement->turn);
    return code;
}

void measurement_utilization(struct measurement *measurement, struct measurement_utilization *ret)
{
    pthread_mutex_lock(&measurement->turn);
    if (!measurement->ended && !recent(measurement)) {
        step(measurement, false);
    }
    accounts_utilization(&measurement->accounts, ret);
    pthread_mutex_unlock(&measurement->turn);
}

struct wattle_meter *measurement_meter(struct measurement *measurement)
{
    return measurement->meter;
}

int64_t measurement_start_ns(const struct measurement *measurement)
{
    return measurement->start_ns;
}

void measurement_destroy(struct measurement *measurement)
{
    if (measurement == NULL) {
        return;
    }
    if (measurement->thread_started) {
        pthread_mutex_lock(&measurement->seen);
        measurement->stop = true;
        pthread_cond_signal(&measurement->wake);
        pthread_mutex_unlock(&measurement->seen);
        pthread_join(measurement->thread, NULL);
    }
    if (measurement->meter != NULL) {
        meter_set_observer(measurement->meter, NULL, NULL);
    }
    wattle_session_destroy(measurement->session);
    wattle_meter_close(measurement->meter);
    tracker_destroy(measurement->tracker);
    accounts_finish(&measurement->accounts);
    pthread_cond_destroy(&measurement->wake);
    pthread_mutex_destroy(&measurement->turn);
    pthread_mutex_destroy(&measurement->seen);
    free(measurement->total);
    free(measurement);
}
