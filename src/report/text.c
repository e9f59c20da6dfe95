/* SPDX-License-Identifier: MIT */
/*
 * The summary: one true sentence, then who the joules belong to, which parts
 * drew them, and what came with them. A dozen lines; labels are the names of
 * the JSON keys, so that what is read here can be looked up there. ASCII only:
 * it is printed into logs of any encoding.
 */
#include "report/text.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "record/utf8.h"
#include "record/words.h"
#include "report/lines.h"

enum { LABEL = 11, NOTES_SHOWN = 2 };

struct page {
    FILE *out;
    const struct wattle_record *record;
    bool colour;
    bool verbose;
    size_t columns;
};

static void paint(const struct page *page, const char *code)
{
    if (page->colour) {
        fprintf(page->out, "\033[%sm", code);
    }
}

static void clean(char *ret, size_t size, const char *text)
{
    utf8_copy_printable(ret, size, text);
}

/* Words under a label, broken at spaces where the terminal ends. */
static void tell(const struct page *page, const char *label, const char *text)
{
    size_t width = page->columns > LABEL + 22 ? page->columns - LABEL - 2 : 20;

    fprintf(page->out, "  %-*s", LABEL, label);
    while (text[0] != '\0') {
        size_t length = lines_fit(text, width);
        size_t cut = length;

        while (text[length] != '\0' && cut > 0 && text[cut] != ' ') {
            cut--;
        }
        cut = cut > 0 ? cut : length;
        fprintf(page->out, "%.*s\n", (int)cut, text);
        text += cut;
        text += strspn(text, " ");
        if (text[0] != '\0') {
            fprintf(page->out, "  %-*s", LABEL, "");
        }
    }
}

/* label, energy, interval, share of `whole_j` (NaN: none), detail: the columns of the tables. */
static void row_of(const struct page *page, const char *label, const struct wattle_bound *bound,
                   double whole_j, const char *detail)
{
    char number[48], interval[96], share[16];
    struct line line = {0};
    size_t length;
    const char *unit;

    if (!wattle_known(bound->value)) {
        return;
    }
    unit = lines_energy(bound->value, number, sizeof number);
    lines_interval(bound, interval, sizeof interval);
    lines_share(bound->value, whole_j, share, sizeof share);
    line_add(&line, "  %-*s%s %-*s  %-13s  %7s", LABEL, label, number,
             (int)(strlen(number) < 8 ? 8 - strlen(number) : 0), unit, interval, share);
    if (detail[0] != '\0') {
        line_add(&line, "  %s", detail);
    }
    length = page->verbose ? line.used : lines_fit(line.text, page->columns);
    fprintf(page->out, "%.*s\n", (int)lines_trim(line.text, length), line.text);
}

static void row(const struct page *page, const char *label, const struct wattle_bound *bound,
                const char *detail)
{
    row_of(page, label, bound, page->record->energy.machine_j.value, detail);
}

static void ledger(const struct page *page)
{
    const struct wattle_energy *energy = &page->record->energy;
    char source[WATTLE_SOURCE_MAX];

    /* One owner alone is the sentence again. */
    if (!wattle_known(energy->task_j.value) && !wattle_known(energy->idle_j.value) &&
        !wattle_known(energy->other_j.value)) {
        return;
    }
    clean(source, sizeof source, energy->idle_source);
    row(page, "machine", &energy->machine_j, "");
    paint(page, "1");
    row(page, "task", &energy->task_j, "");
    paint(page, "0");
    row(page, "other", &energy->other_j, "other processes");
    row(page, "idle", &energy->idle_j, source);
    row(page, "own", &energy->own_j, "Wattle itself");
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

    clean(name, sizeof name, component->name);
    clean(source, sizeof source, component->source);
    clean(device, sizeof device, component->device);
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
        tell(page, name, detail.text);
        return;
    }
    row_of(page, name, &bound,
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
        clean(name, sizeof name, component->name);
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
    row(page, words_kind(kind), &sum, detail.text);
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
            clean(name, sizeof name, component->name);
            line_item(&line, "%s %s", name,
                      units_energy(component->energy_j.value, text, sizeof text));
        }
    }
    if (line.used > 0) {
        tell(page, "uncounted", line.text);
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

static void components(const struct page *page)
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
        clean(detail, sizeof detail, energy->wall_source);
        line_add(&origin, "at the plug%s%s", detail[0] != '\0' ? ", " : "", detail);
        row_of(page, "wall", &energy->wall_j, WATTLE_UNKNOWN, origin.text);
    }
}

static void power_and_heat(const struct page *page)
{
    const struct wattle_energy *energy = &page->record->energy;
    struct line line = {0};
    char text[48];

    if (wattle_known(energy->mean_w)) {
        line_item(&line, "%s mean", units_power(energy->mean_w, text, sizeof text));
    }
    if (wattle_known(energy->max_w)) {
        line_item(&line, "%s max", units_power(energy->max_w, text, sizeof text));
    }
    if (energy->machine_j.value > 0) {
        line_item(&line, "heat %s", units_energy(energy->machine_j.value, text, sizeof text));
        line_add(&line, " = %s BTU",
                 units_number(energy->machine_j.value / J_PER_BTU, 3, text, sizeof text));
    }
    if (line.used > 0) {
        tell(page, "power", line.text);
    }
}

/* The hottest of a kind; in --verbose each device by name. */
static void temperatures(const struct page *page, struct line *line)
{
    const struct wattle_record *record = page->record;
    char name[WATTLE_NAME_MAX];
    size_t i;
    int kind;

    for (i = 0; page->verbose && i < record->device_count; i++) {
        const struct wattle_device *device = &record->devices[i];

        clean(name, sizeof name, device->name);
        if (wattle_known(device->temperature_c)) {
            line_item(line, "%s %.0f C", name, device->temperature_c);
        }
        if (wattle_known(device->fan_rpm)) {
            line_item(line, "%s %.0f rpm", name, device->fan_rpm);
        }
    }
    for (kind = WATTLE_CPU; !page->verbose && kind <= WATTLE_OTHER; kind++) {
        double hottest_c = WATTLE_UNKNOWN;

        for (i = 0; i < record->device_count; i++) {
            if (record->devices[i].kind == (enum wattle_kind)kind) {
                hottest_c = fmax(hottest_c, record->devices[i].temperature_c);
            }
        }
        if (wattle_known(hottest_c)) {
            line_item(line, "%s %.0f C", words_kind((enum wattle_kind)kind), hottest_c);
        }
    }
}

static void load(const struct page *page)
{
    const struct wattle_record *record = page->record;
    struct line line = {0};
    char share[16], number[32];

    if (wattle_known(record->utilization_cpu)) {
        line_item(&line, "cpu %s", lines_share(record->utilization_cpu, 1, share, sizeof share));
    }
    if (wattle_known(record->utilization_gpu)) {
        line_item(&line, "gpu %s", lines_share(record->utilization_gpu, 1, share, sizeof share));
    }
    if (wattle_known(record->utilization_ram)) {
        line_item(&line, "ram %s", lines_share(record->utilization_ram, 1, share, sizeof share));
    }
    if (wattle_known(record->ram_gb)) {
        line_add(&line, wattle_known(record->utilization_ram) ? " (%s GB)" : ", ram %s GB",
                 units_number(record->ram_gb, 3, number, sizeof number));
    }
    temperatures(page, &line);
    if (line.used > 0) {
        tell(page, "load", line.text);
    }
}

static void emissions(const struct page *page)
{
    const struct wattle_emission *emission = &page->record->emission;
    char mass[48], interval[96], number[48], zone[WATTLE_NAME_MAX];
    char basis[WATTLE_NAME_MAX], source[WATTLE_SOURCE_MAX];
    struct line line = {0};

    if (emission->zone[0] == '\0') {
        if (wattle_known(page->record->energy.machine_j.value)) {
            tell(page, "emissions", "not converted: name a zone, such as --zone FR");
        }
        return;
    }
    clean(zone, sizeof zone, emission->zone);
    clean(basis, sizeof basis, emission->basis);
    clean(source, sizeof source, emission->source);
    if (!wattle_known(emission->co2e_g.value)) {
        tell(page, "emissions", "unknown");
        return;
    }
    line_add(&line, "%s CO2e", units_mass(emission->co2e_g.value, mass, sizeof mass));
    lines_mass_interval(&emission->co2e_g, interval, sizeof interval);
    if (interval[0] != '\0') {
        line_add(&line, " (%s)", interval);
    }
    line_add(&line, " of the %s; %s",
             emission->of == WATTLE_OF_TASK ? "task and its idle" : "machine", zone);
    if (wattle_known(emission->intensity_g_kwh)) {
        line_add(&line, " %s g/kWh",
                 units_number(emission->intensity_g_kwh, 3, number, sizeof number));
    }
    if (emission->year > 0) {
        line_item(&line, "%d", emission->year);
    }
    if (page->verbose) {
        line_item(&line, "%s, %s", basis, source);
    }
    tell(page, "emissions", line.text);
}

static void notes(const struct page *page)
{
    const struct wattle_energy *energy = &page->record->energy;
    size_t shown = page->verbose || energy->note_count <= NOTES_SHOWN + 1 ? energy->note_count
                                                                         : NOTES_SHOWN;
    char text[WATTLE_REASON_MAX];
    size_t i;

    for (i = 0; i < shown; i++) {
        clean(text, sizeof text, energy->notes[i]);
        tell(page, "note", text);
    }
    if (shown < energy->note_count) {
        struct line line = {0};

        line_add(&line, "%zu more with --verbose", energy->note_count - shown);
        tell(page, "", line.text);
    }
}

/* Which run this is: last, where the eye goes for what to type next. */
static void identity(const struct page *page)
{
    const struct wattle_record *record = page->record;
    struct line line = {0};
    char word[200], started[32];
    size_t i, length;

    if (record->id[0] == '\0') {
        return;
    }
    clean(word, sizeof word, record->id);
    line_add(&line, "  %-*s%.*s", LABEL, "run", page->verbose ? WATTLE_RUN_ID_MAX : 8, word);
    if (record->state != WATTLE_RUN_FINISHED) {
        line_item(&line, "%s", words_state(record->state));
    }
    if (record->exit_status > 0) {
        line_item(&line, "exit status %d", record->exit_status);
    }
    if (page->verbose && record->started_unix_ns > 0) {
        clock_format_rfc3339(record->started_unix_ns, started, sizeof started);
        line_item(&line, "%s", started);
    }
    for (i = 0; record->command != NULL && record->command[i] != NULL; i++) {
        clean(word, sizeof word, record->command[i]);
        line_add(&line, "%s%s", i == 0 ? ": " : " ", word);
    }
    length = page->verbose ? line.used : lines_fit(line.text, page->columns);
    fprintf(page->out, "%.*s\n", (int)lines_trim(line.text, length), line.text);
}

void report_text(FILE *out, const struct wattle_record *record,
                 const struct report_text_options *options)
{
    struct page page = {.out = out, .record = record, .columns = 80};
    char duration[32];

    if (options != NULL) {
        page.colour = options->colour;
        page.verbose = options->verbose;
        page.columns = options->columns > 0 ? (size_t)options->columns : 80;
    }
    paint(&page, "1");
    report_sentence(out, record);
    paint(&page, "0");
    if (wattle_known(record->duration_s)) {
        fprintf(out, ", in %s", units_duration(record->duration_s, duration, sizeof duration));
    }
    fputs("\n", out);
    ledger(&page);
    components(&page);
    power_and_heat(&page);
    load(&page);
    emissions(&page);
    notes(&page);
    identity(&page);
}
