/* SPDX-License-Identifier: MIT */
/*
 * Who is on a GPU: the driver's list of processes where it means something here, else who has
 * a GPU's device file open.
 */
#ifndef ATTRIBUTE_DEVICE_USERS_H
#define ATTRIBUTE_DEVICE_USERS_H

#include <stdbool.h>
#include <stddef.h>

#include "attribute/ledger.h"
#include "attribute/tracker.h"
#include "meter/meter.h"

#define DEVICE_SEEN_MAX 64

/* What is remembered of one GPU between two questions. Starts as all zeros. */
struct device_users {
    bool asked;
    bool vacant;      /* nobody was on it at the last question */
    double task_part; /* of its use at the last question, 0..1 */
    size_t seen_count;
    struct {
        pid_t pid;
        bool ours;
    } seen[DEVICE_SEEN_MAX]; /* processes that may have ended when their use is told */
};

/*
 * Use of the GPU of channel i in the dt_s since the last question, by the task (tracker NULL:
 * there is none). False: who used it is not known, and *ret says so for the ledger.
 */
bool device_users_read(struct device_users *users, struct wattle_meter *meter, size_t i,
                       const struct tracker *tracker, double dt_s, struct ledger_device_use *ret);

/* Pure: the link of an open file names a GPU ("/dev/nvidia0", "/dev/dri/renderD128",
 * "/dev/kfd"). */
bool device_file_is_gpu(const char *link);

#endif
