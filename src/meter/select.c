/* SPDX-License-Identifier: MIT */
#include "meter/select.h"

#include <string.h>

static bool carries_energy(const struct wattle_channel *channel)
{
    return channel->usable && channel->domain != WATTLE_D_NONE &&
           (channel->quantity == WATTLE_Q_ENERGY || channel->quantity == WATTLE_Q_POWER);
}

static bool same_part(const struct wattle_channel *a, const struct wattle_channel *b)
{
    if (a->domain != b->domain || a->unit_index != b->unit_index) {
        return false;
    }
    /* Rails share nothing but a word: each name is a part of its own. */
    return a->domain != WATTLE_D_RAIL || strcmp(a->name, b->name) == 0;
}

static bool same_driver(const struct wattle_channel *a, const struct wattle_channel *b)
{
    return a->driver == b->driver ||
           (a->driver != NULL && b->driver != NULL && strcmp(a->driver, b->driver) == 0);
}

static bool modelled(const struct wattle_channel *channel)
{
    return channel->quality == WATTLE_MODELLED;
}

/* Does `a` stand before `b` (at index i < j or not) for their common part? */
static bool beats(const struct select_candidate *a, const struct select_candidate *b, bool earlier)
{
    bool good_a = liveness_good(a->verdict), good_b = liveness_good(b->verdict);

    if (modelled(a->channel) != modelled(b->channel)) {
        /* A frozen counter with a gap is still nearer to the truth than a model. */
        const struct select_candidate *real = modelled(a->channel) ? b : a;
        bool usable = liveness_good(real->verdict) || real->verdict == LIVENESS_FROZEN;

        return (real == a) == usable;
    }
    if (good_a != good_b) {
        return good_a;
    }
    if (!good_a && (a->verdict == LIVENESS_FROZEN) != (b->verdict == LIVENESS_FROZEN)) {
        return a->verdict == LIVENESS_FROZEN;
    }
    if (same_driver(a->channel, b->channel) && a->channel->quantity != b->channel->quantity) {
        return a->channel->quantity == WATTLE_Q_ENERGY;
    }
    return earlier;
}

/* May this one be counted at all? */
static bool eligible(const struct select_candidate *candidate)
{
    return carries_energy(candidate->channel) &&
           (liveness_good(candidate->verdict) || candidate->verdict == LIVENESS_FROZEN);
}

/* Only the first of each part is SHOWN; its power companion is noted. */
static void one_per_part(struct select_candidate *c, size_t count)
{
    size_t i, j;

    for (i = 0; i < count; i++) {
        c[i].role = eligible(&c[i]) ? SELECT_SHOWN : SELECT_NONE;
        c[i].partner = -1;
    }
    for (i = 0; i < count; i++) {
        for (j = 0; j < count && c[i].role == SELECT_SHOWN; j++) {
            if (j != i && eligible(&c[j]) && same_part(c[i].channel, c[j].channel) &&
                beats(&c[j], &c[i], j < i)) {
                c[i].role = SELECT_NONE;
            }
        }
    }
    for (i = 0; i < count; i++) {
        if (c[i].role != SELECT_SHOWN || c[i].channel->quantity != WATTLE_Q_ENERGY) {
            continue;
        }
        for (j = 0; j < count; j++) {
            if (c[j].role == SELECT_NONE && eligible(&c[j]) &&
                c[j].channel->quantity == WATTLE_Q_POWER && !modelled(c[j].channel) &&
                same_part(c[i].channel, c[j].channel) &&
                same_driver(c[i].channel, c[j].channel) && c[i].partner < 0) {
                c[j].role = SELECT_PARTNER;
                c[i].partner = (int)j;
            }
        }
    }
}

static bool shown(const struct select_candidate *c, enum wattle_domain domain, bool model)
{
    return c->role == SELECT_SHOWN && c->channel->domain == domain &&
           modelled(c->channel) == model;
}

/* Counts every shown channel of a domain; of a domain that spans the machine only one driver's. */
static size_t count_domain(struct select_candidate *c, size_t count, enum wattle_domain domain,
                           bool model, bool one_driver)
{
    const struct wattle_channel *first = NULL;
    size_t counted = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        if (!shown(&c[i], domain, model)) {
            continue;
        }
        if (one_driver && first != NULL && !same_driver(first, c[i].channel)) {
            continue;
        }
        first = first != NULL ? first : c[i].channel;
        c[i].role = SELECT_COUNTED;
        counted++;
    }
    return counted;
}

static bool has(const struct select_candidate *c, size_t count, enum wattle_domain domain, int unit)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (shown(&c[i], domain, false) && c[i].channel->unit_index == unit) {
            return true;
        }
    }
    return false;
}

/* A module stands for its parts unless both are there. Its parts then stay uncounted. */
static void settle_modules(struct select_candidate *c, size_t count, bool *ret_blocked)
{
    size_t i, j;

    for (i = 0; i < count; i++) {
        int unit = c[i].channel->unit_index;

        if (!shown(&c[i], WATTLE_D_MODULE, false) ||
            (has(c, count, WATTLE_D_PACKAGE, unit) && has(c, count, WATTLE_D_GPU, unit))) {
            continue;
        }
        c[i].role = SELECT_COUNTED;
        for (j = 0; j < count; j++) {
            ret_blocked[j] = ret_blocked[j] ||
                             (c[j].channel->unit_index == unit && c[j].role == SELECT_SHOWN &&
                              (c[j].channel->domain == WATTLE_D_PACKAGE ||
                               c[j].channel->domain == WATTLE_D_GPU));
        }
    }
}

static size_t count_parts(struct select_candidate *c, size_t count, bool model)
{
    bool blocked[SELECT_MAX] = {false};
    size_t packages = 0, counted = 0;
    size_t i;

    if (!model) {
        settle_modules(c, count, blocked);
    }
    for (i = 0; i < count; i++) {
        if (c[i].role == SELECT_COUNTED) {
            packages++; /* a module holds a package */
        } else if (shown(&c[i], WATTLE_D_PACKAGE, model) && !blocked[i]) {
            c[i].role = SELECT_COUNTED;
            packages++;
        }
    }
    if (packages == 0) {
        counted = count_domain(c, count, WATTLE_D_PLATFORM, model, true);
    }
    if (counted > 0) {
        return counted; /* it holds all the rest */
    }
    for (i = 0; i < count; i++) {
        if (!blocked[i] &&
            (shown(&c[i], WATTLE_D_DRAM, model) || shown(&c[i], WATTLE_D_GPU, model))) {
            c[i].role = SELECT_COUNTED;
            counted++;
        }
    }
    return packages + counted;
}

static void mark_wall(struct select_candidate *c, size_t count)
{
    const struct wattle_channel *first = NULL;
    bool model;
    size_t i;

    /* Measured walls first; a modelled server only where there is none. */
    for (model = false; first == NULL; model = true) {
        for (i = 0; i < count; i++) {
            if (shown(&c[i], WATTLE_D_WALL, model) &&
                (first == NULL || same_driver(first, c[i].channel))) {
                first = c[i].channel;
                c[i].role = SELECT_WALL;
            }
        }
        if (model) {
            return;
        }
    }
}

enum wattle_scope select_channels(struct select_candidate *c, size_t count)
{
    enum wattle_scope scope = WATTLE_SCOPE_COMPONENTS;

    count = count < SELECT_MAX ? count : SELECT_MAX;
    one_per_part(c, count);
    if (count_parts(c, count, false) == 0) {
        if (count_domain(c, count, WATTLE_D_WALL, false, true) > 0 ||
            count_domain(c, count, WATTLE_D_WALL, true, true) > 0) {
            scope = WATTLE_SCOPE_WALL;
        } else {
            count_parts(c, count, true);
        }
    }
    if (scope == WATTLE_SCOPE_COMPONENTS) {
        mark_wall(c, count);
    }
    return scope;
}
