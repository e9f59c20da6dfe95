/* SPDX-License-Identifier: MIT */
/*
 * `wattle run`: what did this command cost?
 *
 * Before the command starts only the counters are opened and read. The store,
 * the machine's identity and everything else waits until it runs.
 */
#include "cli/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "meter/meter.h"
#include "record/store.h"

#define FIRST_SPOOL_NS (50LL * 1000 * 1000) /* a command of milliseconds is not kept waiting */
#define SPOOL_NS NS_PER_S
#define LIVE_NS (NS_PER_S / 2)
#define LOOK_NS (NS_PER_S / 10) /* is a process that is not our child still there? */

extern char **environ;

/* ---- while it runs ------------------------------------------------------------------------ */

/* The run as it is now, so that a killed Wattle loses a second at most. */
static void write_progress(struct run *run, const struct wattle_energy *energy)
{
    struct wattle_record record;
    struct wattle_error err = {0};

    wattle_record_init(&record);
    run_facts_complete(&run->facts, run->cli, run->measurement);
    if (run_record_fill(&record, run->cli, &run->options, &run->facts, run->measurement, energy,
                        &err) == 0) {
        record.state = WATTLE_RUN_RUNNING;
        run_keep_spool(run, &record);
    }
    wattle_record_finish(&record);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void follow(struct run *run)
{
    struct wattle_energy *energy = malloc(sizeof *energy);
    struct wattle_error err = {0};
    int64_t now_ns = clock_monotonic_ns(NULL);
    int64_t spool_ns = energy != NULL ? now_ns + FIRST_SPOOL_NS : INT64_MAX;
    int64_t live_ns = energy != NULL && run->live.on ? now_ns + LIVE_NS : INT64_MAX;
    int64_t look_ns = run->launch.pid == 0 ? now_ns + LOOK_NS : INT64_MAX;

    while (!launch_wait(&run->launch, earlier(look_ns, earlier(spool_ns, live_ns)))) {
        now_ns = clock_monotonic_ns(NULL);
        if (now_ns >= look_ns) {
            if (measurement_target_gone(run->measurement)) {
                break;
            }
            look_ns = now_ns + LOOK_NS;
        }
        if (now_ns < spool_ns && now_ns < live_ns) {
            continue;
        }
        if (measurement_read(run->measurement, energy, &err) != 0) {
            log_write(&run->cli->log, LOG_LEVEL_INFO, "no reading: %s", err.text);
        } else {
            if (now_ns >= spool_ns) {
                write_progress(run, energy);
            }
            if (now_ns >= live_ns) {
                live_draw(&run->live, energy);
            }
        }
        spool_ns = now_ns >= spool_ns ? now_ns + SPOOL_NS : spool_ns;
        live_ns = now_ns >= live_ns ? now_ns + LIVE_NS : live_ns;
    }
    live_erase(&run->live);
    free(energy);
}

/* ---- before it ---------------------------------------------------------------------------- */

static void log_sensors(const struct run *run)
{
    struct wattle_meter *meter = measurement_meter(run->measurement);
    size_t i;

    for (i = 0; i < wattle_meter_channel_count(meter); i++) {
        const struct wattle_channel *channel = wattle_meter_channel(meter, i);

        log_write(&run->cli->log, LOG_LEVEL_DEBUG, "run %s: reads %s from %s%s", run->facts.id,
                  channel->name, channel->source,
                  meter_counted(meter, i) ? ", counted" : "");
    }
}

static int begin(struct run *run)
{
    struct measurement_options options;
    struct launch_guard guard = {.running = false};
    struct wattle_error err = {0};
    int rc;

    memset(&options, 0, sizeof options);
    options.meter.size = sizeof options.meter;
    options.meter.hz = config_number(&run->cli->config, CONFIG_HZ);
    options.meter.drivers = config_text(&run->cli->config, CONFIG_SENSORS);
    options.meter.host = cloud_host(run->cli, &run->cloud);
    if (run->facts.state_dir[0] != '\0') {
        snprintf(run->memory_path, sizeof run->memory_path, "%s/sensors.state",
                 run->facts.state_dir);
        options.meter.memory_path = run->memory_path;
    }
    options.target = run->options.target;
    options.pid = run->options.pid;
    options.cgroup = run->options.cgroup;
    options.uid = run->options.uid;
    options.idle_s = run->options.idle_s;
    options.run_id = run->facts.id;
    if (options.idle_s > 0) {
        launch_guard_init(&guard);
    }
    rc = measurement_begin(&run->measurement, &options, &err);
    launch_guard_finish(&guard);
    if (rc != 0) {
        log_write(&run->cli->log, LOG_LEVEL_ERROR, "run: %s; nothing was run", err.text);
    } else if (run->cli->log.level >= LOG_LEVEL_DEBUG) {
        log_sensors(run);
    }
    return rc;
}

/* The environment with WATTLE_RUN_ID, so that a `wattle run` inside knows of this one. */
static char **child_environment(const char *id, char *variable, size_t size)
{
    static const char name[] = "WATTLE_RUN_ID=";
    size_t count = 0, used = 0, i;
    char **copy;

    while (environ[count] != NULL) {
        count++;
    }
    copy = malloc((count + 2) * sizeof *copy);
    if (copy == NULL) {
        return NULL;
    }
    for (i = 0; i < count; i++) {
        if (strncmp(environ[i], name, sizeof name - 1) != 0) {
            copy[used++] = environ[i];
        }
    }
    snprintf(variable, size, "%s%s", name, id);
    copy[used++] = variable;
    copy[used] = NULL;
    return copy;
}

static int start_command(struct run *run)
{
    char variable[64];
    char **environment = child_environment(run->facts.id, variable, sizeof variable);
    struct wattle_error err = {0};
    int rc;

    rc = launch_start(&run->launch, run->options.command,
                      environment != NULL ? environment : environ,
                      measurement_cgroup_fd(run->measurement), &err);
    free(environment);
    if (rc != 0) {
        log_write(&run->cli->log, LOG_LEVEL_ERROR, "run: %s", err.text);
        return rc;
    }
    measurement_child(run->measurement, run->launch.pid);
    log_write(&run->cli->log, LOG_LEVEL_DEBUG, "run %s: process %d started", run->facts.id,
              (int)run->launch.pid);
    return 0;
}

/* Nothing was executed, so there is nothing to tell or keep. */
static bool not_executed(struct run *run)
{
    int errnum = launch_exec_errno(&run->launch);

    if (errnum == 0) {
        return false;
    }
    log_write(&run->cli->log, LOG_LEVEL_ERROR, "run: %.200s: %s", run->options.command[0],
              errnum == ENOENT ? "command not found" : strerror(errnum));
    spool_close(run->spool, true);
    return true;
}

int cmd_run(struct cli *cli, int argc, char **argv)
{
    struct run run;
    int status, interrupted;

    memset(&run, 0, sizeof run);
    run.cli = cli;
    if (run_options_parse(&run.options, cli, argc, argv, &status) != OPTION_END) {
        return status;
    }
    launch_init(&run.launch);
    run_facts_init(&run.facts, cli);
    run.keep = config_flag(&cli->config, CONFIG_KEEP) && run.facts.store_path[0] != '\0';
    if (config_flag(&cli->config, CONFIG_LIVE)) {
        live_init(&run.live, STDERR_FILENO);
    }
    status = begin(&run);
    if (status != 0) {
        /* A cgroup that is not there is a word that makes no sense, as a wrong --pid is. */
        return run.options.target == MEASURE_CGROUP &&
                       (status == WATTLE_E_NOENT || status == WATTLE_E_INVALID)
                   ? CLI_USAGE
                   : CLI_BROKEN;
    }
    status = CLI_BROKEN;
    interrupted = run.options.command != NULL ? launch_interrupted(&run.launch) : 0;
    if (interrupted != 0) {
        status = 128 + interrupted;
    } else if (run.options.command == NULL || start_command(&run) == 0) {
        follow(&run);
        status = run.launch.status;
        log_write(&cli->log, LOG_LEVEL_DEBUG, "run %s: ended with status %d", run.facts.id, status);
        if (run.options.command == NULL || !not_executed(&run)) {
            status = run_finish(&run, status);
        }
    }
    measurement_destroy(run.measurement);
    return status;
}
