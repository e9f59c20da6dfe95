/* SPDX-License-Identifier: MIT */
/*
 * The measured command as a child of this process, as time(1) and perf-stat(1)
 * hold theirs: same terminal, same process group, same everything.
 *
 * No handlers are installed. The signals that matter are blocked, before any
 * thread is made, and taken one at a time by launch_wait; the child gets back
 * the mask and the dispositions that we were started with.
 *
 * - From the terminal (^C, ^\): the whole group has it already; we only wait.
 * - Sent to us by a process (kill, timeout, a batch system): passed on.
 * - ^Z: once the child has stopped we stop too; `fg` continues both.
 * - Orphans below us become our children (subreaper) and are reaped.
 */
#ifndef CLI_LAUNCH_H
#define CLI_LAUNCH_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <wattle/error.h>

struct launch {
    pid_t pid;            /* the command; 0: none (something that runs already is measured) */
    bool ended;
    bool child_stopped;
    int stop_seen;        /* the terminal's stop signal that reached us; 0: none */
    int exec_fd;          /* the child says here why exec failed; -1 */
    int status;           /* as a shell's $?, once ended */
    int ended_by;         /* the signal that ended a wait without a command; 0: none */
    struct rusage reaped; /* CPU time of the command and of what it left to us */
    sigset_t taken;       /* what launch_wait takes */
    sigset_t old_mask;
    struct sigaction old_pipe, old_xfsz, old_chld;
};

/* Blocks the signals and ignores SIGPIPE and SIGXFSZ. Call before any thread is made. */
void launch_init(struct launch *launch);

/* Is a signal waiting that would have ended us? Its number, or 0. */
int launch_interrupted(const struct launch *launch);

/*
 * Starts argv (searched in PATH) with the environment `environment`; inside the cgroup v2 whose
 * directory `cgroup_fd` is, unless -1 or refused. Returns 0 once there is a child, launch->pid,
 * which may still fail to execute the command: see launch_exec_errno.
 */
int launch_start(struct launch *launch, char *const argv[], char *const environment[],
                 int cgroup_fd, struct wattle_error *err);

/* After the end: why the command could not be executed (status 127 or 126), or 0: it was. */
int launch_exec_errno(struct launch *launch);

/* Takes signals and reaps until the command has ended (true) or `until_ns` (CLOCK_MONOTONIC) has
 * come (false). Without a command: until SIGINT, SIGTERM, SIGHUP or SIGQUIT. */
bool launch_wait(struct launch *launch, int64_t until_ns);

/* While an idle machine is measured nobody waits for signals: a thread does, and ends us. */
struct launch_guard {
    pthread_t thread;
    bool running;
};
void launch_guard_init(struct launch_guard *guard);
void launch_guard_finish(struct launch_guard *guard);

#endif
