/* SPDX-License-Identifier: MIT */
/* A run that has ended is kept, written and told. */
#include "cli/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/terminal.h"
#include "record/store.h"
#include "report/text.h"

#define SHORT_RUN_S 1.0
#define COLLECT_EVERY 32

void run_keep_spool(struct run *run, const struct wattle_record *record)
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
        /* At the end the store has its own words for the same trouble. */
        log_write(&run->cli->log,
                  record->state == WATTLE_RUN_RUNNING ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
                  "the run cannot be kept while it goes on: %s", err.text);
    }
}

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
    run_keep_spool(run, record);
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

int run_finish(struct run *run, int status)
{
    const struct rusage *reaped = run->launch.pid > 0 ? &run->launch.reaped : NULL;
    struct wattle_record record;
    struct wattle_error err = {0};
    struct wattle_energy *energy = malloc(sizeof *energy);

    wattle_record_init(&record);
    if (energy == NULL || measurement_end(run->measurement, reaped, energy, &err) != 0) {
        log_write(&run->cli->log, LOG_LEVEL_ERROR, "the measurement failed: %s",
                  energy == NULL ? "out of memory" : err.text);
        spool_close(run->spool, false);
        run->spool = NULL;
        status = run->launch.pid > 0 ? status : CLI_BROKEN;
        goto out;
    }
    run_facts_complete(&run->facts, run->cli, run->measurement);
    if (run_record_fill(&record, run->cli, &run->options, &run->facts, run->measurement, energy,
                        &err) != 0) {
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
