/* SPDX-License-Identifier: MIT */
/*
 * What is remembered of this machine until the next boot: which counters move, idle power, what
 * a slow driver costs. A text file, one line for each channel:
 *
 *     wattle-sensors 1
 *     <boot id> <hash of the sysfs root> alive|dead|- <idle_w> <period_s> <call_s> <source>
 *
 * with "-" for what is not known. Lines that mean nothing are skipped, lines of another boot are
 * dropped at the next write. A file that cannot be read or written never fails a run.
 */
#ifndef METER_MEMORY_H
#define METER_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include <wattle/energy.h>

#include "meter/liveness.h"

struct wattle_meter;
struct group;

struct memory_entry {
    char boot_id[64];
    char root[17];
    char source[WATTLE_SOURCE_MAX];
    enum liveness_memory verdict;
    double idle_w, period_s, call_s; /* NaN unknown */
};

/* Pure: the next good line of [*cursor, end); advances the cursor. False at the end. */
bool memory_next(const char **cursor, const char *end, struct memory_entry *ret);
/* Pure: one line with its newline; as snprintf. */
int memory_format(const struct memory_entry *entry, char *ret, size_t size);

/* Reads the file of a meter; nothing if it has none. */
void memory_load(struct wattle_meter *meter);
/* Gives channels that nobody else sees yet what is remembered of them. */
void memory_recall(const struct wattle_meter *meter, struct group *group);
/* Writes what changed, after the threads have ended. */
void memory_save(struct wattle_meter *meter);

#endif
