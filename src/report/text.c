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
#include "report/page.h"

enum { NOTES_SHOWN = 2 };

static void machine_row(const struct page *page, const char *label,
                        const struct wattle_bound *bound, const char *detail)
{
    page_row(page, label, bound, page->record->energy.machine_j.value, detail);
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
    utf8_copy_printable(source, sizeof source, energy->idle_source);
    machine_row(page, "machine", &energy->machine_j, "");
    page_paint(page, "1");
    machine_row(page, "task", &energy->task_j, "");
    page_paint(page, "0");
    machine_row(page, "other", &energy->other_j, "other processes");
    machine_row(page, "idle", &energy->idle_j, source);
    machine_row(page, "own", &energy->own_j, "Wattle itself");
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
        page_tell(page, "power", line.text);
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

        utf8_copy_printable(name, sizeof name, device->name);
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
        page_tell(page, "load", line.text);
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
            page_tell(page, "emissions", "not converted: name a zone, such as --zone FR");
        }
        return;
    }
    utf8_copy_printable(zone, sizeof zone, emission->zone);
    utf8_copy_printable(basis, sizeof basis, emission->basis);
    utf8_copy_printable(source, sizeof source, emission->source);
    if (!wattle_known(emission->co2e_g.value)) {
        page_tell(page, "emissions", "unknown");
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
    page_tell(page, "emissions", line.text);
}

static void notes(const struct page *page)
{
    const struct wattle_energy *energy = &page->record->energy;
    size_t shown = page->verbose || energy->note_count <= NOTES_SHOWN ? energy->note_count
                                                                     : NOTES_SHOWN;
    char text[WATTLE_REASON_MAX];
    size_t i;

    for (i = 0; i < shown; i++) {
        utf8_copy_printable(text, sizeof text, energy->notes[i]);
        page_tell(page, "note", text);
    }
    if (shown < energy->note_count) {
        struct line line = {0};

        line_add(&line, "%zu more with --verbose", energy->note_count - shown);
        page_tell(page, "", line.text);
    }
}

/* Which run this is: last, where the eye goes for what to type next. */
static void identity(const struct page *page)
{
    const struct wattle_record *record = page->record;
    struct line line = {0};
    char word[200], started[32];
    size_t i;

    if (record->id[0] == '\0') {
        return;
    }
    utf8_copy_printable(word, sizeof word, record->id);
    line_add(&line, "  %-*s%.*s", PAGE_LABEL, "run", page->verbose ? WATTLE_RUN_ID_MAX : 8, word);
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
        utf8_copy_printable(word, sizeof word, record->command[i]);
        line_add(&line, "%s%s", i == 0 ? ": " : " ", word);
    }
    page_line(page, &line);
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
    page_paint(&page, "1");
    report_sentence(out, record);
    page_paint(&page, "0");
    if (wattle_known(record->duration_s)) {
        fprintf(out, ", in %s", units_duration(record->duration_s, duration, sizeof duration));
    }
    fputs("\n", out);
    ledger(&page);
    page_components(&page);
    power_and_heat(&page);
    load(&page);
    emissions(&page);
    notes(&page);
    identity(&page);
}
