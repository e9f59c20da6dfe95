/* SPDX-License-Identifier: MIT */
/* The summary's lines about the parts of the machine. */
#include "report/page.h"

#include <math.h>

#include "base/units.h"
#include "record/utf8.h"
#include "record/words.h"

static void machine_row(const struct page *page, const char *label,
                        const struct wattle_bound *bound, const char *detail)
{
    page_row(page, label, bound, page->record->energy.machine_j.value, detail);
}

static void component_quality(struct line *line, const struct wattle_component *component)
{
    char duration[32];

    if (component->quality == WATTLE_GAP || component->gap_s > 0) {
        line_item(line, "%s not seen", units_duration(component->gap_s, duration, sizeof duration));
    } else if (component->quality != WATTLE_MEASURED) {
        line_item(line, "%s", words_quality(component->quality));
    }
}

/* --verbose: everything that is known of a component. */
static void component_line(const struct page *page, const struct wattle_component *component)
{
    char name[WATTLE_NAME_MAX], source[WATTLE_SOURCE_MAX], device[WATTLE_NAME_MAX], text[48];
    struct wattle_bound bound = component->energy_j;
    struct line detail = {0};

    utf8_copy_printable(name, sizeof name, component->name);
    utf8_copy_printable(source, sizeof source, component->source);
    utf8_copy_printable(device, sizeof device, component->device);
    line_item(&detail, "%s", source);
    if (device[0] != '\0') {
        line_item(&detail, "%s", device);
    }
    component_quality(&detail, component);
    if (wattle_known(component->task_j)) {
        line_item(&detail, "task %s", units_energy(component->task_j, text, sizeof text));
    }
    if (wattle_known(component->max_w)) {
        line_item(&detail, "max %s", units_power(component->max_w, text, sizeof text));
    }
    line_item(&detail, "%llu samples", (unsigned long long)component->samples);
    if (!component->counted) {
        line_item(&detail, "not counted");
    }
    if (!wattle_known(bound.value)) {
        line_item(&detail, "energy unknown");
        page_tell(page, name, detail.text);
        return;
    }
    page_row(page, name, &bound,
           component->counted ? page->record->energy.machine_j.value : WATTLE_UNKNOWN,
           detail.text);
}

/* All counted components of one kind in a line: a node of eight GPUs does not fill the screen. */
static void kind_line(const struct page *page, enum wattle_kind kind)
{
    const struct wattle_energy *energy = &page->record->energy;
    const struct wattle_component *last = NULL;
    struct wattle_bound sum = {0, WATTLE_UNKNOWN, WATTLE_UNKNOWN};
    struct line detail = {0};
    size_t count = 0;
    size_t i;

    for (i = 0; i < energy->component_count; i++) {
        const struct wattle_component *component = &energy->components[i];
        char name[WATTLE_NAME_MAX];

        if (!component->counted || component->kind != kind ||
            !wattle_known(component->energy_j.value)) {
            continue;
        }
        utf8_copy_printable(name, sizeof name, component->name);
        if (++count <= 2) {
            line_item(&detail, "%s", name);
        }
        sum.value += component->energy_j.value;
        if (last == NULL || component->quality > last->quality) {
            last = component;
        }
    }
    if (last == NULL) {
        return;
    }
    if (count > 2) {
        detail.used = 0;
        line_item(&detail, "%zu parts", count);
    }
    if (count == 1) {
        sum = last->energy_j;
    }
    component_quality(&detail, last);
    machine_row(page, words_kind(kind), &sum, detail.text);
}

static void uncounted(const struct page *page)
{
    const struct wattle_energy *energy = &page->record->energy;
    struct line line = {0};
    size_t i;

    for (i = 0; i < energy->component_count; i++) {
        const struct wattle_component *component = &energy->components[i];
        char name[WATTLE_NAME_MAX], text[48];

        if (!component->counted && wattle_known(component->energy_j.value)) {
            utf8_copy_printable(name, sizeof name, component->name);
            line_item(&line, "%s %s%s", name,
                      units_energy(component->energy_j.value, text, sizeof text),
                      component->quality == WATTLE_MODELLED ? " (modelled)" : "");
        }
    }
    if (line.used > 0) {
        page_tell(page, "uncounted", line.text);
    }
}

static size_t counted(const struct wattle_energy *energy)
{
    size_t count = 0;
    size_t i;

    for (i = 0; i < energy->component_count; i++) {
        count += energy->components[i].counted ? 1 : 0;
    }
    return count;
}

void page_components(const struct page *page)
{
    const struct wattle_energy *energy = &page->record->energy;
    char detail[WATTLE_SOURCE_MAX];
    size_t i;
    int kind;

    if (page->verbose) {
        for (i = 0; i < energy->component_count; i++) {
            component_line(page, &energy->components[i]);
        }
    } else {
        /* The only part would repeat the machine. */
        for (kind = WATTLE_CPU; counted(energy) > 1 && kind <= WATTLE_OTHER; kind++) {
            kind_line(page, (enum wattle_kind)kind);
        }
        uncounted(page);
    }
    if (wattle_known(energy->wall_j.value) &&
        !(energy->scope == WATTLE_SCOPE_WALL && energy->wall_j.value == energy->machine_j.value)) {
        struct line origin = {0};

        /* No share: the plug is around the machine, not a part of it. */
        utf8_copy_printable(detail, sizeof detail, energy->wall_source);
        line_add(&origin, "at the plug%s%s", detail[0] != '\0' ? ", " : "", detail);
        page_row(page, "wall", &energy->wall_j, WATTLE_UNKNOWN, origin.text);
    }
}
