/* SPDX-License-Identifier: MIT */
/*
 * A record to JSON. The contract is docs/record.md: names, order, units.
 *
 * Energies leave in whole microjoules, so that a reader who rounds to 1e-6 J
 * finds sums that add exactly. What is unknown is not written: no null, no 0.
 */
#include <wattle/record.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "record/utf8.h"
#include "record/words.h"

struct writer {
    bool failed;   /* out of memory somewhere: the whole text is refused */
    double largest; /* magnitude of the largest energy, for the number of digits */
};

static void put(struct writer *writer, json_t *object, const char *key, json_t *value)
{
    /* Takes NULL for both and says so, which is how a failed allocation arrives here. */
    if (json_object_set_new_nocheck(object, key, value) != 0) {
        writer->failed = true;
    }
}

static void add(struct writer *writer, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0) {
        writer->failed = true;
    }
}

static json_t *text(const char *value)
{
    json_t *json = json_string(value);

    if (json == NULL) {
        size_t size = 3 * strlen(value) + 1;
        char *clean = malloc(size);

        if (clean != NULL) {
            utf8_copy(clean, size, value);
            json = json_string(clean);
            free(clean);
        }
    }
    return json;
}

static void put_text(struct writer *writer, json_t *object, const char *key, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        put(writer, object, key, text(value));
    }
}

/* `per_unit`: 1e6 keeps six decimals. Adding 0.0 turns -0 into 0. */
static json_t *decimal(double value, double per_unit)
{
    double scaled = value * per_unit;

    return json_real(fabs(scaled) < 9e15 ? round(scaled) / per_unit + 0.0 : value);
}

static void put_number(struct writer *writer, json_t *object, const char *key, double value,
                       double per_unit)
{
    if (isfinite(value)) {
        put(writer, object, key, decimal(value, per_unit));
    }
}

static void put_energy(struct writer *writer, json_t *object, const char *key, double joules)
{
    put_number(writer, object, key, joules, 1e6);
    if (isfinite(joules) && fabs(joules) > writer->largest) {
        writer->largest = fabs(joules);
    }
}

static void put_bound(struct writer *writer, json_t *object, const char *const keys[3],
                      const struct wattle_bound *bound)
{
    if (!isfinite(bound->value)) {
        return;
    }
    put_energy(writer, object, keys[0], bound->value);
    put_energy(writer, object, keys[1], bound->low);
    put_energy(writer, object, keys[2], bound->high);
}

static json_t *write_tags(struct writer *writer, const char *tags)
{
    json_t *array = json_array();

    while (*tags != '\0') {
        size_t length = strcspn(tags, ",");
        char *one = strndup(tags, length);

        if (length > 0) {
            add(writer, array, one == NULL ? NULL : text(one));
        }
        free(one);
        tags += length + (tags[length] == ',');
    }
    return array;
}

static json_t *write_run(struct writer *writer, const struct wattle_record *record)
{
    json_t *run = json_object();
    json_t *command = json_array();
    char started[32];
    size_t i;

    put_text(writer, run, "id", record->id);
    for (i = 0; record->command != NULL && record->command[i] != NULL; i++) {
        add(writer, command, text(record->command[i]));
    }
    put(writer, run, "command", command);
    if (record->started_unix_ns > 0) {
        clock_format_rfc3339(record->started_unix_ns, started, sizeof started);
        put_text(writer, run, "started", started);
    }
    put_number(writer, run, "duration_s", record->duration_s, 1e9);
    if (record->exit_status >= 0) {
        put(writer, run, "exit_status", json_integer(record->exit_status));
    }
    put_text(writer, run, "machine_id", record->machine_id);
    put_text(writer, run, "host_name", record->host_name);
    put_text(writer, run, "state", words_state(record->state));
    put_text(writer, run, "parent_id", record->parent_id);
    put_text(writer, run, "project", record->project);
    if (record->tags != NULL && record->tags[0] != '\0') {
        put(writer, run, "tags", write_tags(writer, record->tags));
    }
    return run;
}

static json_t *write_component(struct writer *writer, const struct wattle_component *component)
{
    static const char *const keys[3] = {"energy_j", "low_j", "high_j"};
    json_t *object = json_object();

    put_text(writer, object, "name", component->name);
    put_text(writer, object, "kind", words_kind(component->kind));
    put_text(writer, object, "source", component->source);
    put_text(writer, object, "device", component->device);
    put_text(writer, object, "quality", words_quality(component->quality));
    put(writer, object, "counted", json_boolean(component->counted));
    put_bound(writer, object, keys, &component->energy_j);
    put_energy(writer, object, "task_j", component->task_j);
    put_number(writer, object, "gap_s", component->gap_s, 1e9);
    put(writer, object, "samples", json_integer((json_int_t)component->samples));
    put_number(writer, object, "max_w", component->max_w, 1e6);
    return object;
}

static json_t *write_energy(struct writer *writer, const struct wattle_energy *energy)
{
    static const char *const machine[3] = {"machine_j", "machine_low_j", "machine_high_j"};
    static const char *const task[3] = {"task_j", "task_low_j", "task_high_j"};
    static const char *const other[3] = {"other_j", "other_low_j", "other_high_j"};
    static const char *const idle[3] = {"idle_j", "idle_low_j", "idle_high_j"};
    static const char *const own[3] = {"own_j", "own_low_j", "own_high_j"};
    json_t *object = json_object();
    json_t *components = json_array();
    size_t i;

    put_text(writer, object, "scope", words_scope(energy->scope));
    put_bound(writer, object, machine, &energy->machine_j);
    put_bound(writer, object, task, &energy->task_j);
    put_bound(writer, object, other, &energy->other_j);
    put_bound(writer, object, idle, &energy->idle_j);
    put_bound(writer, object, own, &energy->own_j);
    put_number(writer, object, "repeat_error", energy->repeat_error, 1e6);
    if (isfinite(energy->machine_j.value)) {
        put_text(writer, object, "quality", words_quality(energy->quality));
    }
    put_text(writer, object, "idle_source", energy->idle_source);
    for (i = 0; i < energy->component_count && i < WATTLE_COMPONENTS_MAX; i++) {
        add(writer, components, write_component(writer, &energy->components[i]));
    }
    put(writer, object, "components", components);
    return object;
}

static void write_power_and_heat(struct writer *writer, json_t *root,
                                 const struct wattle_energy *energy)
{
    static const char *const keys[3] = {"energy_j", "low_j", "high_j"};
    json_t *power = json_object();
    json_t *heat = json_object();

    if (isfinite(energy->wall_j.value)) {
        json_t *wall = json_object();

        put_bound(writer, wall, keys, &energy->wall_j);
        put_text(writer, wall, "source", energy->wall_source);
        put(writer, root, "wall", wall);
    }
    put_number(writer, power, "mean_w", energy->mean_w, 1e6);
    put_number(writer, power, "max_w", energy->max_w, 1e6);
    put(writer, root, "power", power);
    /* All of it ends as heat: none is stored and next to none leaves as light or sound. */
    put_energy(writer, heat, "j", energy->machine_j.value);
    put_number(writer, heat, "btu", energy->machine_j.value / J_PER_BTU, 1e9);
    put(writer, root, "heat", heat);
}

static json_t *write_utilization(struct writer *writer, const struct wattle_record *record)
{
    json_t *object = json_object();

    put_number(writer, object, "cpu", record->utilization_cpu, 1e6);
    put_number(writer, object, "gpu", record->utilization_gpu, 1e6);
    put_number(writer, object, "ram", record->utilization_ram, 1e6);
    put_number(writer, object, "ram_gb", record->ram_gb, 1e6);
    return object;
}

static json_t *write_devices(struct writer *writer, const struct wattle_record *record)
{
    json_t *array = json_array();
    size_t i;

    for (i = 0; i < record->device_count && i < WATTLE_DEVICES_MAX; i++) {
        json_t *object = json_object();

        put_text(writer, object, "name", record->devices[i].name);
        put_text(writer, object, "kind", words_kind(record->devices[i].kind));
        put_number(writer, object, "temperature_c", record->devices[i].temperature_c, 1e3);
        put_number(writer, object, "fan_rpm", record->devices[i].fan_rpm, 1e3);
        add(writer, array, object);
    }
    return array;
}

static json_t *write_emissions(struct writer *writer, const struct wattle_emission *emission)
{
    json_t *object = json_object();

    put_text(writer, object, "of", words_emission_of(emission->of));
    if (isfinite(emission->co2e_g.value)) {
        /* A short run emits nanograms: an interval needs more than one digit of them. */
        put_number(writer, object, "co2e_g", emission->co2e_g.value, 1e12);
        put_number(writer, object, "low_g", emission->co2e_g.low, 1e12);
        put_number(writer, object, "high_g", emission->co2e_g.high, 1e12);
    }
    put_number(writer, object, "intensity_g_kwh", emission->intensity_g_kwh, 1e6);
    put_text(writer, object, "zone", emission->zone);
    if (emission->year > 0) {
        put(writer, object, "year", json_integer(emission->year));
    }
    put_text(writer, object, "basis", emission->basis);
    put_text(writer, object, "source", emission->source);
    return object;
}

static json_t *write_notes(struct writer *writer, const struct wattle_energy *energy)
{
    json_t *array = json_array();
    size_t i;

    for (i = 0; i < energy->note_count && i < WATTLE_NOTES_MAX; i++) {
        add(writer, array, text(energy->notes[i]));
    }
    return array;
}

/* Columns rather than rows: a third of the size. Time and energy count from the run's start. */
static json_t *write_series(struct writer *writer, const struct wattle_record *record)
{
    json_t *object = json_object();
    json_t *times = json_array();
    json_t *energies = json_array();
    size_t i;

    for (i = 0; i < record->series_count; i++) {
        const struct wattle_series_point *point = &record->series[i];

        if (isfinite(point->energy_j)) {
            add(writer, times, decimal(clock_s(point->t_ns - record->series_origin_ns), 1e6));
            add(writer, energies, decimal(point->energy_j - record->series[0].energy_j, 1e6));
        }
    }
    put(writer, object, "t_s", times);
    put(writer, object, "energy_j", energies);
    return object;
}

/* Indented, a series would be a line per number: arrays of numbers alone get one line. In place,
 * which works because it only removes white space. */
static void join_numbers(char *json)
{
    const char *from = json;
    char *to = json;
    bool in_string = false;
    bool joined = false; /* inside an array of numbers */

    for (; *from != '\0'; from++) {
        if (*from == '"') {
            in_string = !in_string;
        } else if (in_string && *from == '\\') {
            *to++ = *from++;
        } else if (!in_string && *from == '[') {
            joined = from[1 + strcspn(from + 1, "[]{}\"")] == ']';
        } else if (!in_string && *from == ']') {
            joined = false;
        }
        if (joined && (*from == ' ' || *from == '\n')) {
            continue;
        }
        *to++ = *from;
        if (joined && *from == ',') {
            *to++ = ' '; /* there was a line break at least */
        }
    }
    *to = '\0';
}

char *wattle_record_to_json(const struct wattle_record *record, bool pretty)
{
    struct writer writer = {.failed = false, .largest = 0};
    json_t *root = json_object();
    size_t flags = pretty ? JSON_INDENT(2) : JSON_COMPACT;
    char *result = NULL;

    put(&writer, root, "schema", json_integer(WATTLE_RECORD_SCHEMA));
    put(&writer, root, "run", write_run(&writer, record));
    put(&writer, root, "energy", write_energy(&writer, &record->energy));
    write_power_and_heat(&writer, root, &record->energy);
    put(&writer, root, "utilization", write_utilization(&writer, record));
    put(&writer, root, "devices", write_devices(&writer, record));
    if (record->emission.zone[0] != '\0') {
        put(&writer, root, "emissions", write_emissions(&writer, &record->emission));
    }
    put(&writer, root, "notes", write_notes(&writer, &record->energy));
    if (record->series_count > 0) {
        put(&writer, root, "series", write_series(&writer, record));
    }
    /* 15 digits show a decimal as it was meant (41.3, not 41.299999999999997) and hold whole
     * microjoules up to 1 GJ. Beyond, exactness matters more than looks. */
    flags |= JSON_REAL_PRECISION(writer.largest < 1e9 ? 15 : 17);
    if (!writer.failed && root != NULL) {
        result = json_dumps(root, flags);
    }
    json_decref(root);
    if (pretty && result != NULL) {
        join_numbers(result);
    }
    return result;
}
