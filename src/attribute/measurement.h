/* SPDX-License-Identifier: MIT */
/*
 * A measurement: a meter's session, the processes it is about, and the ledger
 * between them. This is what `wattle run`, `monitor` and the daemon hold.
 *
 *     machine = task + other processes + idle + Wattle itself
 *
 * per component and in total, exactly, in whole microjoules.
 *
 * A caller that starts a command should first make itself a subreaper
 * (prctl(PR_SET_CHILD_SUBREAPER, 1)) and wait for what comes to it, so that
 * daemonised orphans are counted where no control group can be made. The
 * library never changes its process like that by itself.
 *
 * The accounts are kept about once a second by a thread that takes no signals.
 */
#ifndef ATTRIBUTE_MEASUREMENT_H
#define ATTRIBUTE_MEASUREMENT_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <wattle/energy.h>
#include <wattle/error.h>
#include <wattle/meter.h>

struct measurement;

enum measurement_target {
    MEASURE_MACHINE = 0, /* no task: monitor */
    MEASURE_COMMAND,     /* a child that the caller starts, with all its descendants */
    MEASURE_PID,         /* a running process with its descendants */
    MEASURE_CGROUP,      /* everything in a cgroup (v1 or v2 path) */
    MEASURE_USER         /* every process of a user */
};

struct measurement_options {
    struct wattle_meter_options meter;
    enum measurement_target target;
    pid_t pid;
    const char *cgroup;
    uid_t uid;
    double idle_s;       /* measure idle power for so long before starting; 0: do not */
    const char *run_id;  /* names the cgroup that is made for a command */
};

/* Opens meter and session, takes the first CPU-time readings. */
int measurement_begin(struct measurement **ret, const struct measurement_options *options,
                      struct wattle_error *err);

/*
 * MEASURE_COMMAND: a directory descriptor of a cgroup v2 made for the command, for clone3 with
 * CLONE_INTO_CGROUP; -1 where there is none. Owned by the measurement.
 */
int measurement_cgroup_fd(struct measurement *measurement);
/* MEASURE_COMMAND: the child exists. Call at once after the fork; never blocks (where a process
 * can only be moved into a cgroup by a slow write, a thread does it). */
void measurement_child(struct measurement *measurement, pid_t pid);

/* Totals so far, with the ledger. Any thread, one at a time. */
int measurement_read(struct measurement *measurement, struct wattle_energy *ret,
                     struct wattle_error *err);

/* The target is gone (every process of it ended)? Never for MEASURE_MACHINE. */
bool measurement_target_gone(struct measurement *measurement);

/*
 * Ends it. `reaped`: what wait4 said of the child and its waited-for descendants; NULL unknown.
 * Counts left-over descendants into a note. A second end returns the same totals.
 */
int measurement_end(struct measurement *measurement, const struct rusage *reaped,
                    struct wattle_energy *ret, struct wattle_error *err);

/* Mean utilisation of the machine between begin and now. NaN unknown. */
struct measurement_utilization {
    double cpu, gpu, ram; /* 0..1 */
    double ram_bytes;     /* used, mean */
    double task_cpu_s;    /* CPU seconds of the task */
    double own_cpu_s;
};
void measurement_utilization(struct measurement *measurement, struct measurement_utilization *ret);

struct wattle_meter *measurement_meter(struct measurement *measurement);
int64_t measurement_start_ns(const struct measurement *measurement); /* host monotonic */

/* Takes NULL; also undoes the cgroup. */
void measurement_destroy(struct measurement *measurement);

#endif
