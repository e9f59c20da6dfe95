/* SPDX-License-Identifier: MIT */
/* Sessions: a forced reading and a set of points at each end. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "meter/notes.h"
#include "meter/state.h"

/* A slow driver that is still opening when a session ends is waited for so long. */
#define SLOW_WAIT_S 2.0
/* Less is the jitter of reading two clocks. */
#define SLEPT_MIN_S 0.1

struct wattle_session {
    struct wattle_meter *meter;
    int64_t start_ns;
    int64_t asleep_ns; /* boottime - monotonic at the start */
    bool stopped;
    struct wattle_energy *total; /* after stop */
    size_t count;
    struct accumulated from[];
};

/* Points of every channel at t; under the lock. */
static void take_points(const struct wattle_meter *meter, int64_t t_ns, struct accumulated *ret,
                        size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        const struct slot *slot = meter->slots[i];

        memset(&ret[i], 0, sizeof ret[i]);
        ret[i].t_ns = t_ns;
        if (slot->energy) {
            accumulator_at(&slot->acc, t_ns, &ret[i]);
        }
    }
}

int wattle_session_start(struct wattle_session **ret, struct wattle_meter *meter,
                         struct wattle_error *err)
{
    struct wattle_session *session;
    size_t count;

    *ret = NULL;
    if (!meter_ours(meter)) {
        return error_set(err, WATTLE_E_INVALID, "a forked child must open a meter of its own");
    }
    round_take(meter, ROUND_FORCED);
    count = atomic_load_explicit(&meter->slot_count, memory_order_acquire);
    session = calloc(1, sizeof *session + count * sizeof session->from[0]);
    if (session == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    session->meter = meter;
    session->count = count;
    pthread_mutex_lock(&meter->lock);
    session->start_ns = meter_now_ns(meter);
    session->asleep_ns = meter->asleep_ns;
    take_points(meter, session->start_ns, session->from, count);
    pthread_mutex_unlock(&meter->lock);
    *ret = session;
    return 0;
}

/* Channels that were opened after the end: nothing of them lies inside but what is estimated. */
static void add_late(const struct wattle_meter *meter, int64_t end_ns, struct accumulated *to,
                     size_t had, size_t count)
{
    size_t i;

    for (i = had; i < count; i++) {
        const struct slot *slot = meter->slots[i];

        memset(&to[i], 0, sizeof to[i]);
        to[i].t_ns = end_ns;
        if (slot->energy && slot->acc.last_ns <= end_ns) {
            accumulator_at(&slot->acc, end_ns, &to[i]);
        }
    }
}

static int read_totals(struct wattle_session *session, bool last, struct wattle_energy *ret,
                       struct wattle_error *err)
{
    struct wattle_meter *meter = session->meter;
    struct accumulated to[SLOTS_MAX];
    size_t had, count;
    int64_t end_ns;
    double slept_s;

    if (!meter_ours(meter)) {
        return error_set(err, WATTLE_E_INVALID, "a forked child must open a meter of its own");
    }
    round_take(meter, ROUND_FORCED);
    pthread_mutex_lock(&meter->lock);
    had = atomic_load_explicit(&meter->slot_count, memory_order_acquire);
    end_ns = meter_now_ns(meter);
    take_points(meter, end_ns, to, had);
    pthread_mutex_unlock(&meter->lock);
    if (last && meter->thread_started) {
        round_wait_slow(meter, SLOW_WAIT_S);
    }
    pthread_mutex_lock(&meter->lock);
    count = atomic_load_explicit(&meter->slot_count, memory_order_acquire);
    add_late(meter, end_ns, to, had, count);
    round_judge(meter, end_ns);
    result_build(meter, session->start_ns, end_ns, session->from, session->count, to, count, ret);
    slept_s = clock_s(meter->asleep_ns - session->asleep_ns);
    pthread_mutex_unlock(&meter->lock);
    if (slept_s > SLEPT_MIN_S) {
        char text[32];

        note_add(ret, "the machine slept for %s: neither time nor energy of that is here",
                 units_duration(slept_s, text, sizeof text));
    }
    return 0;
}

int wattle_session_read(struct wattle_session *session, struct wattle_energy *ret,
                        struct wattle_error *err)
{
    if (session->stopped) {
        *ret = *session->total;
        return 0;
    }
    return read_totals(session, false, ret, err);
}

int wattle_session_stop(struct wattle_session *session, struct wattle_energy *ret,
                        struct wattle_error *err)
{
    struct wattle_energy *total;
    int code;

    if (session->stopped) {
        *ret = *session->total;
        return 0;
    }
    total = malloc(sizeof *total);
    if (total == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    code = read_totals(session, true, ret, err);
    if (code < 0) {
        free(total);
        return code;
    }
    *total = *ret;
    session->total = total;
    session->stopped = true;
    return 0;
}

void wattle_session_destroy(struct wattle_session *session)
{
    if (session != NULL) {
        free(session->total);
        free(session);
    }
}
