/* SPDX-License-Identifier: MIT */
/* A GPU's energy goes to who is on it: with the fake NVML, by the path that opens the real one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attribute/device_users.h"
#include "attribute/measurement.h"

static struct wattle_energy energy;

static void sleep_s(double seconds)
{
    struct timespec rest = {(time_t)seconds, (long)(fmod(seconds, 1) * 1e9)};

    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {
    }
}

/* Measures a sleeping process for a moment, beside such a GPU and on it with that use (NULL: it is
 * not on it). */
static void measure(const char *gpu, const char *use, bool gone_at_end)
{
    const struct wattle_host host = {.sysfs = "/sys", .procfs = "/proc",
                                     .cgroup = "/sys/fs/cgroup", .dev = "/dev",
                                     .nvml = FAKE_NVML};
    struct measurement_options options = {.target = MEASURE_PID};
    struct measurement *measurement;
    char text[256];
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* not left over by a failed test */
        pause();
        _exit(0);
    }
    if (use != NULL) {
        snprintf(text, sizeof text, "%s process=%ld:%s", gpu, (long)pid, use);
    } else {
        snprintf(text, sizeof text, "%s", gpu);
    }
    setenv("WATTLE_FAKE_NVML", text, 1);
    options.pid = pid;
    options.meter.size = sizeof options.meter;
    options.meter.host = &host;
    options.meter.drivers = "nvml";
    options.meter.slow_wait_s = -1;
    assert_int_equal(measurement_begin(&measurement, &options, NULL), 0);
    sleep_s(0.4);
    if (gone_at_end) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    assert_int_equal(measurement_end(measurement, NULL, &energy, NULL), 0);
    measurement_destroy(measurement);
    if (!gone_at_end) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

static double dynamic_j(void) { return energy.machine_j.value - energy.idle_j.value; }

static void a_process_gets_its_part_of_the_dynamic_energy(void **state)
{
    (void)state;
    measure("power=200 period=0.02 process=1:0.2:10", "0.6:10", false);
    assert_true(dynamic_j() > 0);
    assert_true(fabs(energy.task_j.value / dynamic_j() - 0.75) < 0.01);
}

static void one_that_ended_meanwhile_keeps_its_part(void **state)
{
    (void)state;
    measure("power=200 period=0.02 process=1:0.2:10", "0.6:10", true);
    assert_true(fabs(energy.task_j.value / dynamic_j() - 0.75) < 0.01);
}

static void strangers_get_theirs(void **state)
{
    (void)state;
    measure("power=200 period=0.02 process=1:0.5:10", NULL, false);
    assert_true(energy.task_j.value <= 0);
    assert_true(energy.other_j.value > 0.9 * dynamic_j());
}

static void a_gpu_that_nobody_is_on_rests(void **state)
{
    (void)state;
    measure("power=40 period=0.02", NULL, false);
    assert_true(energy.idle_j.value > 0.99 * energy.machine_j.value);
    assert_true(energy.task_j.high <= 0);
}

static void several_of_unknown_use_leave_it_open(void **state)
{
    (void)state;
    measure("power=200 period=0.02 process=1:0:10", "0:10", false);
    assert_true(energy.task_j.low <= 0);
    assert_true(energy.task_j.high > 0.9 * dynamic_j());
    assert_true(energy.note_count > 0);
}

static void gpu_device_files_are_known_by_name(void **state)
{
    (void)state;
    assert_true(device_file_is_gpu("/dev/nvidia0"));
    assert_false(device_file_is_gpu("/dev/nvidiactl"));
    assert_true(device_file_is_gpu("/dev/dri/renderD128"));
    assert_true(device_file_is_gpu("/dev/kfd"));
    assert_false(device_file_is_gpu("/dev/null"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_gets_its_part_of_the_dynamic_energy),
        cmocka_unit_test(one_that_ended_meanwhile_keeps_its_part),
        cmocka_unit_test(strangers_get_theirs),
        cmocka_unit_test(a_gpu_that_nobody_is_on_rests),
        cmocka_unit_test(several_of_unknown_use_leave_it_open),
        cmocka_unit_test(gpu_device_files_are_known_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
