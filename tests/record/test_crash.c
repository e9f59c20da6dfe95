/* SPDX-License-Identifier: MIT */
/* Many processes at once, and processes that are killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "folder.h"
#include "record/store_internal.h"
#include "sample.h"

enum { PROCESSES = 50, PUTS = 20, KILLS = 30 };

/* As `wattle run` does at its end. 0: kept in the database. */
static int keep(const char *path, struct wattle_record *record)
{
    struct spool *spool = NULL;
    struct store *store = NULL;
    int code;

    if (spool_open(&spool, path, record->id, NULL) != 0 ||
        spool_write(spool, record, NULL) != 0) {
        return -1;
    }
    code = store_open(&store, path, STORE_NO_COLLECT, NULL);
    if (code >= 0) {
        code = store_put(store, record, NULL);
    }
    spool_close(spool, code >= 0);
    store_close(store);
    return code;
}

struct tally {
    int finished, interrupted, other;
};

static bool tally_row(void *user, const struct store_row *row)
{
    struct tally *tally = user;

    tally->finished += row->state == WATTLE_RUN_FINISHED;
    tally->interrupted += row->state == WATTLE_RUN_INTERRUPTED;
    tally->other += row->state == WATTLE_RUN_RUNNING;
    return true;
}

static void tally_runs(const char *path, struct tally *tally)
{
    struct store *store;

    memset(tally, 0, sizeof *tally);
    assert_true(store_open(&store, path, 0, NULL) >= 0);
    assert_int_equal(store_list(store, NULL, tally_row, tally, NULL), 0);
    store_close(store);
}

static int count_files(const char *directory, const char *part)
{
    DIR *dir = opendir(directory);
    const struct dirent *entry;
    int count = 0;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        count += strstr(entry->d_name, part) != NULL;
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return count;
}

static void start_workers(const char *path, int processes, int puts, pid_t *pids)
{
    int i, k;

    for (i = 0; i < processes; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            struct wattle_record record;

            sample_record(&record);
            for (k = 0; k < puts; k++) {
                snprintf(record.id, sizeof record.id, "p%d-%d", i, k);
                if (keep(path, &record) == -1) {
                    _exit(1);
                }
            }
            _exit(0);
        }
        assert_true(pids[i] > 0);
    }
}

static void join_workers(int processes, const pid_t *pids)
{
    int i, status;

    for (i = 0; i < processes; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

static void a_thousand_short_runs_at_once_lose_nothing(void **state)
{
    const struct folder *folder = *state;
    pid_t pids[PROCESSES];
    struct tally tally;

    /* None has made the store yet: they create it, and its schema, together. */
    start_workers(folder->store, PROCESSES, PUTS, pids);
    join_workers(PROCESSES, pids);
    tally_runs(folder->store, &tally);
    assert_int_equal(tally.finished, PROCESSES * PUTS);
}

static void of_many_that_notice_the_damage_one_moves_the_file(void **state)
{
    const struct folder *folder = *state;
    char directory[320], junk[8192];
    pid_t pids[8];
    struct tally tally;
    struct store *store;
    int fd;

    assert_int_equal(store_open(&store, folder->store, 0, NULL), 0);
    store_close(store);
    snprintf(directory, sizeof directory, "%s-wal", folder->store);
    unlink(directory);
    memset(junk, 'x', sizeof junk);
    fd = open(folder->store, O_WRONLY);
    assert_int_equal(pwrite(fd, junk, sizeof junk, 0), sizeof junk);
    close(fd);
    start_workers(folder->store, 8, 5, pids);
    join_workers(8, pids);
    tally_runs(folder->store, &tally);
    assert_int_equal(tally.finished, 40);
    snprintf(directory, sizeof directory, "%s/a/b", folder->path);
    assert_int_equal(count_files(directory, ".corrupt-"), 1);
}

/* Runs on end, each spooled a few times, as fast as it can; says on a pipe what is done. */
static void run_until_killed(const char *path, int report_fd, int round)
{
    struct wattle_record record;
    int run, second;

    sample_record(&record);
    for (run = 0;; run++) {
        struct spool *spool = NULL;
        struct store *store = NULL;
        char word[2] = {'s', 'f'};

        snprintf(record.id, sizeof record.id, "r%d-%d", round, run);
        record.state = WATTLE_RUN_RUNNING;
        if (spool_open(&spool, path, record.id, NULL) != 0) {
            _exit(1);
        }
        for (second = 0; second < 5; second++) {
            record.duration_s = second;
            if (spool_write(spool, &record, NULL) != 0) {
                _exit(2);
            }
        }
        /* From here this run must come back, finished or not. */
        if (write(report_fd, &word[0], 1) != 1) {
            _exit(3);
        }
        record.state = WATTLE_RUN_FINISHED;
        spool_write(spool, &record, NULL);
        if (store_open(&store, path, STORE_NO_COLLECT, NULL) < 0 ||
            store_put(store, &record, NULL) < 0) {
            _exit(4);
        }
        spool_close(spool, true);
        store_close(store);
        if (write(report_fd, &word[1], 1) != 1) {
            _exit(5);
        }
    }
}

static void killed_at_any_moment_a_run_is_kept(void **state)
{
    const struct folder *folder = *state;
    int spooled = 0, finished = 0;
    struct tally tally;
    int round;

    /* On a slow machine the lives get longer until one run has come to its end. */
    for (round = 0; round < KILLS || (finished == 0 && round < 10 * KILLS); round++) {
        const struct timespec life = {.tv_nsec = 1000000L + 700001L * round};
        char words[4096];
        int ends[2], status;
        ssize_t i, n;
        pid_t pid;

        assert_int_equal(pipe(ends), 0);
        pid = fork();
        if (pid == 0) {
            close(ends[0]);
            run_until_killed(folder->store, ends[1], round);
        }
        close(ends[1]);
        nanosleep(&life, NULL);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        while ((n = read(ends[0], words, sizeof words)) > 0) {
            for (i = 0; i < n; i++) {
                spooled += words[i] == 's';
                finished += words[i] == 'f';
            }
        }
        close(ends[0]);
        if (round % 4 == 0) {
            tally_runs(folder->store, &tally); /* somebody looks in between */
        }
    }
    tally_runs(folder->store, &tally);
    assert_true(finished > 0);
    assert_int_equal(tally.other, 0);
    assert_in_range(tally.finished, finished, finished + round);
    /* Every run that was spooled is there; of each killed process, one more may be. */
    assert_in_range(tally.finished + tally.interrupted, spooled, spooled + round);
}

static void a_killed_run_has_its_last_second(void **state)
{
    const struct folder *folder = *state;
    struct wattle_record record;
    struct store *store;
    int ends[2], status;
    char word;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        struct spool *spool;
        int second;

        sample_record(&record);
        record.state = WATTLE_RUN_RUNNING;
        record.exit_status = -1;
        spool_open(&spool, folder->store, record.id, NULL);
        for (second = 1; second <= 7; second++) {
            record.duration_s = second;
            record.energy.machine_j = sample_bound(second * 10, 0, 100);
            spool_write(spool, &record, NULL);
        }
        if (write(ends[1], "x", 1) != 1) {
            _exit(1);
        }
        pause();
    }
    assert_int_equal(read(ends[0], &word, 1), 1);
    wattle_record_init(&record);
    assert_int_equal(store_open(&store, folder->store, 0, NULL), 0);
    assert_int_equal(store_get(store, "last", &record, NULL), WATTLE_E_NOENT); /* it lives */
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(store_collect(store, NULL), 1);
    assert_int_equal(store_get(store, "last", &record, NULL), 0);
    assert_int_equal(record.state, WATTLE_RUN_INTERRUPTED);
    assert_true(record.duration_s == 7 && record.energy.machine_j.value == 70);
    assert_int_equal(record.exit_status, -1);
    wattle_record_finish(&record);
    store_close(store);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_folder(a_thousand_short_runs_at_once_lose_nothing),
        in_folder(of_many_that_notice_the_damage_one_moves_the_file),
        in_folder(killed_at_any_moment_a_run_is_kept),
        in_folder(a_killed_run_has_its_last_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
