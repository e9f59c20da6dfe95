/* SPDX-License-Identifier: MIT */
/* `wattle show`: one run again, as it was told when it ended. */
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <wattle/record.h>

#include "cli/keep.h"
#include "cli/terminal.h"
#include "report/text.h"

enum { OPTION_JSON = OPTION_OWN };

static const struct option long_options[] = {
    {"json", no_argument, NULL, OPTION_JSON},
    {"verbose", no_argument, NULL, 'v'},
    OPTIONS_COMMON,
};

static const char help[] =
    "Show one run again.\n"
    "\n"
    "Usage: wattle show [--json] [--verbose] ID|last\n"
    "\n"
    "      --json           the whole record, as `wattle run --json` wrote it\n"
    "  -v, --verbose        every component and every note\n"
    "\n"
    "ID is what `wattle runs` lists; its first four digits or more are enough.\n"
    "Exit status: 0; 1 when there is no such run; 2 for bad options or an unreadable store.\n";

static int print_json(const struct wattle_record *record)
{
    char *text = wattle_record_to_json(record, true);
    int failed = text == NULL || printf("%s\n", text) < 0;

    free(text);
    return failed ? CLI_FAILED : CLI_OK;
}

static int show(struct cli *cli, const char *id, bool json)
{
    struct wattle_error err = {0};
    struct wattle_record record;
    struct store *store;
    int status, rc;

    store = keep_open(cli, &status);
    if (store == NULL) {
        return status;
    }
    wattle_record_init(&record);
    rc = store_get(store, id, &record, &err);
    store_close(store);
    if (rc != 0) {
        usage_error(cli, "%s", err.text);
        status = rc == WATTLE_E_NOENT ? CLI_FAILED : CLI_USAGE;
    } else if (json) {
        status = print_json(&record);
    } else {
        struct report_text_options options = {
            .colour = terminal_colour(STDOUT_FILENO),
            .verbose = config_flag(&cli->config, CONFIG_VERBOSE),
            .columns = terminal_columns(STDOUT_FILENO),
        };

        report_text(stdout, &record, &options);
        status = CLI_OK;
    }
    wattle_record_finish(&record);
    return status;
}

int cmd_show(struct cli *cli, int argc, char **argv)
{
    bool json = false;
    int code;

    while ((code = option_next(cli, argc, argv, "v", long_options, help)) >= 0) {
        if (code == OPTION_JSON) {
            json = true;
        } else if (!option_config(cli, CONFIG_VERBOSE, "--verbose", "true")) {
            return CLI_USAGE;
        }
    }
    if (code != OPTION_END) {
        return code == OPTION_DONE ? CLI_OK : CLI_USAGE;
    }
    if (optind >= argc) {
        return usage_error(cli, "which run? an id of `wattle runs`, or \"last\"");
    }
    if (optind + 1 < argc) {
        return usage_error(cli, "one run at a time, not also \"%.80s\"", argv[optind + 1]);
    }
    if (cli_load_config(cli) != 0) {
        return CLI_USAGE;
    }
    return show(cli, argv[optind], json);
}
