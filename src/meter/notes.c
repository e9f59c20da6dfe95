/* SPDX-License-Identifier: MIT */
#include "meter/notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"

void note_add(struct wattle_energy *ret, const char *format, ...)
{
    char text[WATTLE_REASON_MAX];
    va_list args;
    size_t i;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (i = 0; i < ret->note_count; i++) {
        if (strcmp(ret->notes[i], text) == 0) {
            return;
        }
    }
    if (ret->note_count == WATTLE_NOTES_MAX) {
        snprintf(ret->notes[WATTLE_NOTES_MAX - 1], WATTLE_REASON_MAX, "more notes were left out");
        return;
    }
    snprintf(ret->notes[ret->note_count++], WATTLE_REASON_MAX, "%s", text);
}

/* The part is counted from a sensor: that another way to it is shut is of no interest. */
static bool covered(const struct wattle_meter *meter, const struct select_candidate *candidates,
                    size_t count, const struct wattle_channel *channel)
{
    size_t i;

    for (i = 0; i < count; i++) {
        const struct wattle_channel *other = &meter->slots[i]->channel;

        if ((candidates[i].role == SELECT_COUNTED || candidates[i].role == SELECT_PARTNER) &&
            other->quality != WATTLE_MODELLED && other->domain == channel->domain &&
            other->unit_index == channel->unit_index) {
            return true;
        }
    }
    return false;
}

static bool carries_energy(const struct wattle_channel *channel)
{
    return channel->quantity == WATTLE_Q_ENERGY || channel->quantity == WATTLE_Q_POWER;
}

/* Sources that could not be opened or probed; those with the same reason share a line. */
static void note_refused(const struct wattle_meter *meter,
                         const struct select_candidate *candidates, size_t count,
                         struct wattle_energy *ret)
{
    bool told[REFUSED_MAX] = {false};
    size_t i, j;

    for (i = 0; i < meter->refused_count; i++) {
        const struct wattle_channel *channel = &meter->refused[i];
        char names[160] = "";
        size_t used = 0;

        if (told[i] || !carries_energy(channel) || channel->reason[0] == '\0' ||
            covered(meter, candidates, count, channel)) {
            continue;
        }
        for (j = i; j < meter->refused_count; j++) {
            const struct wattle_channel *other = &meter->refused[j];

            if (other->driver != channel->driver || strcmp(other->reason, channel->reason) != 0 ||
                covered(meter, candidates, count, other)) {
                continue;
            }
            told[j] = true;
            if (used + strlen(other->name) + 3 < sizeof names) {
                used += (size_t)snprintf(names + used, sizeof names - used, "%s%s",
                                         used > 0 ? ", " : "", other->name);
            }
        }
        note_add(ret, "%s not used (%s): %s%s%s", names, channel->driver, channel->reason,
                 channel->remedy[0] != '\0' ? "; " : "", channel->remedy);
    }
}

static void note_verdict(const struct slot *slot, enum select_role role,
                         struct wattle_energy *ret)
{
    const struct wattle_channel *channel = &slot->channel;

    switch (slot->verdict) {
    case LIVENESS_DEAD:
        if (slot->memory == LIVENESS_WAS_DEAD) {
            note_add(ret, "%s (%s) refused: its counter does not move on this boot",
                     channel->name, channel->source);
        } else {
            note_add(ret, "%s (%s) refused: its counter did not move for %.2f s", channel->name,
                     channel->source, clock_s(slot->acc.last_ns - slot->acc.first_ns));
        }
        break;
    case LIVENESS_NEVER:
        note_add(ret, "%s (%s) refused: its counter reads 0 and has not moved", channel->name,
                 channel->source);
        break;
    case LIVENESS_FROZEN:
        note_add(ret, "%s (%s) stopped counting%s", channel->name, channel->source,
                 role == SELECT_COUNTED ? ": estimated from the power before" : "");
        break;
    case LIVENESS_LOST:
        note_add(ret, "%s (%s) refused: it could not be read", channel->name, channel->source);
        break;
    default:
        break;
    }
    if (slot->acc.lost && slot->acc.started) {
        note_add(ret, "%s (%s): the device is gone", channel->name, channel->source);
    }
}

void notes_fill(const struct wattle_meter *meter, const struct select_candidate *candidates,
                size_t count, struct wattle_energy *ret)
{
    const struct wattle_channel *model = NULL;
    bool counted = false;
    size_t i;

    for (i = 0; i < count; i++) {
        const struct slot *slot = meter->slots[i];

        if (slot->energy) {
            note_verdict(slot, candidates[i].role, ret);
        }
        if (candidates[i].role == SELECT_COUNTED) {
            counted = true;
            if (slot->channel.quality == WATTLE_MODELLED) {
                model = &slot->channel;
            }
        }
    }
    note_refused(meter, candidates, count, ret);
    for (i = 0; i < ret->component_count; i++) {
        const struct wattle_component *component = &ret->components[i];

        if (component->counted && component->gap_s > 0) {
            char text[32];

            note_add(ret, "%s: not readable for %s (estimated or bridged)", component->name,
                     units_duration(component->gap_s, text, sizeof text));
        }
    }
    if (meter->slow_wanted && !meter->slow_done) {
        note_add(ret, "sensors that are slow to open are not there yet");
    }
    if (!counted) {
        note_add(ret, "nothing could be counted: the machine's energy is unknown");
    } else if (model != NULL) {
        /* "modelled:Zen 3", and what that rests on */
        const char *name = strchr(model->source, ':');

        note_add(ret, "no sensor could be used: the energy is modelled (%s)%s%s",
                 name != NULL ? name + 1 : model->source, model->reason[0] != '\0' ? "; " : "",
                 model->reason);
    }
}
