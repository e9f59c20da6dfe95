/* SPDX-License-Identifier: MIT */
/* A growing list of processes, each found by its number in constant time. */
#ifndef ATTRIBUTE_PROCESS_MEMBERS_H
#define ATTRIBUTE_PROCESS_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* A set larger than this is not followed further; what it spawns is seen when waited for. */
#define MEMBERS_MAX 65536

struct member {
    pid_t pid;
    pid_t parent;
    uint64_t start_ticks;
    double own_s, child_s; /* now */
    double child_first_s;  /* at this scan's first look, before its children were looked at */
    double child_old_s;    /* the same at the scan before */
    double base_s;         /* used before it counted */
    double credit_s;       /* seen of ended members that it may have waited for */
    clockid_t clock;       /* in nanoseconds, where the kernel has one */
    bool precise;
    bool zombie, gone;
};

struct members {
    struct member *items; /* a parent stands before its children */
    size_t count, capacity;
    uint32_t *slots; /* open addressing: pid to index + 1 */
    size_t slot_count;
};

/* NULL: not a member. Valid until the next add or sweep. */
struct member *members_find(const struct members *members, pid_t pid);
/* All zero but the number. NULL: full, or out of memory. `pid` must not be in it. */
struct member *members_add(struct members *members, pid_t pid);
/* Drops those that are gone; the others keep their order. */
void members_sweep(struct members *members);
void members_finish(struct members *members);

#endif
