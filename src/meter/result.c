/* SPDX-License-Identifier: MIT */
/* Two sets of points on the curves in, a struct wattle_energy out. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "meter/fuse.h"
#include "meter/notes.h"
#include "meter/state.h"
#include "meter/wall.h"

/*
 * Two runs of the same work share the model's error: specifications, shape, age of the machine.
 * What differs is utilisation to a jiffy, temperature, fans and the rest of the system: a few
 * percent. Our own choice, not measured.
 */
#define MODEL_REPEAT 0.03
/* A session's ends are known to the time of a round each. */
#define END_JITTER_S 50e-6

struct part {
    struct accumulator_interval energy;
    struct select_candidate candidate;
    bool fused;
    double counter_weight;
};

static const struct accumulated not_started;

static int64_t microjoules(double joules) { return llround(joules * 1e6); }

/* The point of channel i; before it existed: not started. */
static struct accumulated point(const struct accumulated *points, size_t count, size_t i,
                                int64_t t_ns)
{
    struct accumulated at = i < count ? points[i] : not_started;

    at.t_ns = t_ns;
    return at;
}

struct ends {
    int64_t from_ns, to_ns;
    const struct accumulated *from, *to;
    size_t from_count, to_count;
};

static void interval_of(const struct wattle_meter *meter, const struct ends *ends, size_t i,
                        double assumed_w, struct accumulator_interval *ret)
{
    struct accumulated from = point(ends->from, ends->from_count, i, ends->from_ns);
    struct accumulated to = point(ends->to, ends->to_count, i, ends->to_ns);

    accumulator_interval(&meter->slots[i]->acc, &from, &to, assumed_w, ret);
}

/* Where a channel that joined late begins: its first reading, with edges as at the end. */
static struct accumulated first_point(const struct accumulator *acc, const struct accumulated *to)
{
    struct accumulated first = {.t_ns = acc->first_ns, .started = true, .edge_j = to->edge_j,
                                .power_w = acc->first_w};

    return first;
}

/* The time before a late start at the power that was seen first. */
static void add_late_start(const struct accumulator *counter, const struct accumulator *power,
                           double missed_s, struct part *part)
{
    double power_w = fmin(isnan(power->first_w) ? 0 : power->first_w, counter->cap_w);

    part->energy.energy_j += power_w * missed_s;
    part->energy.high_j += counter->cap_w * missed_s;
    part->energy.repeat_j = hypot(part->energy.repeat_j, power_w * missed_s);
}

/* A counter with steps takes the shape of the power beside it. */
static void fuse_part(const struct wattle_meter *meter, const struct ends *ends, size_t i,
                      struct part *part, struct wattle_energy *ret)
{
    size_t p = (size_t)part->candidate.partner;
    const struct accumulator *counter = &meter->slots[i]->acc;
    const struct accumulator *power = &meter->slots[p]->acc;
    struct accumulated from = point(ends->from, ends->from_count, i, ends->from_ns);
    struct accumulated to = point(ends->to, ends->to_count, i, ends->to_ns);
    struct accumulated power_from = point(ends->from, ends->from_count, p, ends->from_ns);
    struct accumulated power_to = point(ends->to, ends->to_count, p, ends->to_ns);
    struct accumulator_interval joules, watts;
    struct fuse_input in;
    struct fuse_output out;
    double slack_j, late_s = 0;

    if (!to.started || !power_to.started) {
        return;
    }
    if (!from.started || !power_from.started) {
        from = first_point(counter, &to);
        power_from = first_point(power, &power_to);
        late_s = fmax(0, clock_s(from.t_ns - ends->from_ns));
    }
    accumulator_interval(counter, &from, &to, WATTLE_UNKNOWN, &joules);
    accumulator_interval(power, &power_from, &power_to, WATTLE_UNKNOWN, &watts);
    if (joules.gap_s > 0 || isnan(watts.energy_j) || watts.gap_s > 0) {
        return;
    }
    in.counter_j = joules.energy_j;
    in.counter_edge_j = fmax(from.edge_j, to.edge_j);
    in.step_s = fmax(counter->period_s, counter->observed_period_s);
    in.power_j = watts.energy_j;
    in.power_half_j = watts.repeat_j;
    in.power_error = power->error_relative;
    in.power_change_w = fabs(power_to.power_w - power_from.power_w);
    in.life_s = clock_s(counter->last_ns - (counter->first_ns > power->first_ns
                                                ? counter->first_ns
                                                : power->first_ns));
    in.life_counter_j = counter->sum.energy_j;
    in.life_power_j = power->sum.energy_j;
    fuse(&in, &out);
    if (out.disagree) {
        note_add(ret, "%s: counter and power differ by more than a third; the counter is taken",
                 meter->slots[i]->channel.name);
    }
    slack_j = out.energy_j * counter->error_relative + counter->error_w *
              clock_s(ends->to_ns - ends->from_ns);
    part->fused = true;
    part->counter_weight = out.counter_weight;
    part->energy.energy_j = out.energy_j;
    part->energy.low_j = fmax(0, out.energy_j - out.half_j - slack_j);
    part->energy.high_j = out.energy_j + out.half_j + slack_j;
    part->energy.repeat_j = out.half_j;
    part->energy.samples += watts.samples;
    add_late_start(counter, power, late_s, part);
}

static void unique_name(struct wattle_energy *ret, struct wattle_component *component,
                        const struct wattle_channel *channel)
{
    int suffix = 1;
    size_t i;

    snprintf(component->name, sizeof component->name, "%s", channel->name);
    for (i = 0; i < ret->component_count; i++) {
        if (strcmp(ret->components[i].name, component->name) == 0) {
            if (suffix == 1) {
                snprintf(component->name, sizeof component->name, "%.40s.%.20s", channel->name,
                         channel->driver);
            } else {
                snprintf(component->name, sizeof component->name, "%.32s.%.16s.%d",
                         channel->name, channel->driver, suffix);
            }
            suffix++;
            i = (size_t)-1; /* look at all of them again */
        }
    }
}

static void add_component(const struct wattle_meter *meter, const struct ends *ends, size_t i,
                          const struct part *part, struct wattle_energy *ret)
{
    const struct slot *slot = meter->slots[i];
    struct wattle_component *component;

    if (ret->component_count == WATTLE_COMPONENTS_MAX) {
        note_add(ret, "more than %d components: the rest is neither listed nor counted",
                 WATTLE_COMPONENTS_MAX);
        return;
    }
    component = &ret->components[ret->component_count];
    memset(component, 0, sizeof *component);
    unique_name(ret, component, &slot->channel);
    snprintf(component->source, sizeof component->source, "%s", slot->channel.source);
    snprintf(component->device, sizeof component->device, "%s", slot->channel.device);
    component->kind = slot->channel.kind;
    component->quality = slot->channel.quality;
    if (part->fused && part->counter_weight < 0.5) {
        component->quality = WATTLE_INTEGRATED;
    }
    component->gap_s = part->energy.gap_s > 1e-9 ? part->energy.gap_s : 0;
    if (component->gap_s > 0) {
        component->quality = WATTLE_GAP;
    }
    component->counted = part->candidate.role == SELECT_COUNTED;
    component->energy_j.value = (double)microjoules(part->energy.energy_j) / 1e6;
    component->energy_j.low = (double)microjoules(part->energy.low_j) / 1e6;
    component->energy_j.high = (double)microjoules(part->energy.high_j) / 1e6;
    component->task_j = WATTLE_UNKNOWN;
    component->samples = part->energy.samples;
    component->max_w = series_max_w(&meter->series, ends->from_ns, ends->to_ns, (int)i);
    ret->component_count++;
}

/* Whole microjoules, so that the sum is exact. */
static void add_up(struct wattle_energy *ret)
{
    int64_t value_uj = 0, low_uj = 0, high_uj = 0;
    bool any = false;
    size_t i;

    for (i = 0; i < ret->component_count; i++) {
        const struct wattle_component *component = &ret->components[i];

        if (!component->counted) {
            continue;
        }
        any = true;
        value_uj += microjoules(component->energy_j.value);
        low_uj += microjoules(component->energy_j.low);
        high_uj += microjoules(component->energy_j.high);
        if (component->quality > ret->quality) {
            ret->quality = component->quality;
        }
    }
    if (any) {
        ret->machine_j.value = (double)value_uj / 1e6;
        ret->machine_j.low = (double)low_uj / 1e6;
        ret->machine_j.high = (double)high_uj / 1e6;
    }
}

/* The wall: its own sensor, or the sum where that is at the plug, or a model beside the parts. */
static void set_wall(const struct wattle_meter *meter, const struct part *parts, size_t count,
                     struct wattle_energy *ret)
{
    struct wattle_bound sum = {0, 0, 0};
    const char *source = NULL;
    bool whole = ret->scope == WATTLE_SCOPE_WALL;
    struct wall_parts measured;
    bool model = false;
    size_t i;

    wall_parts_init(&measured);
    for (i = 0; i < count; i++) {
        if (parts[i].candidate.role == SELECT_COUNTED) {
            wall_parts_add(&measured, meter->slots[i]->channel.domain, &parts[i].energy);
        }
        if (parts[i].candidate.role != (whole ? SELECT_COUNTED : SELECT_WALL)) {
            continue;
        }
        source = source != NULL ? source : meter->slots[i]->channel.source;
        sum.value += parts[i].energy.energy_j;
        sum.low += parts[i].energy.low_j;
        sum.high += parts[i].energy.high_j;
        model = meter->slots[i]->channel.quality == WATTLE_MODELLED;
    }
    if (source != NULL && !whole && model && ret->duration_s > 0) {
        sum = wall_parts_beside(&measured, sum, ret->duration_s);
    }
    if (source != NULL && !whole && sum.high < ret->machine_j.low) {
        note_add(ret, "%s: less at the plug than was counted behind it: not believed", source);
    } else if (source != NULL) {
        ret->wall_j.value = (double)microjoules(sum.value) / 1e6;
        ret->wall_j.low = (double)microjoules(sum.low) / 1e6;
        ret->wall_j.high = (double)microjoules(sum.high) / 1e6;
        if (whole) {
            ret->wall_j = ret->machine_j;
        }
        snprintf(ret->wall_source, sizeof ret->wall_source, "%s", source);
    }
}

static void set_repeat(const struct wattle_meter *meter, const struct part *parts, size_t count,
                       struct wattle_energy *ret)
{
    double square = 0, model_j = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        if (parts[i].candidate.role != SELECT_COUNTED) {
            continue;
        }
        square += parts[i].energy.repeat_j * parts[i].energy.repeat_j;
        if (meter->slots[i]->channel.quality == WATTLE_MODELLED) {
            model_j += MODEL_REPEAT * parts[i].energy.energy_j;
        }
    }
    if (ret->machine_j.value > 0 && ret->duration_s > 0) {
        ret->repeat_error = hypot(sqrt(square + model_j * model_j) / ret->machine_j.value,
                                  2 * END_JITTER_S / ret->duration_s);
    }
}

static void clear(struct wattle_energy *ret)
{
    const struct wattle_bound unknown = {WATTLE_UNKNOWN, WATTLE_UNKNOWN, WATTLE_UNKNOWN};

    /* The arrays are as large as a page table: only what is used is written. */
    memset(ret, 0, offsetof(struct wattle_energy, components));
    ret->machine_j = ret->task_j = ret->other_j = ret->idle_j = ret->own_j = unknown;
    ret->wall_j = unknown;
    ret->repeat_error = ret->mean_w = ret->max_w = WATTLE_UNKNOWN;
    ret->component_count = ret->note_count = 0;
}

/* Energies of all parts; a part of which nothing is known leaves the sum, with a note. */
static void measure_parts(struct wattle_meter *meter, const struct ends *ends, struct part *parts,
                          size_t count, struct wattle_energy *ret)
{
    size_t i;

    for (i = 0; i < count; i++) {
        struct part *part = &parts[i];
        double assumed_w = WATTLE_UNKNOWN;

        if (part->candidate.role == SELECT_NONE || part->candidate.role == SELECT_PARTNER) {
            continue;
        }
        if (part->candidate.partner >= 0) {
            assumed_w = accumulator_first_w(&meter->slots[part->candidate.partner]->acc);
        }
        interval_of(meter, ends, i, assumed_w, &part->energy);
        if (part->candidate.partner >= 0 && !isnan(part->energy.energy_j)) {
            fuse_part(meter, ends, i, part, ret);
        }
        if (isnan(part->energy.energy_j)) {
            note_add(ret, "%s: no reading in this interval, not counted",
                     meter->slots[i]->channel.name);
            part->candidate.role = SELECT_NONE;
        }
    }
}

void result_build(struct wattle_meter *meter, int64_t from_ns, int64_t to_ns,
                  const struct accumulated *from, size_t from_count,
                  const struct accumulated *to, size_t to_count, struct wattle_energy *ret)
{
    struct ends ends = {from_ns, to_ns, from, to, from_count, to_count};
    size_t count = atomic_load(&meter->slot_count);
    struct select_candidate candidates[SLOTS_MAX];
    struct part parts[SLOTS_MAX];
    int pass;
    size_t i;

    clear(ret);
    ret->duration_s = clock_s(to_ns - from_ns);
    for (i = 0; i < count; i++) {
        candidates[i].channel = &meter->slots[i]->channel;
        candidates[i].verdict = meter->slots[i]->verdict;
    }
    ret->scope = select_channels(candidates, count);
    for (i = 0; i < count; i++) {
        memset(&parts[i], 0, sizeof parts[i]);
        parts[i].candidate = candidates[i];
    }
    measure_parts(meter, &ends, parts, count, ret);
    for (pass = 0; pass < 2; pass++) { /* the counted first */
        for (i = 0; i < count; i++) {
            enum select_role role = parts[i].candidate.role;

            if (role != SELECT_NONE && role != SELECT_PARTNER &&
                (role == SELECT_COUNTED) == (pass == 0)) {
                add_component(meter, &ends, i, &parts[i], ret);
            }
        }
    }
    add_up(ret);
    set_wall(meter, parts, count, ret);
    set_repeat(meter, parts, count, ret);
    if (ret->duration_s > 0 && !isnan(ret->machine_j.value)) {
        ret->mean_w = ret->machine_j.value / ret->duration_s;
        ret->max_w = series_max_w(&meter->series, from_ns, to_ns, -1);
        /* An interval within two rows has no peak of its own. */
        ret->max_w = fmax(ret->max_w, ret->mean_w);
    }
    for (i = 0; i < count; i++) {
        candidates[i].role = parts[i].candidate.role;
    }
    notes_fill(meter, candidates, count, ret);
}
