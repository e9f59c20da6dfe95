/* SPDX-License-Identifier: MIT */
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

#include "sense/modelled.h"
#include "sense/sense.h"

struct place {
    char root[64], proc[128], sys[128], group[128];
    struct wattle_host host;
    int64_t now_ns;
};

static int64_t place_now(void *user) { return ((struct place *)user)->now_ns; }

static void put(const char *dir, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* 16 threads of an EPYC; steal is the eighth number. */
static void put_stat(struct place *place, int user, int steal)
{
    char text[256];
    snprintf(text, sizeof(text), "cpu  %d 0 0 100000 0 0 0 %d 0 0\n", user, steal);
    put(place->proc, "stat", text);
}

static void place_make(struct place *place, const char *flags)
{
    memset(place, 0, sizeof(*place));
    snprintf(place->root, sizeof(place->root), "/tmp/wattle-modelled-XXXXXX");
    assert_non_null(mkdtemp(place->root));
    snprintf(place->proc, sizeof(place->proc), "%s/proc", place->root);
    snprintf(place->sys, sizeof(place->sys), "%s/sys", place->root);
    snprintf(place->group, sizeof(place->group), "%s/cgroup", place->root);
    mkdir(place->proc, 0700);
    mkdir(place->sys, 0700);
    mkdir(place->group, 0700);
    char cpuinfo[8192];
    size_t used = 0;
    for (int i = 0; i < 16; i++) {
        used += (size_t)snprintf(
            cpuinfo + used, sizeof(cpuinfo) - used,
            "processor\t: %d\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\n"
            "model name\t: AMD EPYC 7763 64-Core Processor\nphysical id\t: 0\nsiblings\t: 16\n"
            "core id\t\t: %d\ncpu cores\t: 8\nflags\t\t: fpu %s\n\n",
            i, i / 2, flags);
    }
    put(place->proc, "cpuinfo", cpuinfo);
    put(place->proc, "meminfo", "MemTotal: 65536000 kB\nMemAvailable: 60000000 kB\n");
    put_stat(place, 1000, 0);
    place->host = (struct wattle_host){.sysfs = place->sys, .procfs = place->proc,
                                       .cgroup = place->group, .dev = place->root, .nvml = "none",
                                       .fake = true, .monotonic_ns = place_now,
                                       .boottime_ns = place_now, .time_user = place};
}

static void place_remove(struct place *place)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", place->root);
    assert_int_equal(system(command), 0);
}

static void power_follows_the_load_and_never_the_steal(void **state)
{
    (void)state;
    struct place place;
    place_make(&place, "");
    struct wattle_channel_list found = {0};
    assert_int_equal(sense_modelled.probe(&place.host, &found, NULL), 0);
    assert_int_equal(found.count, 1);
    const struct wattle_channel *channel = &found.items[0];
    assert_true(channel->usable);
    assert_int_equal(channel->domain, WATTLE_D_WALL);
    assert_int_equal(channel->quality, WATTLE_MODELLED);
    assert_true(channel->averaging_s < 0);
    assert_true(channel->driver_data[MODELLED_IDLE_MW] > 1000);
    void *driver;
    struct wattle_reading reading;
    assert_int_equal(sense_modelled.open(&place.host, channel, 1, &driver, NULL), 0);
    place.now_ns += 1000000000;
    put_stat(&place, 1000, 900);
    assert_int_equal(sense_modelled.read(driver, &reading), 0);
    double idle_w = reading.value;
    assert_true(fabs(idle_w * 1e3 - (double)channel->driver_data[MODELLED_IDLE_MW]) < 1.1);
    assert_true(reading.low < idle_w && idle_w < reading.high);
    place.now_ns += 1000000000;
    put_stat(&place, 1800, 900);
    sense_modelled.read(driver, &reading);
    double half_w = reading.value;
    place.now_ns += 1000000000;
    put_stat(&place, 3400, 900);
    sense_modelled.read(driver, &reading);
    assert_true(idle_w < half_w && half_w < reading.value);
    assert_true(reading.high <= channel->max_power_w * (1 + 1e-6)); /* kept as floats */
    put(place.proc, "stat", "");
    place.now_ns += 1000000000;
    assert_int_equal(sense_modelled.read(driver, &reading), 0);
    assert_int_equal(reading.status, WATTLE_READ_FAILED);
    sense_modelled.close(driver);
    channel_list_finish(&found);
    place_remove(&place);
}

static void a_machine_without_cpu_time_is_refused_with_the_reason(void **state)
{
    (void)state;
    struct place place;
    place_make(&place, "");
    put(place.proc, "stat", "nonsense\n");
    struct wattle_channel_list found = {0};
    sense_modelled.probe(&place.host, &found, NULL);
    assert_false(found.items[0].usable);
    assert_non_null(strstr(found.items[0].reason, "CPU time"));
    channel_list_finish(&found);
    place_remove(&place);
}

static void a_guest_is_a_share_and_a_container_is_a_smaller_one(void **state)
{
    (void)state;
    struct machine_cpu cpu = {.vendor = "AuthenticAMD", .model_name = "AMD EPYC", .family = 25,
                              .model = 1, .sockets = 1, .cores = 8, .threads = 16,
                              .hypervisor = true, .max_mhz = WATTLE_UNKNOWN};
    struct machine_memory memory = {64e9, 10e9};
    struct machine_virt bare = {.cpu_limit = WATTLE_UNKNOWN, .memory_limit_bytes = WATTLE_UNKNOWN};
    struct machine_virt guest = bare, box = bare, service = bare;
    struct modelled_machine machine, host;
    guest.virtual_machine = true;
    box.container = true;
    box.cpu_limit = 4;
    service.cpu_limit = 4;
    modelled_describe(&cpu, &memory, &bare, &host);
    modelled_describe(&cpu, &memory, &guest, &machine);
    assert_true(machine.server.max_w.value < host.server.max_w.value);
    assert_true(machine.server.max_w.high / machine.server.max_w.low >
                host.server.max_w.high / host.server.max_w.low);
    assert_false(machine.own_group);
    modelled_describe(&cpu, &memory, &box, &machine);
    assert_true(machine.own_group);
    assert_true(fabs(machine.server.max_w.value / host.server.max_w.value - 0.25) < 1e-9);
    assert_true(machine.cpus == 4);
    modelled_describe(&cpu, &memory, &service, &machine);
    assert_true(machine.cpus == 16);
    guest.container = true;
    guest.cpu_limit = 4;
    modelled_describe(&cpu, &memory, &guest, &machine);
    assert_true(machine.cpus == 4 && machine.own_group);
}

static void a_rented_instance_is_its_part_of_its_host(void **state)
{
    (void)state;
    struct machine_cpu cpu = {.vendor = "GenuineIntel",
                              .model_name = "Intel(R) Xeon(R) CPU @ 2.50GHz", .family = 6,
                              .model = 85, .sockets = 1, .cores = 4, .threads = 8,
                              .hypervisor = true, .max_mhz = WATTLE_UNKNOWN};
    struct machine_memory memory = {32e9, 10e9};
    struct machine_virt guest = {.virtual_machine = true, .cloud = "aws",
                                 .cpu_limit = WATTLE_UNKNOWN,
                                 .memory_limit_bytes = WATTLE_UNKNOWN};
    struct modelled_machine unknown, small, large, all;
    modelled_describe(&cpu, &memory, &guest, &unknown);
    snprintf(guest.instance_type, sizeof(guest.instance_type), "m5.2xlarge");
    modelled_describe(&cpu, &memory, &guest, &small);
    assert_string_equal(small.spec.cpu, "Intel Xeon Platinum 8175M");
    assert_int_equal(small.spec.sockets, 2);
    assert_int_equal(small.spec.cores, 48);
    assert_non_null(strstr(small.server.basis, "m5.2xlarge: 8 of a host with 96"));
    assert_true(small.server.max_w.high / small.server.max_w.low <
                unknown.server.max_w.high / unknown.server.max_w.low);
    cpu.cores = 48;
    cpu.threads = 96;
    snprintf(guest.instance_type, sizeof(guest.instance_type), "m5.24xlarge");
    modelled_describe(&cpu, &memory, &guest, &large);
    assert_true(fabs(large.server.max_w.value / small.server.max_w.value - 12) < 1e-6);
    estimate_server(&large.spec, &all.server);
    assert_true(fabs(all.server.idle_w.value - large.server.idle_w.value) < 1e-6);
    /* A name that can be seen wins; a container has its part of the part. */
    snprintf(cpu.model_name, sizeof(cpu.model_name), "Intel(R) Xeon(R) Platinum 8259CL CPU");
    guest.container = true;
    guest.cpu_limit = 24;
    modelled_describe(&cpu, &memory, &guest, &small);
    assert_non_null(strstr(small.spec.cpu, "8259CL"));
    estimate_server(&small.spec, &all.server);
    assert_true(fabs(all.server.max_w.value / small.server.max_w.value - 4) < 1e-6);
}

static void a_container_counts_its_own_group(void **state)
{
    (void)state;
    struct place place;
    place_make(&place, "");
    put(place.group, "cgroup.controllers", "cpu memory\n");
    put(place.group, "cpu.max", "400000 100000\n");
    put(place.group, "cpu.stat", "usage_usec 1000000\nuser_usec 0\n");
    mkdir(strcat(strcpy((char[256]){0}, place.proc), "/self"), 0700);
    put(place.proc, "self/cgroup", "0::/docker/abc\n");
    put(place.root, ".dockerenv", "");
    mkdir(strcat(strcpy((char[256]){0}, place.proc), "/1"), 0700);
    put(place.proc, "1/cgroup", "0::/docker/abc\n");
    struct wattle_channel_list found = {0};
    void *driver;
    struct wattle_reading reading;
    sense_modelled.probe(&place.host, &found, NULL);
    assert_non_null(strstr(found.items[0].reason, "container"));
    assert_int_equal(sense_modelled.open(&place.host, &found.items[0], 1, &driver, NULL), 0);
    place.now_ns += 1000000000;
    put_stat(&place, 100000, 0); /* neighbours work hard */
    sense_modelled.read(driver, &reading);
    double idle_w = reading.value;
    assert_true(fabs(idle_w * 1e3 - (double)found.items[0].driver_data[MODELLED_IDLE_MW]) < 1.1);
    place.now_ns += 1000000000;
    put(place.group, "cpu.stat", "usage_usec 5000000\nuser_usec 0\n");
    sense_modelled.read(driver, &reading);
    assert_true(reading.value > 1.5 * idle_w);
    sense_modelled.close(driver);
    channel_list_finish(&found);
    place_remove(&place);
}

static void a_plug_meters_reading_narrows_what_is_modelled(void **state)
{
    (void)state;
    struct place place;
    place_make(&place, "");
    struct wattle_channel_list found = {0};
    char path[128];
    snprintf(path, sizeof(path), "%s/machine.calibration", place.root);
    put(place.root, "machine.calibration",
        "cpu AMD EPYC 7763 64-Core Processor\npoint 0 70 0.03\n");
    place.host.calibration = path;
    sense_modelled.probe(&place.host, &found, NULL);
    assert_non_null(strstr(found.items[0].reason, "calibrated"));
    assert_true(fabs((double)found.items[0].driver_data[MODELLED_IDLE_MW] / 70e3 - 1) < 0.05);
    put(place.root, "machine.calibration", "cpu another\npoint 0 70 0.03\n");
    sense_modelled.probe(&place.host, &found, NULL);
    assert_null(strstr(found.items[1].reason, "calibrated"));
    channel_list_finish(&found);
    place_remove(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_follows_the_load_and_never_the_steal),
        cmocka_unit_test(a_machine_without_cpu_time_is_refused_with_the_reason),
        cmocka_unit_test(a_guest_is_a_share_and_a_container_is_a_smaller_one),
        cmocka_unit_test(a_rented_instance_is_its_part_of_its_host),
        cmocka_unit_test(a_container_counts_its_own_group),
        cmocka_unit_test(a_plug_meters_reading_narrows_what_is_modelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
