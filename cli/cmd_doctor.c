/* SPDX-License-Identifier: MIT */
/* `wattle doctor`: tries every sensor and says what each missing one needs. */
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/host.h"
#include "base/units.h"
#include "cli/cloud.h"
#include "cli/fix.h"
#include "cli/judge.h"
#include "cli/terminal.h"
#include "record/utf8.h"

#define WORK_S 0.2 /* long enough for the slowest energy counter to step (NVML: 100 ms) */

enum { OPTION_FIX = OPTION_OWN, OPTION_ROOT, OPTION_SENSORS, OPTION_CLOUD_METADATA };

static const struct option long_options[] = {
    {"fix", no_argument, NULL, OPTION_FIX},
    {"root", required_argument, NULL, OPTION_ROOT},
    {"sensors", required_argument, NULL, OPTION_SENSORS},
    {"cloud-metadata", no_argument, NULL, OPTION_CLOUD_METADATA},
    OPTIONS_COMMON,
};

static const char help[] =
    "Try every sensor while the machine works for a moment, and say what each missing one needs.\n"
    "\n"
    "Usage: wattle doctor [--sensors LIST] [--cloud-metadata]\n"
    "       wattle doctor --fix [--root DIR]\n"
    "\n"
    "      --fix            as root: make the group wattle, install a udev rule and a tmpfiles\n"
    "                       line, so that this group may read the RAPL counters (0440; never\n"
    "                       everybody: PLATYPUS, CVE-2020-8694)\n"
    "      --root DIR       do it in DIR, which stands for /\n"
    "      --sensors LIST   look with these drivers only\n"
    "      --cloud-metadata ask the cloud for the instance type, for the model; at most 200 ms\n"
    "\n"
    "Exit status: 0 when something can be measured, 1 when not; with --fix 0 when all is done,\n"
    "1 when something could not be; 2 for bad options.\n";

struct doctor {
    bool fix;
    const char *root;
    const char *ok_on, *bad_on, *off; /* colours */
};

static int fix(struct cli *cli, const struct doctor *doctor)
{
    const char *root = doctor->root != NULL ? doctor->root : "";
    struct stat st;

    if (doctor->root != NULL && (stat(root, &st) != 0 || !S_ISDIR(st.st_mode))) {
        return usage_error(cli, "--root: %.200s is not a folder", root);
    }
    if (doctor->root == NULL && host_getenv("WATTLE_SYSFS") != NULL) {
        return usage_error(cli, "--fix with WATTLE_SYSFS needs --root DIR");
    }
    if (doctor->root == NULL && geteuid() != 0) {
        usage_error(cli, "--fix changes the system and needs root: sudo wattle doctor --fix");
        return CLI_FAILED;
    }
    if (!fix_install(strcmp(root, "/") == 0 ? "" : root, stdout)) {
        return CLI_FAILED;
    }
    if (doctor->root == NULL) {
        printf("Next: usermod -aG wattle USER, then log in again.\n");
    }
    return CLI_OK;
}

static const char *headline(const struct wattle_channel *channel, const struct judgement *judgement,
                            char *ret, size_t size)
{
    char number[32];

    switch (judgement->verdict) {
    case VERDICT_STILL:
        snprintf(ret, size, "does not move while the machine works; it will not be used");
        break;
    case VERDICT_FAILED:
        snprintf(ret, size, "cannot be read");
        break;
    case VERDICT_MOVES:
        if (channel->quantity == WATTLE_Q_POWER) {
            snprintf(ret, size, "%s", units_power(judgement->power_w, number, sizeof number));
        } else if (wattle_known(judgement->energy_j)) {
            snprintf(ret, size, "counts: %s in %.0f ms of work",
                     units_energy(judgement->energy_j, number, sizeof number), 1e3 * WORK_S);
        } else {
            snprintf(ret, size, "counts");
        }
        break;
    case VERDICT_NONE:
        snprintf(ret, size, "%s",
                 channel->usable ? "can be read"
                                 : (channel->reason[0] != '\0' ? channel->reason : "unusable"));
        break;
    }
    return ret;
}

static void print_sensor(const struct doctor *doctor, const struct wattle_channel *channel,
                         const struct judgement *judgement)
{
    bool good = channel->usable && judgement->verdict != VERDICT_STILL &&
                judgement->verdict != VERDICT_FAILED;
    char words[WATTLE_REASON_MAX + 64], name[WATTLE_NAME_MAX], text[WATTLE_REASON_MAX + 64];

    /* Labels come from drivers and firmware: they shall not steer the terminal. */
    utf8_copy_printable(name, sizeof name, channel->name);
    utf8_copy_printable(text, sizeof text, headline(channel, judgement, words, sizeof words));
    printf("%s%-3s%s %-20s %s\n", good ? doctor->ok_on : doctor->bad_on, good ? "ok" : "--",
           doctor->off, name, text);
    utf8_copy_printable(text, sizeof text, channel->source);
    printf("    %-20s %s\n", "", text);
    if (channel->usable && channel->reason[0] != '\0') {
        utf8_copy_printable(text, sizeof text, channel->reason);
        printf("    %-20s %s\n", "", text);
    }
    if (!good && channel->remedy[0] != '\0') {
        printf("    %-20s do: %s\n", "", channel->remedy);
    }
}

static bool measures(const struct wattle_channel *channel, const struct judgement *judgement)
{
    return judgement->verdict == VERDICT_MOVES && channel->quality <= WATTLE_INTEGRATED &&
           channel->domain != WATTLE_D_NONE;
}

static int examine(struct cli *cli, const struct doctor *doctor)
{
    struct wattle_sensors *sensors = NULL;
    struct judgement *judgements = NULL;
    struct wattle_error err = {0};
    const struct wattle_host *host;
    struct cloud cloud;
    size_t count, i, good = 0;
    int rc, readable;

    host = cloud_host(cli, &cloud);
    rc = wattle_sensors_find(&sensors, host, config_text(&cli->config, CONFIG_SENSORS), &err);
    if (rc != 0) {
        return usage_error(cli, "%s", err.text);
    }
    count = wattle_sensors_count(sensors);
    judgements = calloc(count + 1, sizeof *judgements);
    if (judgements == NULL || judge_sensors(host, sensors, WORK_S, judgements, &err) != 0) {
        log_write(&cli->log, LOG_LEVEL_ERROR, "doctor: out of memory");
        free(judgements);
        wattle_sensors_destroy(sensors);
        return CLI_BROKEN;
    }
    for (i = 0; i < count; i++) {
        const struct wattle_channel *channel = wattle_sensors_get(sensors, i);

        print_sensor(doctor, channel, &judgements[i]);
        good += measures(channel, &judgements[i]);
    }
    readable = fix_count_world_readable(host->sysfs);
    if (readable > 0) {
        printf("%s!!%s  %d energy counter%s readable by everybody: a side channel (PLATYPUS); "
               "`wattle doctor --fix` narrows it to a group\n",
               doctor->bad_on, doctor->off, readable, readable == 1 ? " is" : "s are");
    }
    if (good == 0) {
        printf("\nNothing here can be measured; energy is modelled, with a wide interval.\n");
    }
    free(judgements);
    wattle_sensors_destroy(sensors);
    return good > 0 ? CLI_OK : CLI_FAILED;
}

int cmd_doctor(struct cli *cli, int argc, char **argv)
{
    struct doctor doctor = {.ok_on = "", .bad_on = "", .off = ""};
    int code;

    while ((code = option_next(cli, argc, argv, "", long_options, help)) >= 0) {
        if (code == OPTION_FIX) {
            doctor.fix = true;
        } else if (code == OPTION_ROOT) {
            doctor.root = optarg;
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
    if (doctor.root != NULL && !doctor.fix) {
        return usage_error(cli, "--root belongs to --fix");
    }
    if (terminal_colour(STDOUT_FILENO)) {
        doctor.ok_on = "\033[32m";
        doctor.bad_on = "\033[33m";
        doctor.off = "\033[0m";
    }
    return doctor.fix ? fix(cli, &doctor) : examine(cli, &doctor);
}
