/* SPDX-License-Identifier: MIT */
/*
 * CPU time of a control group, which the kernel keeps exactly, children that come and go and
 * groups below included: one short read, whatever the processes do.
 */
#ifndef ATTRIBUTE_CONTROL_GROUP_H
#define ATTRIBUTE_CONTROL_GROUP_H

#include <stdbool.h>
#include <sys/types.h>

#include <wattle/error.h>
#include <wattle/sys/sensor.h>

struct control_group;

/*
 * Makes a version 2 group `name` below the one that this process is in, so that a Wattle inside
 * another one stays part of it. Fails where there is no version 2 or no permission.
 */
int control_group_make(struct control_group **ret, const struct wattle_host *host,
                       const char *name, struct wattle_error *err);

/* An existing one, version 2 or 1: "/user.slice", or a folder below /sys/fs/cgroup. */
int control_group_open(struct control_group **ret, const struct wattle_host *host,
                       const char *path, struct wattle_error *err);

/* The folder, for clone3 with CLONE_INTO_CGROUP. Borrowed. */
int control_group_fd(const struct control_group *group);

/* CPU seconds of the group's life; the last known once it is gone. NaN: never read. */
double control_group_cpu_s(struct control_group *group);

bool control_group_has(const struct control_group *group, pid_t pid);
/* No process in it or below, or the group itself is gone. */
bool control_group_empty(const struct control_group *group);
/* Processes in the group itself, without those in groups below. */
size_t control_group_count(const struct control_group *group);

/* Takes NULL. A group that was made is removed; what still runs in it moves up to its parent. */
void control_group_close(struct control_group *group);

#endif
