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
#include "base/file.h"
#include "cli/launch.h"
#include "cli/terminal.h"
#include "meter/meter.h"
#include "record/store.h"
#include "report/text.h"

#define FIRST_SPOOL_NS (50LL * 1000 * 1000) /* a command of milliseconds is not kept waiting */
#define SPOOL_NS NS_PER_S
#define SHORT_RUN_S 1.0
#define COLLECT_EVERY 32
#define LIVE_NS (NS_PER_S / 2)

extern char **environ;

struct run {
    struct cli *cli;
    struct run_options options;
    struct run_facts facts;
    struct launch launch;
    struct measurement *measurement;
    struct spool *spool;
    struct live live;
    bool keep;
    bool spool_failed;
    char memory_path[RUN_PATH_MAX + 16];
};

/* ---- while it runs ------------------------------------------------------------------------ */

static void keep_spool(struct run *run, const struct wattle_record *record)
{
    struct wattle_error err = {0};
    int rc = 0;

    if (!run->keep || run->spool_failed) {
        return;
    }
    if (run->spool == NULL) {
        rc = spool_open(&run->spool, run->facts.store_path, run->facts.id, &err);
    }
    if (rc == 0) {
        rc = spool_write(run->spool, record, &err);
    }
    if (rc != 0) {
        run->spool_failed = true;
        log_write(&run->cli->log, LOG_LEVEL_WARNING, "the run cannot be kept while it goes on: %s",
                  err.text);
    }
}

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
        keep_spool(run, &record);
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
    int64_t spool_ns = now_ns + FIRST_SPOOL_NS;
    int64_t live_ns = run->live.on ? now_ns + LIVE_NS : INT64_MAX;

    if (energy == NULL) {
        spool_ns = live_ns = INT64_MAX;
    }
    while (!launch_wait(&run->launch, earlier(spool_ns, live_ns))) {
        if (run->launch.pid == 0 && measurement_target_gone(run->measurement)) {
            break;
        }
        now_ns = clock_monotonic_ns(NULL);
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

/* ---- after it ----------------------------------------------------------------------------- */

/*
 * A database costs more to open than a command of milliseconds costs to run. Its spool is as
 * good until somebody opens the store, which takes it in; one short run in COLLECT_EVERY does, so
 * that they do not pile up.
 */
static bool may_wait(const struct run *run, const struct wattle_record *record)
{
    const char *last = run->facts.id + strlen(run->facts.id) - 2;

    return record->duration_s < SHORT_RUN_S && run->spool != NULL && !run->spool_failed &&
           strtol(last, NULL, 16) % COLLECT_EVERY != 0;
}

static void keep_in_store(struct run *run, const struct wattle_record *record)
{
    const struct cli *cli = run->cli;
    struct wattle_error err = {0};
    struct store *store = NULL;
    int rc;

    if (!run->keep) {
        return;
    }
    /* First the spool: whatever the database says, the run is on disk. */
    keep_spool(run, record);
    if (may_wait(run, record)) {
        log_write(&cli->log, LOG_LEVEL_DEBUG, "run %s: kept beside %s", record->id,
                  run->facts.store_path);
        spool_close(run->spool, false);
        run->spool = NULL;
        return;
    }
    rc = store_open(&store, run->facts.store_path, 0, &err);
    if (rc == STORE_MOVED_ASIDE) {
        log_write(&cli->log, LOG_LEVEL_WARNING, "the store was damaged; it is now %s", err.text);
    }
    if (rc >= 0) {
        rc = store_put(store, record, &err);
    }
    if (rc < 0 && run->spool != NULL && !run->spool_failed) {
        log_write(&cli->log, LOG_LEVEL_INFO, "the run waits beside the store: %s", err.text);
    } else if (rc < 0) {
        log_write(&cli->log, LOG_LEVEL_WARNING, "the run is not kept: %s", err.text);
    }
    if (rc >= 0) {
        log_write(&cli->log, LOG_LEVEL_DEBUG, "run %s: kept in %s", record->id,
                  run->facts.store_path);
    }
    spool_close(run->spool, rc >= 0);
    run->spool = NULL;
    store_close(store);
}

static void write_json(const struct run *run, const struct wattle_record *record)
{
    struct wattle_error err = {0};
    size_t length;
    char *text, *line;

    if (run->options.json == NULL) {
        return;
    }
    text = wattle_record_to_json(record, true);
    length = text != NULL ? strlen(text) : 0;
    line = text != NULL ? realloc(text, length + 2) : NULL;
    if (line == NULL) {
        log_write(&run->cli->log, LOG_LEVEL_ERROR, "--json: out of memory");
        free(text);
        return;
    }
    memcpy(line + length, "\n", 2);
    if (json_file_write(run->options.json, line, &err) != 0) {
        log_write(&run->cli->log, LOG_LEVEL_ERROR, "--json: %s", err.text);
    }
    free(line);
}

static void tell(const struct run *run, const struct wattle_record *record)
{
    struct report_text_options options = {0};

    if (config_flag(&run->cli->config, CONFIG_QUIET)) {
        return;
    }
    options.colour = terminal_colour(STDERR_FILENO);
    options.verbose = config_flag(&run->cli->config, CONFIG_VERBOSE);
    options.columns = terminal_columns(STDERR_FILENO);
    report_text(stderr, record, &options);
    fflush(stderr);
}

static int finish(struct run *run, int status)
{
    const struct rusage *reaped = run->launch.pid > 0 ? &run->launch.reaped : NULL;
    struct wattle_record record;
    struct wattle_error err = {0};
    struct wattle_energy *energy = malloc(sizeof *energy);
    int rc;

    wattle_record_init(&record);
    if (energy == NULL || (rc = measurement_end(run->measurement, reaped, energy, &err)) != 0) {
        log_write(&run->cli->log, LOG_LEVEL_ERROR, "the measurement failed: %s",
                  energy == NULL ? "out of memory" : err.text);
        spool_close(run->spool, false);
        run->spool = NULL;
        status = status == 0 ? CLI_BROKEN : status;
        goto out;
    }
    run_facts_complete(&run->facts, run->cli, run->measurement);
    rc = run_record_fill(&record, run->cli, &run->options, &run->facts, run->measurement, energy,
                         &err);
    if (rc != 0) {
        log_write(&run->cli->log, LOG_LEVEL_WARNING, "the record is not complete: %s", err.text);
    }
    record.state = WATTLE_RUN_FINISHED;
    record.exit_status = run->launch.pid > 0 ? status : -1;
    keep_in_store(run, &record);
    write_json(run, &record);
    tell(run, &record);
out:
    wattle_record_finish(&record);
    free(energy);
    return status;
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
    status = CLI_BROKEN;
    if (begin(&run) != 0) {
        return status;
    }
    interrupted = run.options.command != NULL ? launch_interrupted(&run.launch) : 0;
    if (interrupted != 0) {
        status = 128 + interrupted;
    } else if (run.options.command == NULL || start_command(&run) == 0) {
        follow(&run);
        status = run.launch.status;
        log_write(&cli->log, LOG_LEVEL_DEBUG, "run %s: ended with status %d", run.facts.id, status);
        if (run.options.command == NULL || !not_executed(&run)) {
            status = finish(&run, status);
        }
    }
    measurement_destroy(run.measurement);
    return status;
}
