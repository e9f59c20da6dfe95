/* SPDX-License-Identifier: MIT */
/* A run into the database: one transaction. */
#include "record/store_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define COLUMNS                                                                                    \
    "id, parent_id, machine_id, state, started_ns, duration_s, exit_status, command, project, "    \
    "tags, scope, quality, machine_uj, machine_low_uj, machine_high_uj, task_uj, task_low_uj, "    \
    "task_high_uj, co2e_g"

static const char sql_insert[] =
    "INSERT INTO runs (" COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
static const char sql_on_conflict[] =
    " ON CONFLICT (id) DO UPDATE SET (" COLUMNS ") = (excluded.id, excluded.parent_id, "
    "excluded.machine_id, excluded.state, excluded.started_ns, excluded.duration_s, "
    "excluded.exit_status, excluded.command, excluded.project, excluded.tags, excluded.scope, "
    "excluded.quality, excluded.machine_uj, excluded.machine_low_uj, excluded.machine_high_uj, "
    "excluded.task_uj, excluded.task_low_uj, excluded.task_high_uj, excluded.co2e_g)";
static const char sql_record[] =
    "INSERT OR REPLACE INTO records (run, json) SELECT run, ?2 FROM runs WHERE id = ?1";

static void bind_text(sqlite3_stmt *statement, int column, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        sqlite3_bind_text(statement, column, text, -1, SQLITE_STATIC);
    }
}

static void bind_number(sqlite3_stmt *statement, int column, double value)
{
    if (isfinite(value)) {
        sqlite3_bind_double(statement, column, value);
    }
}

static void bind_energy(sqlite3_stmt *statement, int column, const struct wattle_bound *bound)
{
    const double joules[3] = {bound->value, bound->low, bound->high};
    int i;

    for (i = 0; i < 3; i++) {
        if (fabs(joules[i]) < 9e12) {
            sqlite3_bind_int64(statement, column + i, llround(joules[i] * 1e6));
        }
    }
}

/* The words with spaces between them: for lists and searches, never to be run again. */
static char *join_command(char *const *command)
{
    size_t size = 1;
    size_t used = 0;
    size_t i;
    char *text;

    for (i = 0; command != NULL && command[i] != NULL; i++) {
        size += strlen(command[i]) + 1;
    }
    text = malloc(size);
    if (text == NULL) {
        return NULL;
    }
    for (i = 0; command != NULL && command[i] != NULL; i++) {
        size_t length = strlen(command[i]);

        if (i > 0) {
            text[used++] = ' ';
        }
        memcpy(text + used, command[i], length);
        used += length;
    }
    text[used] = '\0';
    return text;
}

static int put_row(struct store *store, const struct wattle_record *record, const char *command,
                   const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);

    if (rc == SQLITE_OK) {
        bind_text(statement, 1, record->id);
        bind_text(statement, 2, record->parent_id);
        bind_text(statement, 3, record->machine_id);
        sqlite3_bind_int(statement, 4, (int)record->state);
        sqlite3_bind_int64(statement, 5, record->started_unix_ns);
        bind_number(statement, 6, record->duration_s);
        if (record->exit_status >= 0) {
            sqlite3_bind_int(statement, 7, record->exit_status);
        }
        sqlite3_bind_text(statement, 8, command, -1, SQLITE_STATIC);
        bind_text(statement, 9, record->project);
        bind_text(statement, 10, record->tags);
        sqlite3_bind_int(statement, 11, (int)record->energy.scope);
        sqlite3_bind_int(statement, 12, (int)record->energy.quality);
        bind_energy(statement, 13, &record->energy.machine_j);
        bind_energy(statement, 16, &record->energy.task_j);
        bind_number(statement, 19, record->emission.co2e_g.value);
        sqlite3_step(statement);
        rc = sqlite3_finalize(statement);
    }
    return rc;
}

static int put_record(struct store *store, const char *id, const char *json)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(store->db, sql_record, -1, &statement, NULL);

    if (rc == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, id, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 2, json, -1, SQLITE_STATIC);
        sqlite3_step(statement);
        rc = sqlite3_finalize(statement);
    }
    return rc;
}

/* Positive: SQLite's code. */
static int put_all(struct store *store, const struct wattle_record *record, const char *command,
                   const char *json, bool keep_existing)
{
    char sql[sizeof sql_insert + sizeof sql_on_conflict];
    int rc = sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

    if (rc != SQLITE_OK) {
        return rc;
    }
    sqlite3_snprintf(sizeof sql, sql, "%s%s", sql_insert,
                     keep_existing ? " ON CONFLICT DO NOTHING" : sql_on_conflict);
    rc = put_row(store, record, command, sql);
    if (rc == SQLITE_OK && (!keep_existing || sqlite3_changes(store->db) > 0)) {
        rc = put_record(store, record->id, json);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
    }
    if (rc != SQLITE_OK && sqlite3_get_autocommit(store->db) == 0) {
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    }
    return rc;
}

int store_put_mode(struct store *store, const struct wattle_record *record, bool keep_existing,
                   struct wattle_error *err)
{
    char *command = join_command(record->command);
    char *json = wattle_record_to_json(record, false);
    int code = 0;
    int rc = SQLITE_NOMEM;

    if (store->db == NULL) {
        code = error_set(err, WATTLE_E_GONE, "%s: not open", store->path);
        goto out;
    }
    if (record->id[0] == '\0') {
        code = error_set(err, WATTLE_E_INVALID, "a run without an id cannot be kept");
        goto out;
    }
    if (command != NULL && json != NULL) {
        rc = put_all(store, record, command, json, keep_existing);
    }
    if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB) {
        code = store_heal(store, err);
        rc = SQLITE_OK;
        if (code >= 0) {
            rc = put_all(store, record, command, json, keep_existing);
        }
    }
    if (rc != SQLITE_OK) {
        code = store_error(store, rc, err);
    }
out:
    free(command);
    free(json);
    return code;
}

int store_put(struct store *store, const struct wattle_record *record, struct wattle_error *err)
{
    return store_put_mode(store, record, false, err);
}
