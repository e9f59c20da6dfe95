/* SPDX-License-Identifier: MIT */
/*
 * Which channels make up the machine, so that no joule is counted twice. Pure.
 *
 * Every energy or power channel is a candidate for one *part*: its domain and unit_index. For
 * one part the earlier driver wins (the list is in the order of sense_drivers), an energy counter
 * before a power of the same driver. Then containment:
 *  - packages and dram are added; cores and uncore are inside their package;
 *  - a platform (psys, battery) holds everything else: counted only when no package is;
 *  - a module (GH200) holds package and GPU of its index: counted unless both are;
 *  - a wall sensor is counted only when nothing inside the machine is, otherwise it is the wall;
 *  - a rail claims nothing about what hangs on it: shown only;
 *  - modelled channels are counted only when nothing is measured; then the outermost wins.
 */
#ifndef METER_SELECT_H
#define METER_SELECT_H

#include <stdbool.h>
#include <stddef.h>

#include <wattle/sys/sensor.h>

#include "meter/liveness.h"

enum select_role {
    SELECT_NONE = 0, /* a gauge, a refused channel, or a second source of a part that is shown */
    SELECT_COUNTED,
    SELECT_SHOWN,   /* overlaps the counted set */
    SELECT_WALL,    /* shown, and the machine at its plug */
    SELECT_PARTNER  /* power beside a counted counter of the same driver and part: fused into it */
};

#define SELECT_MAX 256 /* channels of one machine */

struct select_candidate {
    const struct wattle_channel *channel;
    enum liveness verdict;
    enum select_role role; /* out */
    int partner;           /* out: index of the power channel that is fused in; -1 none */
};

/* Fills role and partner of each. Returns the scope of the sum. */
enum wattle_scope select_channels(struct select_candidate *candidates, size_t count);

#endif
