/* SPDX-License-Identifier: MIT */
/*
 * The ledger: who owns each joule. Pure: no clocks, no files.
 *
 *     machine = task + other processes + idle + Wattle itself
 *
 * One account per component of the machine. Each interval brings the component's joules and what
 * the processors (or the GPU) were used for. Idle power is taken off first; the dynamic rest goes
 * to the users by CPU time, on a GPU by utilisation. A counter that steps more slowly than the
 * intervals come keeps the use pending until its energy arrives. At the end the split is scaled
 * to the energy that the meter stands by, and rounded to whole microjoules that add up exactly.
 */
#ifndef ATTRIBUTE_LEDGER_H
#define ATTRIBUTE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>

#include <wattle/energy.h>

/* Idle of one component: a known power, or else a fraction of full power. */
struct ledger_idle {
    struct wattle_bound power_w;  /* value NaN: unknown, use the fraction */
    struct wattle_bound fraction; /* idle power / power at full use, 0..1 */
};

/* Use of the machine during an interval, in seconds. */
struct ledger_use {
    double dt_s;
    double capacity_s;   /* CPUs x dt; NaN unknown */
    double busy_s;       /* CPU seconds of everybody; NaN unknown */
    double task_s;       /* CPU seconds of the task */
    double task_error_s; /* 90 % half width of task_s */
    double own_s;        /* CPU seconds of Wattle, not part of task_s */
    double tick_s;       /* resolution of busy_s */
};

/* Use of a GPU during an interval: utilisation x seconds. */
struct ledger_device_use {
    double task_s;
    double doubt_s; /* of task_s: perhaps somebody else's */
    double all_s;
    double unknown_s; /* part of the interval in which nobody could be asked; at most dt_s */
    bool task_present; /* a process of the task was on the device, whatever it did there */
    bool vacant;       /* nobody was on it: whatever it drew is idle */
};

enum ledger_owner { LEDGER_TASK = 0, LEDGER_OTHER, LEDGER_OWN, LEDGER_OWNERS };

struct ledger_account {
    struct ledger_idle idle;
    bool device; /* split by device use */
    struct ledger_use use;               /* pending, until energy arrives */
    struct ledger_device_use device_use; /* the same */
    double energy_j;                     /* settled */
    double due_j[3];                     /* idle energy that was due but not yet drawn */
    double idle_j[3];                    /* best, with the lowest, with the highest idle power */
    double owner_j[LEDGER_OWNERS][3];    /* best, least, most */
    double variance_j2;                  /* of the task's part: resolution of CPU time */
};

/* Two answers about one device, one after the other. */
void ledger_device_add(struct ledger_device_use *sum, const struct ledger_device_use *more,
                       bool first);

void ledger_account_init(struct ledger_account *account, const struct ledger_idle *idle,
                         bool device);

/* energy_j NaN: nothing known of this interval yet, its use stays pending. device may be NULL. */
void ledger_interval(struct ledger_account *account, double energy_j,
                     const struct ledger_use *use, const struct ledger_device_use *device);

struct ledger_split {
    struct wattle_bound energy_j;
    struct wattle_bound task_j; /* NaN without a task */
    struct wattle_bound other_j;
    struct wattle_bound idle_j;
    struct wattle_bound own_j;
    double task_noise_j; /* the part of the task's interval that differs from run to run */
};

/* Splits the meter's energy for the whole time. The account stays as it is: more may follow.
 * Everything NaN when energy_j.value is. */
void ledger_split(const struct ledger_account *account, const struct wattle_bound *energy_j,
                  bool task, struct ledger_split *ret);

/* Adds a component to a total that starts as all zeros. */
void ledger_add(struct ledger_split *total, const struct ledger_split *component);

#endif
