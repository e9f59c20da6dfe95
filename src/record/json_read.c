/* SPDX-License-Identifier: MIT */
/*
 * JSON to a record: the inverse of json_write.c, for files of any age and any
 * maker. Unknown keys are ignored, wrong types count as absent; what must not
 * be guessed (the schema, the id, more components than fit) refuses the file.
 */
#include <wattle/record.h>

#include <ctype.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "record/utf8.h"
#include "record/words.h"

/* Nothing here measures 10^18 of anything; what does is damage, and would overflow in sums. */
static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    double x = json_is_number(value) ? json_number_value(value) : WATTLE_UNKNOWN;

    return fabs(x) < 1e18 ? x : WATTLE_UNKNOWN;
}

static const char *word(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void copy_text(char *ret, size_t size, const json_t *object, const char *key)
{
    const char *text = word(object, key);

    utf8_copy(ret, size, text == NULL ? "" : text);
}

static void read_bound(struct wattle_bound *ret, const json_t *object, const char *const keys[3])
{
    ret->value = number(object, keys[0]);
    ret->low = number(object, keys[1]);
    ret->high = number(object, keys[2]);
    if (isnan(ret->value)) {
        ret->low = WATTLE_UNKNOWN;
        ret->high = WATTLE_UNKNOWN;
        return;
    }
    if (!(ret->low <= ret->value)) {
        ret->low = ret->value;
    }
    if (!(ret->high >= ret->value)) {
        ret->high = ret->value;
    }
}

/* Ids become file names, so that they must not be able to name anything else. */
static bool valid_id(const char *id)
{
    size_t i;

    for (i = 0; id != NULL && id[i] != '\0'; i++) {
        if (!isalnum((unsigned char)id[i]) && id[i] != '-' && id[i] != '_') {
            return false;
        }
    }
    return id != NULL && i > 0 && i < WATTLE_RUN_ID_MAX;
}

static int read_command(struct wattle_record *record, const json_t *array)
{
    size_t count = json_array_size(array);
    size_t i;

    record->command = calloc(count + 1, sizeof *record->command);
    if (record->command == NULL) {
        return WATTLE_E_NOMEM;
    }
    for (i = 0; i < count; i++) {
        const char *one = json_string_value(json_array_get(array, i));

        record->command[i] = strdup(one == NULL ? "" : one);
        if (record->command[i] == NULL) {
            return WATTLE_E_NOMEM;
        }
    }
    return 0;
}

static int read_tags(struct wattle_record *record, const json_t *array)
{
    size_t size = 1;
    size_t used = 0;
    size_t i;

    for (i = 0; i < json_array_size(array); i++) {
        size += json_string_length(json_array_get(array, i)) + 1;
    }
    if (size == json_array_size(array) + 1) {
        return 0;
    }
    record->tags = calloc(1, size);
    if (record->tags == NULL) {
        return WATTLE_E_NOMEM;
    }
    for (i = 0; i < json_array_size(array); i++) {
        const json_t *one = json_array_get(array, i);
        size_t length = json_string_length(one);

        if (length == 0) {
            continue;
        }
        if (used > 0) {
            record->tags[used++] = ',';
        }
        memcpy(record->tags + used, json_string_value(one), length);
        used += length;
    }
    return 0;
}

static int read_run(struct wattle_record *record, const json_t *run, struct wattle_error *err)
{
    const json_t *status = json_object_get(run, "exit_status");
    const char *started = word(run, "started");
    const char *project = word(run, "project");
    int code;

    if (!valid_id(word(run, "id"))) {
        return error_set(err, WATTLE_E_INVALID, "run.id is missing or not an identifier");
    }
    copy_text(record->id, sizeof record->id, run, "id");
    if (valid_id(word(run, "parent_id"))) {
        copy_text(record->parent_id, sizeof record->parent_id, run, "parent_id");
    }
    copy_text(record->machine_id, sizeof record->machine_id, run, "machine_id");
    copy_text(record->host_name, sizeof record->host_name, run, "host_name");
    words_parse_state(word(run, "state"), &record->state);
    record->duration_s = number(run, "duration_s");
    record->energy.duration_s = record->duration_s;
    if (json_is_integer(status) && json_integer_value(status) >= 0 &&
        json_integer_value(status) <= INT_MAX) {
        record->exit_status = (int)json_integer_value(status);
    }
    if (started != NULL && !clock_parse_rfc3339(started, &record->started_unix_ns)) {
        record->started_unix_ns = 0;
    }
    if (project != NULL) {
        record->project = strdup(project);
    }
    code = read_command(record, json_object_get(run, "command"));
    if (code == 0) {
        code = read_tags(record, json_object_get(run, "tags"));
    }
    if (code != 0 || (project != NULL && record->project == NULL)) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    return 0;
}

static void read_component(struct wattle_component *ret, const json_t *object)
{
    static const char *const keys[3] = {"energy_j", "low_j", "high_j"};
    const json_t *samples = json_object_get(object, "samples");

    ret->kind = WATTLE_OTHER;
    ret->quality = WATTLE_MODELLED;
    copy_text(ret->name, sizeof ret->name, object, "name");
    copy_text(ret->source, sizeof ret->source, object, "source");
    copy_text(ret->device, sizeof ret->device, object, "device");
    words_parse_kind(word(object, "kind"), &ret->kind);
    words_parse_quality(word(object, "quality"), &ret->quality);
    ret->counted = json_is_true(json_object_get(object, "counted"));
    read_bound(&ret->energy_j, object, keys);
    ret->task_j = number(object, "task_j");
    ret->gap_s = number(object, "gap_s");
    if (!(ret->gap_s >= 0)) {
        ret->gap_s = 0;
    }
    if (json_is_integer(samples) && json_integer_value(samples) > 0) {
        ret->samples = (uint64_t)json_integer_value(samples);
    }
    ret->max_w = number(object, "max_w");
}

static int read_energy(struct wattle_energy *ret, const json_t *object, struct wattle_error *err)
{
    static const char *const machine[3] = {"machine_j", "machine_low_j", "machine_high_j"};
    static const char *const task[3] = {"task_j", "task_low_j", "task_high_j"};
    static const char *const other[3] = {"other_j", "other_low_j", "other_high_j"};
    static const char *const idle[3] = {"idle_j", "idle_low_j", "idle_high_j"};
    static const char *const own[3] = {"own_j", "own_low_j", "own_high_j"};
    const json_t *components = json_object_get(object, "components");
    size_t count = json_array_size(components);
    size_t i;

    words_parse_scope(word(object, "scope"), &ret->scope);
    words_parse_quality(word(object, "quality"), &ret->quality);
    read_bound(&ret->machine_j, object, machine);
    read_bound(&ret->task_j, object, task);
    read_bound(&ret->other_j, object, other);
    read_bound(&ret->idle_j, object, idle);
    read_bound(&ret->own_j, object, own);
    ret->repeat_error = number(object, "repeat_error");
    copy_text(ret->idle_source, sizeof ret->idle_source, object, "idle_source");
    if (count > WATTLE_COMPONENTS_MAX) {
        return error_set(err, WATTLE_E_LIMIT, "%zu components, at most %d are understood", count,
                         WATTLE_COMPONENTS_MAX);
    }
    for (i = 0; i < count; i++) {
        read_component(&ret->components[i], json_array_get(components, i));
    }
    ret->component_count = count;
    return 0;
}

static void read_devices(struct wattle_record *record, const json_t *array)
{
    size_t i;

    for (i = 0; i < json_array_size(array) && i < WATTLE_DEVICES_MAX; i++) {
        const json_t *object = json_array_get(array, i);
        struct wattle_device *device = &record->devices[i];

        device->kind = WATTLE_OTHER;
        copy_text(device->name, sizeof device->name, object, "name");
        words_parse_kind(word(object, "kind"), &device->kind);
        device->temperature_c = number(object, "temperature_c");
        device->fan_rpm = number(object, "fan_rpm");
        record->device_count = i + 1;
    }
}

static void read_emissions(struct wattle_emission *ret, const json_t *object)
{
    static const char *const keys[3] = {"co2e_g", "low_g", "high_g"};
    double year = number(object, "year");

    words_parse_emission_of(word(object, "of"), &ret->of);
    read_bound(&ret->co2e_g, object, keys);
    ret->intensity_g_kwh = number(object, "intensity_g_kwh");
    copy_text(ret->zone, sizeof ret->zone, object, "zone");
    ret->year = year >= 1 && year <= 9999 ? (int)year : 0;
    copy_text(ret->basis, sizeof ret->basis, object, "basis");
    copy_text(ret->source, sizeof ret->source, object, "source");
}

static void read_notes(struct wattle_energy *ret, const json_t *array)
{
    size_t i;

    for (i = 0; i < json_array_size(array) && ret->note_count < WATTLE_NOTES_MAX; i++) {
        const char *note = json_string_value(json_array_get(array, i));

        if (note != NULL) {
            utf8_copy(ret->notes[ret->note_count++], sizeof ret->notes[0], note);
        }
    }
}

/* A damaged series is dropped whole: it is for plots, the totals stand without it. */
static int read_series(struct wattle_record *record, const json_t *object)
{
    const json_t *times = json_object_get(object, "t_s");
    const json_t *energies = json_object_get(object, "energy_j");
    size_t count = json_array_size(times);
    size_t i;

    if (count == 0 || json_array_size(energies) != count) {
        return 0;
    }
    record->series = calloc(count, sizeof *record->series);
    if (record->series == NULL) {
        return WATTLE_E_NOMEM;
    }
    for (i = 0; i < count; i++) {
        double t_s = json_number_value(json_array_get(times, i));
        double energy_j = json_number_value(json_array_get(energies, i));

        if (!(fabs(t_s) < 9e9) || !(fabs(energy_j) < 1e18)) {
            free(record->series);
            record->series = NULL;
            return 0;
        }
        record->series[i].t_ns = (int64_t)round(t_s * 1e9);
        record->series[i].energy_j = energy_j;
    }
    record->series_count = count;
    return 0;
}

static int read_record(struct wattle_record *record, const json_t *root, struct wattle_error *err)
{
    static const char *const wall[3] = {"energy_j", "low_j", "high_j"};
    const json_t *schema = json_object_get(root, "schema");
    const json_t *run = json_object_get(root, "run");
    const json_t *part;
    int code;

    if (!json_is_integer(schema) || json_integer_value(schema) < 1 || !json_is_object(run)) {
        return error_set(err, WATTLE_E_INVALID, "not a run record: no schema or no run");
    }
    if (json_integer_value(schema) > WATTLE_RECORD_SCHEMA) {
        return error_set(err, WATTLE_E_UNSUPPORTED,
                         "a record of schema %lld, this Wattle knows up to %d",
                         (long long)json_integer_value(schema), WATTLE_RECORD_SCHEMA);
    }
    code = read_run(record, run, err);
    if (code == 0) {
        code = read_energy(&record->energy, json_object_get(root, "energy"), err);
    }
    if (code != 0) {
        return code;
    }
    part = json_object_get(root, "wall");
    read_bound(&record->energy.wall_j, part, wall);
    copy_text(record->energy.wall_source, sizeof record->energy.wall_source, part, "source");
    part = json_object_get(root, "power");
    record->energy.mean_w = number(part, "mean_w");
    record->energy.max_w = number(part, "max_w");
    part = json_object_get(root, "utilization");
    record->utilization_cpu = number(part, "cpu");
    record->utilization_gpu = number(part, "gpu");
    record->utilization_ram = number(part, "ram");
    record->ram_gb = number(part, "ram_gb");
    read_devices(record, json_object_get(root, "devices"));
    read_emissions(&record->emission, json_object_get(root, "emissions"));
    read_notes(&record->energy, json_object_get(root, "notes"));
    if (read_series(record, json_object_get(root, "series")) != 0) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    return 0;
}

int wattle_record_from_json(struct wattle_record *record, const char *json, size_t size,
                            struct wattle_error *err)
{
    json_error_t where;
    json_t *root = json_loadb(json, size, 0, &where);
    int code;

    wattle_record_finish(record);
    wattle_record_init(record);
    if (root == NULL) {
        /* Jansson's words can quote the file: keep them short and printable. */
        return error_set(err, WATTLE_E_INVALID, "not JSON, line %d column %d", where.line,
                         where.column);
    }
    code = read_record(record, root, err);
    json_decref(root);
    if (code != 0) {
        wattle_record_finish(record);
        wattle_record_init(record);
    }
    return code;
}
