/* SPDX-License-Identifier: MIT */
/* Which schema a database file has, and how it comes to the newest one. */
#include "record/store_internal.h"

#include "base/error.h"

static int pragma_number(sqlite3 *db, const char *sql, int *ret)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW) {
            *ret = sqlite3_column_int(statement, 0);
            rc = SQLITE_OK;
        } else if (rc == SQLITE_DONE) {
            rc = SQLITE_ERROR;
        }
    }
    sqlite3_finalize(statement);
    return rc;
}

static int upgrade(struct store *store, int version)
{
    char sql[64];
    int rc = SQLITE_OK;

    for (; rc == SQLITE_OK && version < store_migration_count; version++) {
        rc = sqlite3_exec(store->db, store_migrations[version], NULL, NULL, NULL);
    }
    if (rc == SQLITE_OK) {
        sqlite3_snprintf(sizeof sql, sql, "PRAGMA user_version = %d", version);
        rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    }
    if (rc == SQLITE_OK) {
        sqlite3_snprintf(sizeof sql, sql, "PRAGMA application_id = %d", STORE_APPLICATION_ID);
        rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    }
    return rc;
}

static int check(struct store *store, int version, struct wattle_error *err)
{
    int application = 0;
    int objects = 0;
    int rc;

    if (version > store_migration_count) {
        return error_set(err, WATTLE_E_UNSUPPORTED,
                         "%s: written by a newer Wattle (store version %d, this one knows %d); "
                         "update Wattle or name another store with WATTLE_STORE",
                         store->path, version, store_migration_count);
    }
    rc = pragma_number(store->db, "PRAGMA application_id", &application);
    if (rc == SQLITE_OK && application != STORE_APPLICATION_ID) {
        rc = pragma_number(store->db, "SELECT count(*) FROM sqlite_master", &objects);
        if (rc == SQLITE_OK && (application != 0 || version != 0 || objects != 0)) {
            return error_set(err, WATTLE_E_INVALID,
                             "%s: a database of another program; name another store with "
                             "WATTLE_STORE",
                             store->path);
        }
    }
    return rc;
}

int store_migrate(struct store *store, struct wattle_error *err)
{
    int version = 0;
    int rc = pragma_number(store->db, "PRAGMA user_version", &version);

    if (rc == SQLITE_OK) {
        rc = check(store, version, err);
    }
    if (rc != SQLITE_OK || version == store_migration_count) {
        return rc;
    }
    if ((store->flags & STORE_READ_ONLY) != 0) {
        return error_set(err, WATTLE_E_UNSUPPORTED,
                         "%s: of an older Wattle; open it once for writing", store->path);
    }
    rc = sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        return rc;
    }
    /* Another process may have been faster. */
    rc = pragma_number(store->db, "PRAGMA user_version", &version);
    if (rc == SQLITE_OK) {
        rc = check(store, version, err);
    }
    if (rc == SQLITE_OK && version < store_migration_count) {
        rc = upgrade(store, version);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
    }
    if (rc != SQLITE_OK) {
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    }
    return rc;
}
