/* SPDX-License-Identifier: MIT */
/* Lists and single runs out of the database. */
#include "record/store_internal.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

/* A damaged file is moved aside even when the damage shows in a list, so that the next run has
 * a sound store; the list itself has failed. */
static int read_error(struct store *store, int rc, struct wattle_error *err)
{
    struct wattle_error moved = {0, ""};
    int code = store_error(store, rc, err);

    if (code == WATTLE_E_CORRUPT && (store->flags & STORE_READ_ONLY) == 0) {
        int healed = store_heal(store, &moved);

        if (healed == STORE_MOVED_ASIDE) {
            return error_set(err, code, "%s was damaged: it is kept as %s, a new one is begun",
                             store->path, moved.text);
        }
    }
    return code;
}

static int is_open(struct store *store, struct wattle_error *err)
{
    return store->db != NULL ? 0 : error_set(err, WATTLE_E_GONE, "%s: not open", store->path);
}

static double number(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_type(statement, column) == SQLITE_NULL
               ? WATTLE_UNKNOWN
               : sqlite3_column_double(statement, column);
}

static double energy_j(sqlite3_stmt *statement, int column)
{
    return number(statement, column) / 1e6;
}

static void fill_row(sqlite3_stmt *s, struct store_row *row)
{
    row->id = (const char *)sqlite3_column_text(s, 0);
    row->state = (enum wattle_run_state)sqlite3_column_int(s, 1);
    row->started_unix_ns = sqlite3_column_int64(s, 2);
    row->duration_s = number(s, 3);
    row->exit_status = sqlite3_column_type(s, 4) == SQLITE_NULL ? -1 : sqlite3_column_int(s, 4);
    row->command = (const char *)sqlite3_column_text(s, 5);
    row->project = (const char *)sqlite3_column_text(s, 6);
    row->tags = (const char *)sqlite3_column_text(s, 7);
    row->quality = (enum wattle_quality)sqlite3_column_int(s, 8);
    row->machine_j.value = energy_j(s, 9);
    row->machine_j.low = energy_j(s, 10);
    row->machine_j.high = energy_j(s, 11);
    row->task_j.value = energy_j(s, 12);
    row->task_j.low = energy_j(s, 13);
    row->task_j.high = energy_j(s, 14);
    row->co2e_g = number(s, 15);
}

int store_list(struct store *store, const struct store_filter *filter,
               bool (*row)(void *user, const struct store_row *row), void *user,
               struct wattle_error *err)
{
    static const char sql[] =
        "SELECT id, state, started_ns, duration_s, exit_status, command, project, tags, quality, "
        "machine_uj, machine_low_uj, machine_high_uj, task_uj, task_low_uj, task_high_uj, co2e_g "
        "FROM runs WHERE (?1 IS NULL OR project = ?1) "
        "AND (?2 IS NULL OR instr(',' || tags || ',', ',' || ?2 || ',') > 0) "
        "AND (?3 IS NULL OR instr(lower(command), lower(?3)) > 0) "
        "AND started_ns >= ?4 AND started_ns < ?5 "
        "ORDER BY started_ns DESC, run DESC LIMIT ?6";
    static const struct store_filter everything;
    sqlite3_stmt *statement = NULL;
    int rc;

    if (is_open(store, err) != 0) {
        return WATTLE_E_GONE;
    }
    if (filter == NULL) {
        filter = &everything;
    }
    rc = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, filter->project, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 2, filter->tag, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 3, filter->text, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 4,
                           filter->since_unix_ns != 0 ? filter->since_unix_ns : INT64_MIN);
        sqlite3_bind_int64(statement, 5,
                           filter->until_unix_ns != 0 ? filter->until_unix_ns : INT64_MAX);
        sqlite3_bind_int(statement, 6, filter->limit > 0 ? filter->limit : -1);
        while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
            struct store_row values;

            fill_row(statement, &values);
            if (values.id != NULL && values.command != NULL && !row(user, &values)) {
                rc = SQLITE_DONE;
                break;
            }
        }
        rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_OK ? 0 : read_error(store, rc, err);
}

/* The row number of the run that `id` names; WATTLE_E_ codes are negative, SQLite's positive. */
static int find_run(struct store *store, const char *id, sqlite3_int64 *ret,
                    struct wattle_error *err)
{
    static const char sql_last[] =
        "SELECT run FROM runs ORDER BY started_ns DESC, run DESC LIMIT 1";
    /* '~' sorts after every character of an id. */
    static const char sql_prefix[] =
        "SELECT run, id = ?1 FROM runs WHERE id >= ?1 AND id < ?1 || '~' ORDER BY id LIMIT 2";
    bool last = strcmp(id, "last") == 0;
    sqlite3_stmt *statement = NULL;
    int found = 0;
    int rc = sqlite3_prepare_v2(store->db, last ? sql_last : sql_prefix, -1, &statement, NULL);

    if (rc == SQLITE_OK && !last) {
        sqlite3_bind_text(statement, 1, id, -1, SQLITE_STATIC);
    }
    while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        if (found == 0) {
            *ret = sqlite3_column_int64(statement, 0);
        }
        found++;
        rc = SQLITE_OK;
        if (last || sqlite3_column_int(statement, 1) != 0) {
            break; /* the whole id: it sorts first, and what is longer does not matter */
        }
        if (strlen(id) < 4) {
            sqlite3_finalize(statement);
            return error_set(err, WATTLE_E_INVALID,
                             "%s: too short for a run, give at least 4 characters of its id", id);
        }
    }
    sqlite3_finalize(statement);
    if (rc != SQLITE_OK && rc != SQLITE_DONE) {
        return rc;
    }
    if (found == 0) {
        return last ? error_set(err, WATTLE_E_NOENT, "no run is kept yet")
                    : error_set(err, WATTLE_E_NOENT, "%s: no such run", id);
    }
    if (found > 1) {
        return error_set(err, WATTLE_E_INVALID, "%s: several runs begin so, give more of the id",
                         id);
    }
    return 0;
}

int store_get(struct store *store, const char *id, struct wattle_record *record,
              struct wattle_error *err)
{
    static const char sql[] =
        "SELECT json, started_ns FROM records JOIN runs USING (run) WHERE run = ?";
    sqlite3_stmt *statement = NULL;
    sqlite3_int64 run = 0;
    int code = 0;
    int rc;

    if (is_open(store, err) != 0) {
        return WATTLE_E_GONE;
    }
    rc = find_run(store, id, &run, err);
    if (rc == SQLITE_OK) {
        rc = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    }
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(statement, 1, run);
        rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW) {
            const char *json = (const char *)sqlite3_column_text(statement, 0);
            size_t size = (size_t)sqlite3_column_bytes(statement, 0);

            code = json == NULL ? error_set(err, WATTLE_E_NOMEM, "out of memory")
                                : wattle_record_from_json(record, json, size, err);
            if (code == 0) {
                record->started_unix_ns = sqlite3_column_int64(statement, 1);
            }
            rc = SQLITE_OK;
        } else if (rc == SQLITE_DONE) {
            code = error_set(err, WATTLE_E_CORRUPT, "%s: listed, but its record is missing", id);
            rc = SQLITE_OK;
        }
    }
    sqlite3_finalize(statement);
    if (rc < 0) {
        return rc;
    }
    return rc > 0 ? read_error(store, rc, err) : code;
}

int store_remove(struct store *store, const char *id, struct wattle_error *err)
{
    sqlite3_stmt *statement = NULL;
    sqlite3_int64 run = 0;
    int rc;

    if (is_open(store, err) != 0) {
        return WATTLE_E_GONE;
    }
    rc = find_run(store, id, &run, err);
    if (rc == SQLITE_OK) {
        /* records go with it: ON DELETE CASCADE */
        rc = sqlite3_prepare_v2(store->db, "DELETE FROM runs WHERE run = ?", -1, &statement, NULL);
    }
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(statement, 1, run);
        sqlite3_step(statement);
        rc = sqlite3_finalize(statement);
    }
    if (rc < 0) {
        return rc;
    }
    return rc > 0 ? read_error(store, rc, err) : 0;
}
