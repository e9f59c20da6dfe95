/* SPDX-License-Identifier: MIT */
#include "report/list.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/units.h"
#include "record/utf8.h"
#include "record/words.h"
#include "report/lines.h"

/* ---- a table for people -------------------------------------------------------------------- */

static void local_time(int64_t unix_ns, char *ret, size_t size)
{
    time_t seconds = (time_t)(unix_ns / NS_PER_S);
    struct tm tm;

    if (unix_ns <= 0 || localtime_r(&seconds, &tm) == NULL ||
        strftime(ret, size, "%Y-%m-%d %H:%M", &tm) == 0) {
        snprintf(ret, size, "-");
    }
}

static void status(const struct store_row *row, char *ret, size_t size)
{
    if (row->state != WATTLE_RUN_FINISHED) {
        snprintf(ret, size, "%s", row->state == WATTLE_RUN_RUNNING ? "run" : "cut");
    } else if (row->exit_status < 0) {
        snprintf(ret, size, "-");
    } else {
        snprintf(ret, size, "%d", row->exit_status);
    }
}

static const char *or_dash(double value, const char *words)
{
    return wattle_known(value) ? words : "-";
}

/* A modelled number must not look like a measured one. */
static const char *quality_mark(const struct store_row *row)
{
    if (!wattle_known(row->machine_j.value)) {
        return " ";
    }
    return row->quality == WATTLE_MODELLED ? "~" : row->quality == WATTLE_GAP ? "?" : " ";
}

static void table_row(struct report_list *list, const struct store_row *row)
{
    char started[32], duration[32], machine[48], task[48], co2e[48], exit_status[16];
    char command[400];
    struct line line = {0};
    size_t length;

    local_time(row->started_unix_ns, started, sizeof started);
    status(row, exit_status, sizeof exit_status);
    utf8_copy_printable(command, sizeof command, row->command);
    units_duration(row->duration_s, duration, sizeof duration);
    units_energy(row->machine_j.value, machine, sizeof machine);
    units_energy(row->task_j.value, task, sizeof task);
    units_mass(row->co2e_g, co2e, sizeof co2e);
    line_add(&line, "%-8.8s  %-16s %12s %9s %9s%s %8s %4s  %s", row->id, started,
             or_dash(row->duration_s, duration), or_dash(row->task_j.value, task),
             or_dash(row->machine_j.value, machine), quality_mark(row),
             or_dash(row->co2e_g, co2e), exit_status, command);
    length = list->columns > 0 ? lines_fit(line.text, (size_t)list->columns) : line.used;
    fprintf(list->out, "%.*s\n", (int)lines_trim(line.text, length), line.text);
}

/* ---- an array for programs ----------------------------------------------------------------- */

static void put_number(json_t *object, const char *key, double value)
{
    if (isfinite(value)) {
        json_object_set_new(object, key, json_real(value));
    }
}

static void put_text(json_t *object, const char *key, const char *text)
{
    char *copy;
    size_t size;

    if (text == NULL || text[0] == '\0') {
        return;
    }
    size = 3 * strlen(text) + 1;
    copy = malloc(size);
    if (copy != NULL) {
        utf8_copy(copy, size, text);
        json_object_set_new(object, key, json_string(copy));
        free(copy);
    }
}

static void put_tags(json_t *object, const char *tags)
{
    json_t *array = json_array();

    while (tags != NULL && *tags != '\0') {
        size_t length = strcspn(tags, ",");

        if (length > 0) {
            json_array_append_new(array, json_stringn(tags, length));
        }
        tags += length + (tags[length] == ',');
    }
    if (json_array_size(array) > 0) {
        json_object_set(object, "tags", array);
    }
    json_decref(array);
}

static void json_row(struct report_list *list, const struct store_row *row)
{
    json_t *object = json_object();
    char started[32];

    put_text(object, "id", row->id);
    put_text(object, "state", words_state(row->state));
    if (row->started_unix_ns > 0) {
        clock_format_rfc3339(row->started_unix_ns, started, sizeof started);
        put_text(object, "started", started);
    }
    put_number(object, "duration_s", row->duration_s);
    if (row->exit_status >= 0) {
        json_object_set_new(object, "exit_status", json_integer(row->exit_status));
    }
    put_text(object, "command", row->command);
    put_text(object, "project", row->project);
    put_tags(object, row->tags);
    put_number(object, "machine_j", row->machine_j.value);
    put_number(object, "machine_low_j", row->machine_j.low);
    put_number(object, "machine_high_j", row->machine_j.high);
    put_number(object, "task_j", row->task_j.value);
    put_number(object, "task_low_j", row->task_j.low);
    put_number(object, "task_high_j", row->task_j.high);
    if (isfinite(row->machine_j.value)) {
        put_text(object, "quality", words_quality(row->quality));
    }
    put_number(object, "co2e_g", row->co2e_g);
    fputs(list->count > 0 ? ",\n  " : "\n  ", list->out);
    json_dumpf(object, list->out, JSON_REAL_PRECISION(15));
    json_decref(object);
}

/* -------------------------------------------------------------------------------------------- */

void report_list_begin(struct report_list *list)
{
    list->count = 0;
    if (list->json) {
        fputs("[", list->out);
    }
}

bool report_list_row(void *user, const struct store_row *row)
{
    struct report_list *list = user;

    if (list->json) {
        json_row(list, row);
    } else {
        if (list->count == 0) {
            struct line line = {0};

            line_add(&line, "%-8s  %-16s %12s %9s %9s  %8s %4s  %s", "id", "started", "duration",
                     "task", "machine", "CO2e", "exit", "command");
            fprintf(list->out, list->colour ? "\033[1m%.*s\033[0m\n" : "%.*s\n",
                    (int)(list->columns > 0 ? lines_fit(line.text, (size_t)list->columns)
                                            : line.used),
                    line.text);
        }
        table_row(list, row);
    }
    list->count++;
    return ferror(list->out) == 0; /* `wattle runs | head` */
}

void report_list_end(struct report_list *list)
{
    if (list->json) {
        fputs(list->count > 0 ? "\n]\n" : "]\n", list->out);
    } else if (list->count == 0) {
        fputs("no runs\n", list->out);
    }
}
