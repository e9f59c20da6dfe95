/* SPDX-License-Identifier: MIT */
#include "meter/liveness.h"

#include <math.h>

#define BUSY_STILL_S 0.1
#define BUSY_CPU_S 0.05
/* A machine that works draws more than this: a 1 J counter (psys of Xeon SPR) moves by then. */
#define BUSY_LEAST_W 10

enum liveness liveness_judge(const struct liveness_facts *facts)
{
    bool worked;

    if (!facts->read) {
        return LIVENESS_LOST;
    }
    if (!facts->counter) {
        return LIVENESS_ALIVE;
    }
    if (facts->moved) {
        return facts->frozen ? LIVENESS_FROZEN : LIVENESS_ALIVE;
    }
    worked = !isnan(facts->busy_s) && facts->busy_s >= BUSY_CPU_S &&
             facts->still_s >= fmax(fmax(BUSY_STILL_S, 10 * facts->period_s),
                                    2 * facts->unit_j / BUSY_LEAST_W);
    if (facts->still_s >= facts->limit_s || worked) {
        return LIVENESS_DEAD;
    }
    switch (facts->memory) {
    case LIVENESS_WAS_ALIVE:
        return LIVENESS_ALIVE;
    case LIVENESS_WAS_DEAD:
        return LIVENESS_DEAD;
    default:
        return facts->count == 0 ? LIVENESS_NEVER : LIVENESS_UNJUDGED;
    }
}
