/* SPDX-License-Identifier: MIT */
/* A store with some runs in it, for the tests that break it. Needs cmocka included before. */
#ifndef TESTS_RECORD_STORED_H
#define TESTS_RECORD_STORED_H

#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "folder.h"
#include "record/store_internal.h"
#include "sample.h"

static inline int put_id(struct store *store, const char *id, struct wattle_error *err)
{
    struct wattle_record record;
    int code;

    sample_record(&record);
    snprintf(record.id, sizeof record.id, "%s", id);
    code = store_put(store, &record, err);
    wattle_record_finish(&record);
    return code;
}

static inline bool count_row(void *user, const struct store_row *row)
{
    (void)row;
    ++*(int *)user;
    return true;
}

static inline int count_runs(const char *path)
{
    struct store *store;
    int count = 0;

    if (store_open(&store, path, 0, NULL) < 0) {
        return -1;
    }
    assert_int_equal(store_list(store, NULL, count_row, &count, NULL), 0);
    store_close(store);
    return count;
}

static inline bool is_sound(const char *path)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    bool sound;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL), 0);
    sound = sqlite3_step(statement) == SQLITE_ROW &&
            strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return sound;
}

static inline void write_at(const char *path, long offset, const char *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, size, offset), size);
    close(fd);
}

static inline void make_store(const struct folder *folder, int runs)
{
    struct store *store;
    char id[16];
    int i;

    assert_int_equal(store_open(&store, folder->store, 0, NULL), 0);
    for (i = 0; i < runs; i++) {
        snprintf(id, sizeof id, "old-%04d", i);
        assert_int_equal(put_id(store, id, NULL), 0);
    }
    /* fold the log in, so that the damage is done to the file that counts */
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    store_close(store);
}

#endif
