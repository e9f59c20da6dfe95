/* SPDX-License-Identifier: MIT */
/* What a result says about itself, one line each. */
#ifndef METER_NOTES_H
#define METER_NOTES_H

#include "meter/state.h"

/* Adds a line unless it is there already; the last place says that there were more. */
__attribute__((format(printf, 2, 3))) void note_add(struct wattle_energy *ret, const char *format,
                                                    ...);

/* Refused sources, dead counters, gaps, estimated starts: everything left out or guessed. */
void notes_fill(const struct wattle_meter *meter, const struct select_candidate *candidates,
                size_t count, struct wattle_energy *ret);

#endif
