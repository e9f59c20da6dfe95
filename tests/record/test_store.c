/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "record/store_internal.h"
#include "sample.h"

static void put(struct store *store, const char *id, int64_t started_ns)
{
    struct wattle_record record;

    sample_record(&record);
    snprintf(record.id, sizeof record.id, "%s", id);
    record.started_unix_ns = started_ns;
    assert_int_equal(store_put(store, &record, NULL), 0);
    wattle_record_finish(&record);
}

static bool append_id(void *user, const struct store_row *row)
{
    strcat(user, row->id);
    strcat(user, " ");
    return true;
}

static void expect_list(struct store *store, const struct store_filter *filter,
                        const char *expected)
{
    char ids[512] = "";
    struct wattle_error err = {0, ""};

    assert_int_equal(store_list(store, filter, append_id, ids, &err), 0);
    assert_string_equal(ids, expected);
}

static int get(struct store *store, const char *id, struct wattle_error *err)
{
    struct wattle_record record;
    int code;

    wattle_record_init(&record);
    code = store_get(store, id, &record, err);
    wattle_record_finish(&record);
    return code;
}

static void a_run_comes_back_as_it_was_put(void **state)
{
    const struct folder *folder = *state;
    struct wattle_record record, again;
    struct store *store;
    char *first, *second;

    sample_record(&record);
    record.started_unix_ns += 456789; /* below a millisecond */
    assert_int_equal(store_open(&store, folder->store, 0, NULL), 0);
    assert_int_equal(store_put(store, &record, NULL), 0);
    store_close(store);
    assert_int_equal(store_open(&store, folder->store, STORE_READ_ONLY, NULL), 0);
    wattle_record_init(&again);
    assert_int_equal(store_get(store, "0123", &again, NULL), 0);
    first = wattle_record_to_json(&record, false);
    second = wattle_record_to_json(&again, false);
    assert_string_equal(first, second);
    assert_true(record.started_unix_ns == again.started_unix_ns);
    free(first);
    free(second);
    wattle_record_finish(&record);
    wattle_record_finish(&again);
    store_close(store);
}

static void lists_are_newest_first_and_filtered(void **state)
{
    const struct folder *folder = *state;
    struct store_filter filter = {.limit = 2};
    struct store *store;

    assert_int_equal(store_open(&store, folder->store, 0, NULL), 0);
    put(store, "aaaa1", 100);
    put(store, "cccc3", 300);
    put(store, "bbbb2", 200);
    put(store, "aaaa1", 400); /* the same run again: replaced */
    expect_list(store, NULL, "aaaa1 cccc3 bbbb2 ");
    expect_list(store, &filter, "aaaa1 cccc3 ");
    filter = (struct store_filter){.since_unix_ns = 200, .until_unix_ns = 400};
    expect_list(store, &filter, "cccc3 bbbb2 ");
    filter = (struct store_filter){.text = "TRAIN.py", .project = "digits", .tag = "night"};
    expect_list(store, &filter, "aaaa1 cccc3 bbbb2 ");
    filter = (struct store_filter){.tag = "nigh"};
    expect_list(store, &filter, "");
    filter = (struct store_filter){.text = "%"};
    expect_list(store, &filter, "");
    store_close(store);
}

static void a_run_is_named_by_its_beginning(void **state)
{
    const struct folder *folder = *state;
    struct wattle_error err;
    struct store *store;

    assert_int_equal(store_open(&store, folder->store, 0, NULL), 0);
    assert_int_equal(get(store, "last", &err), WATTLE_E_NOENT);
    put(store, "abcd1111", 1);
    put(store, "abcd2222", 2);
    put(store, "abcd", 3);
    assert_int_equal(get(store, "abcd1", &err), 0);
    assert_int_equal(get(store, "abcd", &err), 0);
    assert_int_equal(get(store, "last", &err), 0);
    assert_int_equal(get(store, "abc", &err), WATTLE_E_INVALID);
    assert_int_equal(store_remove(store, "last", &err), 0);
    assert_int_equal(get(store, "abcd", &err), WATTLE_E_INVALID);
    assert_int_equal(get(store, "x", &err), WATTLE_E_NOENT);
    assert_int_equal(get(store, "", &err), WATTLE_E_INVALID);
    store_close(store);
}

static void nobody_else_may_read_it(void **state)
{
    const struct folder *folder = *state;
    struct store *store;
    struct stat st;
    char wal[320];
    mode_t before = umask(0);

    assert_int_equal(store_open(&store, folder->store, 0, NULL), 0);
    umask(before);
    put(store, "abcd", 1);
    assert_int_equal(stat(folder->store, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    snprintf(wal, sizeof wal, "%s-wal", folder->store);
    assert_int_equal(stat(wal, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    *strrchr(wal, '/') = '\0';
    assert_int_equal(stat(wal, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    store_close(store);
}

static void a_spooled_run_is_taken_in_when_its_process_is_gone(void **state)
{
    const struct folder *folder = *state;
    struct wattle_record record;
    struct spool *spool;
    struct store *store;

    sample_record(&record);
    record.state = WATTLE_RUN_RUNNING;
    assert_int_equal(spool_open(&spool, folder->store, record.id, NULL), 0);
    assert_int_equal(spool_write(spool, &record, NULL), 0);
    assert_int_equal(spool_write(spool, &record, NULL), 0);
    assert_int_equal(store_open(&store, folder->store, 0, NULL), 0);
    expect_list(store, NULL, ""); /* alive: left alone */
    spool_close(spool, false);    /* as the kernel does when a process ends */
    assert_int_equal(store_collect(store, NULL), 1);
    assert_int_equal(store_collect(store, NULL), 0);
    assert_int_equal(store_get(store, "last", &record, NULL), 0);
    assert_int_equal(record.state, WATTLE_RUN_INTERRUPTED);
    wattle_record_finish(&record);
    store_close(store);
}

static void a_running_series_is_thinned_and_keeps_its_ends(void **state)
{
    const struct folder *folder = *state;
    struct wattle_record record;
    struct spool *spool;
    struct store *store;
    size_t i;

    sample_record(&record);
    free(record.series);
    record.series_count = 1000;
    record.series = calloc(1000, sizeof *record.series);
    assert_non_null(record.series);
    for (i = 0; i < 1000; i++) {
        record.series[i].t_ns = record.series_origin_ns + (int64_t)i * 1000000000;
        record.series[i].energy_j = (double)i;
    }
    record.state = WATTLE_RUN_RUNNING;
    assert_int_equal(spool_open(&spool, folder->store, record.id, NULL), 0);
    assert_int_equal(spool_write(spool, &record, NULL), 0);
    spool_close(spool, false);
    assert_int_equal(store_open(&store, folder->store, 0, NULL), 0);
    assert_int_equal(store_get(store, "last", &record, NULL), 0);
    assert_int_equal(record.series_count, 60);
    assert_true(record.series[0].energy_j == 0 && record.series[59].energy_j == 999);
    wattle_record_finish(&record);
    store_close(store);
}

static void an_old_spool_does_not_replace_the_finished_run(void **state)
{
    const struct folder *folder = *state;
    struct wattle_record record;
    struct spool *spool;
    struct store *store;

    sample_record(&record);
    record.state = WATTLE_RUN_RUNNING;
    assert_int_equal(spool_open(&spool, folder->store, record.id, NULL), 0);
    assert_int_equal(spool_write(spool, &record, NULL), 0);
    assert_int_equal(store_open(&store, folder->store, STORE_NO_COLLECT, NULL), 0);
    record.state = WATTLE_RUN_FINISHED;
    assert_int_equal(store_put(store, &record, NULL), 0);
    spool_close(spool, false); /* killed between the put and the removal */
    assert_int_equal(store_collect(store, NULL), 1);
    assert_int_equal(store_get(store, "last", &record, NULL), 0);
    assert_int_equal(record.state, WATTLE_RUN_FINISHED);
    wattle_record_finish(&record);
    store_close(store);
}

static void junk_in_the_spool_is_set_apart(void **state)
{
    const struct folder *folder = *state;
    struct store *store;
    char path[400];
    FILE *file;

    assert_int_equal(store_open(&store, folder->store, 0, NULL), 0);
    put(store, "abcd", 1);
    snprintf(path, sizeof path, "%s.spool", folder->store);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s.spool/pipe.json", folder->store);
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(path, sizeof path, "%s.spool/junk.json", folder->store);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("{\"schema\":1,", file);
    fclose(file);
    assert_int_equal(store_collect(store, NULL), 0);
    assert_int_not_equal(access(path, F_OK), 0);
    strcat(path, ".unreadable");
    assert_int_equal(access(path, F_OK), 0);
    expect_list(store, NULL, "abcd ");
    store_close(store);
}

static void a_clock_that_was_set_back_loses_no_run(void **state)
{
    const struct folder *folder = *state;
    const struct timespec future[2] = {{.tv_sec = 4000000000}, {.tv_sec = 4000000000}};
    struct wattle_record record;
    struct spool *spool;
    struct store *store;
    char path[400];

    sample_record(&record);
    record.state = WATTLE_RUN_RUNNING;
    record.started_unix_ns = 4000000000 * (int64_t)1000000000;
    assert_int_equal(spool_open(&spool, folder->store, record.id, NULL), 0);
    assert_int_equal(spool_write(spool, &record, NULL), 0);
    spool_close(spool, false);
    snprintf(path, sizeof path, "%s.spool/%s.json", folder->store, record.id);
    assert_int_equal(utimensat(AT_FDCWD, path, future, 0), 0);
    assert_int_equal(store_open(&store, folder->store, 0, NULL), 0);
    put(store, "past", 1);
    expect_list(store, NULL, "0123456789abcdef past ");
    wattle_record_finish(&record);
    store_close(store);
}

static void a_newer_store_is_refused_and_left_alone(void **state)
{
    const struct folder *folder = *state;
    struct wattle_error err;
    struct store *store;

    assert_int_equal(store_open(&store, folder->store, 0, NULL), 0);
    put(store, "abcd", 1);
    sqlite3_exec(store->db, "PRAGMA user_version = 99", NULL, NULL, NULL);
    store_close(store);
    assert_int_equal(store_open(&store, folder->store, 0, &err), WATTLE_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "newer Wattle"));
    assert_int_equal(store_open(&store, folder->store, STORE_READ_ONLY, &err),
                     WATTLE_E_UNSUPPORTED);
}

static void another_programs_database_is_left_alone(void **state)
{
    struct folder *folder = *state;
    struct wattle_error err;
    struct store *store;
    sqlite3 *db;

    snprintf(folder->store, sizeof folder->store, "%s/other.db", folder->path);
    assert_int_equal(sqlite3_open(folder->store, &db), SQLITE_OK);
    sqlite3_exec(db, "CREATE TABLE t (x)", NULL, NULL, NULL);
    sqlite3_close(db);
    assert_int_equal(store_open(&store, folder->store, 0, &err), WATTLE_E_INVALID);
    assert_non_null(strstr(err.text, "another program"));
}

static bool always(const char *directory)
{
    (void)directory;
    return true;
}

static void a_network_file_system_has_no_shared_memory(void **state)
{
    struct folder *folder = *state;
    const struct store_setup setup = {.is_network = always};
    struct store *store, *second;

    snprintf(folder->store, sizeof folder->store, "%s/wattle.db", folder->path);
    assert_int_equal(store_open_with(&store, folder->store, 0, &setup, NULL), 0);
    put(store, "abcd", 1);
    assert_int_equal(folder_count(folder->path, "wattle.db-shm"), 0);
    assert_int_equal(folder_count(folder->path, "wattle.db-wal"), 0);
    /* and several may use it in turn */
    assert_int_equal(store_open_with(&second, folder->store, 0, &setup, NULL), 0);
    put(second, "bcde", 2);
    put(store, "cdef", 3);
    expect_list(second, NULL, "cdef bcde abcd ");
    store_close(second);
    store_close(store);
    /* from a local disk to the network, and back */
    assert_int_equal(store_open(&store, folder->store, 0, NULL), 0);
    put(store, "defg", 4);
    assert_int_equal(folder_count(folder->path, "wattle.db-shm"), 1);
    store_close(store);
    assert_int_equal(store_open_with(&store, folder->store, 0, &setup, NULL), 0);
    expect_list(store, NULL, "defg cdef bcde abcd ");
    assert_int_equal(folder_count(folder->path, "wattle.db-wal"), 0);
    store_close(store);
}

static void reading_what_is_not_there_makes_nothing(void **state)
{
    const struct folder *folder = *state;
    struct wattle_error err;
    struct store *store;

    assert_int_equal(store_open(&store, folder->store, STORE_READ_ONLY, &err), WATTLE_E_NOENT);
    assert_null(store);
    assert_int_equal(folder_count(folder->path, "a"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_folder(a_run_comes_back_as_it_was_put),
        in_folder(lists_are_newest_first_and_filtered),
        in_folder(a_run_is_named_by_its_beginning),
        in_folder(nobody_else_may_read_it),
        in_folder(a_spooled_run_is_taken_in_when_its_process_is_gone),
        in_folder(a_running_series_is_thinned_and_keeps_its_ends),
        in_folder(an_old_spool_does_not_replace_the_finished_run),
        in_folder(junk_in_the_spool_is_set_apart),
        in_folder(a_clock_that_was_set_back_loses_no_run),
        in_folder(a_newer_store_is_refused_and_left_alone),
        in_folder(another_programs_database_is_left_alone),
        in_folder(a_network_file_system_has_no_shared_memory),
        in_folder(reading_what_is_not_there_makes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
