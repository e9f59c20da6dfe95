/* SPDX-License-Identifier: MIT */
/* What the store's files share, and where its tests come in. Nobody else's. */
#ifndef RECORD_STORE_INTERNAL_H
#define RECORD_STORE_INTERNAL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <sys/types.h>

#include "record/store.h"

/* What a test may choose; all zero is the real thing. */
struct store_setup {
    const char *vfs;                           /* a registered SQLite VFS; NULL: the default */
    bool (*is_network)(const char *directory); /* NULL: store_is_network */
    int busy_ms;                               /* how long a locked store is waited for; 0: usual */
    int max_pages;                             /* the file may not grow beyond; 0: no limit */
};

struct store {
    sqlite3 *db; /* NULL only inside a failed open or heal */
    char *path;
    unsigned flags;
    struct store_setup setup;
    int64_t busy_since_ns;
    dev_t device; /* of the file that `db` was opened from */
    ino_t inode;
};

/* src/record/schema, in order; migration i brings user_version i to i + 1. */
extern const char *const store_migrations[];
extern const int store_migration_count;

/* "Wttl": says that a SQLite file is a store of ours (PRAGMA application_id). */
#define STORE_APPLICATION_ID 0x5774746c

int store_open_with(struct store **ret, const char *path, unsigned flags,
                    const struct store_setup *setup, struct wattle_error *err);

/* The connection of a store whose path, flags and setup are filled in. 0 or a WATTLE_E_ code with
 * err filled; the database is closed then. */
int store_connect(struct store *store, struct wattle_error *err);
void store_disconnect(struct store *store);

/* The folder of a path; "." for a bare name. */
void store_directory(char *ret, size_t size, const char *path);

/* Fills err from the connection's last failure `rc` and maps it to a WATTLE_E_ code. */
int store_error(struct store *store, int rc, struct wattle_error *err);

/* Brings the open database to the newest schema. An SQLite code, or a WATTLE_E_ code with err
 * filled (a newer or a foreign file), distinguished by sign: SQLite's are positive. */
int store_migrate(struct store *store, struct wattle_error *err);

/* The database was found damaged: it is moved aside, unless another process just did, and a new
 * one opened. STORE_MOVED_ASIDE with the new name in err->text, 0 when it was moved already,
 * or a failure. */
int store_heal(struct store *store, struct wattle_error *err);

/* keep_existing: a run that is there already is not replaced. */
int store_put_mode(struct store *store, const struct wattle_record *record, bool keep_existing,
                   struct wattle_error *err);

/* Shared memory and locks of SQLite's WAL do not work across machines (sqlite.org/wal.html). */
bool store_is_network(const char *directory);
/* Pure: by the f_type of statfs(2). */
bool store_is_network_type(unsigned long type);

/* "<store>.spool" */
int spool_directory(char *ret, size_t size, const char *store_path, struct wattle_error *err);

#endif
