/* SPDX-License-Identifier: MIT */
/*
 * CPU time of a set of processes by looking at /proc: the way that always works.
 *
 * The total is what live members have used, themselves and through children that they waited
 * for, plus what ended members had used when nobody in the set waited for them. A member that
 * ends between two scans is found again in its parent's waited-for time, so that children that
 * were too short to be seen count as well. Numbers that are given out anew are told apart by
 * start time. Scans cost a reading per member and per new process; they become rarer when they
 * become long, so that a fork bomb does not carry us away.
 */
#ifndef ATTRIBUTE_PROCESS_TREE_H
#define ATTRIBUTE_PROCESS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <wattle/error.h>

struct process_tree;

enum process_set {
    PROCESS_DESCENDANTS, /* a process and everything that comes from it */
    PROCESS_OF_USER      /* every process of a user */
};

struct process_tree_options {
    const char *procfs; /* "/proc"; another folder in a test */
    enum process_set set;
    pid_t root; /* PROCESS_DESCENDANTS: already running; 0: comes with process_tree_start */
    uid_t uid;  /* PROCESS_OF_USER */
    pid_t own;  /* never a member */
};

/* WATTLE_E_NOENT if root does not exist. */
int process_tree_create(struct process_tree **ret, const struct process_tree_options *options,
                        struct wattle_error *err);

/* A child of this process that has just been made: all of its time counts. Where this process is
 * a subreaper, orphans that come to it from the child stay members. */
void process_tree_start(struct process_tree *tree, pid_t root);

/* Looks again. forced: also if the last look was long and recent. Returns false if skipped. */
bool process_tree_scan(struct process_tree *tree, bool forced);

/* What wait4 said of the root and the children that it waited for. */
void process_tree_reaped(struct process_tree *tree, double cpu_s);

/* CPU seconds since create (or start); never falls. */
double process_tree_cpu_s(const struct process_tree *tree);
double process_tree_error_s(const struct process_tree *tree);
size_t process_tree_alive(const struct process_tree *tree); /* zombies are not */
bool process_tree_has(const struct process_tree *tree, pid_t pid);

void process_tree_destroy(struct process_tree *tree);

#endif
