/* SPDX-License-Identifier: MIT */
/* The whole room on a real kernel, with the null driver's constant power. */
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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attribute/measurement.h"

#define POWER_W 50.0

static const struct wattle_host host = {.sysfs = "/sys", .procfs = "/proc",
                                        .cgroup = "/sys/fs/cgroup", .dev = "/dev",
                                        .nvml = "none", .null_options = "power=50"};

static void sleep_s(double seconds)
{
    struct timespec rest = {(time_t)seconds, (long)(fmod(seconds, 1) * 1e9)};

    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {
    }
}

static void burn(double seconds)
{
    struct timespec ts;

    do {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    } while ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9 < seconds);
}

static struct measurement *start(enum measurement_target target, const char *id, pid_t pid)
{
    struct measurement_options options = {.target = target, .run_id = id, .pid = pid};
    struct measurement *ret;
    struct wattle_error err;

    options.meter.size = sizeof options.meter;
    options.meter.host = &host;
    options.meter.drivers = "null";
    if (measurement_begin(&ret, &options, &err) != 0) {
        fail_msg("%s", err.text);
    }
    return ret;
}

static pid_t fork_for(struct measurement *measurement)
{
    int fd = measurement_cgroup_fd(measurement);
    struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD,
                              .cgroup = (uint64_t)fd};
    pid_t pid = fd >= 0 ? (pid_t)syscall(SYS_clone3, &args, sizeof args) : -1;

    return pid >= 0 ? pid : fork();
}

static long long uj(double joules) { return llround(joules * 1e6); }

static void assert_adds_up(const struct wattle_energy *energy)
{
    const struct wattle_bound *parts[] = {&energy->machine_j, &energy->task_j, &energy->other_j,
                                          &energy->idle_j, &energy->own_j};
    long long sum = 0, components = 0;
    size_t i;

    for (i = 0; i < 5; i++) {
        if (isnan(parts[i]->value)) {
            continue;
        }
        assert_true(parts[i]->low >= 0 && parts[i]->low <= parts[i]->value);
        assert_true(parts[i]->value <= parts[i]->high);
        sum += i > 0 ? uj(parts[i]->value) : 0;
    }
    for (i = 0; i < energy->component_count; i++) {
        components += energy->components[i].counted ? uj(energy->components[i].energy_j.value) : 0;
    }
    assert_int_equal(sum, uj(energy->machine_j.value));
    assert_int_equal(components, uj(energy->machine_j.value));
}

static void a_busy_command_gets_its_share(void **state)
{
    static struct wattle_energy energy, again;
    struct measurement_utilization use;
    struct measurement *measurement = start(MEASURE_COMMAND, "one", 0);
    struct rusage usage;
    pid_t pid = fork_for(measurement);

    (void)state;
    if (pid == 0) {
        burn(0.3);
        _exit(0);
    }
    measurement_child(measurement, pid);
    assert_int_equal(wait4(pid, NULL, 0, &usage), pid);
    assert_int_equal(measurement_end(measurement, &usage, &energy, NULL), 0);
    assert_adds_up(&energy);
    assert_true(energy.task_j.value > 0);
    assert_true(energy.machine_j.value > 0.3 * POWER_W * 0.9);
    assert_int_equal(uj(energy.components[0].task_j), uj(energy.task_j.value));
    measurement_utilization(measurement, &use);
    assert_true(use.task_cpu_s >= 0.299 && use.task_cpu_s < 1);
    assert_true(use.cpu > 0 && use.cpu <= 1);
    assert_true(use.ram > 0 && use.ram < 1);
    assert_true(measurement_target_gone(measurement));
    assert_int_equal(measurement_end(measurement, NULL, &again, NULL), 0);
    assert_int_equal(uj(again.task_j.value), uj(energy.task_j.value));
    measurement_destroy(measurement);
}

static void two_at_once_never_get_more_than_the_dynamic_energy(void **state)
{
    static struct wattle_energy one, two;
    struct measurement *first = start(MEASURE_COMMAND, "first", 0);
    struct measurement *second = start(MEASURE_COMMAND, "second", 0);
    struct rusage usage_1, usage_2;
    double dynamic_j;
    pid_t pid_1, pid_2;

    (void)state;
    pid_1 = fork_for(first);
    if (pid_1 == 0) {
        burn(0.4);
        _exit(0);
    }
    measurement_child(first, pid_1);
    pid_2 = fork_for(second);
    if (pid_2 == 0) {
        burn(0.4);
        _exit(0);
    }
    measurement_child(second, pid_2);
    assert_int_equal(wait4(pid_1, NULL, 0, &usage_1), pid_1);
    assert_int_equal(wait4(pid_2, NULL, 0, &usage_2), pid_2);
    assert_int_equal(measurement_end(first, &usage_1, &one, NULL), 0);
    assert_int_equal(measurement_end(second, &usage_2, &two, NULL), 0);
    assert_adds_up(&one);
    assert_adds_up(&two);
    dynamic_j = fmax(one.machine_j.value - one.idle_j.value, two.machine_j.value -
                                                                 two.idle_j.value);
    assert_true(one.task_j.value > 0.2 * dynamic_j || one.other_j.value > 0.5 * dynamic_j);
    /* Busy time is known to a tick or two, a few per cent of so short a run. */
    assert_true(one.task_j.value + two.task_j.value <= 1.08 * dynamic_j);
    assert_true(one.task_j.low + two.task_j.low <= dynamic_j);
    measurement_destroy(first);
    measurement_destroy(second);
}

static void a_measurement_inside_another_is_part_of_it(void **state)
{
    static struct wattle_energy outer_energy, inner;
    struct measurement *outer = start(MEASURE_COMMAND, "outer", 0);
    struct rusage usage;
    double task_j = -1;
    int channel[2];
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(channel), 0);
    pid = fork_for(outer);
    if (pid == 0) {
        struct measurement *measurement = start(MEASURE_COMMAND, "inner", 0);
        pid_t child = fork_for(measurement);

        if (child == 0) {
            burn(0.25);
            _exit(0);
        }
        measurement_child(measurement, child);
        wait4(child, NULL, 0, &usage);
        measurement_end(measurement, &usage, &inner, NULL);
        task_j = inner.task_j.value;
        measurement_destroy(measurement);
        _exit(write(channel[1], &task_j, sizeof task_j) == (ssize_t)sizeof task_j ? 0 : 1);
    }
    measurement_child(outer, pid);
    assert_int_equal(wait4(pid, NULL, 0, &usage), pid);
    assert_int_equal(measurement_end(outer, &usage, &outer_energy, NULL), 0);
    assert_int_equal(read(channel[0], &task_j, sizeof task_j), sizeof task_j);
    assert_adds_up(&outer_energy);
    assert_true(task_j > 0);
    assert_true(outer_energy.task_j.value > 0.9 * task_j);
    close(channel[0]);
    close(channel[1]);
    measurement_destroy(outer);
}

static void a_running_process_is_measured_from_now_on(void **state)
{
    static struct wattle_energy energy;
    struct measurement_utilization use;
    struct measurement *measurement;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        burn(0.1);
        for (;;) {
            burn(1e9);
        }
    }
    sleep_s(0.2);
    measurement = start(MEASURE_PID, "pid", pid);
    sleep_s(0.3);
    assert_int_equal(measurement_read(measurement, &energy, NULL), 0);
    assert_adds_up(&energy);
    assert_false(measurement_target_gone(measurement));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(measurement_end(measurement, NULL, &energy, NULL), 0);
    assert_adds_up(&energy);
    measurement_utilization(measurement, &use);
    assert_true(use.task_cpu_s < energy.duration_s + 0.05);
    assert_true(measurement_target_gone(measurement));
    measurement_destroy(measurement);
}

static void the_machine_alone_has_no_task(void **state)
{
    static struct wattle_energy energy;
    struct measurement *measurement = start(MEASURE_MACHINE, NULL, 0);

    (void)state;
    sleep_s(0.05);
    assert_int_equal(measurement_read(measurement, &energy, NULL), 0);
    assert_true(isnan(energy.task_j.value));
    assert_adds_up(&energy);
    assert_int_equal(measurement_cgroup_fd(measurement), -1);
    assert_false(measurement_target_gone(measurement));
    assert_int_equal(measurement_end(measurement, NULL, &energy, NULL), 0);
    assert_adds_up(&energy);
    measurement_destroy(measurement);
}

static void idle_measured_just_before_is_used(void **state)
{
    static struct wattle_energy energy;
    struct measurement_options options = {.target = MEASURE_MACHINE, .idle_s = 0.2};
    struct measurement *measurement;

    (void)state;
    options.meter.size = sizeof options.meter;
    options.meter.host = &host;
    options.meter.drivers = "null";
    assert_int_equal(measurement_begin(&measurement, &options, NULL), 0);
    sleep_s(0.1);
    assert_int_equal(measurement_end(measurement, NULL, &energy, NULL), 0);
    assert_string_equal(energy.idle_source, "measured just before");
    assert_true(energy.idle_j.value > 0.9 * energy.machine_j.value);
    assert_adds_up(&energy);
    measurement_destroy(measurement);
}

static void what_does_not_exist_is_said_at_the_start(void **state)
{
    struct measurement_options options = {.target = MEASURE_PID, .pid = 0x7ffffff0};
    struct measurement *measurement;
    struct wattle_error err;

    (void)state;
    options.meter.size = sizeof options.meter;
    options.meter.host = &host;
    options.meter.drivers = "null";
    assert_int_equal(measurement_begin(&measurement, &options, &err), WATTLE_E_NOENT);
    assert_null(measurement);
    options.target = MEASURE_CGROUP;
    options.cgroup = "/there/is/no/such/group";
    assert_int_equal(measurement_begin(&measurement, &options, &err), WATTLE_E_NOENT);
    measurement_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_busy_command_gets_its_share),
        cmocka_unit_test(two_at_once_never_get_more_than_the_dynamic_energy),
        cmocka_unit_test(a_measurement_inside_another_is_part_of_it),
        cmocka_unit_test(a_running_process_is_measured_from_now_on),
        cmocka_unit_test(the_machine_alone_has_no_task),
        cmocka_unit_test(idle_measured_just_before_is_used),
        cmocka_unit_test(what_does_not_exist_is_said_at_the_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
