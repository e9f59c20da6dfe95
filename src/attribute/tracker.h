/* SPDX-License-Identifier: MIT */
/*
 * The CPU time of whatever a measurement is about, by the best way there is:
 * a control group made for the command, the group that was named, or /proc.
 */
#ifndef ATTRIBUTE_TRACKER_H
#define ATTRIBUTE_TRACKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "attribute/measurement.h"

struct tracker;

int tracker_create(struct tracker **ret, const struct wattle_host *host,
                   const struct measurement_options *options, struct wattle_error *err);

int tracker_cgroup_fd(const struct tracker *tracker); /* -1: none */
void tracker_child(struct tracker *tracker, pid_t pid);

/* CPU seconds of the task since create, without this process's own; never falls. `forced` looks
 * again whatever it costs. NaN: there is no task. */
double tracker_cpu_s(struct tracker *tracker, bool forced);
double tracker_error_s(const struct tracker *tracker); /* 90 % half width of it */
void tracker_reaped(struct tracker *tracker, double cpu_s);

bool tracker_has(const struct tracker *tracker, pid_t pid);
/* The task has begun, and nothing of it runs any more. */
bool tracker_gone(struct tracker *tracker);
/* How many processes of the task still run; 0 also where nobody counts. */
size_t tracker_left(struct tracker *tracker);
/* "cgroup v2", "cgroup", "/proc" or "" for no task. Static. */
const char *tracker_method(const struct tracker *tracker);

void tracker_destroy(struct tracker *tracker);

#endif
