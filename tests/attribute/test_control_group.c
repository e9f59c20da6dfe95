/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/sched.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "../machine/fake_tree.h"
#include "attribute/control_group.h"
#include "attribute/tracker.h"

static const struct wattle_host real = {
    .sysfs = "/sys", .procfs = "/proc", .cgroup = "/sys/fs/cgroup", .dev = "/dev"};

static void burn(double seconds)
{
    struct timespec ts;

    do {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    } while ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9 < seconds);
}

static pid_t fork_into(int cgroup_fd)
{
    struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD,
                              .cgroup = (uint64_t)cgroup_fd};

    return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

static void a_fake_group_is_read_in_both_versions(void **state)
{
    struct fake_tree tree;
    struct control_group *group;
    struct wattle_error err;

    (void)state;
    fake_tree_create(&tree);
    fake_tree_write(&tree, "cgroup/unified/cgroup.controllers", "\n");
    fake_tree_write(&tree, "cgroup/unified/a/b/cpu.stat", "usage_usec 1500000\nuser_usec 1\n");
    fake_tree_write(&tree, "cgroup/unified/a/b/cgroup.events", "populated 1\nfrozen 0\n");
    fake_tree_write(&tree, "cgroup/cpuacct/c/cpuacct.usage", "2500000000\n");
    fake_tree_write(&tree, "cgroup/cpuacct/c/cpu.stat", "nr_periods 0\n");
    fake_tree_write(&tree, "cgroup/cpuacct/c/cgroup.procs", "");
    assert_int_equal(control_group_open(&group, &tree.host, "/a/b", &err), 0);
    assert_true(fabs(control_group_cpu_s(group) - 1.5) < 1e-12);
    assert_false(control_group_empty(group));
    fake_tree_write(&tree, "cgroup/unified/a/b/cgroup.events", "populated 0\nfrozen 0\n");
    assert_true(control_group_empty(group));
    control_group_close(group);
    assert_int_equal(control_group_open(&group, &tree.host, "c", &err), 0);
    assert_true(fabs(control_group_cpu_s(group) - 2.5) < 1e-12);
    control_group_close(group);
    assert_int_equal(control_group_open(&group, &tree.host, "/nowhere", &err), WATTLE_E_NOENT);
    assert_int_equal(control_group_open(&group, &tree.host, "/../etc", &err), WATTLE_E_INVALID);
    assert_int_equal(control_group_open(&group, &tree.host, "", &err), WATTLE_E_INVALID);
    assert_int_equal(access(tree.cgroup, F_OK), 0);
    fake_tree_remove(&tree);
}

static void a_plain_folder_is_not_taken_for_a_group(void **state)
{
    struct fake_tree tree;
    struct control_group *group;
    char path[512];

    (void)state;
    fake_tree_create(&tree);
    fake_tree_write(&tree, "cgroup/cgroup.controllers", "\n");
    assert_int_not_equal(control_group_make(&group, &tree.host, "wattle-test", NULL), 0);
    snprintf(path, sizeof path, "%s/wattle-test", tree.cgroup);
    assert_int_not_equal(access(path, F_OK), 0);
    fake_tree_remove(&tree);
}

static void a_command_in_its_own_group_is_counted_to_the_microsecond(void **state)
{
    const struct measurement_options options = {.target = MEASURE_COMMAND, .run_id = "test"};
    struct tracker *tracker;
    pid_t pid;
    int i;

    (void)state;
    assert_int_equal(tracker_create(&tracker, &real, &options, NULL), 0);
    if (tracker_cgroup_fd(tracker) < 0) {
        print_message("skipped: no control group can be made here\n");
        tracker_destroy(tracker);
        skip();
    }
    pid = fork_into(tracker_cgroup_fd(tracker));
    if (pid < 0) {
        print_message("skipped: clone3 into a control group: %s\n", strerror(errno));
        tracker_destroy(tracker);
        skip();
    }
    if (pid == 0) {
        for (i = 0; i < 20; i++) {
            if (fork() == 0) {
                setsid(); /* nobody waits for these */
                burn(0.004);
                _exit(0);
            }
        }
        burn(0.05);
        _exit(0);
    }
    tracker_child(tracker, pid);
    assert_string_equal(tracker_method(tracker), "cgroup v2");
    assert_true(tracker_has(tracker, pid));
    assert_false(tracker_has(tracker, getpid()));
    waitpid(pid, NULL, 0);
    while (!tracker_gone(tracker)) {
        const struct timespec pause_s = {0, 1000000};

        nanosleep(&pause_s, NULL);
    }
    assert_true(tracker_cpu_s(tracker, true) >= 0.05 + 20 * 0.004);
    assert_true(tracker_cpu_s(tracker, true) < 1);
    tracker_destroy(tracker);
}

static void a_child_that_is_not_in_the_group_is_followed_by_proc(void **state)
{
    const struct measurement_options options = {.target = MEASURE_COMMAND, .run_id = "test"};
    struct tracker *tracker;
    pid_t pid;

    (void)state;
    assert_int_equal(tracker_create(&tracker, &real, &options, NULL), 0);
    pid = fork();
    if (pid == 0) {
        burn(0.05);
        pause();
        _exit(0);
    }
    tracker_child(tracker, pid);
    assert_string_equal(tracker_method(tracker), "/proc");
    while (tracker_cpu_s(tracker, true) < 0.05) {
    }
    assert_false(tracker_gone(tracker));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    tracker_cpu_s(tracker, true);
    assert_true(tracker_gone(tracker));
    tracker_destroy(tracker);
}

static void what_outlives_its_command_does_not_keep_the_group(void **state)
{
    struct control_group *group;
    char name[64], path[512];
    pid_t pid;

    (void)state;
    snprintf(name, sizeof name, "wattle-test-left-%ld", (long)getpid());
    if (control_group_make(&group, &real, name, NULL) != 0) {
        print_message("skipped: no control group can be made here\n");
        skip();
    }
    pid = fork_into(control_group_fd(group));
    if (pid < 0) {
        control_group_close(group);
        skip();
    }
    if (pid == 0) {
        pause();
        _exit(0);
    }
    assert_int_equal(control_group_count(group), 1);
    control_group_close(group);
    assert_int_equal(kill(pid, 0), 0); /* it lives on */
    snprintf(path, sizeof path, "/sys/fs/cgroup/unified/%s", name);
    assert_int_not_equal(access(path, F_OK), 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fake_group_is_read_in_both_versions),
        cmocka_unit_test(a_plain_folder_is_not_taken_for_a_group),
        cmocka_unit_test(a_command_in_its_own_group_is_counted_to_the_microsecond),
        cmocka_unit_test(a_child_that_is_not_in_the_group_is_followed_by_proc),
        cmocka_unit_test(what_outlives_its_command_does_not_keep_the_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
