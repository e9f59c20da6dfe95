/* SPDX-License-Identifier: MIT */
/*
 * The embedded store: SQLite, one file, any number of concurrent runs.
 *
 * A run that is going on lives in a *spool* file beside the store
 * (<store>.spool/<id>.json), rewritten atomically each second under a lock that
 * dies with its process. At its end it goes into the database; if that is
 * locked, full, read-only or broken, the spool stays and the next command that
 * opens the store takes it in. A spool whose lock is free and that is not
 * marked finished belongs to a killed run: it is kept as interrupted.
 */
#ifndef RECORD_STORE_H
#define RECORD_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include <wattle/error.h>
#include <wattle/record.h>

struct store;
struct spool;

/* WATTLE_STORE, or $XDG_DATA_HOME/wattle/wattle.db, or ~/.local/share/wattle/wattle.db.
 * 0 or WATTLE_E_NOENT when there is no home either. */
int store_default_path(char *ret, size_t size, struct wattle_error *err);

/*
 * Opens, creating file and schema when missing (0600, folder 0700). A file that is not a sound
 * database is moved aside as <path>.corrupt-<time> and a new one begun: positive outcome
 * STORE_MOVED_ASIDE, with the name in err->text. On network file systems, where shared memory
 * does not work, the journal is a rollback journal instead of WAL.
 */
enum { STORE_MOVED_ASIDE = 1 };
enum { STORE_READ_ONLY = 1, STORE_NO_COLLECT = 2 };
int store_open(struct store **ret, const char *path, unsigned flags, struct wattle_error *err);
void store_close(struct store *store);

/* Inserts or replaces by id, one transaction. STORE_MOVED_ASIDE as store_open, when the damage
 * shows only now; the run is in the new store then. */
int store_put(struct store *store, const struct wattle_record *record, struct wattle_error *err);

struct store_filter {
    const char *project; /* NULL: any */
    const char *tag;
    const char *text;    /* in the command line */
    int64_t since_unix_ns, until_unix_ns; /* 0: open */
    int limit;           /* newest first; 0: all */
};

/* A row of a list: cheap, no JSON is parsed. Strings are borrowed for the call. */
struct store_row {
    const char *id;
    enum wattle_run_state state;
    int64_t started_unix_ns;
    double duration_s;
    int exit_status;
    const char *command; /* words joined by spaces */
    const char *project;
    const char *tags;
    struct wattle_bound machine_j, task_j;
    enum wattle_quality quality;
    double co2e_g; /* NaN unknown */
};
/* `row` returns false to stop. */
int store_list(struct store *store, const struct store_filter *filter,
               bool (*row)(void *user, const struct store_row *row), void *user,
               struct wattle_error *err);

/* A run by id or unambiguous prefix (>= 4), or "last". `record` must be initialised.
 * WATTLE_E_NOENT; WATTLE_E_INVALID when ambiguous. */
int store_get(struct store *store, const char *id, struct wattle_record *record,
              struct wattle_error *err);
int store_remove(struct store *store, const char *id, struct wattle_error *err);

/* Spools of ended and killed runs into the database. Called by store_open. Returns how many. */
int store_collect(struct store *store, struct wattle_error *err);

/* ---- spool: no SQLite in here, so that a run can begin in microseconds ------------------- */

int spool_open(struct spool **ret, const char *store_path, const char *id,
               struct wattle_error *err);
/* The record as it is now (state running or finished). Never tears: old or new. */
int spool_write(struct spool *spool, const struct wattle_record *record, struct wattle_error *err);
/* remove: the record is in the database. */
void spool_close(struct spool *spool, bool remove);

#endif
