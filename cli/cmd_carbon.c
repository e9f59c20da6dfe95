/* SPDX-License-Identifier: MIT */
/* `wattle carbon`: what a grid emits. */
#include "cli/command.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/nearest.h"
#include "carbon/forecast.h"
#include "carbon/trace.h"
#include "cli/output.h"
#include "cli/terminal.h"

enum { STEP_MIN_S = 300, STEP_MAX_S = 3600 };

static const char help[] =
    "What electricity emits, and will.\n"
    "\n"
    "Usage: wattle carbon forecast --trace FILE [OPTIONS]\n"
    "\n"
    "`wattle carbon forecast --help` says more.\n"
    "Exit status: 0; 2 when the question makes no sense.\n";

static const char forecast_help[] =
    "Tell the next hours of a carbon intensity from its history and the calendar, with a 90 %\n"
    "interval. No network is used.\n"
    "\n"
    "Usage: wattle carbon forecast --trace FILE [OPTIONS]\n"
    "\n"
    "      --trace FILE     CSV: first column the UTC time, another the intensity in g/kWh;\n"
    "                       5- to 60-minute rows, gaps allowed\n"
    "      --column NAME    the column of values (the first numeric one)\n"
    "      --at TIME        RFC 3339; only rows before it are used (after the last row)\n"
    "      --hours N        how far ahead, 1 to 168 (24)\n"
    "      --step S         5min to 1h (1h)\n"
    "      --known NAME     a column known ahead, as a wind or solar forecast: its rows after\n"
    "                       TIME are used too; up to four times\n"
    "      --json           an array of {start, g_kwh, low, high}\n"
    "\n"
    "Exit status: 0; 2 when the question or the file makes no sense.\n";

struct query {
    const char *trace, *column, *at;
    const char *known[4];
    size_t known_count;
    long hours;
    double step_s;
    bool json;
};

/* Hourly values on one grid that ends where the forecast begins (and goes on for `known`). */
struct grid {
    int64_t from_s, now_s;
    size_t count; /* hours before now */
    double *hourly;
    double *known[4];
};

static void grid_finish(struct grid *grid)
{
    size_t i;

    free(grid->hourly);
    for (i = 0; i < 4; i++) {
        free(grid->known[i]);
    }
}

static int64_t floor_hour(int64_t s) { return s - ((s % 3600) + 3600) % 3600; }

/* 0, or the exit status. */
static int make_grid(struct cli *cli, const struct query *query, struct grid *ret)
{
    struct carbon_trace trace;
    struct wattle_error err;
    int64_t at_ns, at_s;
    size_t i;

    memset(ret, 0, sizeof *ret);
    if (carbon_trace_read(query->trace, query->column, &trace, &err) != 0) {
        return usage_error(cli, "%s", err.text);
    }
    at_s = trace.start_s[trace.count - 1] + 3600;
    if (query->at != NULL) {
        if (!clock_parse_rfc3339(query->at, &at_ns)) {
            carbon_trace_finish(&trace);
            return usage_error(cli, "--at needs a time such as 2021-07-01T00:00:00Z, not \"%.60s\"",
                               query->at);
        }
        at_s = at_ns / NS_PER_S;
    }
    ret->now_s = floor_hour(at_s);
    ret->from_s = floor_hour(trace.start_s[0]);
    /* Four years are plenty; a stray row from long ago must not make an endless grid. */
    if (ret->now_s - ret->from_s > 4L * 366 * 86400) {
        ret->from_s = ret->now_s - 4L * 366 * 86400;
    }
    if (ret->now_s - ret->from_s < 2 * 86400) {
        carbon_trace_finish(&trace);
        return usage_error(cli, "%s: less than two days of history before the time asked for",
                           query->trace);
    }
    ret->count = (size_t)((ret->now_s - ret->from_s) / 3600);
    ret->hourly = malloc(ret->count * sizeof *ret->hourly);
    if (ret->hourly != NULL) {
        carbon_trace_hourly(&trace, ret->from_s, at_s, ret->hourly, ret->count);
    }
    carbon_trace_finish(&trace);
    for (i = 0; i < query->known_count; i++) {
        size_t all = ret->count + (size_t)query->hours;

        if (carbon_trace_read(query->trace, query->known[i], &trace, &err) != 0) {
            return usage_error(cli, "%s", err.text);
        }
        ret->known[i] = malloc(all * sizeof *ret->known[i]);
        if (ret->known[i] != NULL) {
            carbon_trace_hourly(&trace, ret->from_s, INT64_MAX, ret->known[i], all);
        }
        carbon_trace_finish(&trace);
    }
    return CLI_OK;
}

/* Intensity is a mean over its hour: the steps inside one hour share its value. */
static int print_forecast(const struct query *query, const struct grid *grid,
                          const struct forecast_hour *told)
{
    json_t *array = json_array();
    int64_t step_s = (int64_t)query->step_s;
    int64_t t;

    for (t = 0; t < query->hours * 3600; t += step_s) {
        const struct forecast_hour *hour = &told[t / 3600];
        char start[32];

        clock_format_rfc3339((grid->now_s + t) * NS_PER_S, start, sizeof start);
        /* Whole seconds are enough: drop the milliseconds. */
        memcpy(start + 19, "Z", 2);
        if (query->json) {
            json_t *point = json_object();

            output_text(point, "start", start);
            output_number(point, "g_kwh", round(hour->g_kwh * 100) / 100);
            output_number(point, "low", round(hour->low * 100) / 100);
            output_number(point, "high", round(hour->high * 100) / 100);
            json_array_append_new(array, point);
        } else {
            printf("%s %7.1f g/kWh  (%.1f to %.1f)\n", start, hour->g_kwh, hour->low, hour->high);
        }
    }
    if (query->json) {
        return output_json(array);
    }
    json_decref(array);
    return CLI_OK;
}

static int forecast(struct cli *cli, const struct query *query)
{
    struct forecast_hour told[FORECAST_HOURS_MAX];
    struct forecast_driver drivers[4];
    struct forecast_history history;
    struct wattle_error err;
    struct grid grid;
    size_t i;
    int status = make_grid(cli, query, &grid);

    if (status == CLI_OK) {
        for (i = 0; i < query->known_count; i++) {
            drivers[i].hourly = grid.known[i];
        }
        history = (struct forecast_history){.hourly = grid.hourly,
                                            .count = grid.count,
                                            .first_hour = (long)(grid.from_s / 3600),
                                            .drivers = drivers,
                                            .driver_count = query->known_count};
        if (grid.hourly == NULL) {
            status = CLI_BROKEN;
        } else if (forecast_make(&history, (size_t)query->hours, told, &err) != 0) {
            status = usage_error(cli, "%s: %s", query->trace, err.text);
        } else {
            status = print_forecast(query, &grid, told);
        }
    }
    grid_finish(&grid);
    return status;
}

static int cmd_forecast(struct cli *cli, int argc, char **argv)
{
    enum { OPT_TRACE = OPTION_OWN, OPT_COLUMN, OPT_AT, OPT_HOURS, OPT_STEP, OPT_KNOWN, OPT_JSON };
    static const struct option options[] = {{"trace", required_argument, NULL, OPT_TRACE},
                                            {"column", required_argument, NULL, OPT_COLUMN},
                                            {"at", required_argument, NULL, OPT_AT},
                                            {"hours", required_argument, NULL, OPT_HOURS},
                                            {"step", required_argument, NULL, OPT_STEP},
                                            {"known", required_argument, NULL, OPT_KNOWN},
                                            {"json", no_argument, NULL, OPT_JSON},
                                            OPTIONS_COMMON};
    struct query query = {.hours = 24, .step_s = 3600};
    bool good = true;
    int code;

    while (good && (code = option_next(cli, argc, argv, "", options, forecast_help)) >= 0) {
        switch (code) {
        case OPT_TRACE:
            query.trace = optarg;
            break;
        case OPT_COLUMN:
            query.column = optarg;
            break;
        case OPT_AT:
            query.at = optarg;
            break;
        case OPT_HOURS:
            good = option_integer(cli, "--hours", optarg, 1, FORECAST_HOURS_MAX, &query.hours);
            break;
        case OPT_STEP:
            good = option_seconds(cli, "--step", optarg, STEP_MIN_S, STEP_MAX_S, &query.step_s);
            break;
        case OPT_KNOWN:
            if (query.known_count == 4) {
                return usage_error(cli, "--known: at most four columns");
            }
            query.known[query.known_count++] = optarg;
            break;
        default:
            query.json = true;
            break;
        }
    }
    if (!good || code != OPTION_END) {
        return good && code == OPTION_DONE ? CLI_OK : CLI_USAGE;
    }
    if (!option_no_arguments(cli, argc, argv)) {
        return CLI_USAGE;
    }
    if (query.trace == NULL) {
        return usage_error(cli, "which history? --trace FILE");
    }
    return forecast(cli, &query);
}

int cmd_carbon(struct cli *cli, int argc, char **argv)
{
    static const struct option options[] = {OPTIONS_COMMON};
    int code = option_next(cli, argc, argv, "+", options, help);
    int first = optind;

    if (code != OPTION_END) {
        return code == OPTION_DONE ? CLI_OK : CLI_USAGE;
    }
    if (first >= argc) {
        return usage_error(cli, "carbon what? see `wattle carbon --help`");
    }
    if (strcmp(argv[first], "forecast") != 0) {
        return usage_error(cli, "there is no \"%.60s\" here%s; see `wattle carbon --help`",
                           argv[first],
                           nearest_better(argv[first], NULL, "forecast") != NULL
                               ? ", but \"forecast\""
                               : "");
    }
    cli->command = "carbon forecast";
    optind = 0; /* glibc: start anew with other options */
    return cmd_forecast(cli, argc - first, argv + first);
}
