/* SPDX-License-Identifier: MIT */
/* Windows: two time stamps, and the curves between the rows around them. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "meter/state.h"

void wattle_window_begin(struct wattle_meter *meter, struct wattle_window *ret)
{
    ret->begin_ns = meter_now_ns(meter);
    ret->end_ns = 0;
}

void wattle_window_end(struct wattle_meter *meter, struct wattle_window *window)
{
    window->end_ns = meter_now_ns(meter);
}

static double between(double a, double b, double f) { return a + (b - a) * f; }

/*
 * The point at t between two rows. The curve only rises, and no faster than the channel's
 * highest power: so far may it lie from the straight line.
 */
static double interpolate(const struct accumulator *acc, const struct accumulated *a,
                          const struct accumulated *b, int64_t t_ns, struct accumulated *ret)
{
    double dt_s = clock_s(b->t_ns - a->t_ns);
    double f = dt_s > 0 ? clock_s(t_ns - a->t_ns) / dt_s : 0;
    double rise_j = fmax(0, b->energy_j - a->energy_j);
    double near_s = fmin(f, 1 - f) * dt_s;
    double highest_w = dt_s > 0 ? fmax(acc->nominal_w, rise_j / dt_s) : 0;

    *ret = *a;
    ret->t_ns = t_ns;
    if (!a->started) {
        ret->started = b->started && acc->first_ns <= t_ns;
        if (!ret->started) {
            return 0;
        }
        f = clock_s(t_ns - acc->first_ns) / fmax(1e-9, clock_s(b->t_ns - acc->first_ns));
    }
    ret->energy_j = between(a->energy_j, b->energy_j, f);
    ret->below_j = between(a->below_j, b->below_j, f);
    ret->above_j = between(a->above_j, b->above_j, f);
    ret->loose_j = between(a->loose_j, b->loose_j, f);
    ret->random_j2 = between(a->random_j2, b->random_j2, f);
    ret->gap_s = between(a->gap_s, b->gap_s, f);
    ret->edge_j = fmax(a->edge_j, b->edge_j);
    return fmin(rise_j * fmax(f, 1 - f), near_s * highest_w);
}

/* Points of every channel at t; the spread of each by interpolation. False: not in the series. */
static bool points_at(const struct wattle_meter *meter, int64_t t_ns, struct accumulated *ret,
                      double *ret_spread_j, size_t count)
{
    const struct series_rows *rows;
    size_t before, after, i;

    if (!series_find(&meter->series, t_ns, &rows, &before, &after)) {
        return false;
    }
    for (i = 0; i < count; i++) {
        ret_spread_j[i] = interpolate(&meter->slots[i]->acc, &series_at(rows, before, i)->at,
                                      &series_at(rows, after, i)->at, t_ns, &ret[i]);
    }
    return true;
}

static bool newest_covers(struct wattle_meter *meter, int64_t t_ns)
{
    const struct series_rows *recent = &meter->series.recent;

    return recent->count > 0 && series_t(recent, recent->count - 1) >= t_ns;
}

int wattle_window_energy(struct wattle_meter *meter, const struct wattle_window *window,
                         struct wattle_energy *ret, struct wattle_error *err)
{
    struct accumulated from[SLOTS_MAX], to[SLOTS_MAX];
    double from_j[SLOTS_MAX], to_j[SLOTS_MAX];
    size_t count, i;
    bool found;

    if (!meter_ours(meter)) {
        return error_set(err, WATTLE_E_INVALID, "a forked child must open a meter of its own");
    }
    if (window->end_ns == 0 || window->end_ns < window->begin_ns ||
        window->begin_ns < meter->life_ns || window->end_ns > meter_now_ns(meter)) {
        return error_set(err, WATTLE_E_INVALID,
                         "the window is open, reversed or not of this meter's life");
    }
    pthread_mutex_lock(&meter->lock);
    found = newest_covers(meter, window->end_ns);
    pthread_mutex_unlock(&meter->lock);
    if (!found) {
        round_take(meter, ROUND_FORCED);
    }
    pthread_mutex_lock(&meter->lock);
    if (!newest_covers(meter, window->end_ns)) {
        round_draw(meter); /* read a moment ago: only the row was missing */
    }
    count = atomic_load_explicit(&meter->slot_count, memory_order_acquire);
    found = points_at(meter, window->begin_ns, from, from_j, count) &&
            points_at(meter, window->end_ns, to, to_j, count);
    for (i = 0; found && i < count; i++) {
        double spread_j = hypot(from_j[i], to_j[i]);

        from[i].edge_j += spread_j;
        to[i].edge_j += spread_j;
    }
    if (found) {
        result_build(meter, window->begin_ns, window->end_ns, from, count, to, count, ret);
    }
    pthread_mutex_unlock(&meter->lock);
    return found ? 0 : error_set(err, WATTLE_E_INVALID, "the window is not of this meter's life");
}

size_t wattle_meter_series(struct wattle_meter *meter, int64_t from_ns, int64_t to_ns,
                           struct wattle_series_point *ret, size_t max)
{
    const struct series_rows *rows;
    size_t first = 0, last, n = 0, i, c;
    size_t count;

    if (!meter_ours(meter) || max == 0) {
        return 0;
    }
    pthread_mutex_lock(&meter->lock);
    rows = &meter->series.recent;
    if (rows->count == rows->capacity && (from_ns == 0 || series_t(rows, 0) > from_ns)) {
        rows = &meter->series.history; /* the newest rows do not reach back so far */
    }
    last = rows->count;
    while (first < last && from_ns != 0 && series_t(rows, first) < from_ns) {
        first++;
    }
    while (last > first && to_ns != 0 && series_t(rows, last - 1) > to_ns) {
        last--;
    }
    count = atomic_load_explicit(&meter->slot_count, memory_order_acquire);
    for (i = first; i < last && n < max; n++) {
        double energy_j = 0;

        for (c = 0; c < count; c++) {
            if (meter->slots[c]->counted) {
                energy_j += series_at(rows, i, c)->at.energy_j;
            }
        }
        ret[n].t_ns = series_t(rows, i);
        ret[n].energy_j = energy_j;
        /* Evenly, and always the last one. */
        if (last - first <= max) {
            i++;
        } else if (n + 1 < max - 1) {
            i = first + (n + 1) * (last - 1 - first) / (max - 1);
        } else {
            i = i == last - 1 ? last : last - 1;
        }
    }
    pthread_mutex_unlock(&meter->lock);
    return n;
}
