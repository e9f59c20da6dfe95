/* SPDX-License-Identifier: MIT */
/*
 * The books of one measurement: a ledger account per channel of the meter, and the readings
 * (CPU time of machine, task and Wattle, users of GPUs, memory) that go into them.
 * Not locked: its owner takes turns.
 */
#ifndef ATTRIBUTE_ACCOUNTS_H
#define ATTRIBUTE_ACCOUNTS_H

#include <stdint.h>

#include "attribute/device_users.h"
#include "attribute/idle.h"
#include "attribute/ledger.h"
#include "attribute/tracker.h"
#include "machine/cgroup.h"
#include "meter/meter.h"

#define ACCOUNTS_MAX 256

/* A round of the meter, kept. */
struct accounts_round {
    int64_t t_ns; /* 0: none yet */
    size_t count;
    double energy_j[ACCOUNTS_MAX]; /* cumulative since the meter opened; NaN unknown */
};

struct account {
    struct ledger_account ledger;
    enum idle_source idle_source;
    double last_j;    /* of the round before; NaN: nothing known then */
    double before_w;  /* mean power just before the start; NaN: not measured */
    bool users_hidden; /* a GPU whose users could not be asked */
    double rest_s, rest_j, rest_used_s; /* a stretch that may show idle power; see remember_idle */
};

#define ACCOUNTS_GPUS_MAX 64

/* One GPU: several channels may see it, its users are asked once. */
struct accounts_gpu {
    const char *driver; /* NULL: a free entry */
    int unit_index;
    bool hidden; /* since the last step */
    size_t channel;  /* that is asked */
    int64_t asked_ns;
    struct device_users users;
    struct ledger_device_use use; /* since the last step */
    bool first;
};

struct accounts {
    struct wattle_meter *meter;
    struct tracker *tracker;
    bool task;
    bool own_is_meter; /* the task is this very process: only the meter's part is Wattle's */
    double cpus;       /* NaN unknown */

    size_t count;
    struct account *items; /* in the order of the meter's channels */
    double before_use;     /* of the machine, just before the start */
    struct accounts_gpu gpus[ACCOUNTS_GPUS_MAX];

    int64_t start_ns, last_ns;
    double start_busy_s, last_busy_s, tick_s; /* of the machine; NaN unknown */
    double start_own_s, last_own_s;
    double last_task_s, task_s, task_error_s;
    double memory_sum, memory_bytes_sum, memory_weight; /* time-weighted */
    struct cgroup_limits limits; /* once memory_weight > 0 */
};

void accounts_init(struct accounts *accounts, struct wattle_meter *meter, struct tracker *tracker,
                   const struct measurement_options *options);

/* Idle power from two rounds with nothing but sleep between; busy_s of the machine in between. */
void accounts_before(struct accounts *accounts, const struct accounts_round *from,
                     const struct accounts_round *to, double busy_s);

/* CPU seconds of the machine so far, the one reading that cannot wait. */
double accounts_busy_s(struct accounts *accounts);

/* The first reading: everything counts from here. */
int accounts_start(struct accounts *accounts, const struct accounts_round *round);

/* Asks who is on the GPUs, so that short users are seen too; steps do it as well. */
void accounts_ask_users(struct accounts *accounts);

/* What happened since. busy_s is the machine's at the round's time; forced: look at every process
 * again, whatever it costs. */
int accounts_step(struct accounts *accounts, const struct accounts_round *round, double busy_s,
                  bool forced);

/* Adds task, other, idle and own to what the meter says. */
void accounts_apply(const struct accounts *accounts, struct wattle_energy *energy);

/* Means since the start. */
void accounts_utilization(const struct accounts *accounts, struct measurement_utilization *ret);

void accounts_finish(struct accounts *accounts);

/* One line more, unless there is no room. */
__attribute__((format(printf, 2, 3))) void accounts_note(struct wattle_energy *energy,
                                                         const char *format, ...);

#endif
