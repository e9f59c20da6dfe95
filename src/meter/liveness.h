/* SPDX-License-Identifier: MIT */
/*
 * Does a counter count? Many virtual machines advertise one that stays at 0 for ever. Pure.
 *
 * A counter is dead when it has not moved for 1 s of wall time (or 10 nominal updates, whichever
 * is longer), or for 100 ms (or 10 updates) in which the machine used 50 ms of CPU time: a
 * processor that computes draws power. A verdict is remembered until the next boot.
 */
#ifndef METER_LIVENESS_H
#define METER_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>

enum liveness {
    LIVENESS_ALIVE = 0,  /* it moved, now or earlier on this boot; or it is no counter */
    LIVENESS_UNJUDGED,   /* no time to tell yet: it is believed */
    LIVENESS_NEVER,      /* no time to tell, but it reads exactly 0: the next source is used */
    LIVENESS_FROZEN,     /* it moved, then stopped: another measured source is used if any */
    LIVENESS_DEAD,       /* it does not move */
    LIVENESS_LOST        /* no reading at all */
};

enum liveness_memory { LIVENESS_UNKNOWN = 0, LIVENESS_WAS_ALIVE, LIVENESS_WAS_DEAD };

struct liveness_facts {
    bool counter;        /* an energy counter; anything else is alive once it was read */
    bool read;           /* a trusted reading exists */
    bool moved;          /* since the meter opened */
    bool frozen;
    uint64_t count;      /* last raw value */
    double still_s;      /* since its first reading, when it never moved */
    double limit_s;      /* accumulator_still_limit_s */
    double period_s;     /* nominal update */
    double unit_j;       /* one count: a coarse counter moves seldom */
    double busy_s;       /* CPU time of the machine since the first reading; NaN unknown */
    enum liveness_memory memory;
};

enum liveness liveness_judge(const struct liveness_facts *facts);

/* May it be counted? */
static inline bool liveness_good(enum liveness verdict)
{
    return verdict == LIVENESS_ALIVE || verdict == LIVENESS_UNJUDGED;
}

#endif
