/* SPDX-License-Identifier: MIT */
/* `wattle calibrate`: one reading of a plug meter makes the model of this machine better. */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/host.h"
#include "base/units.h"
#include "cli/output.h"
#include "estimate/calibration.h"
#include "machine/usage.h"
#include "machine/virt.h"
#include "record/store.h"
#include "sense/modelled.h"

static const char help[] =
    "Keep a reading of a plug meter, so that this machine's model moves towards it.\n"
    "\n"
    "Usage: wattle calibrate --watts W [--load idle|full|0..1] [OPTIONS]\n"
    "       wattle calibrate --show | --forget\n"
    "\n"
    "      --watts W      mean power of the whole machine at its plug\n"
    "      --load U       how busy it was: idle (0), full (1: under `wattle load`), or a share;\n"
    "                     without it the next two seconds are watched\n"
    "      --error E      the meter's relative error (0.03)\n"
    "      --show         what is kept, and what it makes of the estimate\n"
    "      --forget       remove it\n"
    "      --json         one object\n"
    "\n"
    "One reading at rest and one under full load are best. Kept beside the store.\n"
    "Exit status: 0; 2 when it makes no sense, as in a virtual machine, whose plug nobody sees.\n";

struct question {
    double watts, load, error; /* NaN: not given */
    bool show, forget, json;
};

struct place {
    char path[4096];
    struct wattle_host host;
    struct modelled_machine machine; /* without calibration */
    struct calibration calibration;
};

static bool find_path(struct cli *cli, char *ret, size_t size)
{
    const char *store = config_text(&cli->config, CONFIG_STORE);
    char path[3072];
    if (store != NULL) {
        snprintf(path, sizeof(path), "%s", store);
    } else if (store_default_path(path, sizeof(path), NULL) != 0) {
        usage_error(cli, "there is no folder to keep it in: set HOME or WATTLE_STORE");
        return false;
    }
    char *slash = strrchr(path, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    snprintf(ret, size, "%s/machine.calibration", slash != NULL ? path : ".");
    return true;
}

static int look(struct cli *cli, struct place *place)
{
    struct machine_cpu cpu;
    struct machine_memory memory;
    struct machine_virt virt;
    char text[CALIBRATION_TEXT_MAX];
    host_from_environment(&place->host);
    machine_cpu_read(&place->host, &cpu);
    machine_memory_read(&place->host, &memory);
    machine_virt_read(&place->host, &virt);
    if (virt.virtual_machine) {
        return usage_error(cli, "this is a virtual machine: a plug meter sees the host and all of "
                                "its guests");
    }
    virt.container = false; /* the plug is the whole machine's */
    modelled_describe(&cpu, &memory, &virt, &place->machine);
    ssize_t size = file_read(place->path, text, sizeof(text));
    if (size <= 0 || !calibration_parse(text, (size_t)size, &place->calibration) ||
        strcmp(place->calibration.cpu, cpu.model_name) != 0) {
        memset(&place->calibration, 0, sizeof(place->calibration));
    }
    snprintf(place->calibration.cpu, sizeof(place->calibration.cpu), "%s", cpu.model_name);
    return CLI_OK;
}

/* Mean load of the machine over two seconds. */
static double watch_load(const struct wattle_host *host)
{
    struct machine_cpu_time before, after;
    const struct timespec pause = {2, 0};
    machine_cpu_time_read(host, &before);
    nanosleep(&pause, NULL);
    machine_cpu_time_read(host, &after);
    double busy = after.busy_s - before.busy_s, idle = after.idle_s - before.idle_s;
    return busy + idle > 0 ? busy / (busy + idle) : WATTLE_UNKNOWN;
}

static int keep(struct cli *cli, const struct place *place)
{
    char text[CALIBRATION_TEXT_MAX], folder[4096];
    struct wattle_error err = {0};
    int size = calibration_format(&place->calibration, text, sizeof(text));
    snprintf(folder, sizeof(folder), "%s", place->path);
    *strrchr(folder, '/') = '\0';
    if (size < 0 || (folder[0] != '\0' && file_make_dirs(folder, &err) != 0) ||
        file_write_atomic(place->path, text, (size_t)size, 0600, true, &err) != 0) {
        log_write(&cli->log, LOG_LEVEL_ERROR, "calibrate: %s", err.text);
        return CLI_BROKEN;
    }
    return CLI_OK;
}

/* ---- telling -------------------------------------------------------------------------------- */

static json_t *bound_json(struct wattle_bound bound)
{
    json_t *object = json_object();
    output_number(object, "w", bound.value);
    output_number(object, "low_w", bound.low);
    output_number(object, "high_w", bound.high);
    return object;
}

static int tell_json(const struct place *place, const struct estimate_server *after)
{
    json_t *object = json_object(), *points = json_array();
    for (size_t i = 0; i < place->calibration.count; i++) {
        json_t *point = json_object();
        output_number(point, "load", place->calibration.points[i].load);
        output_number(point, "watts", place->calibration.points[i].watts);
        output_number(point, "error", place->calibration.points[i].error);
        json_array_append_new(points, point);
    }
    json_object_set_new(object, "points", points);
    json_object_set_new(object, "idle", bound_json(after->idle_w));
    json_object_set_new(object, "max", bound_json(after->max_w));
    output_text(object, "basis", after->basis);
    return output_json(object);
}

static void tell_bound(const char *name, struct wattle_bound before, struct wattle_bound after)
{
    char text[6][32];
    const double watts[6] = {before.value, before.low, before.high,
                             after.value, after.low, after.high};
    for (int i = 0; i < 6; i++) {
        units_power(watts[i], text[i], sizeof(text[i]));
    }
    printf("  %-6s %8s (%s to %s)  ->  %8s (%s to %s)\n", name, text[0], text[1], text[2], text[3],
           text[4], text[5]);
}

static int tell(const struct place *place, bool json)
{
    struct estimate_server after = place->machine.server;
    calibration_apply(&place->calibration, &after);
    if (json) {
        return tell_json(place, &after);
    }
    if (place->calibration.count == 0) {
        printf("no reading is kept\n");
    }
    for (size_t i = 0; i < place->calibration.count; i++) {
        const struct calibration_point *point = &place->calibration.points[i];
        printf("  read   %.4g W at %.0f %% load, +-%.2g %%\n", point->watts, 100 * point->load,
               100 * point->error);
    }
    tell_bound("idle", place->machine.server.idle_w, after.idle_w);
    tell_bound("full", place->machine.server.max_w, after.max_w);
    return CLI_OK;
}

/* ---- asking --------------------------------------------------------------------------------- */

enum { OPT_WATTS = OPTION_OWN, OPT_LOAD, OPT_ERROR, OPT_SHOW, OPT_FORGET, OPT_JSON };

static const struct option options[] = {{"watts", required_argument, NULL, OPT_WATTS},
                                        {"load", required_argument, NULL, OPT_LOAD},
                                        {"error", required_argument, NULL, OPT_ERROR},
                                        {"show", no_argument, NULL, OPT_SHOW},
                                        {"forget", no_argument, NULL, OPT_FORGET},
                                        {"json", no_argument, NULL, OPT_JSON},
                                        OPTIONS_COMMON};

static bool take(struct cli *cli, int code, struct question *question)
{
    switch (code) {
    case OPT_WATTS:
        return option_number(cli, "--watts", optarg, 0.1, 1e5, &question->watts);
    case OPT_LOAD:
        if (strcmp(optarg, "idle") == 0 || strcmp(optarg, "full") == 0) {
            question->load = optarg[0] == 'f';
            return true;
        }
        return option_number(cli, "--load", optarg, 0, 1, &question->load);
    case OPT_ERROR:
        return option_number(cli, "--error", optarg, 0.001, 0.5, &question->error);
    case OPT_SHOW:
        question->show = true;
        return true;
    case OPT_FORGET:
        question->forget = true;
        return true;
    default:
        question->json = true;
        return true;
    }
}

static int answer(struct cli *cli, const struct question *question, struct place *place)
{
    if (question->forget) {
        if (unlink(place->path) != 0 && errno != ENOENT) {
            return usage_error(cli, "%s: %s", place->path, strerror(errno));
        }
        return CLI_OK;
    }
    int code = look(cli, place);
    if (code != CLI_OK) {
        return code;
    }
    if (!question->show) {
        struct calibration_point point = {question->load, question->watts, question->error};
        if (!wattle_known(point.load)) {
            point.load = watch_load(&place->host);
        }
        if (!wattle_known(point.load)) {
            return usage_error(cli, "the load cannot be read here: say it with --load");
        }
        calibration_add(&place->calibration, &point);
        code = keep(cli, place);
    }
    return code == CLI_OK ? tell(place, question->json) : code;
}

int cmd_calibrate(struct cli *cli, int argc, char **argv)
{
    struct question question = {.watts = WATTLE_UNKNOWN, .load = WATTLE_UNKNOWN, .error = 0.03};
    static const struct place empty;
    struct place place = empty;
    int code;
    while ((code = option_next(cli, argc, argv, "", options, help)) >= 0) {
        if (!take(cli, code, &question)) {
            return CLI_USAGE;
        }
    }
    if (code != OPTION_END) {
        return code == OPTION_DONE ? CLI_OK : CLI_USAGE;
    }
    if (!option_no_arguments(cli, argc, argv)) {
        return CLI_USAGE;
    }
    if (wattle_known(question.watts) + question.show + question.forget != 1) {
        return usage_error(cli, "one of --watts W, --show and --forget");
    }
    code = cli_load_config(cli);
    if (code != CLI_OK || !find_path(cli, place.path, sizeof(place.path))) {
        return code != CLI_OK ? code : CLI_USAGE;
    }
    return answer(cli, &question, &place);
}
