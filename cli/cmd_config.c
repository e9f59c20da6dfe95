/* SPDX-License-Identifier: MIT */
/* `wattle config`: each value and where it came from. */
#include "cli/command.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"

enum { OPTION_JSON = OPTION_OWN };

static const struct option long_options[] = {
    {"json", no_argument, NULL, OPTION_JSON},
    OPTIONS_COMMON,
};

static const char help[] =
    "Show every setting, its value and where it came from. Later wins:\n"
    "/etc/wattle/config.yaml, ~/.config/wattle/config.yaml, ./wattle.yaml, WATTLE_*, flags.\n"
    "\n"
    "Usage: wattle config [--json]\n"
    "\n"
    "      --json           an array of {key, value, origin, where, summary}\n"
    "\n"
    "./wattle.yaml may set project, tags, zone and budgets only.\n"
    "Exit status: 0; 2 when a file or a value makes no sense.\n";

static int print_json(const struct config *config)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < CONFIG_KEY_COUNT; i++) {
        const struct config_value *value = &config->values[i];
        const char *text = config_text(config, (enum config_key)i);
        json_t *object = json_object();

        json_object_set_new(object, "key", json_string(config_name((enum config_key)i)));
        if (text != NULL) {
            json_object_set_new(object, "value", json_string(text));
        }
        json_object_set_new(object, "origin", json_string(config_origin_name(value->origin)));
        if (value->where != NULL) {
            json_object_set_new(object, "where", json_string(value->where));
        }
        json_object_set_new(object, "summary", json_string(config_summary((enum config_key)i)));
        json_array_append_new(array, object);
    }
    return output_json(array);
}

static void print_table(const struct config *config)
{
    int i;

    for (i = 0; i < CONFIG_KEY_COUNT; i++) {
        const struct config_value *value = &config->values[i];
        const char *text = config_text(config, (enum config_key)i);

        printf("%-15s %-24s %s\n", config_name((enum config_key)i), text != NULL ? text : "-",
               value->where != NULL ? value->where : "default");
    }
}

int cmd_config(struct cli *cli, int argc, char **argv)
{
    bool json = false;
    int code;

    while ((code = option_next(cli, argc, argv, "", long_options, help)) >= 0) {
        json = true;
    }
    if (code != OPTION_END) {
        return code == OPTION_DONE ? CLI_OK : CLI_USAGE;
    }
    if (!option_no_arguments(cli, argc, argv) || cli_load_config(cli) != 0) {
        return CLI_USAGE;
    }
    if (json) {
        return print_json(&cli->config);
    }
    print_table(&cli->config);
    return CLI_OK;
}
