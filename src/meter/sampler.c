/* SPDX-License-Identifier: MIT */
/*
 * The sampler's thread: rounds at absolute deadlines, so that a late round does not shift the
 * next. Another thread opens the slow drivers meanwhile and ends. Neither takes a signal.
 */
#define _GNU_SOURCE
#include <math.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "meter/state.h"

/* A vendor library that has not come back after so long (nvmlInit of eight sleeping GPUs takes a
 * few seconds) never will: its thread is left behind, with the meter that it uses. */
#define HANG_S 10
/* What a driver may block on hardware that hangs; <wattle/sys/sensor.h>. */
#define PROBE_NS 200000000L

/* No counter may wrap between two rounds, whatever rate was asked for: a third of its range at
 * the highest power that is believed. */
double sampler_period_s(const struct wattle_meter *meter)
{
    size_t count = atomic_load_explicit(&meter->slot_count, memory_order_acquire);
    double period_s = 1 / meter->hz;
    size_t i;

    for (i = 0; i < count; i++) {
        const struct slot *slot = meter->slots[i];

        if (slot->energy && slot->acc.range_j > 0) {
            period_s = fmin(period_s, slot->acc.range_j / (3 * slot->acc.cap_w));
        }
    }
    return fmax(period_s, 0.001);
}

static void *sample(void *user)
{
    struct wattle_meter *meter = user;
    int64_t next_ns = clock_monotonic_ns(NULL);
    bool stop = false;

    pthread_setname_np(pthread_self(), "wattle-meter");
    while (!stop) {
        int64_t period_ns = (int64_t)(sampler_period_s(meter) * 1e9);
        int64_t now_ns = clock_monotonic_ns(NULL);
        struct timespec until;

        next_ns += period_ns;
        if (next_ns <= now_ns) { /* late by a whole round: leave it out, keep the beat */
            next_ns += ((now_ns - next_ns) / period_ns + 1) * period_ns;
        }
        until.tv_sec = next_ns / NS_PER_S;
        until.tv_nsec = next_ns % NS_PER_S;
        /* As exact as clock_nanosleep, and close can end it: one system call a round, where a
         * condition variable would make two. */
        stop = sem_clockwait(&meter->end, CLOCK_MONOTONIC, &until) == 0;
        if (!stop) {
            round_take(meter, ROUND_PERIODIC);
        }
    }
    return NULL;
}

static void *open_slow(void *user)
{
    pthread_setname_np(pthread_self(), "wattle-open");
    meter_join_slow(user);
    meter_calibrate_slow(user);
    return NULL;
}

int sampler_start(struct wattle_meter *meter)
{
    sigset_t all, before;
    int code = 0;

    /* Threads inherit the mask: the program's own threads go on taking its signals. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (meter->slow_wanted) {
        code = pthread_create(&meter->slow_thread, NULL, open_slow, meter);
        meter->slow_thread_started = code == 0;
    }
    if (code == 0) {
        code = pthread_create(&meter->thread, NULL, sample, meter);
        meter->thread_started = code == 0;
        meter->thread_timed = code == 0 && pthread_getcpuclockid(meter->thread,
                                                                 &meter->thread_clock) == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

/* True when the thread has ended. */
static bool join(pthread_t thread, const struct timespec *until)
{
    return pthread_timedjoin_np(thread, NULL, until) == 0 || pthread_detach(thread) != 0;
}

bool sampler_stop(struct wattle_meter *meter)
{
    struct timespec until;
    bool ended = true;
    bool opening;

    pthread_mutex_lock(&meter->lock);
    opening = meter->slow_wanted && !meter->slow_done;
    meter->stop = true;
    if (meter->thread_started) {
        sem_post(&meter->end);
    }
    pthread_cond_broadcast(&meter->changed);
    pthread_mutex_unlock(&meter->lock);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += HANG_S;
    if (meter->thread_started) {
        ended = join(meter->thread, &until);
    }
    if (meter->slow_thread_started) {
        /* Who ended a session has waited for it already: only what a probe may take (sensor.h). */
        if (opening) {
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_nsec += PROBE_NS;
            if (until.tv_nsec >= NS_PER_S) {
                until.tv_sec++;
                until.tv_nsec -= NS_PER_S;
            }
        }
        ended = join(meter->slow_thread, &until) && ended;
    }
    meter->thread_started = meter->slow_thread_started = false;
    return ended;
}
