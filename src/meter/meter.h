/* SPDX-License-Identifier: MIT */
/* What downstream rooms may know of a meter beyond <wattle/meter.h>. */
#ifndef METER_METER_H
#define METER_METER_H

#include <wattle/meter.h>

/*
 * One sampling round: cumulative energy of every channel with joules since the meter opened,
 * in the order of wattle_meter_channel. Called on the sampler thread after each round and on the
 * caller's thread for forced readings, never two at a time. Must not call the meter.
 */
struct meter_round {
    int64_t t_ns;
    size_t count;
    const double *energy_j; /* NaN: not an energy channel, or nothing known yet */
};

/* A function type is the one typedef of this house: it has no other short spelling. */
typedef void meter_observer(void *user, const struct meter_round *round);
/* Tells the last round at once, on the caller's thread. */
void meter_set_observer(struct wattle_meter *meter, meter_observer *observer, void *user);

/* Takes a round now, if the last is older than `max_age_ns`. */
int meter_sample_now(struct wattle_meter *meter, int64_t max_age_ns);

const struct wattle_host *meter_host(const struct wattle_meter *meter);
struct wattle_device_process;
/* Processes on the device of channel i since the last call; see the driver table. */
int meter_device_processes(struct wattle_meter *meter, size_t i,
                           struct wattle_device_process *ret, size_t max);

/* What was remembered of this machine on this boot (NaN: nothing). */
double meter_remembered_idle_w(const struct wattle_meter *meter, size_t i);
void meter_remember_idle_w(struct wattle_meter *meter, size_t i, double idle_w);

/* True for a channel that is part of the machine's total. May change once: a counter that is
 * found dead gives its place to the next source. */
bool meter_counted(const struct wattle_meter *meter, size_t i);

#endif
