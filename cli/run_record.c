/* SPDX-License-Identifier: MIT */
/* From a measurement to a record. */
#include "cli/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/host.h"
#include "base/id.h"
#include "machine/identity.h"
#include "meter/meter.h"
#include "record/redact.h"
#include "record/store.h"

#define SERIES_MAX 600 /* points of a plot; a terminal or a page shows no more */
#define SERIES_STEP_NS 2000 /* times are written in whole microseconds */
#define GAUGES_MAX 128

void run_facts_init(struct run_facts *facts, struct cli *cli)
{
    const char *store = config_text(&cli->config, CONFIG_STORE);
    const char *parent = host_getenv("WATTLE_RUN_ID");
    struct stat st;
    char *slash;

    memset(facts, 0, sizeof *facts);
    facts->started_unix_ns = clock_realtime_ns();
    if (id_random(facts->id, sizeof facts->id) != 0) {
        snprintf(facts->id, sizeof facts->id, "%016llx",
                 (unsigned long long)facts->started_unix_ns);
    }
    /* An id is 16 hexadecimal digits; anything else in the variable is not ours. */
    if (parent != NULL && strlen(parent) == 16 &&
        strspn(parent, "0123456789abcdef") == 16) {
        snprintf(facts->parent_id, sizeof facts->parent_id, "%s", parent);
    }
    if (store != NULL) {
        snprintf(facts->store_path, sizeof facts->store_path, "%s", store);
    } else if (store_default_path(facts->store_path, sizeof facts->store_path, NULL) != 0) {
        facts->store_path[0] = '\0';
    }
    /* Nothing is laid beside a device, a folder or a pipe: /dev/null is no store. */
    if (stat(facts->store_path, &st) == 0 && !S_ISREG(st.st_mode)) {
        log_write(&cli->log, LOG_LEVEL_WARNING, "the run is not kept: %s: not a regular file",
                  facts->store_path);
        facts->store_path[0] = '\0';
    }
    snprintf(facts->state_dir, sizeof facts->state_dir, "%s", facts->store_path);
    slash = strrchr(facts->state_dir, '/');
    if (slash != NULL) {
        slash[slash == facts->state_dir ? 1 : 0] = '\0';
    } else if (facts->state_dir[0] != '\0') {
        snprintf(facts->state_dir, sizeof facts->state_dir, ".");
    }
}

void run_facts_complete(struct run_facts *facts, struct cli *cli, struct measurement *measurement)
{
    const struct wattle_host *host = meter_host(measurement_meter(measurement));
    struct wattle_error err = {0};
    bool salted;

    if (facts->machine_id[0] == '\0' &&
        machine_identity(host, facts->state_dir[0] != '\0' ? facts->state_dir : NULL,
                         facts->machine_id, sizeof facts->machine_id, &salted, &err) != 0) {
        log_write(&cli->log, LOG_LEVEL_INFO, "no identity for this machine: %s", err.text);
        facts->machine_id[0] = '\0';
    }
}

static struct wattle_device *find_device(struct wattle_record *record, const char *name,
                                         enum wattle_kind kind)
{
    struct wattle_device *device;
    size_t i;

    for (i = 0; i < record->device_count; i++) {
        device = &record->devices[i];
        if (device->kind == kind && strcmp(device->name, name) == 0) {
            return device;
        }
    }
    if (record->device_count == WATTLE_DEVICES_MAX) {
        return NULL;
    }
    device = &record->devices[record->device_count++];
    memset(device, 0, sizeof *device);
    snprintf(device->name, sizeof device->name, "%s", name);
    device->kind = kind;
    device->temperature_c = WATTLE_UNKNOWN;
    device->fan_rpm = WATTLE_UNKNOWN;
    return device;
}

static void fill_devices(struct wattle_record *record, struct wattle_meter *meter)
{
    struct wattle_gauge *gauges = malloc(GAUGES_MAX * sizeof *gauges);
    size_t count, i;

    if (gauges == NULL) {
        return;
    }
    count = wattle_meter_gauges(meter, gauges, GAUGES_MAX);
    for (i = 0; i < count; i++) {
        const struct wattle_gauge *gauge = &gauges[i];
        struct wattle_device *device;

        if ((gauge->quantity != WATTLE_Q_TEMPERATURE && gauge->quantity != WATTLE_Q_FAN) ||
            (!wattle_known(gauge->value) && !wattle_known(gauge->max))) {
            continue;
        }
        device = find_device(record, gauge->name, gauge->kind);
        if (device == NULL) {
            break;
        }
        if (gauge->quantity == WATTLE_Q_FAN) {
            device->fan_rpm = gauge->value;
        } else {
            device->temperature_c = fmax(device->temperature_c, fmax(gauge->max, gauge->value));
        }
    }
    free(gauges);
}

/*
 * From (0, 0) to (duration, energy), so that the parts of the series add up to the whole. The
 * meter counts from its opening and its first row may lie after the run's start: the rows are hung
 * at their last, which is the run's end.
 */
static size_t frame_series(struct wattle_series_point *points, size_t count, int64_t start_ns,
                           int64_t end_ns, double energy_j)
{
    double last_j = count > 0 ? points[count].energy_j : 0; /* rows are in 1..count */
    size_t used = 1, i;

    points[0].t_ns = start_ns;
    points[0].energy_j = 0;
    for (i = 1; i <= count; i++) {
        int64_t t_ns = points[i].t_ns;
        double at_j = fmin(energy_j - (last_j - points[i].energy_j), energy_j);

        if (t_ns - points[used - 1].t_ns >= SERIES_STEP_NS && end_ns - t_ns >= SERIES_STEP_NS &&
            isfinite(at_j)) {
            points[used].t_ns = t_ns;
            points[used].energy_j = fmax(at_j, points[used - 1].energy_j);
            used++;
        }
    }
    points[used].t_ns = end_ns;
    points[used].energy_j = energy_j;
    return used + 1;
}

static int fill_series(struct wattle_record *record, struct measurement *measurement,
                       const struct wattle_energy *energy, struct wattle_error *err)
{
    int64_t start_ns = measurement_start_ns(measurement);
    int64_t end_ns = start_ns + (int64_t)round(energy->duration_s * NS_PER_S);
    size_t count;

    record->series_origin_ns = start_ns;
    if (!wattle_known(energy->machine_j.value) || end_ns <= start_ns) {
        return 0;
    }
    record->series = calloc(SERIES_MAX, sizeof *record->series);
    if (record->series == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    count = wattle_meter_series(measurement_meter(measurement), start_ns, end_ns,
                                record->series + 1, SERIES_MAX - 2);
    record->series_count = frame_series(record->series, count, start_ns, end_ns,
                                        energy->machine_j.value);
    return 0;
}

static char *copy_text(const char *text)
{
    return text != NULL ? strdup(text) : NULL;
}

int run_record_fill(struct wattle_record *record, struct cli *cli,
                    const struct run_options *options, const struct run_facts *facts,
                    struct measurement *measurement, const struct wattle_energy *energy,
                    struct wattle_error *err)
{
    struct measurement_utilization utilization;
    const char *of = config_text(&cli->config, CONFIG_EMISSIONS_OF);

    snprintf(record->id, sizeof record->id, "%s", facts->id);
    snprintf(record->parent_id, sizeof record->parent_id, "%s", facts->parent_id);
    if (record_set_command(record, options->command != NULL ? (const char *const *)options->command
                                                            : options->target_words) != 0) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    record->project = copy_text(config_text(&cli->config, CONFIG_PROJECT));
    record->tags = copy_text(config_text(&cli->config, CONFIG_TAGS));
    record->started_unix_ns = facts->started_unix_ns;
    record->duration_s = energy->duration_s;
    snprintf(record->machine_id, sizeof record->machine_id, "%s", facts->machine_id);
    if (config_flag(&cli->config, CONFIG_HOST_NAME) &&
        gethostname(record->host_name, sizeof record->host_name - 1) != 0) {
        record->host_name[0] = '\0';
    }
    record->energy = *energy;
    measurement_utilization(measurement, &utilization);
    record->utilization_cpu = utilization.cpu;
    record->utilization_gpu = utilization.gpu;
    record->utilization_ram = utilization.ram;
    record->ram_gb = utilization.ram_bytes / 1e9;
    fill_devices(record, measurement_meter(measurement));
    if (options->factor.zone[0] != '\0') {
        carbon_convert(energy, &options->factor,
                       strcmp(of, "machine") == 0 ? WATTLE_OF_MACHINE : WATTLE_OF_TASK,
                       &record->emission);
    }
    return fill_series(record, measurement, energy, err);
}
