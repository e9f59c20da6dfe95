/* SPDX-License-Identifier: MIT */
/* `wattle sensors`: what can be read on this machine, and why the rest cannot. */
#include "cli/command.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include <wattle/meter.h>

#include "cli/cloud.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "record/utf8.h"
#include "record/words.h"
#include "sense/sense.h"

enum { OPTION_JSON = OPTION_OWN, OPTION_SENSORS, OPTION_CLOUD_METADATA };

static const struct option long_options[] = {
    {"json", no_argument, NULL, OPTION_JSON},
    {"sensors", required_argument, NULL, OPTION_SENSORS},
    {"cloud-metadata", no_argument, NULL, OPTION_CLOUD_METADATA},
    OPTIONS_COMMON,
};

static const char help[] =
    "List every sensor of this machine: those that can be used, and why the others cannot.\n"
    "\n"
    "Usage: wattle sensors [--json] [--sensors LIST] [--cloud-metadata]\n"
    "\n"
    "      --json           an array of {name, kind, driver, source, usable, reason, quality}\n"
    "      --sensors LIST   look with these drivers only\n"
    "      --cloud-metadata ask the cloud for the instance type, for the model; at most 200 ms\n"
    "\n"
    "`wattle doctor` also tries them, and says what each missing one needs.\n"
    "Exit status: 0 when something can be used, else 1.\n";

static const char *const quantity_words[] = {"energy", "power",       "temperature",
                                             "fan",    "utilization", "charge"};

static json_t *to_json(const struct wattle_channel *channel)
{
    json_t *object = json_object();

    output_text(object, "name", channel->name);
    output_text(object, "kind", words_kind(channel->kind));
    output_text(object, "driver", channel->driver);
    output_text(object, "source", channel->source);
    json_object_set_new(object, "usable", json_boolean(channel->usable));
    /* Part of the contract: present even when there is nothing to say. */
    json_object_set_new(object, "reason", json_string(""));
    output_text(object, "reason", channel->reason);
    output_text(object, "quality", words_quality(channel->quality));
    output_text(object, "quantity", quantity_words[channel->quantity]);
    output_text(object, "device", channel->device);
    if (!channel->usable) {
        output_text(object, "remedy", channel->remedy);
    }
    return object;
}

static void print_row(const struct wattle_channel *channel, bool colour)
{
    const char *on = "", *off = "";
    char name[WATTLE_NAME_MAX], source[WATTLE_SOURCE_MAX], reason[WATTLE_REASON_MAX];

    /* Labels come from drivers and firmware: they shall not steer the terminal. */
    utf8_copy_printable(name, sizeof name, channel->name);
    utf8_copy_printable(source, sizeof source, channel->source);
    utf8_copy_printable(reason, sizeof reason, channel->reason);
    if (colour && !channel->usable) {
        on = "\033[2m";
        off = "\033[0m";
    }
    printf("%s%-4s%-22s %-8s %-12s %-11s %s%s\n", on, channel->usable ? "yes" : "no",
           name, words_kind(channel->kind), quantity_words[channel->quantity],
           channel->usable ? words_quality(channel->quality) : "-", source, off);
    if (reason[0] != '\0') {
        printf("%s    %s%s\n", on, reason, off);
    }
}

int cmd_sensors(struct cli *cli, int argc, char **argv)
{
    struct wattle_sensors *sensors;
    struct cloud cloud;
    struct wattle_error err = {0};
    json_t *array = NULL;
    bool json = false, any = false, colour;
    size_t i;
    int code;

    while ((code = option_next(cli, argc, argv, "", long_options, help)) >= 0) {
        if (code == OPTION_JSON) {
            json = true;
        } else if (code == OPTION_CLOUD_METADATA) {
            if (!option_config(cli, CONFIG_CLOUD_METADATA, "--cloud-metadata", "true")) {
                return CLI_USAGE;
            }
        } else if (!option_config(cli, CONFIG_SENSORS, "--sensors", optarg)) {
            return CLI_USAGE;
        }
    }
    if (code != OPTION_END) {
        return code == OPTION_DONE ? CLI_OK : CLI_USAGE;
    }
    if (!option_no_arguments(cli, argc, argv) || cli_load_config(cli) != 0) {
        return CLI_USAGE;
    }
    if (wattle_sensors_find(&sensors, cloud_host(cli, &cloud),
                            config_text(&cli->config, CONFIG_SENSORS), &err) != 0) {
        return usage_error(cli, "%s", err.text);
    }
    colour = terminal_colour(fileno(stdout));
    if (json) {
        array = json_array();
    } else {
        printf("%-4s%-22s %-8s %-12s %-11s %s\n", "use", "name", "kind", "reads", "quality",
               "source");
    }
    for (i = 0; i < wattle_sensors_count(sensors); i++) {
        const struct wattle_channel *channel = wattle_sensors_get(sensors, i);

        any = any || channel->usable;
        if (json) {
            json_array_append_new(array, to_json(channel));
        } else {
            print_row(channel, colour);
        }
    }
    wattle_sensors_destroy(sensors);
    if (json && output_json(array) != CLI_OK) {
        return CLI_FAILED;
    }
    return any ? CLI_OK : CLI_FAILED;
}
