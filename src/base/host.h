/* SPDX-License-Identifier: MIT */
/* The machine that is looked at: the real one, or what WATTLE_* names. */
#ifndef BASE_HOST_H
#define BASE_HOST_H

#include <stddef.h>

#include <wattle/error.h>
#include <wattle/sys/sensor.h>

/*
 * Roots and clocks from the environment; strings are borrowed from it. Under
 * AT_SECURE (a set-uid program, or one with file capabilities) every WATTLE_*
 * path is ignored: a stranger's environment must not choose what is read.
 */
void host_from_environment(struct wattle_host *ret);

/* getenv, but NULL under AT_SECURE or when empty. */
const char *host_getenv(const char *name);

/* Joins parts with '/', as snprintf does; < 0 when it does not fit. */
__attribute__((format(printf, 4, 5))) int host_path(char *ret, size_t size, const char *root,
                                                    const char *format, ...);

#endif
