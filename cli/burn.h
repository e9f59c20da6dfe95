/* SPDX-License-Identifier: MIT */
/*
 * A known load: threads that are busy for a set part of the time.
 *
 * A thread keeps its own CPU time on the line level x elapsed, so that what
 * it has used is right to a fraction of a period whatever the scheduler did
 * in between; a debt older than a second is forgiven.
 */
#ifndef CLI_BURN_H
#define CLI_BURN_H

#include <stdbool.h>
#include <stddef.h>

#include <wattle/error.h>

struct burn;

struct burn_options {
    int threads;         /* 0: one for each CPU that we may use */
    double level;        /* 0..1 of each thread */
    size_t memory_bytes; /* kept resident and swept while busy; 0: none */
    bool stress;         /* wide arithmetic instead of a plain loop: more watts for the same load */
};

/* How many CPUs this process may use. */
int burn_cpus(void);

int burn_start(struct burn **ret, const struct burn_options *options, struct wattle_error *err);
/* Takes effect within a tenth of a second. */
void burn_set_level(struct burn *burn, double level);
double burn_level(const struct burn *burn);
int burn_threads(const struct burn *burn);
/* CPU seconds used by the threads so far. */
double burn_cpu_s(const struct burn *burn);
/* Ends the threads; returns the CPU seconds that they used. Takes NULL. */
double burn_stop(struct burn *burn);

#endif
