/* SPDX-License-Identifier: MIT */
/*
 * wattle/meter.h - the verb: open a meter, start a session, read joules.
 *
 * The model. A *meter* finds this machine's sensors, chooses a set that does
 * not overlap, and samples it from one thread of its own, so that no counter
 * wraps unseen. A *session* is an interval of that meter with a forced reading
 * at each end. A *window* is two time stamps inside the meter's life: free to
 * take (no system call beyond the clock), its energy is interpolated between
 * samples when asked for, with an interval that says how sure that is. Any
 * number of sessions and windows may nest and overlap; none disturbs another.
 *
 * Threads. Every function may be called from any thread. One session is used
 * by one thread at a time. Callbacks run on the sampler thread.
 *
 * The library installs no signal handlers, prints nothing, keeps no globals.
 * After fork the child must not use the parent's meter; it may open its own.
 *
 *     struct wattle_meter *meter;
 *     struct wattle_session *session;
 *     struct wattle_energy energy;
 *     wattle_meter_open(&meter, NULL, NULL);
 *     wattle_session_start(&session, meter, NULL);
 *     work();
 *     wattle_session_stop(session, &energy, NULL);
 *     printf("%.3f J\n", energy.machine_j.value);
 *     wattle_session_destroy(session);
 *     wattle_meter_close(meter);
 */
#ifndef WATTLE_METER_H
#define WATTLE_METER_H

#include <wattle/energy.h>
#include <wattle/error.h>
#include <wattle/sys/sensor.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wattle_meter;
struct wattle_session;

/* ---- sensors ------------------------------------------------------------------------------ */

struct wattle_sensors; /* an owned list of channels */

/*
 * Probes every driver (or the comma list `drivers`; NULL: all but explicit ones, or
 * WATTLE_SENSORS). `host` NULL means this machine and the WATTLE_* environment (ignored under
 * AT_SECURE). Channels that cannot be used are in the list with their reason.
 */
WATTLE_API int wattle_sensors_find(struct wattle_sensors **ret, const struct wattle_host *host,
                                   const char *drivers, struct wattle_error *err);
WATTLE_API size_t wattle_sensors_count(const struct wattle_sensors *sensors);
/* Borrowed; valid until destroy. NULL if i is out of range. */
WATTLE_API const struct wattle_channel *wattle_sensors_get(const struct wattle_sensors *sensors,
                                                           size_t i);
WATTLE_API void wattle_sensors_destroy(struct wattle_sensors *sensors);

/* ---- the meter ---------------------------------------------------------------------------- */

/* Zero-initialise, then set what differs. Grows at the end only. */
struct wattle_meter_options {
    size_t size;                    /* sizeof(struct wattle_meter_options) */
    double hz;                      /* samples per second, 0.1..1000; 0: 10 */
    const char *drivers;            /* comma list; NULL: WATTLE_SENSORS or all */
    const struct wattle_host *host; /* NULL: this machine */
    const char *memory_path;        /* file that remembers which counters move on this boot and
                                       the idle power; NULL: none */
    double slow_wait_s; /* how long open waits for slow drivers (NVML); 0: not at all, they join
                           when ready and what they missed is estimated; < 0: until ready */
};

/* Fails with WATTLE_E_UNSUPPORTED only if not even the modelled source is there. */
WATTLE_API int wattle_meter_open(struct wattle_meter **ret,
                                 const struct wattle_meter_options *options,
                                 struct wattle_error *err);
/* Stops the sampler. Takes NULL. Sessions must be destroyed before. */
WATTLE_API void wattle_meter_close(struct wattle_meter *meter);

/* Channels that the meter reads, the counted set first. Borrowed. */
WATTLE_API size_t wattle_meter_channel_count(const struct wattle_meter *meter);
WATTLE_API const struct wattle_channel *wattle_meter_channel(const struct wattle_meter *meter,
                                                             size_t i);

/* CPU seconds that the sampler has used since open: the meter's own cost. */
WATTLE_API double wattle_meter_own_cpu_s(const struct wattle_meter *meter);

/* ---- sessions ----------------------------------------------------------------------------- */

WATTLE_API int wattle_session_start(struct wattle_session **ret, struct wattle_meter *meter,
                                    struct wattle_error *err);
/* Totals since start, with a fresh reading; the session goes on. */
WATTLE_API int wattle_session_read(struct wattle_session *session, struct wattle_energy *ret,
                                   struct wattle_error *err);
/* Ends the session. A second stop returns the same totals. */
WATTLE_API int wattle_session_stop(struct wattle_session *session, struct wattle_energy *ret,
                                   struct wattle_error *err);
WATTLE_API void wattle_session_destroy(struct wattle_session *session);

/* ---- windows ------------------------------------------------------------------------------ */

struct wattle_window {
    int64_t begin_ns;
    int64_t end_ns; /* 0: still open */
};

/* Under 100 ns each: a clock reading. */
WATTLE_API void wattle_window_begin(struct wattle_meter *meter, struct wattle_window *ret);
WATTLE_API void wattle_window_end(struct wattle_meter *meter, struct wattle_window *window);
/*
 * Energy inside the window by interpolation between samples; waits for no sample, but takes one
 * if none is newer than the end. Returns WATTLE_E_INVALID for a window that is open, reversed or
 * not of this meter's life.
 */
WATTLE_API int wattle_window_energy(struct wattle_meter *meter, const struct wattle_window *window,
                                    struct wattle_energy *ret, struct wattle_error *err);

/* ---- the series --------------------------------------------------------------------------- */

/* One row of the power series: cumulative energy of the counted set since open. */
struct wattle_series_point {
    int64_t t_ns;    /* host monotonic */
    double energy_j; /* counted, cumulative since the meter opened */
};

/*
 * Copies up to `max` points between two times (0, 0: all kept), thinned evenly without losing
 * energy (points are cumulative). Returns the number written.
 */
WATTLE_API size_t wattle_meter_series(struct wattle_meter *meter, int64_t from_ns, int64_t to_ns,
                                      struct wattle_series_point *ret, size_t max);

/* ---- gauges ------------------------------------------------------------------------------- */

/* The last reading of every temperature, fan, utilisation and charge. */
struct wattle_gauge {
    char name[WATTLE_NAME_MAX];
    char source[WATTLE_SOURCE_MAX];
    char device[WATTLE_NAME_MAX];
    enum wattle_kind kind;
    enum wattle_quantity quantity;
    int unit_index;
    double value; /* last; NaN unknown */
    double mean;  /* over the meter's life, time-weighted; NaN unknown */
    double max;
};
WATTLE_API size_t wattle_meter_gauges(struct wattle_meter *meter, struct wattle_gauge *ret,
                                      size_t max);

#ifdef __cplusplus
}
#endif
#endif
