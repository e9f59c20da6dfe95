/* SPDX-License-Identifier: MIT */
#include "attribute/tracker.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "attribute/control_group.h"
#include "attribute/process_tree.h"
#include "base/clock.h"
#include "base/error.h"

struct tracker {
    enum measurement_target target;
    struct control_group *group;
    struct process_tree *tree;
    bool child_known;
    bool own_inside;   /* this process runs in the named group */
    double base_s;     /* of the group */
    double own_base_s; /* of this process, where it is inside */
    double cpu_s;
};

static double own_cpu_s(void) { return clock_s(clock_process_cpu_ns()); }

static int tree_create(struct tracker *tracker, const struct measurement_options *options,
                       struct wattle_error *err)
{
    struct process_tree_options tree = {.procfs = "/proc", .own = getpid()};

    if (options->target == MEASURE_PID) {
        tree.root = options->pid;
    } else if (options->target == MEASURE_USER) {
        tree.set = PROCESS_OF_USER;
        tree.uid = options->uid;
    }
    return process_tree_create(&tracker->tree, &tree, err);
}

static int command_create(struct tracker *tracker, const struct wattle_host *host,
                          const struct measurement_options *options, struct wattle_error *err)
{
    char name[128];

    snprintf(name, sizeof name, "wattle-%ld-%s", (long)getpid(),
             options->run_id != NULL ? options->run_id : "run");
    if (control_group_make(&tracker->group, host, name, NULL) == 0) {
        tracker->base_s = control_group_cpu_s(tracker->group);
        return 0;
    }
    return tree_create(tracker, options, err);
}

static int group_open(struct tracker *tracker, const struct wattle_host *host,
                      const struct measurement_options *options, struct wattle_error *err)
{
    int code = control_group_open(&tracker->group, host, options->cgroup, err);

    if (code == 0) {
        tracker->own_inside = control_group_has(tracker->group, getpid());
        tracker->own_base_s = own_cpu_s();
        tracker->base_s = control_group_cpu_s(tracker->group);
    }
    return code;
}

int tracker_create(struct tracker **ret, const struct wattle_host *host,
                   const struct measurement_options *options, struct wattle_error *err)
{
    struct tracker *tracker = calloc(1, sizeof *tracker);
    int code = 0;

    *ret = NULL;
    if (tracker == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    tracker->target = options->target;
    switch (options->target) {
    case MEASURE_MACHINE:
        break;
    case MEASURE_COMMAND:
        code = command_create(tracker, host, options, err);
        break;
    case MEASURE_CGROUP:
        code = group_open(tracker, host, options, err);
        break;
    case MEASURE_PID:
    case MEASURE_USER:
        code = tree_create(tracker, options, err);
        break;
    }
    if (code != 0) {
        tracker_destroy(tracker);
        return code;
    }
    *ret = tracker;
    return 0;
}

int tracker_cgroup_fd(const struct tracker *tracker)
{
    return tracker->target == MEASURE_COMMAND && tracker->group != NULL
               ? control_group_fd(tracker->group)
               : -1;
}

void tracker_child(struct tracker *tracker, pid_t pid)
{
    if (tracker->target != MEASURE_COMMAND || tracker->child_known) {
        return;
    }
    tracker->child_known = true;
    /* The kernel may have refused to start it there (seccomp, an old kernel). Moving it now would
     * cost it some 10 ms; /proc costs it nothing. */
    if (tracker->group != NULL && !control_group_has(tracker->group, pid)) {
        const struct measurement_options options = {.target = MEASURE_COMMAND};

        control_group_close(tracker->group);
        tracker->group = NULL;
        if (tree_create(tracker, &options, NULL) != 0) {
            return;
        }
    }
    if (tracker->tree != NULL) {
        process_tree_start(tracker->tree, pid);
    }
}

double tracker_cpu_s(struct tracker *tracker, bool forced)
{
    double cpu_s = 0;

    if (tracker->target == MEASURE_MACHINE) {
        return WATTLE_UNKNOWN;
    }
    if (tracker->group != NULL) {
        cpu_s = control_group_cpu_s(tracker->group) - tracker->base_s;
        if (tracker->own_inside) {
            cpu_s -= own_cpu_s() - tracker->own_base_s;
        }
    } else if (tracker->tree != NULL) {
        if (tracker->target != MEASURE_COMMAND || tracker->child_known) {
            process_tree_scan(tracker->tree, forced);
        }
        cpu_s = process_tree_cpu_s(tracker->tree);
    }
    if (cpu_s > tracker->cpu_s) {
        tracker->cpu_s = cpu_s;
    }
    return tracker->cpu_s;
}

double tracker_error_s(const struct tracker *tracker)
{
    return tracker->tree != NULL ? process_tree_error_s(tracker->tree) : 0;
}

void tracker_reaped(struct tracker *tracker, double cpu_s)
{
    if (tracker->tree != NULL && tracker->target == MEASURE_COMMAND) {
        process_tree_reaped(tracker->tree, cpu_s);
    }
}

bool tracker_has(const struct tracker *tracker, pid_t pid)
{
    if (pid == getpid()) {
        return false;
    }
    if (tracker->group != NULL) {
        return control_group_has(tracker->group, pid);
    }
    return tracker->tree != NULL && process_tree_has(tracker->tree, pid);
}

bool tracker_gone(struct tracker *tracker)
{
    if (tracker->target == MEASURE_MACHINE ||
        (tracker->target == MEASURE_COMMAND && !tracker->child_known)) {
        return false;
    }
    if (tracker->group != NULL) {
        return control_group_empty(tracker->group);
    }
    if (tracker->tree == NULL) {
        return true;
    }
    process_tree_scan(tracker->tree, false);
    return process_tree_alive(tracker->tree) == 0;
}

size_t tracker_left(struct tracker *tracker)
{
    if (tracker->group != NULL && tracker->target == MEASURE_COMMAND) {
        return control_group_count(tracker->group);
    }
    return tracker->tree != NULL ? process_tree_alive(tracker->tree) : 0;
}

const char *tracker_method(const struct tracker *tracker)
{
    if (tracker->group != NULL) {
        return tracker->target == MEASURE_COMMAND ? "cgroup v2" : "cgroup";
    }
    return tracker->tree != NULL ? "/proc" : "";
}

void tracker_destroy(struct tracker *tracker)
{
    if (tracker != NULL) {
        control_group_close(tracker->group);
        process_tree_destroy(tracker->tree);
        free(tracker);
    }
}
