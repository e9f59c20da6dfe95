/* SPDX-License-Identifier: MIT */
/* A child process, made as cheaply as the kernel can. */
#ifndef CLI_SPAWN_H
#define CLI_SPAWN_H

#include <sys/types.h>

/*
 * `child` is called in the new process; it must execute something or _exit, never return, and
 * may make only async-signal-safe calls: it may share this process's memory until then, while the
 * calling thread waits. The process is born inside the cgroup v2 whose directory `cgroup_fd` is,
 * unless -1 or refused. Returns its pid, or -1 with errno.
 */
pid_t spawn_child(int cgroup_fd, void (*child)(void *argument), void *argument);

#endif
