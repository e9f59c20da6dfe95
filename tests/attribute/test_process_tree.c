/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "../machine/fake_tree.h"
#include "attribute/process_stat.h"
#include "attribute/process_tree.h"

/* ---- the file ------------------------------------------------------------------------------- */

static void a_name_may_hold_brackets_and_newlines(void **state)
{
    static const char text[] = "42 (a) S 1\n(b) R 7 1 1 0 -1 4194304 1 2 3 4 100 20 30 5 20 0 1 0 "
                               "987 0 0 18446744073709551615 0\n";
    struct process_stat stat;

    (void)state;
    assert_true(process_stat_parse(text, sizeof text - 1, &stat));
    assert_int_equal(stat.parent, 7);
    assert_int_equal(stat.state, 'R');
    assert_int_equal(stat.own_ticks, 120);
    assert_int_equal(stat.child_ticks, 35);
    assert_int_equal(stat.start_ticks, 987);
}

static void a_cut_stat_is_refused(void **state)
{
    static const char text[] = "42 (x) R 7 1 1 0 -1 4194304 1 2 3 4 100 20 30 5 20 0 1 0 987 ";
    struct process_stat stat;
    size_t size;

    (void)state;
    for (size = 0; size < sizeof text - 1; size++) {
        assert_false(process_stat_parse(text, size, &stat));
    }
    assert_true(process_stat_parse(text, sizeof text - 1, &stat));
}

static void small_files_are_read_or_unknown(void **state)
{
    static const char status[] = "Name:\tx\nUmask:\t0022\nUid:\t1000\t0\t0\t0\nGid:\t5\n";
    static const char cpu_stat[] = "usage_usec 2500000\nuser_usec 1\n";
    static const char throttled[] = "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n";
    uid_t uid;
    pid_t last;

    (void)state;
    assert_true(process_uid_parse(status, sizeof status - 1, &uid));
    assert_int_equal(uid, 1000);
    assert_false(process_uid_parse("Uid:\t1", 6, &uid));
    assert_true(fabs(process_cpu_stat_parse(cpu_stat, sizeof cpu_stat - 1) - 2.5) < 1e-12);
    assert_true(isnan(process_cpu_stat_parse(throttled, sizeof throttled - 1)));
    assert_true(isnan(process_cpu_stat_parse("usage_usec 25", 13)));
    assert_true(process_last_pid_parse("0.1 0.2 0.3 1/99 4321\n", 22, &last));
    assert_int_equal(last, 4321);
}

/* ---- a fake /proc --------------------------------------------------------------------------- */

static void put(struct fake_tree *tree, int pid, int parent, int own, int child, int start)
{
    char name[64], text[256];

    snprintf(name, sizeof name, "proc/%d/stat", pid);
    snprintf(text, sizeof text,
             "%d (x) S %d 1 1 0 -1 0 1 2 3 4 %d 0 %d 0 20 0 1 0 %d 0 0\n", pid, parent, own, child,
             start);
    fake_tree_write(tree, name, text);
}

static void drop(struct fake_tree *tree, int pid)
{
    char name[512];

    snprintf(name, sizeof name, "%s/proc/%d/stat", tree->root, pid);
    unlink(name);
}

static double ticks(const struct process_tree *tree)
{
    return round(process_tree_cpu_s(tree) * (double)sysconf(_SC_CLK_TCK));
}

static struct process_tree *follow(struct fake_tree *tree, int root)
{
    struct process_tree_options options = {.procfs = tree->procfs, .root = root, .own = 3};
    struct process_tree *ret;

    assert_int_equal(process_tree_create(&ret, &options, NULL), 0);
    return ret;
}

static void ended_children_count_once_whoever_waits_for_them(void **state)
{
    struct fake_tree tree;
    struct process_tree *set;

    (void)state;
    fake_tree_create(&tree);
    put(&tree, 10, 1, 1000, 500, 100); /* what it used before does not count */
    put(&tree, 11, 10, 40, 0, 110);
    set = follow(&tree, 10);
    put(&tree, 11, 10, 70, 0, 110);
    put(&tree, 12, 10, 5, 0, 120);
    put(&tree, 13, 12, 6, 0, 121);
    process_tree_scan(set, true);
    assert_true(ticks(set) == 30 + 5 + 6);
    assert_int_equal(process_tree_alive(set), 4);
    /* 11 ends after 80 and is waited for, with an unseen child of 9 beside it. */
    drop(&tree, 11);
    put(&tree, 10, 1, 1000, 500 + 80 + 9, 100);
    process_tree_scan(set, true);
    /* 40 of 11 had been used before the start, but in the sum it is not told apart. */
    assert_true(ticks(set) >= 40 + 9 + 11 && ticks(set) <= 80 + 9 + 11);
    process_tree_destroy(set);
    fake_tree_remove(&tree);
}

static void an_orphan_stays_a_member_and_is_kept_when_it_vanishes(void **state)
{
    struct fake_tree tree;
    struct process_tree *set;

    (void)state;
    fake_tree_create(&tree);
    put(&tree, 10, 1, 0, 0, 100);
    set = follow(&tree, 10);
    put(&tree, 20, 10, 7, 0, 120);
    process_tree_scan(set, true);
    put(&tree, 20, 1, 15, 0, 120); /* its parent let it go; it daemonised */
    put(&tree, 21, 20, 3, 0, 130);
    process_tree_scan(set, true);
    assert_true(ticks(set) == 18);
    drop(&tree, 20); /* waited for by init: nobody here tells */
    put(&tree, 21, 1, 4, 0, 130);
    process_tree_scan(set, true);
    assert_true(ticks(set) == 19);
    drop(&tree, 10);
    drop(&tree, 21);
    process_tree_scan(set, true);
    assert_true(ticks(set) == 19);
    assert_int_equal(process_tree_alive(set), 0);
    process_tree_destroy(set);
    fake_tree_remove(&tree);
}

static void a_number_given_out_anew_is_another_process(void **state)
{
    struct fake_tree tree;
    struct process_tree *set;

    (void)state;
    fake_tree_create(&tree);
    put(&tree, 10, 1, 0, 0, 100);
    put(&tree, 11, 10, 5, 0, 110);
    set = follow(&tree, 10);
    put(&tree, 11, 1, 5000, 0, 999); /* a stranger */
    put(&tree, 12, 11, 6000, 0, 1000);
    process_tree_scan(set, true);
    assert_true(ticks(set) == 0);
    assert_false(process_tree_has(set, 11));
    assert_false(process_tree_has(set, 12));
    process_tree_destroy(set);
    fake_tree_remove(&tree);
}

static void time_never_falls(void **state)
{
    struct fake_tree tree;
    struct process_tree *set;
    double before;

    (void)state;
    fake_tree_create(&tree);
    put(&tree, 10, 1, 0, 0, 100);
    set = follow(&tree, 10);
    put(&tree, 10, 1, 50, 0, 100);
    process_tree_scan(set, true);
    before = process_tree_cpu_s(set);
    put(&tree, 10, 1, 20, 0, 100);
    process_tree_scan(set, true);
    assert_true(process_tree_cpu_s(set) >= before);
    process_tree_destroy(set);
    fake_tree_remove(&tree);
}

static void a_missing_process_is_said(void **state)
{
    struct process_tree_options options = {.procfs = "/proc", .root = 0x7ffffff0};
    struct process_tree *set;
    struct wattle_error err;

    (void)state;
    assert_int_equal(process_tree_create(&set, &options, &err), WATTLE_E_NOENT);
    assert_null(set);
}

/* ---- real processes ------------------------------------------------------------------------- */

/* Uses so much CPU time, however busy the machine is. */
static void burn(double seconds)
{
    struct timespec ts;

    do {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    } while ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9 < seconds);
}

static double cpu_of(const struct rusage *usage)
{
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

static struct process_tree *command(void)
{
    struct process_tree_options options = {.procfs = "/proc", .own = getpid()};
    struct process_tree *ret;

    assert_int_equal(process_tree_create(&ret, &options, NULL), 0);
    return ret;
}

static void short_children_and_daemons_of_a_command_count(void **state)
{
    struct process_tree *set = command();
    struct rusage usage;
    int i, status;
    pid_t pid;

    (void)state;
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    pid = fork();
    if (pid == 0) {
        for (i = 0; i < 50; i++) { /* short ones, waited for */
            pid_t child = fork();

            if (child == 0) {
                burn(0.002);
                _exit(0);
            }
            waitpid(child, NULL, 0);
        }
        if (fork() == 0) { /* one that daemonises */
            setsid();
            if (fork() == 0) {
                burn(0.06);
                _exit(0);
            }
            _exit(0);
        }
        burn(0.05);
        _exit(0);
    }
    process_tree_start(set, pid);
    assert_int_equal(wait4(pid, &status, 0, &usage), pid);
    process_tree_reaped(set, cpu_of(&usage));
    process_tree_scan(set, true);
    while (wait4(-1, &status, 0, &usage) > 0) {
        process_tree_scan(set, true);
    }
    process_tree_scan(set, true);
    assert_true(process_tree_cpu_s(set) > 0.05 + 0.06 + 50 * 0.002 - 0.001);
    assert_true(process_tree_cpu_s(set) < 10); /* not many times over */
    assert_int_equal(process_tree_alive(set), 0);
    process_tree_destroy(set);
    prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

static void without_adoption_the_reaped_time_is_the_total(void **state)
{
    struct process_tree *set = command();
    struct rusage usage;
    int status;
    pid_t pid;

    (void)state;
    pid = fork();
    if (pid == 0) {
        burn(0.08);
        _exit(0);
    }
    process_tree_start(set, pid);
    process_tree_scan(set, true);
    assert_true(process_tree_has(set, pid));
    assert_int_equal(wait4(pid, &status, 0, &usage), pid);
    process_tree_scan(set, true);
    process_tree_reaped(set, cpu_of(&usage));
    process_tree_scan(set, true);
    assert_true(fabs(process_tree_cpu_s(set) - cpu_of(&usage)) < 0.011);
    process_tree_destroy(set);
}

static void a_bush_of_processes_is_followed_without_harm(void **state)
{
    enum { COUNT = 300 };
    struct process_tree *set = command();
    pid_t pid = fork();
    int i;

    (void)state;
    if (pid == 0) {
        setpgid(0, 0);
        for (i = 0; i < COUNT; i++) {
            if (fork() == 0) {
                pause();
                _exit(0);
            }
        }
        pause();
        _exit(0);
    }
    process_tree_start(set, pid);
    for (i = 0; i < 2000 && process_tree_alive(set) < COUNT + 1; i++) {
        const struct timespec pause_s = {0, 2000000};

        process_tree_scan(set, true);
        nanosleep(&pause_s, NULL);
    }
    assert_int_equal(process_tree_alive(set), COUNT + 1);
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    process_tree_destroy(set);
}

static void a_user_is_every_process_but_our_own(void **state)
{
    struct process_tree_options options = {
        .procfs = "/proc", .set = PROCESS_OF_USER, .uid = getuid(), .own = getpid()};
    struct process_tree *set;
    pid_t pid;

    (void)state;
    assert_int_equal(process_tree_create(&set, &options, NULL), 0);
    assert_false(process_tree_has(set, getpid()));
    pid = fork();
    if (pid == 0) {
        burn(0.05);
        pause();
        _exit(0);
    }
    while (process_tree_cpu_s(set) < 0.05) {
        process_tree_scan(set, true);
    }
    assert_true(process_tree_has(set, pid));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    process_tree_destroy(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_may_hold_brackets_and_newlines),
        cmocka_unit_test(a_cut_stat_is_refused),
        cmocka_unit_test(small_files_are_read_or_unknown),
        cmocka_unit_test(ended_children_count_once_whoever_waits_for_them),
        cmocka_unit_test(an_orphan_stays_a_member_and_is_kept_when_it_vanishes),
        cmocka_unit_test(a_number_given_out_anew_is_another_process),
        cmocka_unit_test(time_never_falls),
        cmocka_unit_test(a_missing_process_is_said),
        cmocka_unit_test(short_children_and_daemons_of_a_command_count),
        cmocka_unit_test(without_adoption_the_reaped_time_is_the_total),
        cmocka_unit_test(a_bush_of_processes_is_followed_without_harm),
        cmocka_unit_test(a_user_is_every_process_but_our_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
