/* SPDX-License-Identifier: MIT */
/* `wattle runs`: what was kept, newest first. */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "cli/keep.h"
#include "cli/terminal.h"
#include "report/list.h"

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
    struct report_list list;
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
        runs->list.json = true;
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

static int list(struct runs *runs, struct cli *cli)
{
    struct wattle_error err = {0};
    struct store *store;
    int status, rc;

    store = keep_open(cli, &status);
    if (store == NULL) {
        return status;
    }
    runs->list.out = stdout;
    runs->list.colour = terminal_colour(STDOUT_FILENO);
    runs->list.columns = isatty(STDOUT_FILENO) == 1 ? terminal_columns(STDOUT_FILENO) : 0;
    report_list_begin(&runs->list);
    rc = store_list(store, &runs->filter, report_list_row, &runs->list, &err);
    report_list_end(&runs->list);
    store_close(store);
    if (rc != 0) {
        return usage_error(cli, "%s", err.text);
    }
    return fflush(stdout) == 0 && ferror(stdout) == 0 ? CLI_OK : CLI_FAILED;
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
    return status;
}
