/* SPDX-License-Identifier: MIT */
/*
 * Opening and closing the store. What a run pays is opening, one put
 * and closing: no fsync (WAL with synchronous NORMAL syncs at checkpoints
 * only), no integrity check (SQLite itself notices a damaged page when it
 * reads one), and a write-ahead log that is kept short, because the first
 * process to open the store reads all of it.
 */
#include "record/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

enum {
    BUSY_RUN_MS = 500,    /* at the end of a run: the spool keeps it safe, do not hold up */
    BUSY_USUAL_MS = 3000, /* for somebody who asked for a list */
    /* A log longer than this is folded into the database when the last user closes: two fsyncs.
     * A run adds about 24 KiB, so that one run in some twenty pays for it. */
    WAL_LIMIT_BYTES = 512 * 1024,
    WAL_LIMIT_IDLE_BYTES = 64 * 1024
};

static int code_of(int rc, int errnum)
{
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return WATTLE_E_BUSY;
    case SQLITE_NOMEM:
        return WATTLE_E_NOMEM;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return WATTLE_E_CORRUPT;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return WATTLE_E_DENIED;
    default:
        return errnum == EACCES || errnum == EPERM || errnum == EROFS ? WATTLE_E_DENIED
                                                                      : WATTLE_E_IO;
    }
}

int store_error(struct store *store, int rc, struct wattle_error *err)
{
    int errnum = store->db != NULL ? sqlite3_system_errno(store->db) : 0;
    int code = code_of(rc, errnum);

    if (code == WATTLE_E_BUSY) {
        return error_set(err, code, "%s: held by another program", store->path);
    }
    if ((rc & 0xff) == SQLITE_FULL) {
        return error_set(err, code, "%s: no space left for the run", store->path);
    }
    if (errnum != 0 && ((rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_IOERR)) {
        error_errno(err, errnum, "%s", store->path);
        return err != NULL ? err->code : code;
    }
    return error_set(err, code, "%s: %s", store->path, sqlite3_errstr(rc));
}

/* Short sleeps at first: another run's transaction lasts a fraction of a millisecond. */
static int wait_while_busy(void *user, int count)
{
    struct store *store = user;
    int64_t now = clock_monotonic_ns(NULL);
    int limit_ms = (store->flags & STORE_NO_COLLECT) != 0 ? BUSY_RUN_MS : BUSY_USUAL_MS;
    struct timespec pause = {.tv_sec = 0, .tv_nsec = 100000L << (count < 6 ? count : 6)};

    if (store->setup.busy_ms > 0) {
        limit_ms = store->setup.busy_ms;
    }
    if (count == 0) {
        store->busy_since_ns = now;
    }
    if (now - store->busy_since_ns > limit_ms * 1000000LL) {
        return 0;
    }
    /* Many waiters must not wake in step; the clock's low digits are random enough. */
    pause.tv_nsec = pause.tv_nsec / 2 + (long)(now % 9973) * pause.tv_nsec / 9973;
    nanosleep(&pause, NULL);
    return 1;
}

void store_directory(char *ret, size_t size, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL) {
        snprintf(ret, size, ".");
    } else {
        snprintf(ret, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    }
}

/*
 * The file must be ours alone (0600), which SQLite would not see to. Made only when missing: to
 * open and close an existing one would drop the POSIX locks that this process holds on it.
 */
static int make_file(const struct store *store, struct wattle_error *err)
{
    char directory[4096];
    struct stat st;
    int fd;

    if (stat(store->path, &st) == 0) {
        return S_ISREG(st.st_mode)
                   ? 0
                   : error_set(err, WATTLE_E_INVALID, "%s: not a regular file", store->path);
    }
    if (errno == ENOENT && (store->flags & STORE_READ_ONLY) == 0) {
        int code;

        store_directory(directory, sizeof directory, store->path);
        code = file_make_dirs(directory, err);
        if (code != 0) {
            return code;
        }
        fd = open(store->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0) {
            close(fd);
            return 0;
        }
        if (errno == EEXIST) {
            return 0;
        }
    }
    return error_errno(err, errno, "%s", store->path);
}

static int exec(struct store *store, const char *sql)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL);
}

/* Read first: changing nothing must not need a lock. */
static int set_journal(struct store *store)
{
    char directory[4096];
    bool network;

    if ((store->flags & STORE_READ_ONLY) != 0) {
        return SQLITE_OK;
    }
    store_directory(directory, sizeof directory, store->path);
    network = store->setup.is_network != NULL ? store->setup.is_network(directory)
                                              : store_is_network(directory);
    if (network) {
        int rc;

        /* A WAL database that came here by a copy can be converted without shared memory only
         * while nobody else may look at it. */
        rc = exec(store, "PRAGMA locking_mode = EXCLUSIVE");
        rc = rc == SQLITE_OK ? exec(store, "PRAGMA journal_mode = TRUNCATE") : rc;
        rc = rc == SQLITE_OK ? exec(store, "PRAGMA locking_mode = NORMAL") : rc;
        /* The exclusive lock goes with the next transaction. */
        return rc == SQLITE_OK ? exec(store, "SELECT 1 FROM sqlite_master") : rc;
    }
    return exec(store, "PRAGMA journal_mode = WAL");
}

static int configure(struct store *store)
{
    int rc;

    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_busy_handler(store->db, wait_while_busy, store);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    rc = exec(store, "PRAGMA synchronous = NORMAL");
    if (rc == SQLITE_OK) {
        rc = set_journal(store);
    }
    if (rc == SQLITE_OK && store->setup.max_pages > 0) {
        char sql[64];

        sqlite3_snprintf(sizeof sql, sql, "PRAGMA max_page_count = %d", store->setup.max_pages);
        rc = exec(store, sql);
    }
    return rc;
}

void store_disconnect(struct store *store)
{
    sqlite3_close_v2(store->db);
    store->db = NULL;
}

/*
 * A copy on a medium that cannot be written, of a database in WAL mode, without its log: SQLite
 * would have to make the shared memory beside it, and cannot. Nobody writes there, so that it may
 * be read as it lies.
 */
static int connect_immutable(struct store *store)
{
    static const char hexadecimal[] = "0123456789abcdef";
    char uri[3 * 4096 + 32] = "file:";
    size_t used = 5;
    const char *p;

    store_disconnect(store);
    for (p = store->path; *p != '\0' && used < sizeof uri - 24; p++) {
        if (*p == '%' || *p == '?' || *p == '#') {
            uri[used++] = '%';
            uri[used++] = hexadecimal[*p >> 4];
            uri[used++] = hexadecimal[*p & 15];
        } else {
            uri[used++] = *p;
        }
    }
    snprintf(uri + used, sizeof uri - used, "?immutable=1");
    return sqlite3_open_v2(uri, &store->db,
                           SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI,
                           store->setup.vfs);
}

int store_connect(struct store *store, struct wattle_error *err)
{
    int how = (store->flags & STORE_READ_ONLY) != 0 ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    struct stat st;
    int code = make_file(store, err);
    int rc;

    if (code != 0) {
        return code;
    }
    if (stat(store->path, &st) == 0) {
        store->device = st.st_dev;
        store->inode = st.st_ino;
    }
    rc = sqlite3_open_v2(store->path, &store->db, how | SQLITE_OPEN_NOMUTEX, store->setup.vfs);
    if (rc == SQLITE_OK) {
        rc = configure(store);
    }
    if (rc == SQLITE_OK) {
        rc = store_migrate(store, err);
    }
    if (rc > 0 && (rc & 0xff) == SQLITE_CANTOPEN && how == SQLITE_OPEN_READONLY) {
        rc = connect_immutable(store);
        rc = rc == SQLITE_OK ? configure(store) : rc;
        rc = rc == SQLITE_OK ? store_migrate(store, err) : rc;
    }
    if (rc > 0) {
        rc = store_error(store, rc, err);
    }
    if (rc != 0) {
        store_disconnect(store);
    }
    return rc;
}

int store_open_with(struct store **ret, const char *path, unsigned flags,
                    const struct store_setup *setup, struct wattle_error *err)
{
    struct store *store = calloc(1, sizeof *store);
    int code;

    *ret = NULL;
    if (store == NULL || (store->path = strdup(path)) == NULL) {
        free(store);
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    store->flags = flags;
    if (setup != NULL) {
        store->setup = *setup;
    }
    code = store_connect(store, err);
    if (code == WATTLE_E_CORRUPT && (flags & STORE_READ_ONLY) == 0) {
        code = store_heal(store, err);
    }
    if (code < 0) {
        store_close(store);
        return code;
    }
    if ((flags & (STORE_READ_ONLY | STORE_NO_COLLECT)) == 0) {
        /* What cannot be taken in now stays spooled. */
        store_collect(store, NULL);
    }
    *ret = store;
    return code;
}

int store_open(struct store **ret, const char *path, unsigned flags, struct wattle_error *err)
{
    return store_open_with(ret, path, flags, NULL, err);
}

static void fold_log(const struct store *store)
{
    char wal[4200];
    struct stat st;
    int limit = (store->flags & STORE_NO_COLLECT) != 0 ? WAL_LIMIT_BYTES : WAL_LIMIT_IDLE_BYTES;
    int n = snprintf(wal, sizeof wal, "%s-wal", store->path);

    if (n > 0 && (size_t)n < sizeof wal && stat(wal, &st) == 0 && st.st_size > limit) {
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    }
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    if (store->db != NULL && (store->flags & STORE_READ_ONLY) == 0) {
        fold_log(store);
    }
    store_disconnect(store);
    free(store->path);
    free(store);
}
