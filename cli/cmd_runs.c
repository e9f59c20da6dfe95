/* SPDX-License-Identifier: MIT */
/* `wattle runs`: what was kept, newest first. */
#include "cli/command.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "cli/keep.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "record/utf8.h"
#include "record/words.h"

enum {
    OPTION_JSON = OPTION_OWN,
    OPTION_PROJECT,
    OPTION_TAG,
    OPTION_SINCE,
    OPTION_UNTIL,
    OPTION_TEXT,
    OPTION_LIMIT
};

static const struct option long_options[] = {
    {"json", no_argument, NULL, OPTION_JSON},
    {"project", required_argument, NULL, OPTION_PROJECT},
    {"tag", required_argument, NULL, OPTION_TAG},
    {"since", required_argument, NULL, OPTION_SINCE},
    {"until", required_argument, NULL, OPTION_UNTIL},
    {"text", required_argument, NULL, OPTION_TEXT},
    {"limit", required_argument, NULL, OPTION_LIMIT},
    OPTIONS_COMMON,
};

static const char help[] =
    "List the runs that were kept, newest first.\n"
    "\n"
    "Usage: wattle runs [OPTIONS]\n"
    "\n"
    "      --project NAME   only this project\n"
    "      --tag TAG        only with this label\n"
    "      --text WORDS     only with these words in the command\n"
    "      --since WHEN     not before WHEN: 2026-11-21, 2026-11-21T14:00:00Z, or 2h, 7d ago\n"
    "      --until WHEN     not after WHEN\n"
    "      --limit N        at most N (20); 0: all\n"
    "      --json           an array of objects\n"
    "\n"
    "`wattle show ID` tells more of one. Exit status: 0; 2 for bad options or an unreadable\n"
    "store.\n";

struct runs {
    struct store_filter filter;
    json_t *array; /* NULL: a table */
    int columns;
    long rows;
};

/* A date, a time, or how long ago. */
static bool take_time(struct cli *cli, const char *name, const char *text, int64_t *ret_unix_ns)
{
    size_t length = strlen(text);
    char whole[64];
    double ago_s;

    if (clock_parse_rfc3339(text, ret_unix_ns)) {
        return true;
    }
    snprintf(whole, sizeof whole, "%.32sT00:00:00Z", text);
    if (length == 10 && clock_parse_rfc3339(whole, ret_unix_ns)) {
        return true;
    }
    snprintf(whole, sizeof whole, "%.32s", text);
    if (length > 1 && length < 32 && text[length - 1] == 'd') {
        whole[length - 1] = 'h';
        if (units_parse_duration(whole, &ago_s)) {
            *ret_unix_ns = clock_realtime_ns() - (int64_t)(24 * ago_s * 1e9);
            return true;
        }
    } else if (units_parse_duration(text, &ago_s)) {
        *ret_unix_ns = clock_realtime_ns() - (int64_t)(ago_s * 1e9);
        return true;
    }
    usage_error(cli, "%s needs a time, as 2026-11-21 or 2h, not \"%.80s\"", name, text);
    return false;
}

static bool take_option(struct runs *runs, struct cli *cli, int code)
{
    long limit = 0;

    switch (code) {
    case OPTION_JSON:
        runs->array = runs->array != NULL ? runs->array : json_array();
        return true;
    case OPTION_PROJECT:
        runs->filter.project = optarg;
        return true;
    case OPTION_TAG:
        runs->filter.tag = optarg;
        return true;
    case OPTION_SINCE:
        return take_time(cli, "--since", optarg, &runs->filter.since_unix_ns);
    case OPTION_UNTIL:
        return take_time(cli, "--until", optarg, &runs->filter.until_unix_ns);
    case OPTION_TEXT:
        runs->filter.text = optarg;
        return true;
    default:
        if (!option_integer(cli, "--limit", optarg, 0, 1000000000, &limit)) {
            return false;
        }
        runs->filter.limit = (int)limit;
        return true;
    }
}

static void add_bound(json_t *object, const char *name, const struct wattle_bound *bound)
{
    char key[32];

    snprintf(key, sizeof key, "%s_j", name);
    output_number(object, key, bound->value);
    snprintf(key, sizeof key, "%s_low_j", name);
    output_number(object, key, bound->low);
    snprintf(key, sizeof key, "%s_high_j", name);
    output_number(object, key, bound->high);
}

static void add_row(json_t *array, const struct store_row *row)
{
    json_t *object = json_object();
    char when[32];

    output_text(object, "id", row->id);
    output_text(object, "state", words_state(row->state));
    clock_format_rfc3339(row->started_unix_ns, when, sizeof when);
    output_text(object, "started", when);
    output_number(object, "duration_s", row->duration_s);
    if (row->exit_status >= 0) {
        json_object_set_new(object, "exit_status", json_integer(row->exit_status));
    }
    output_text(object, "command", row->command);
    output_text(object, "project", row->project);
    output_text(object, "tags", row->tags);
    add_bound(object, "machine", &row->machine_j);
    add_bound(object, "task", &row->task_j);
    output_text(object, "quality", words_quality(row->quality));
    output_number(object, "co2e_g", row->co2e_g);
    json_array_append_new(array, object);
}

static void local_time(int64_t unix_ns, char *ret, size_t size)
{
    time_t seconds = (time_t)(unix_ns / NS_PER_S);
    struct tm local;

    ret[0] = '\0';
    if (localtime_r(&seconds, &local) != NULL) {
        strftime(ret, size, "%Y-%m-%d %H:%M", &local);
    }
}

static void print_row(const struct runs *runs, const struct store_row *row)
{
    char when[32], took[32], task[32], machine[32], mass[32] = "-", status[16] = "-";
    char command[512];
    int room = runs->columns - 79;

    local_time(row->started_unix_ns, when, sizeof when);
    units_duration(row->duration_s, took, sizeof took);
    units_energy(row->task_j.value, task, sizeof task);
    units_energy(row->machine_j.value, machine, sizeof machine);
    if (wattle_known(row->co2e_g)) {
        units_mass(row->co2e_g, mass, sizeof mass);
    }
    if (row->state != WATTLE_RUN_FINISHED) {
        snprintf(status, sizeof status, "%s", row->state == WATTLE_RUN_RUNNING ? "..." : "cut");
    } else if (row->exit_status >= 0) {
        snprintf(status, sizeof status, "%d", row->exit_status);
    }
    utf8_copy_printable(command, sizeof command, row->command != NULL ? row->command : "");
    printf("%-8.8s  %-16s %12s %9s %9s %9s %4s  %.*s\n", row->id, when, took,
           wattle_known(row->task_j.value) ? task : "-",
           wattle_known(row->machine_j.value) ? machine : "-", mass, status,
           room > 20 ? room : 20, command);
}

static bool take_row(void *user, const struct store_row *row)
{
    struct runs *runs = user;

    if (runs->array != NULL) {
        add_row(runs->array, row);
    } else {
        if (runs->rows == 0) {
            printf("%-8s  %-16s %12s %9s %9s %9s %4s  %s\n", "id", "started", "duration", "task",
                   "machine", "CO2e", "exit", "command");
        }
        print_row(runs, row);
    }
    runs->rows++;
    return true;
}

static int list(struct runs *runs, struct cli *cli)
{
    struct wattle_error err = {0};
    struct store *store;
    int status, rc;

    store = keep_open(cli, &status);
    if (store == NULL) {
        return status;
    }
    runs->columns = isatty(STDOUT_FILENO) == 1 ? terminal_columns(STDOUT_FILENO) : 200;
    rc = store_list(store, &runs->filter, take_row, runs, &err);
    store_close(store);
    if (rc != 0) {
        return usage_error(cli, "%s", err.text);
    }
    if (runs->array != NULL) {
        json_t *array = runs->array;

        runs->array = NULL;
        return output_json(array);
    }
    if (runs->rows == 0) {
        printf("no runs\n");
    }
    return CLI_OK;
}

int cmd_runs(struct cli *cli, int argc, char **argv)
{
    struct runs runs = {.filter = {.limit = 20}};
    int code, status = CLI_USAGE;

    while ((code = option_next(cli, argc, argv, "", long_options, help)) >= 0) {
        if (!take_option(&runs, cli, code)) {
            code = OPTION_BAD;
            break;
        }
    }
    if (code == OPTION_DONE) {
        status = CLI_OK;
    } else if (code == OPTION_END && option_no_arguments(cli, argc, argv) &&
               cli_load_config(cli) == 0) {
        status = list(&runs, cli);
    }
    json_decref(runs.array);
    return status;
}
