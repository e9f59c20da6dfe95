/* SPDX-License-Identifier: MIT */
/* The one true sentence: how much, how sure, and who says so. */
#include "report/text.h"

#include <math.h>
#include <string.h>

#include "base/units.h"
#include "record/utf8.h"
#include "report/lines.h"

static bool same_driver(const struct wattle_component *a, const struct wattle_component *b)
{
    size_t length = strcspn(a->source, ":");

    return length == strcspn(b->source, ":") && strncmp(a->source, b->source, length) == 0;
}

/*
 * Is this the first counted component of its driver and quality? One with a gap was read by its
 * driver for most of the time: it counts as the first only if the driver has no other.
 */
static bool is_first(const struct wattle_energy *energy, size_t i)
{
    const struct wattle_component *component = &energy->components[i];
    size_t k;

    for (k = 0; k < energy->component_count; k++) {
        const struct wattle_component *other = &energy->components[k];

        if (k != i && other->counted && same_driver(other, component) &&
            ((k < i && other->quality == component->quality) ||
             (component->quality == WATTLE_GAP && other->quality != WATTLE_GAP))) {
            return false;
        }
    }
    return true;
}

static void drivers(struct line *line, const struct wattle_energy *energy,
                    enum wattle_quality quality)
{
    size_t i;

    for (i = 0; i < energy->component_count; i++) {
        const struct wattle_component *component = &energy->components[i];
        char name[WATTLE_SOURCE_MAX], clean[WATTLE_SOURCE_MAX];

        if (component->counted && component->quality == quality && component->source[0] != '\0' &&
            is_first(energy, i)) {
            lines_driver(component->source, name, sizeof name);
            utf8_copy_printable(clean, sizeof clean, name);
            line_add(line, "%s%s", line->used > 0 ? " and " : "", clean);
        }
    }
}

static void origin(struct line *line, const struct wattle_energy *energy)
{
    static const char *const words[] = {"measured by ", "integrated by ", "modelled", "read by "};
    double gap_s = 0;
    bool first = true;
    size_t i;
    int quality;

    for (quality = WATTLE_MEASURED; quality <= WATTLE_GAP; quality++) {
        struct line names = {0};

        drivers(&names, energy, (enum wattle_quality)quality);
        if (names.used > 0) {
            line_add(line, "%s%s%s", first ? ", " : "; ", words[quality],
                     quality == WATTLE_MODELLED ? "" : names.text);
            first = false;
        }
    }
    if (energy->quality == WATTLE_MODELLED) {
        line_add(line, " (not measured)");
    }
    for (i = 0; i < energy->component_count; i++) {
        if (energy->components[i].counted) {
            gap_s = fmax(gap_s, energy->components[i].gap_s);
        }
    }
    if (gap_s > 0) {
        char duration[32];

        line_add(line, " (%s not seen)", units_duration(gap_s, duration, sizeof duration));
    }
}

void report_sentence(FILE *out, const struct wattle_record *record)
{
    const struct wattle_energy *energy = &record->energy;
    struct line line = {0};
    char number[48], interval[96];
    const char *unit;

    if (!wattle_known(energy->machine_j.value)) {
        fputs("energy unknown: no usable sensor (wattle doctor says why)", out);
        return;
    }
    unit = lines_energy(&energy->machine_j, number, sizeof number);
    lines_interval(&energy->machine_j, interval, sizeof interval);
    line_add(&line, "%s %s", number, unit);
    if (interval[0] != '\0') {
        line_add(&line, " (%s)", interval);
    }
    if (energy->scope == WATTLE_SCOPE_WALL) {
        line_add(&line, " at the wall");
    }
    origin(&line, energy);
    fputs(line.text, out);
}
