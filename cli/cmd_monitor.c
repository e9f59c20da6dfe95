/* SPDX-License-Identifier: MIT */
/* `wattle monitor`: the machine's power, row after row, until ^C. */
#define _GNU_SOURCE
#include "cli/cloud.h"
#include "cli/command.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attribute/measurement.h"
#include "base/clock.h"
#include "base/units.h"
#include "cli/output.h"
#include "record/utf8.h"
#include "record/words.h"

enum {
    OPTION_CSV = OPTION_OWN,
    OPTION_JSON,
    OPTION_INTERVAL,
    OPTION_COUNT,
    OPTION_DURATION,
    OPTION_HZ,
    OPTION_CLOUD_METADATA,
    OPTION_SENSORS
};

static const struct option long_options[] = {
    {"csv", no_argument, NULL, OPTION_CSV},
    {"json", no_argument, NULL, OPTION_JSON},
    {"interval", required_argument, NULL, OPTION_INTERVAL},
    {"count", required_argument, NULL, OPTION_COUNT},
    {"duration", required_argument, NULL, OPTION_DURATION},
    {"hz", required_argument, NULL, OPTION_HZ},
    {"sensors", required_argument, NULL, OPTION_SENSORS},
    {"cloud-metadata", no_argument, NULL, OPTION_CLOUD_METADATA},
    OPTIONS_COMMON,
};

static const char help[] =
    "Show the machine's power until ^C: one row for each interval, mean watts of every part.\n"
    "\n"
    "Usage: wattle monitor [OPTIONS]\n"
    "\n"
    "      --interval TIME  between two rows, as 250ms or 5s (1s)\n"
    "      --count N        end after N rows\n"
    "      --duration TIME  end after TIME\n"
    "      --csv            comma-separated values with a header\n"
    "      --json           one JSON object a line\n"
    "      --hz N           samples per second, 0.1 to 1000 (10)\n"
    "      --sensors LIST   drivers to use; see `wattle sensors`\n"
    "      --cloud-metadata ask the cloud for the instance type, for the model; at most 200 ms\n"
    "\n"
    "Exit status: 0, also after ^C; 2 for bad options; 125 when nothing can be measured.\n";

enum form { FORM_TEXT, FORM_CSV, FORM_JSON };

struct column {
    char name[WATTLE_NAME_MAX];
    char source[WATTLE_SOURCE_MAX]; /* two chips may bear one name */
    char label[WATTLE_NAME_MAX];
};

struct monitor {
    struct cli *cli;
    struct cloud cloud;
    enum form form;
    double interval_s, duration_s;
    long count;
    struct measurement *measurement;
    struct wattle_energy now, before;
    size_t column_count; /* components of the first row, in its order */
    struct column columns[WATTLE_COMPONENTS_MAX];
};

static bool take_option(struct monitor *monitor, int code)
{
    struct cli *cli = monitor->cli;

    switch (code) {
    case OPTION_CSV:
        monitor->form = FORM_CSV;
        return true;
    case OPTION_JSON:
        monitor->form = FORM_JSON;
        return true;
    case OPTION_INTERVAL:
        return option_seconds(cli, "--interval", optarg, 0.01, 86400, &monitor->interval_s);
    case OPTION_COUNT:
        return option_integer(cli, "--count", optarg, 1, 1L << 40, &monitor->count);
    case OPTION_DURATION:
        return option_seconds(cli, "--duration", optarg, 0.01, 1e9, &monitor->duration_s);
    case OPTION_HZ:
        return option_config(cli, CONFIG_HZ, "--hz", optarg);
    case OPTION_CLOUD_METADATA:
        return option_config(cli, CONFIG_CLOUD_METADATA, "--cloud-metadata", "true");
    default:
        return option_config(cli, CONFIG_SENSORS, "--sensors", optarg);
    }
}

/* ---- rows --------------------------------------------------------------------------------- */

static const struct wattle_component *find_component(const struct wattle_energy *energy,
                                                     const char *name, const char *source)
{
    size_t i;

    for (i = 0; i < energy->component_count; i++) {
        if (strcmp(energy->components[i].name, name) == 0 &&
            strcmp(energy->components[i].source, source) == 0) {
            return &energy->components[i];
        }
    }
    return NULL;
}

static double step_s(const struct monitor *monitor)
{
    return monitor->now.duration_s - monitor->before.duration_s;
}

static double component_power_w(const struct monitor *monitor, const char *name,
                                const char *source)
{
    const struct wattle_component *now = find_component(&monitor->now, name, source);
    const struct wattle_component *before = find_component(&monitor->before, name, source);

    if (now == NULL || before == NULL || !(step_s(monitor) > 0)) {
        return WATTLE_UNKNOWN;
    }
    return (now->energy_j.value - before->energy_j.value) / step_s(monitor);
}

static double column_power_w(const struct monitor *monitor, size_t column)
{
    return component_power_w(monitor, monitor->columns[column].name,
                             monitor->columns[column].source);
}

static double machine_power_w(const struct monitor *monitor)
{
    return (monitor->now.machine_j.value - monitor->before.machine_j.value) / step_s(monitor);
}

static void choose_columns(struct monitor *monitor)
{
    size_t i;

    for (i = 0; i < monitor->now.component_count; i++) {
        const struct wattle_component *component = &monitor->now.components[i];
        struct column *column = &monitor->columns[i];
        char *at;

        snprintf(column->name, sizeof column->name, "%s", component->name);
        snprintf(column->source, sizeof column->source, "%s", component->source);
        /* "machine" is the total, whatever a model of the whole calls itself. */
        utf8_copy_printable(column->label, sizeof column->label,
                            strcmp(component->name, "machine") == 0 ? "model" : component->name);
        for (at = column->label; *at != '\0'; at++) {
            *at = *at == ',' || *at == '"' ? '_' : *at; /* one cell of a CSV header */
        }
    }
    monitor->column_count = monitor->now.component_count;
}

static void print_header(const struct monitor *monitor)
{
    size_t i;

    if (monitor->form == FORM_CSV) {
        printf("time,elapsed_s,machine_j,machine_w");
        for (i = 0; i < monitor->column_count; i++) {
            printf(",%s_w", monitor->columns[i].label);
        }
        printf(",quality\n");
    } else if (monitor->form == FORM_TEXT) {
        printf("%-8s  %10s  %10s", "time", "machine", "energy");
        for (i = 0; i < monitor->column_count; i++) {
            printf("  %10.16s", monitor->columns[i].label);
        }
        printf("\n");
    }
}

/* An unknown value is an empty field. */
static void print_field(double value, int decimals)
{
    if (isfinite(value)) {
        printf(",%.*f", decimals, value);
    } else {
        printf(",");
    }
}

static void print_csv(const struct monitor *monitor, const char *when)
{
    size_t i;

    printf("%s,%.3f", when, monitor->now.duration_s);
    print_field(monitor->now.machine_j.value, 6);
    print_field(machine_power_w(monitor), 3);
    for (i = 0; i < monitor->column_count; i++) {
        print_field(column_power_w(monitor, i), 3);
    }
    printf(",%s\n", words_quality(monitor->now.quality));
}

static int print_json(const struct monitor *monitor, const char *when)
{
    json_t *object = json_object(), *components = json_array();
    size_t i;

    output_text(object, "time", when);
    output_number(object, "elapsed_s", monitor->now.duration_s);
    output_number(object, "machine_j", monitor->now.machine_j.value);
    output_number(object, "machine_low_j", monitor->now.machine_j.low);
    output_number(object, "machine_high_j", monitor->now.machine_j.high);
    output_number(object, "machine_w", machine_power_w(monitor));
    output_text(object, "quality", words_quality(monitor->now.quality));
    for (i = 0; i < monitor->now.component_count; i++) {
        const struct wattle_component *component = &monitor->now.components[i];
        json_t *row = json_object();

        output_text(row, "name", component->name);
        output_text(row, "source", component->source);
        json_object_set_new(row, "counted", json_boolean(component->counted));
        output_number(row, "energy_j", component->energy_j.value);
        output_number(row, "power_w",
                      component_power_w(monitor, component->name, component->source));
        json_array_append_new(components, row);
    }
    json_object_set_new(object, "components", components);
    return output_json_line(object);
}

static void print_text(const struct monitor *monitor)
{
    time_t now = time(NULL);
    char when[16] = "", power[32], energy[32];
    struct tm local;
    size_t i;

    if (localtime_r(&now, &local) != NULL) {
        strftime(when, sizeof when, "%H:%M:%S", &local);
    }
    printf("%-8s  %10s  %10s", when, units_power(machine_power_w(monitor), power, sizeof power),
           units_energy(monitor->now.machine_j.value, energy, sizeof energy));
    for (i = 0; i < monitor->column_count; i++) {
        double power_w = column_power_w(monitor, i);

        printf("  %10s", isfinite(power_w) ? units_power(power_w, power, sizeof power) : "-");
    }
    printf("\n");
}

static bool print_row(struct monitor *monitor)
{
    char when[32];

    if (monitor->column_count == 0) {
        choose_columns(monitor);
        print_header(monitor);
    }
    clock_format_rfc3339(clock_realtime_ns(), when, sizeof when);
    switch (monitor->form) {
    case FORM_CSV:
        print_csv(monitor, when);
        break;
    case FORM_JSON:
        return print_json(monitor, when) == CLI_OK;
    case FORM_TEXT:
        print_text(monitor);
        break;
    }
    return fflush(stdout) == 0;
}

/* ---- the loop ----------------------------------------------------------------------------- */

static void block_signals(sigset_t *ret)
{
    sigemptyset(ret);
    sigaddset(ret, SIGINT);
    sigaddset(ret, SIGTERM);
    sigaddset(ret, SIGHUP);
    sigprocmask(SIG_BLOCK, ret, NULL);
}

/* True when a signal says that it is enough. */
static bool wait_until(const sigset_t *signals, int64_t t_ns)
{
    for (;;) {
        int64_t left_ns = t_ns - clock_monotonic_ns(NULL);
        struct timespec timeout;

        if (left_ns < 0) {
            left_ns = 0;
        }
        timeout.tv_sec = (time_t)(left_ns / NS_PER_S);
        timeout.tv_nsec = (long)(left_ns % NS_PER_S);
        if (sigtimedwait(signals, NULL, &timeout) > 0) {
            return true;
        }
        if (errno == EAGAIN) {
            return false;
        }
    }
}

static int go(struct monitor *monitor, const sigset_t *signals)
{
    int64_t step_ns = (int64_t)(monitor->interval_s * 1e9);
    int64_t start_ns = clock_monotonic_ns(NULL), next_ns = start_ns;
    struct wattle_error err = {0};
    long rows = 0;

    if (measurement_read(monitor->measurement, &monitor->before, &err) != 0) {
        log_write(&monitor->cli->log, LOG_LEVEL_ERROR, "monitor: %s", err.text);
        return CLI_BROKEN;
    }
    while ((monitor->count == 0 || rows < monitor->count) &&
           (monitor->duration_s <= 0 ||
            clock_s(next_ns - start_ns) + monitor->interval_s / 2 < monitor->duration_s)) {
        next_ns += step_ns;
        if (wait_until(signals, next_ns)) {
            break;
        }
        if (measurement_read(monitor->measurement, &monitor->now, &err) != 0) {
            log_write(&monitor->cli->log, LOG_LEVEL_WARNING, "monitor: no reading: %s", err.text);
            continue;
        }
        if (!print_row(monitor)) {
            return CLI_FAILED;
        }
        monitor->before = monitor->now;
        rows++;
    }
    return CLI_OK;
}

static int open_and_go(struct monitor *monitor)
{
    struct cli *cli = monitor->cli;
    struct measurement_options options;
    struct wattle_error err = {0};
    sigset_t signals;
    int status;

    memset(&options, 0, sizeof options);
    options.meter.size = sizeof options.meter;
    options.meter.hz = config_number(&cli->config, CONFIG_HZ);
    options.meter.drivers = config_text(&cli->config, CONFIG_SENSORS);
    options.meter.host = cloud_host(cli, &monitor->cloud);
    options.meter.slow_wait_s = 2; /* a monitor wants its GPUs in the first row */
    options.target = MEASURE_MACHINE;
    block_signals(&signals);
    status = measurement_begin(&monitor->measurement, &options, &err);
    if (status != 0) {
        log_write(&cli->log, LOG_LEVEL_ERROR, "monitor: %s", err.text);
        return status == WATTLE_E_INVALID ? CLI_USAGE : CLI_BROKEN;
    }
    status = go(monitor, &signals);
    measurement_destroy(monitor->measurement);
    return status;
}

int cmd_monitor(struct cli *cli, int argc, char **argv)
{
    struct monitor *monitor = calloc(1, sizeof *monitor);
    int code, status = CLI_USAGE;

    if (monitor == NULL) {
        log_write(&cli->log, LOG_LEVEL_ERROR, "out of memory");
        return CLI_BROKEN;
    }
    monitor->cli = cli;
    monitor->interval_s = 1;
    while ((code = option_next(cli, argc, argv, "", long_options, help)) >= 0) {
        if (!take_option(monitor, code)) {
            code = OPTION_BAD;
            break;
        }
    }
    if (code == OPTION_DONE) {
        status = CLI_OK;
    } else if (code == OPTION_END && option_no_arguments(cli, argc, argv) &&
               cli_load_config(cli) == 0) {
        status = open_and_go(monitor);
    }
    free(monitor);
    return status;
}
