/* SPDX-License-Identifier: MIT */
/* What a component draws when nothing runs: measured, remembered, or a stated guess. */
#ifndef ATTRIBUTE_IDLE_H
#define ATTRIBUTE_IDLE_H

#include <wattle/sys/sensor.h>

#include "attribute/ledger.h"

/* From best to worst. */
enum idle_source { IDLE_MEASURED = 0, IDLE_REMEMBERED, IDLE_MODELLED };
const char *idle_source_text(enum idle_source source);

/*
 * The best that is known of a channel. just_before_w: mean power of a quiet second before the
 * start, use of the machine in it `just_before_use` (0..1); remembered_w: from earlier runs of
 * this boot. NaN: not known.
 */
enum idle_source idle_choose(const struct wattle_channel *channel, double just_before_w,
                             double just_before_use, double remembered_w,
                             struct ledger_idle *ret);

/* Shorter stretches are not judged: a little less than the second between two steps. */
#define IDLE_STRETCH_S 0.95

/* The mean power of a stretch, if it is fit to be remembered as idle: about a second long,
 * the machine used less than 2 %, and the counter steps often enough. Else NaN. */
double idle_candidate_w(const struct wattle_channel *channel, double energy_j, double dt_s,
                        double use);

#endif
