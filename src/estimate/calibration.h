/* SPDX-License-Identifier: MIT */
/*
 * What a plug meter said about this machine, and what that makes of its estimate. Pure.
 *
 * The text form is kept by `wattle calibrate` as machine.calibration beside the store:
 *     cpu AMD EPYC 7763 64-Core Processor
 *     point LOAD WATTS RELATIVE_ERROR
 */
#ifndef ESTIMATE_CALIBRATION_H
#define ESTIMATE_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>

#include "estimate/server.h"

#define CALIBRATION_POINTS_MAX 16
#define CALIBRATION_TEXT_MAX 2048

struct calibration_point {
    double load;  /* 0..1 */
    double watts; /* at the plug, mean */
    double error; /* 90 % half width, relative */
};

struct calibration {
    char cpu[128]; /* whose it is; points of another processor are not used */
    size_t count;
    struct calibration_point points[CALIBRATION_POINTS_MAX];
};

/* Lines that mean nothing are skipped; false when no point is left. */
bool calibration_parse(const char *text, size_t size, struct calibration *ret);
/* Returns the length, or -1 when it does not fit. */
int calibration_format(const struct calibration *calibration, char *ret, size_t size);

/* Adds a point; one at nearly the same load is replaced, the oldest gives way when full. */
void calibration_add(struct calibration *calibration, const struct calibration_point *point);

/* Moves idle and full power towards the points and narrows their intervals. */
void calibration_apply(const struct calibration *calibration, struct estimate_server *server);

#endif
