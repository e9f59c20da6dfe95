/* SPDX-License-Identifier: MIT */
/*
 * The meter's insides, for the files of this room.
 *
 * Two kinds of locks, always taken in this order:
 *  - a group's `reading` mutex: its driver is asked by one thread at a time. Quick groups share
 *    meter->round. A slow driver may hang; whoever needs it waits for a bounded time.
 *  - meter->lock: accumulators, series, verdicts. Held for microseconds, never across a driver.
 */
#ifndef METER_STATE_H
#define METER_STATE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "meter/accumulate.h"
#include "meter/liveness.h"
#include "meter/meter.h"
#include "meter/select.h"
#include "meter/series.h"
#include "sense/sense.h"

#define SLOTS_MAX SERIES_COLUMNS_MAX
#define GROUPS_MAX 32
#define REFUSED_MAX 128

struct group;

/* One channel that is read. */
struct slot {
    struct wattle_channel channel;
    struct group *group;
    size_t index; /* in the group */
    bool energy;  /* an energy counter or a power: has joules */
    struct accumulator acc;
    enum liveness verdict;
    enum liveness_memory memory;
    double busy_start_s; /* CPU time of the machine at the first reading */
    double idle_w;       /* remembered; NaN */
    bool idle_set;       /* on this run: to be kept */
    bool counted;
    struct wattle_calibration calibration;
    bool calibrated; /* on this run */
    /* gauges */
    double last, max, integral;
    int64_t first_ns, last_ns;
    bool failing;
};

/* The open channels of one driver. */
struct group {
    const struct wattle_sensor_driver *driver;
    void *state;
    size_t count;
    struct slot *slots;
    struct wattle_reading *readings;
    pthread_mutex_t reading;
    int64_t period_ns; /* of its fastest channel */
    int64_t read_ns;   /* last read */
    bool slow;
    bool ended; /* nothing more will ever come */
    bool fresh; /* readings wait to be added */
    atomic_bool calibrating;
};

struct wattle_meter {
    const struct wattle_host *host;
    struct wattle_host own_host;
    int64_t life_ns; /* first round */
    double hz;
    char *drivers; /* comma list; NULL */
    char *memory_path;
    char *calibration_path; /* own_host.calibration */
    char boot_id[64];
    const struct wattle_sensor_driver *const *own_drivers; /* NULL: sense_drivers */
    size_t own_driver_count;
    char *memory_text; /* of the memory file; NULL */

    unsigned char *parent; /* a page that is wiped in a child: 1 in the parent */
    pid_t pid;             /* where the kernel cannot wipe it; else 0 */

    pthread_mutex_t round;
    pthread_mutex_t lock;
    sem_t end; /* posted when the sampler shall end */
    pthread_cond_t changed; /* stop, or the slow drivers are there */
    pthread_t thread;
    bool thread_started;
    bool thread_timed;
    clockid_t thread_clock; /* its CPU time */
    pthread_t slow_thread;
    bool slow_thread_started;
    bool stop;
    bool slow_wanted;
    bool slow_done;

    struct group *groups[GROUPS_MAX];
    atomic_size_t group_count;
    struct slot *slots[SLOTS_MAX];
    atomic_size_t slot_count;
    struct wattle_channel *refused;
    size_t refused_count;
    bool selected; /* the counted set is known for the present verdicts */
    enum wattle_scope scope;

    struct series series;
    struct series_cell cells[SLOTS_MAX];
    double round_energy_j[SLOTS_MAX];
    meter_observer *observer;
    void *observer_user;
    int64_t asleep_ns;
    double busy_s; /* last CPU time of the machine that was read */
    int64_t busy_ns;

    atomic_llong last_round_ns;
    atomic_llong own_ns; /* CPU time of rounds on callers' threads */
};

/* Tests and benchmarks bring their own drivers, and take rounds themselves. */
struct meter_setup {
    const struct wattle_sensor_driver *const *drivers; /* NULL: sense_drivers */
    size_t driver_count;
    bool no_thread; /* no sampler: rounds by meter_sample_now, slow drivers by meter_join_slow */
};
int meter_open_with(struct wattle_meter **ret, const struct wattle_meter_options *options,
                    const struct meter_setup *setup, struct wattle_error *err);

/* Are we still in the process that opened it? */
static inline bool meter_ours(const struct wattle_meter *meter)
{
    return *meter->parent == 1 && (meter->pid == 0 || meter->pid == getpid());
}

int64_t meter_now_ns(const struct wattle_meter *meter);

/* group.c: drivers, quick ones at once, slow ones from a thread of their own. */
int group_open_quick(struct wattle_meter *meter, struct wattle_error *err);
void group_destroy(struct group *group);
void meter_join_slow(struct wattle_meter *meter);
/* What the slow drivers cost and how they step, once the meter has run for a while. */
void meter_calibrate_slow(struct wattle_meter *meter);

/* round.c: reads what is due and draws one more row. forced: for somebody who waits. */
enum { ROUND_PERIODIC = 0, ROUND_FORCED = 1 };
void round_take(struct wattle_meter *meter, int kind);
/* One more row of what is known, without a reading; under the lock. */
void round_draw(struct wattle_meter *meter);
/* Waits until the slow drivers are there, at most until the deadline (CLOCK_MONOTONIC). */
void round_wait_slow(struct wattle_meter *meter, double wait_s);
/* Verdicts and the counted set, under the lock. */
void round_judge(struct wattle_meter *meter, int64_t now_ns);
void round_select(struct wattle_meter *meter);

/* sampler.c */
int sampler_start(struct wattle_meter *meter);
/* False: a driver hangs, and its thread still uses the meter. */
bool sampler_stop(struct wattle_meter *meter);
double sampler_period_s(const struct wattle_meter *meter);

/*
 * result.c: the energy between two sets of points, under the lock. `from` has from_count points;
 * channels beyond have not started there.
 */
void result_build(struct wattle_meter *meter, int64_t from_ns, int64_t to_ns,
                  const struct accumulated *from, size_t from_count,
                  const struct accumulated *to, size_t to_count, struct wattle_energy *ret);

#endif
