/* SPDX-License-Identifier: MIT */
/* Pure: what the kernel's process and cgroup files say about CPU time. */
#ifndef ATTRIBUTE_PROCESS_STAT_H
#define ATTRIBUTE_PROCESS_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* /proc/PID/stat, as far as it is used. Times in ticks of USER_HZ. */
struct process_stat {
    pid_t parent;
    char state;           /* 'Z': ended, not yet waited for */
    uint64_t own_ticks;   /* user + system, all threads */
    uint64_t child_ticks; /* of children that ended and were waited for, and theirs */
    uint64_t start_ticks; /* since boot; tells two processes with the same number apart */
};

/* The name may hold anything, brackets and newlines too. False: not such a file, or cut. */
bool process_stat_parse(const char *text, size_t size, struct process_stat *ret);

/* "Uid:" of /proc/PID/status: the real user. */
bool process_uid_parse(const char *text, size_t size, uid_t *ret);

/* The last process number given out: the end of /proc/loadavg. */
bool process_last_pid_parse(const char *text, size_t size, pid_t *ret);

/* "usage_usec 123" of a version 2 cpu.stat, in seconds; NaN when it is not there. */
double process_cpu_stat_parse(const char *text, size_t size);

#endif
