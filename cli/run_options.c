/* SPDX-License-Identifier: MIT */
/* The options of `wattle run`, checked before anything is started. */
#include "cli/run.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "sense/sense.h"

enum {
    OPTION_HZ = OPTION_OWN,
    OPTION_LIVE,
    OPTION_ZONE,
    OPTION_PROJECT,
    OPTION_TAG,
    OPTION_SENSORS,
    OPTION_CLOUD_METADATA,
    OPTION_IDLE,
    OPTION_NO_STORE,
    OPTION_PID,
    OPTION_CGROUP,
    OPTION_USER
};

static const struct option long_options[] = {
    {"json", required_argument, NULL, 'o'},
    {"output", required_argument, NULL, 'o'},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"hz", required_argument, NULL, OPTION_HZ},
    {"live", no_argument, NULL, OPTION_LIVE},
    {"zone", required_argument, NULL, OPTION_ZONE},
    {"project", required_argument, NULL, OPTION_PROJECT},
    {"tag", required_argument, NULL, OPTION_TAG},
    {"sensors", required_argument, NULL, OPTION_SENSORS},
    {"cloud-metadata", no_argument, NULL, OPTION_CLOUD_METADATA},
    {"idle", required_argument, NULL, OPTION_IDLE},
    {"no-store", no_argument, NULL, OPTION_NO_STORE},
    {"pid", required_argument, NULL, OPTION_PID},
    {"cgroup", required_argument, NULL, OPTION_CGROUP},
    {"user", required_argument, NULL, OPTION_USER},
    OPTIONS_COMMON,
};

static const char help[] =
    "Measure what a command costs. Its input, output and exit status are passed through.\n"
    "\n"
    "Usage: wattle run [OPTIONS] [--] COMMAND [ARGUMENT]...\n"
    "       wattle run [OPTIONS] --pid PID | --cgroup PATH | --user NAME\n"
    "\n"
    "What is measured, when it runs already (until it ends, or ^C):\n"
    "      --pid PID        a process and its descendants\n"
    "      --cgroup PATH    everything in a cgroup\n"
    "      --user NAME      every process of a user\n"
    "How:\n"
    "      --hz N           samples per second, 0.1 to 1000 (10)\n"
    "      --sensors LIST   drivers to use; see `wattle sensors`\n"
    "      --cloud-metadata ask the cloud for the instance type, for the model; at most 200 ms\n"
    "      --idle TIME      measure the idle machine for TIME before, as 5s\n"
    "      --zone ZONE      country whose electricity is used, as FR; without it no CO2e\n"
    "What is told and kept:\n"
    "  -o, --json FILE      write the record as JSON; - is standard output\n"
    "  -q, --quiet          no summary\n"
    "  -v, --verbose        every component and every note\n"
    "      --live           one line of power and energy while it runs\n"
    "      --project NAME   keep the run under this project\n"
    "      --tag TAG        label it; may be repeated\n"
    "      --no-store       do not keep it\n"
    "      --log-level L    error, warning, info or debug\n"
    "      --log-format F   text, json or journald\n"
    "\n"
    "Exit status: the command's; 128+n when signal n ended it; 127 not found; 126 not\n"
    "executable; 125 when Wattle could not measure; 2 for bad options, and nothing is run.\n";

static bool add_tag(struct run_options *options, struct cli *cli, const char *tag)
{
    size_t used = strlen(options->tags);

    if (tag[0] == '\0') {
        usage_error(cli, "--tag needs a word");
        return false;
    }
    if (used + strlen(tag) + 2 > sizeof options->tags) {
        usage_error(cli, "more tags than %zu bytes can hold", sizeof options->tags);
        return false;
    }
    snprintf(options->tags + used, sizeof options->tags - used, "%s%s", used > 0 ? "," : "", tag);
    return option_config(cli, CONFIG_TAGS, "--tag", options->tags);
}

static bool set_target(struct run_options *options, struct cli *cli, enum measurement_target target)
{
    if (options->target != MEASURE_COMMAND) {
        usage_error(cli, "--pid, --cgroup and --user are alternatives: name one");
        return false;
    }
    options->target = target;
    return true;
}

/* What stands in the place of a command in lists and records. */
static void name_target(struct run_options *options, const char *option, const char *text)
{
    options->target_words[0] = option;
    options->target_words[1] = text;
}

static bool take_pid(struct run_options *options, struct cli *cli, const char *text)
{
    long pid;

    if (!set_target(options, cli, MEASURE_PID) ||
        !option_integer(cli, "--pid", text, 1, 1L << 30, &pid)) {
        return false;
    }
    if (kill((pid_t)pid, 0) != 0 && errno == ESRCH) {
        usage_error(cli, "there is no process %ld", pid);
        return false;
    }
    options->pid = (pid_t)pid;
    name_target(options, "--pid", text);
    return true;
}

static bool take_cgroup(struct run_options *options, struct cli *cli, const char *text)
{
    struct stat st;

    if (!set_target(options, cli, MEASURE_CGROUP)) {
        return false;
    }
    /* A path under the cgroup file system, or the name that /proc/PID/cgroup shows: the ledger
     * resolves the second; the first can be told to be wrong at once. */
    if (text[0] == '\0' || (strncmp(text, "/sys/", 5) == 0 &&
                            (stat(text, &st) != 0 || !S_ISDIR(st.st_mode)))) {
        usage_error(cli, "there is no cgroup \"%.200s\"", text);
        return false;
    }
    options->cgroup = text;
    name_target(options, "--cgroup", text);
    return true;
}

static bool take_user(struct run_options *options, struct cli *cli, const char *text)
{
    const struct passwd *entry;
    long uid;

    if (!set_target(options, cli, MEASURE_USER)) {
        return false;
    }
    name_target(options, "--user", text);
    if (text[0] >= '0' && text[0] <= '9') {
        if (!option_integer(cli, "--user", text, 0, 0xFFFFFFFEL, &uid)) {
            return false;
        }
        options->uid = (uid_t)uid;
        return true;
    }
    entry = getpwnam(text);
    if (entry == NULL) {
        usage_error(cli, "there is no user \"%.80s\"", text);
        return false;
    }
    options->uid = entry->pw_uid;
    return true;
}

static bool take_option(struct run_options *options, struct cli *cli, int code)
{
    switch (code) {
    case 'o':
        options->json = optarg;
        return true;
    case 'q':
        return option_config(cli, CONFIG_QUIET, "--quiet", "true");
    case 'v':
        return option_config(cli, CONFIG_VERBOSE, "--verbose", "true");
    case OPTION_HZ:
        return option_config(cli, CONFIG_HZ, "--hz", optarg);
    case OPTION_LIVE:
        return option_config(cli, CONFIG_LIVE, "--live", "true");
    case OPTION_ZONE:
        return option_config(cli, CONFIG_ZONE, "--zone", optarg);
    case OPTION_PROJECT:
        return option_config(cli, CONFIG_PROJECT, "--project", optarg);
    case OPTION_TAG:
        return add_tag(options, cli, optarg);
    case OPTION_CLOUD_METADATA:
        return option_config(cli, CONFIG_CLOUD_METADATA, "--cloud-metadata", "true");
    case OPTION_SENSORS:
        return option_config(cli, CONFIG_SENSORS, "--sensors", optarg);
    case OPTION_IDLE:
        return option_config(cli, CONFIG_IDLE, "--idle", optarg);
    case OPTION_NO_STORE:
        return option_config(cli, CONFIG_KEEP, "--no-store", "false");
    case OPTION_PID:
        return take_pid(options, cli, optarg);
    case OPTION_CGROUP:
        return take_cgroup(options, cli, optarg);
    default:
        return take_user(options, cli, optarg);
    }
}

bool option_zone(struct cli *cli, struct carbon_factor *ret)
{
    const char *zone = config_text(&cli->config, CONFIG_ZONE);
    struct wattle_error err = {0};

    memset(ret, 0, sizeof *ret);
    if (zone == NULL || carbon_table_find(zone, ret, &err) == 0) {
        return true;
    }
    memset(ret, 0, sizeof *ret);
    if (cli->config.values[CONFIG_ZONE].origin == CONFIG_PROJECT_FILE) {
        log_write(&cli->log, LOG_LEVEL_WARNING, "%s: %s; energy is not converted",
                  cli->config.values[CONFIG_ZONE].where, err.text);
        return true;
    }
    usage_error(cli, "%s: %s", cli->config.values[CONFIG_ZONE].where, err.text);
    return false;
}

static bool check_all(struct run_options *options, struct cli *cli)
{
    const char *sensors = config_text(&cli->config, CONFIG_SENSORS);
    struct wattle_error err = {0};

    if (options->command == NULL && options->target == MEASURE_COMMAND) {
        usage_error(cli, "which command? as in `wattle run -- python train.py`");
        return false;
    }
    if (options->command != NULL && options->target != MEASURE_COMMAND) {
        usage_error(cli, "a command and --pid, --cgroup or --user are alternatives");
        return false;
    }
    if (sensors != NULL && sense_check_names(sensors, &err) != 0) {
        usage_error(cli, "%s: %s", cli->config.values[CONFIG_SENSORS].where, err.text);
        return false;
    }
    if (!option_zone(cli, &options->factor)) {
        return false;
    }
    if (options->json != NULL && json_file_check(options->json, &err) != 0) {
        usage_error(cli, "--json: %s", err.text);
        return false;
    }
    options->idle_s = config_number(&cli->config, CONFIG_IDLE);
    return true;
}

int run_options_parse(struct run_options *options, struct cli *cli, int argc, char **argv,
                      int *ret_status)
{
    int code;

    memset(options, 0, sizeof *options);
    options->target = MEASURE_COMMAND;
    while ((code = option_next(cli, argc, argv, "+o:qv", long_options, help)) >= 0) {
        if (!take_option(options, cli, code)) {
            *ret_status = CLI_USAGE;
            return OPTION_BAD;
        }
    }
    if (code != OPTION_END) {
        *ret_status = code == OPTION_DONE ? CLI_OK : CLI_USAGE;
        return code;
    }
    options->command = optind < argc ? argv + optind : NULL;
    *ret_status = CLI_USAGE;
    if (cli_load_config(cli) != 0 || !check_all(options, cli)) {
        return OPTION_BAD;
    }
    return OPTION_END;
}
