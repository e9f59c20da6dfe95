/* SPDX-License-Identifier: MIT */
/* The store when something breaks: files, locks, disks, memory. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder.h"
#include "record/store_internal.h"
#include "sample.h"
#include "stored.h"

/* A finished run that is only spooled, its process gone. */
static void spool_one(const char *store_path, const char *id)
{
    struct wattle_record record;
    struct spool *spool;

    sample_record(&record);
    snprintf(record.id, sizeof record.id, "%s", id);
    assert_int_equal(spool_open(&spool, store_path, id, NULL), 0);
    assert_int_equal(spool_write(spool, &record, NULL), 0);
    spool_close(spool, false);
    wattle_record_finish(&record);
}

/* ---- damaged files ------------------------------------------------------------------------- */

static void a_file_that_is_no_database_is_moved_aside(void **state)
{
    const struct folder *folder = *state;
    char junk[5000], kept[sizeof junk];
    struct wattle_error err = {0, ""};
    struct store *store;
    int fd;

    make_store(folder, 1);
    memset(junk, 'x', sizeof junk);
    assert_int_equal(truncate(folder->store, 0), 0);
    write_at(folder->store, 0, junk, sizeof junk);
    assert_int_equal(store_open(&store, folder->store, 0, &err), STORE_MOVED_ASIDE);
    assert_int_equal(strncmp(err.text, folder->store, strlen(folder->store)), 0);
    assert_non_null(strstr(err.text, ".corrupt-"));
    assert_int_equal(put_id(store, "new-0001", NULL), 0);
    store_close(store);
    fd = open(err.text, O_RDONLY);
    assert_int_equal(read(fd, kept, sizeof kept), sizeof kept);
    assert_memory_equal(junk, kept, sizeof kept);
    close(fd);
    assert_int_equal(count_runs(folder->store), 1);
}

static void a_second_wreck_does_not_overwrite_the_first(void **state)
{
    const struct folder *folder = *state;
    struct wattle_error first, second;
    struct store *store;
    char junk[600];

    make_store(folder, 0);
    memset(junk, 'y', sizeof junk);
    write_at(folder->store, 0, junk, sizeof junk);
    assert_int_equal(store_open(&store, folder->store, 0, &first), STORE_MOVED_ASIDE);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    store_close(store);
    write_at(folder->store, 0, junk, sizeof junk);
    assert_int_equal(store_open(&store, folder->store, 0, &second), STORE_MOVED_ASIDE);
    store_close(store);
    assert_string_not_equal(first.text, second.text);
    assert_int_equal(access(first.text, F_OK), 0);
    assert_int_equal(access(second.text, F_OK), 0);
}

static void a_truncated_file_is_moved_aside(void **state)
{
    const struct folder *folder = *state;
    struct stat st;

    make_store(folder, 40);
    assert_int_equal(stat(folder->store, &st), 0);
    assert_int_equal(truncate(folder->store, st.st_size / 2), 0);
    spool_one(folder->store, "new-0001");
    /* found at open, or by the first run that is put or listed: nothing new is lost */
    count_runs(folder->store);
    assert_int_equal(count_runs(folder->store), 1);
}

static void a_damaged_page_is_noticed_when_a_run_is_put(void **state)
{
    const struct folder *folder = *state;
    struct wattle_error err = {0, ""};
    struct store *store;
    char junk[4096];
    struct stat st;
    long page;

    make_store(folder, 40);
    assert_int_equal(stat(folder->store, &st), 0);
    memset(junk, 0x5a, sizeof junk);
    for (page = 1; page < st.st_size / 4096; page++) { /* all but the header's page */
        write_at(folder->store, page * 4096, junk, sizeof junk);
    }
    assert_int_equal(store_open(&store, folder->store, STORE_NO_COLLECT, NULL), 0);
    assert_int_equal(put_id(store, "new-0001", &err), STORE_MOVED_ASIDE);
    assert_int_equal(put_id(store, "new-0002", &err), 0);
    store_close(store);
    assert_int_equal(access(err.text, F_OK), 0);
    assert_int_equal(count_runs(folder->store), 2);
}

static void a_damaged_list_says_so_once(void **state)
{
    const struct folder *folder = *state;
    struct wattle_error err = {0, ""};
    struct store *store;
    char junk[4096];
    int count = 0;

    make_store(folder, 40);
    memset(junk, 0x5a, sizeof junk);
    write_at(folder->store, 4096, junk, sizeof junk); /* the first page of runs */
    assert_int_equal(store_open(&store, folder->store, STORE_NO_COLLECT, NULL), 0);
    assert_int_equal(store_list(store, NULL, count_row, &count, &err), WATTLE_E_CORRUPT);
    assert_non_null(strstr(err.text, "kept as"));
    assert_int_equal(store_list(store, NULL, count_row, &count, &err), 0);
    store_close(store);
}

/* ---- locks --------------------------------------------------------------------------------- */

static void a_locked_store_leaves_the_run_in_the_spool(void **state)
{
    const struct folder *folder = *state;
    const struct store_setup impatient = {.busy_ms = 20};
    struct wattle_error err;
    struct store *store;
    sqlite3 *other;

    make_store(folder, 1);
    spool_one(folder->store, "new-0001");
    assert_int_equal(sqlite3_open(folder->store, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(store_open_with(&store, folder->store, 0, &impatient, NULL), 0);
    assert_int_equal(put_id(store, "new-0001", &err), WATTLE_E_BUSY);
    assert_non_null(strstr(err.text, "held by another program"));
    store_close(store);
    sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(other);
    assert_int_equal(count_runs(folder->store), 2);
}

/* ---- full and read-only disks -------------------------------------------------------------- */

static void a_full_database_leaves_the_run_in_the_spool(void **state)
{
    const struct folder *folder = *state;
    const struct store_setup tiny = {.max_pages = 12};
    struct wattle_error err = {0, ""};
    struct store *store;
    char id[16];
    int put = 0;
    int code = 0;

    make_store(folder, 0);
    assert_int_equal(store_open_with(&store, folder->store, 0, &tiny, NULL), 0);
    while (code == 0 && put < 100) {
        snprintf(id, sizeof id, "run-%04d", put);
        code = put_id(store, id, &err);
        put += code == 0;
    }
    assert_int_equal(code, WATTLE_E_IO);
    assert_non_null(strstr(err.text, "no space"));
    store_close(store);
    spool_one(folder->store, id);
    assert_true(is_sound(folder->store));
    assert_int_equal(count_runs(folder->store), put + 1);
}

/* In a child with its own mounts, so that nothing outlives the test. 77: may not. */
static int in_child(int (*body)(const struct folder *), const struct folder *folder)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        _exit(body(folder));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        skip();
    }
    return WEXITSTATUS(status);
}

static bool mount_tiny(const struct folder *folder)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", folder->path, "tmpfs", 0, "size=160k") == 0;
}

static int fill_disk(const struct folder *folder)
{
    char path[320], block[4096] = "x";
    struct wattle_record record;
    struct spool *spool;
    struct store *store;
    int put = 0;
    int i, fd;

    if (!mount_tiny(folder)) {
        return 77;
    }
    sample_record(&record);
    if (spool_open(&spool, folder->store, "abcd", NULL) != 0 ||
        spool_write(spool, &record, NULL) != 0 ||
        store_open(&store, folder->store, STORE_NO_COLLECT, NULL) != 0 ||
        put_id(store, "run-0", NULL) != 0) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/filler", folder->path);
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    while (write(fd, block, sizeof block) > 0) {
    }
    close(fd);
    for (i = 1; i < 20; i++) {
        char id[16];
        struct wattle_error err;

        snprintf(id, sizeof id, "run-%d", i);
        put += put_id(store, id, &err) == 0;
    }
    /* The old spool is whole although the new one did not fit. */
    if (put == 19 || spool_write(spool, &record, NULL) == 0) {
        return 2;
    }
    store_close(store);
    spool_close(spool, false);
    unlink(path);
    if (!is_sound(folder->store) || count_runs(folder->store) != 1 + put + 1) {
        return 3;
    }
    return 0;
}

static void a_full_disk_loses_nothing_that_was_there(void **state)
{
    assert_int_equal(in_child(fill_disk, *state), 0);
}

static int limit_files(const struct folder *folder)
{
    const struct rlimit limit = {20000, 20000};
    struct wattle_record record;
    struct spool *spool;
    struct store *store;

    sample_record(&record);
    if (spool_open(&spool, folder->store, "abcd", NULL) != 0 ||
        spool_write(spool, &record, NULL) != 0) {
        return 1;
    }
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    if (store_open(&store, folder->store, STORE_NO_COLLECT, NULL) >= 0) {
        return put_id(store, "run-0", NULL) < 0 ? 0 : 2;
    }
    return 0;
}

static void a_limit_on_file_sizes_is_an_error_not_a_death(void **state)
{
    const struct folder *folder = *state;

    assert_int_equal(in_child(limit_files, folder), 0);
    assert_int_equal(count_runs(folder->store), 1);
}

static int use_read_only(const struct folder *folder)
{
    struct wattle_error err;
    struct spool *spool;
    struct store *store;
    int count = 0;

    if (!mount_tiny(folder)) {
        return 77;
    }
    if (store_open(&store, folder->store, STORE_NO_COLLECT, NULL) != 0 ||
        put_id(store, "run-0", NULL) != 0) {
        return 1;
    }
    store_close(store); /* the run is still in the log */
    if (mount(NULL, folder->path, NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0) {
        return 77;
    }
    if (store_open(&store, folder->store, 0, &err) == 0 &&
        put_id(store, "run-1", &err) != WATTLE_E_DENIED) {
        return 2;
    }
    if (spool_open(&spool, folder->store, "abcd", &err) == 0) {
        return 3;
    }
    if (store_open(&store, folder->store, STORE_READ_ONLY, &err) != 0 ||
        store_list(store, NULL, count_row, &count, &err) != 0 || count != 1) {
        fprintf(stderr, "%s\n", err.text);
        return 4;
    }
    store_close(store);
    return 0;
}

static int use_copy(const struct folder *folder)
{
    struct folder copy = *folder;
    char command[1024];
    struct wattle_error err;
    struct store *store;
    int count = 0;

    make_store(folder, 3); /* the log is folded in */
    snprintf(copy.path, sizeof copy.path, "%s/ro", folder->path);
    snprintf(copy.store, sizeof copy.store, "%s/a?b#100%%41.db", copy.path);
    mkdir(copy.path, 0700);
    if (!mount_tiny(&copy)) {
        return 77;
    }
    snprintf(command, sizeof command, "cp '%s' '%s'", folder->store, copy.store);
    if (system(command) != 0 ||
        mount(NULL, copy.path, NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0) {
        return 77;
    }
    if (store_open(&store, copy.store, STORE_READ_ONLY, &err) != 0 ||
        store_list(store, NULL, count_row, &count, &err) != 0 || count != 3) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    store_close(store);
    return 0;
}

static void a_copy_on_a_read_only_medium_can_be_read(void **state)
{
    assert_int_equal(in_child(use_copy, *state), 0);
}

static void a_read_only_home_can_be_read(void **state)
{
    assert_int_equal(in_child(use_read_only, *state), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_folder(a_file_that_is_no_database_is_moved_aside),
        in_folder(a_second_wreck_does_not_overwrite_the_first),
        in_folder(a_truncated_file_is_moved_aside),
        in_folder(a_damaged_page_is_noticed_when_a_run_is_put),
        in_folder(a_damaged_list_says_so_once),
        in_folder(a_locked_store_leaves_the_run_in_the_spool),
        in_folder(a_full_database_leaves_the_run_in_the_spool),
        in_folder(a_full_disk_loses_nothing_that_was_there),
        in_folder(a_limit_on_file_sizes_is_an_error_not_a_death),
        in_folder(a_read_only_home_can_be_read),
        in_folder(a_copy_on_a_read_only_medium_can_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
