/* SPDX-License-Identifier: MIT */
/* Does a counter count? Reads every usable channel before and after a moment of work. */
#ifndef CLI_JUDGE_H
#define CLI_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include <wattle/meter.h>

enum verdict {
    VERDICT_NONE = 0, /* cannot be used, or is not an energy or a power */
    VERDICT_MOVES,
    VERDICT_STILL,    /* an energy counter that did not move while the machine worked */
    VERDICT_FAILED    /* could not be opened or read */
};

struct judgement {
    enum verdict verdict;
    double energy_j; /* counted meanwhile; NaN unknown */
    double power_w;  /* of a power channel, the last reading; NaN unknown */
};

/* Works all CPUs for `seconds`; fills one judgement for each sensor. WATTLE_E_NOMEM. */
int judge_sensors(const struct wattle_host *host, const struct wattle_sensors *sensors,
                  double seconds, struct judgement *ret, struct wattle_error *err);

#endif
