/* SPDX-License-Identifier: MIT */
/*
 * Fake machines through the library, on a clock that the test turns: hours pass
 * in milliseconds, and suspend is a jump of the boot clock.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wattle/wattle.h>

#include "expect.h"

#define MACHINES_MAX 200

struct fake_time {
    _Atomic int64_t now_ns, asleep_ns; /* the sampler's thread reads them */
};

static int64_t monotonic(void *user) { return ((struct fake_time *)user)->now_ns; }

static int64_t boottime(void *user)
{
    const struct fake_time *fake = user;

    return fake->now_ns + fake->asleep_ns;
}

static double field(const json_t *object, const char *key, double otherwise)
{
    const json_t *value = json_object_get(object, key);

    return json_is_number(value) ? json_number_value(value) : otherwise;
}

static void play(const struct machine *machine, const char *root, struct fake_time *fake,
                 struct wattle_session *session)
{
    const json_t *suspend = json_object_get(machine->manifest, "suspend");
    double step_s = field(machine->manifest, "step_s", machine->seconds / 24);
    double sleep_at_s = field(suspend, "at_s", HUGE_VAL);
    int64_t start_ns = fake->now_ns;
    struct wattle_energy *energy = calloc(1, sizeof *energy);
    int steps = (int)lround(machine->seconds / step_s);
    int i;

    for (i = 1; i <= steps; i++) {
        double t_s = machine->seconds * i / steps;

        if (t_s >= sleep_at_s && fake->asleep_ns == 0) {
            fake->asleep_ns = (int64_t)(field(suspend, "for_s", 0) * 1e9);
        }
        machine_write(machine, root, t_s);
        fake->now_ns = start_ns + (int64_t)(t_s * 1e9);
        assert_int_equal(wattle_session_read(session, energy, NULL), 0);
        assert_true(energy->machine_j.value >= 0);
    }
    free(energy);
}

static void a_machine_gives_its_true_energy(void **state)
{
    const char *path = *state;
    struct fake_time fake = {.now_ns = 5000000000000};
    char root[] = "/tmp/wattle-machine-XXXXXX";
    char sysfs[64], procfs[64], complaints[4096];
    struct wattle_host host = {.cgroup = "/sys/fs/cgroup", .dev = "/nowhere", .nvml = "none",
                               .fake = true, .monotonic_ns = monotonic, .boottime_ns = boottime,
                               .time_user = &fake};
    struct wattle_meter_options options = {.size = sizeof options, .hz = 0.1, .host = &host};
    struct wattle_energy *energy;
    struct wattle_session *session;
    struct wattle_meter *meter;
    struct wattle_error err = {0};
    struct machine machine;

    assert_true(machine_load(&machine, path));
    if (!machine_wants(&machine, "library")) {
        machine_finish(&machine);
        skip();
    }
    energy = calloc(1, sizeof *energy);
    assert_non_null(mkdtemp(root));
    assert_true(machine_build(&machine, root));
    snprintf(sysfs, sizeof sysfs, "%s/sys", root);
    snprintf(procfs, sizeof procfs, "%s/proc", root);
    host.sysfs = sysfs;
    host.procfs = access(procfs, F_OK) == 0 ? procfs : "/proc";
    if (wattle_meter_open(&meter, &options, &err) != 0) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(wattle_session_start(&session, meter, NULL), 0);
    play(&machine, root, &fake, session);
    assert_int_equal(wattle_session_stop(session, energy, NULL), 0);
    if (!expect_energy(&machine, energy, machine.seconds, complaints, sizeof complaints)) {
        fail_msg("%s\n%s", json_string_value(json_object_get(machine.manifest, "about")),
                 complaints);
    }
    wattle_session_destroy(session);
    wattle_meter_close(meter);
    machine_remove(root);
    machine_finish(&machine);
    free(energy);
}

/* What a manifest calls true must be what its counters are moved by. */
static void the_manifests_truth_is_the_counters_motion(void **state)
{
    struct machine machine;
    double sum_j = 0;
    const json_t *total;
    size_t i;

    assert_true(machine_load(&machine, *state));
    total = json_object_get(json_object_get(json_object_get(machine.manifest, "expect"),
                                            "machine"), "true_j");
    for (i = 0; i < machine.counter_count; i++) {
        const struct machine_counter *counter = &machine.counters[i];

        sum_j += machine_true_j(counter, machine.seconds);
        assert_true(counter->gauge || machine_count_uj(counter, 0) == counter->start_uj);
    }
    assert_true(total == NULL || (json_number_value(total) > 0 &&
                                  json_number_value(total) <= sum_j * (1 + 1e-9)));
    machine_finish(&machine);
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[2 * MACHINES_MAX];
    static char names[2 * MACHINES_MAX][128];
    size_t count = 0;
    int i;

    for (i = 1; i < argc && count + 2 <= 2 * MACHINES_MAX; i++) {
        const char *slash = strrchr(argv[i], '/');
        const char *base = slash != NULL ? slash + 1 : argv[i];

        snprintf(names[count], sizeof names[count], "a_machine_gives_its_true_energy: %s", base);
        tests[count] = (struct CMUnitTest){names[count], a_machine_gives_its_true_energy, NULL,
                                           NULL, argv[i]};
        count++;
        snprintf(names[count], sizeof names[count],
                 "the_manifests_truth_is_the_counters_motion: %s", base);
        tests[count] = (struct CMUnitTest){
            names[count], the_manifests_truth_is_the_counters_motion, NULL, NULL, argv[i]};
        count++;
    }
    return _cmocka_run_group_tests("machines", tests, count, NULL, NULL);
}
