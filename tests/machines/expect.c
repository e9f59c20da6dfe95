/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "expect.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct complaints {
    char *text;
    size_t size, used;
    const char *machine;
};

__attribute__((format(printf, 2, 3))) static void complain(struct complaints *to,
                                                           const char *format, ...)
{
    va_list args;
    int n;

    if (to->used >= to->size) {
        return;
    }
    n = snprintf(to->text + to->used, to->size - to->used, "  %s: ", to->machine);
    to->used += n > 0 ? (size_t)n : 0;
    if (to->used < to->size) {
        va_start(args, format);
        n = vsnprintf(to->text + to->used, to->size - to->used, format, args);
        va_end(args);
        to->used += n > 0 ? (size_t)n : 0;
    }
    if (to->used + 1 < to->size) {
        to->text[to->used++] = '\n';
        to->text[to->used] = '\0';
    }
}

/* "true_j", or "true_w" for what draws power as long as the meter looks. NaN: not said. */
static double truth(const json_t *expect, double duration_s)
{
    const json_t *joules = json_object_get(expect, "true_j");
    const json_t *watts = json_object_get(expect, "true_w");

    return joules != NULL  ? json_number_value(joules)
           : watts != NULL ? json_number_value(watts) * duration_s
                           : WATTLE_UNKNOWN;
}

/* The interval must hold the truth; the value must be within `within` of it (default 3 %). */
static void check_bound(struct complaints *to, const char *what, const json_t *expect,
                        const struct wattle_bound *bound, double duration_s)
{
    const json_t *within = json_object_get(expect, "within");
    double share = within != NULL ? json_number_value(within) : 0.03;
    double true_j = truth(expect, duration_s);
    double slack_j;

    if (isnan(bound->value)) {
        complain(to, "%s is unknown", what);
        return;
    }
    if (bound->value < 0 || !(bound->low <= bound->value && bound->value <= bound->high)) {
        complain(to, "%s %.3f J is not inside %.3f..%.3f", what, bound->value, bound->low,
                 bound->high);
    }
    if (isnan(true_j)) {
        return;
    }
    slack_j = 0.001 * true_j + 0.01;
    if (true_j < bound->low - slack_j || true_j > bound->high + slack_j) {
        complain(to, "%s: the truth %.3f J is outside %.3f..%.3f", what, true_j, bound->low,
                 bound->high);
    }
    if (fabs(bound->value - true_j) > share * true_j + 0.01) {
        complain(to, "%s is %.3f J, the truth is %.3f J", what, bound->value, true_j);
    }
}

static const char *quality_word(enum wattle_quality quality)
{
    static const char *const words[] = {"measured", "integrated", "modelled", "gap"};

    return words[quality];
}

static void check_quality(struct complaints *to, const char *what, const json_t *expect,
                          enum wattle_quality quality)
{
    const char *wanted = json_string_value(json_object_get(expect, "quality"));

    if (wanted != NULL && strcmp(wanted, quality_word(quality)) != 0) {
        complain(to, "%s is %s, not %s", what, quality_word(quality), wanted);
    }
}

static void check_component(struct complaints *to, const char *name, const json_t *expect,
                            const struct wattle_energy *energy, double duration_s)
{
    const json_t *counted = json_object_get(expect, "counted");
    bool want_counted = counted == NULL || json_is_true(counted);
    const struct wattle_component *found = NULL;
    size_t i;

    for (i = 0; i < energy->component_count; i++) {
        if (strcmp(energy->components[i].name, name) == 0 &&
            (found == NULL || energy->components[i].counted)) {
            found = &energy->components[i];
        }
    }
    if (found == NULL) {
        if (want_counted) {
            complain(to, "there is no %s", name);
        }
        return;
    }
    if (found->counted != want_counted) {
        complain(to, "%s is %scounted", name, found->counted ? "" : "not ");
        return;
    }
    check_quality(to, name, expect, found->quality);
    if (want_counted) {
        check_bound(to, name, expect, &found->energy_j, duration_s);
    }
}

/* Rules that hold on every machine. */
static void check_always(struct complaints *to, const struct wattle_energy *energy)
{
    double sum_j = 0;
    size_t i, j;

    for (i = 0; i < energy->component_count; i++) {
        const struct wattle_component *component = &energy->components[i];

        if ((component->quality == WATTLE_GAP) != (component->gap_s > 0)) {
            complain(to, "%s is %s with a gap of %.3f s", component->name,
                     quality_word(component->quality), component->gap_s);
        }
        if (!component->counted) {
            continue;
        }
        sum_j += component->energy_j.value;
        for (j = 0; j < i; j++) {
            if (energy->components[j].counted &&
                strcmp(energy->components[j].name, component->name) == 0) {
                complain(to, "%s is counted twice", component->name);
            }
        }
    }
    if (fabs(sum_j - energy->machine_j.value) > 1e-6 + 1e-9 * sum_j) {
        complain(to, "the counted components are %.6f J, the machine %.6f J", sum_j,
                 energy->machine_j.value);
    }
}

static bool noted(const struct wattle_energy *energy, const char *words)
{
    size_t i;

    for (i = 0; i < energy->note_count; i++) {
        if (strcasestr(energy->notes[i], words) != NULL) {
            return true;
        }
    }
    return false;
}

bool expect_energy(const struct machine *machine, const struct wattle_energy *energy,
                   double duration_s, char *ret, size_t size)
{
    const json_t *expect = json_object_get(machine->manifest, "expect");
    struct complaints to = {ret, size, 0, machine->name};
    const json_t *total = json_object_get(expect, "machine");
    const char *scope = json_string_value(json_object_get(expect, "scope"));
    const char *key;
    json_t *value;
    size_t i;

    ret[0] = '\0';
    check_always(&to, energy);
    check_bound(&to, "the machine", total, &energy->machine_j, duration_s);
    check_quality(&to, "the machine", total, energy->quality);
    if (scope != NULL && (strcmp(scope, "wall") == 0) != (energy->scope == WATTLE_SCOPE_WALL)) {
        complain(&to, "the scope is not %s", scope);
    }
    json_object_foreach(json_object_get(expect, "components"), key, value) {
        check_component(&to, key, value, energy, duration_s);
    }
    json_array_foreach(json_object_get(expect, "notes"), i, value) {
        if (!noted(energy, json_string_value(value))) {
            complain(&to, "no note says '%s'", json_string_value(value));
        }
    }
    value = json_object_get(expect, "wall");
    if (value != NULL) {
        check_bound(&to, "the wall", value, &energy->wall_j, duration_s);
    }
    return to.used == 0;
}
