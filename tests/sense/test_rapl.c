/* SPDX-License-Identifier: MIT */
/* perf and MSR through injected readers: discovery, arithmetic, permissions. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>

#include "sense/perf_pmu.h"
#include "sense/rapl_registers.h"
#include "tree.h"

#define PMU "bus/event_source/devices/power/"
#define CPUS "devices/system/cpu/"

struct hardware {
    int open_result; /* 0: works */
    int opened, closed;
    uint64_t units;
    bool has_psys, has_dram;
};

/* A handle says which CPU and event it is: the count is made from both. */
static int perf_open(void *user, uint32_t type, uint64_t config, int cpu)
{
    struct hardware *hardware = user;

    assert_int_equal(type, 9);
    if (hardware->open_result != 0) {
        return hardware->open_result;
    }
    hardware->opened++;
    return cpu * 16 + (int)config;
}

static int perf_read(void *user, int handle, uint64_t *ret)
{
    (void)user;
    *ret = (uint64_t)handle << 32;
    return 0;
}

static int msr_open(void *user, int cpu)
{
    struct hardware *hardware = user;

    hardware->opened++;
    return hardware->open_result != 0 ? hardware->open_result : cpu;
}

static int msr_read(void *user, int handle, uint32_t reg, uint64_t *ret)
{
    struct hardware *hardware = user;

    switch (reg) {
    case 0x606:
    case 0xc0010299:
        *ret = hardware->units;
        return 0;
    case 0x611:
    case 0xc001029b:
        *ret = 0xffffffff00000000 | (uint64_t)(1000 + handle); /* reserved bits are not ours */
        return 0;
    case 0x619:
        *ret = 77;
        return hardware->has_dram ? 0 : -EIO;
    case 0x64d:
        *ret = hardware->has_psys ? 5 : 0;
        return 0;
    default:
        return -EIO;
    }
}

static void handle_close(void *user, int handle)
{
    (void)handle;
    ((struct hardware *)user)->closed++;
}

static void begin(struct tree *tree, struct hardware *hardware, const char *vendor, int family,
                  int model)
{
    static char procfs[200];

    tree_begin(tree);
    memset(hardware, 0, sizeof *hardware);
    snprintf(procfs, sizeof procfs, "%s/proc", tree->root);
    tree->host.procfs = procfs;
    tree->host.io_user = hardware;
    tree_write(tree, "proc/cpuinfo",
               "processor\t: 0\nvendor_id\t: %s\ncpu family\t: %d\nmodel\t\t: %d\n"
               "model name\t: A processor\n",
               vendor, family, model);
}

static void event(const struct tree *tree, const char *name, int config)
{
    char path[128];

    snprintf(path, sizeof path, PMU "events/%s", name);
    tree_write(tree, path, "event=0x%02x", config);
    snprintf(path, sizeof path, PMU "events/%s.unit", name);
    tree_write(tree, path, "Joules");
    snprintf(path, sizeof path, PMU "events/%s.scale", name);
    tree_write(tree, path, "2.3283064365386962890625e-10");
}

static void cpu(const struct tree *tree, int number, int package, int die, const char *list)
{
    char path[128];

    snprintf(path, sizeof path, CPUS "cpu%d/topology/physical_package_id", number);
    tree_write(tree, path, "%d", package);
    snprintf(path, sizeof path, CPUS "cpu%d/topology/die_id", number);
    tree_write(tree, path, "%d", die);
    snprintf(path, sizeof path, CPUS "cpu%d/topology/die_cpus_list", number);
    tree_write(tree, path, "%s", list);
    snprintf(path, sizeof path, CPUS "cpu%d/topology/package_cpus_list", number);
    tree_write(tree, path, "%s", list);
}

static void pmu(struct tree *tree, const char *cpumask)
{
    tree_write(tree, PMU "type", "9");
    tree_write(tree, PMU "cpumask", "%s", cpumask);
    event(tree, "energy-pkg", 2);
    event(tree, "energy-ram", 3);
    event(tree, "energy-psys", 5);
}

static void perf_opens_one_counter_a_package(void **state)
{
    const struct wattle_sensor_driver *driver = sense_driver_find("perf");
    struct wattle_channel_list list = {0};
    struct wattle_reading readings[6];
    struct hardware hardware;
    struct tree tree;
    void *perf;

    (void)state;
    begin(&tree, &hardware, "GenuineIntel", 6, 0x55);
    tree.host.perf_open = perf_open;
    tree.host.perf_read = perf_read;
    tree.host.handle_close = handle_close;
    pmu(&tree, "0,18");
    cpu(&tree, 0, 0, 0, "0-17");
    cpu(&tree, 18, 1, 0, "18-35");
    assert_int_equal(sense_probe(&tree.host, "perf", SENSE_QUICK, &list, NULL), 0);
    assert_int_equal(list.count, 6);
    assert_string_equal(list.items[1].name, "package-1");
    assert_string_equal(list.items[3].name, "dram-1");
    assert_string_equal(list.items[4].name, "psys");
    assert_true(list.items[0].usable);
    assert_true(list.items[0].unit == ldexp(1, -32));
    assert_int_equal(driver->open(&tree.host, list.items, 6, &perf, NULL), 0);
    assert_int_equal(driver->read(perf, readings), 0);
    assert_int_equal(readings[1].status, WATTLE_READ_OK);
    assert_true((double)readings[1].count * list.items[1].unit == 18 * 16 + 2);
    driver->close(perf);
    driver->close(NULL);
    assert_int_equal(hardware.opened, hardware.closed);
    channel_list_finish(&list);
    tree_end(&tree);
}

static void perf_denied_names_the_setting_and_the_cure(void **state)
{
    struct wattle_channel_list list = {0};
    struct hardware hardware;
    struct tree tree;

    (void)state;
    begin(&tree, &hardware, "GenuineIntel", 6, 0x55);
    tree.host.perf_open = perf_open;
    hardware.open_result = -EACCES;
    tree_write(&tree, "proc/sys/kernel/perf_event_paranoid", "2");
    pmu(&tree, "0");
    assert_int_equal(sense_probe(&tree.host, "perf", SENSE_QUICK, &list, NULL), 0);
    assert_int_equal(list.count, 3);
    assert_false(list.items[0].usable);
    assert_non_null(strstr(list.items[0].reason, "it is 2"));
    assert_non_null(strstr(list.items[0].remedy, "setcap cap_perfmon"));
    channel_list_finish(&list);
    tree_end(&tree);
}

static void perf_is_left_alone_beside_a_stand_in_for_sys(void **state)
{
    struct wattle_channel_list list = {0};
    struct hardware hardware;
    struct tree tree;

    (void)state;
    begin(&tree, &hardware, "GenuineIntel", 6, 0x55);
    pmu(&tree, "0");
    assert_int_equal(sense_probe(&tree.host, "perf,msr", SENSE_QUICK, &list, NULL), 0);
    assert_int_equal(list.count, 3);
    assert_false(list.items[0].usable);
    assert_non_null(strstr(list.items[0].reason, "stand-in"));
    channel_list_finish(&list);
    tree_end(&tree);
}

static void intel_dies_are_parts_and_amd_core_complexes_are_not(void **state)
{
    static const char *const vendors[] = {"GenuineIntel", "AuthenticAMD"};
    struct wattle_channel_list list = {0};
    struct hardware hardware;
    struct tree tree;
    int i;

    (void)state;
    for (i = 0; i < 2; i++) {
        begin(&tree, &hardware, vendors[i], i == 0 ? 6 : 25, 0x11);
        tree.host.perf_open = perf_open;
        tree_write(&tree, PMU "type", "9");
        tree_write(&tree, PMU "cpumask", "0,8,16,24");
        event(&tree, "energy-pkg", 2);
        cpu(&tree, 0, 0, 0, "0-7");
        cpu(&tree, 8, 0, 1, "8-15");
        cpu(&tree, 16, 1, 0, "16-23");
        cpu(&tree, 24, 1, 1, "24-31");
        assert_int_equal(sense_probe(&tree.host, "perf", SENSE_QUICK, &list, NULL), 0);
        assert_int_equal(list.count, i == 0 ? 4 : 2);
        assert_string_equal(list.items[1].name, i == 0 ? "package-0-die-1" : "package-1");
        assert_int_equal(list.items[1].unit_index, 1);
        channel_list_finish(&list);
        tree_end(&tree);
    }
}

static void amds_core_counters_are_named_but_not_read(void **state)
{
    struct wattle_channel_list list = {0};
    struct hardware hardware;
    struct tree tree;

    (void)state;
    begin(&tree, &hardware, "AuthenticAMD", 25, 0x11);
    tree_write(&tree, "bus/event_source/devices/power_core/type", "10");
    tree_write(&tree, "bus/event_source/devices/power_core/cpumask", "0-95");
    tree_write(&tree, "bus/event_source/devices/power_core/events/energy-core", "event=0x01");
    tree_write(&tree, "bus/event_source/devices/power_core/events/energy-core.unit", "Joules");
    tree_write(&tree, "bus/event_source/devices/power_core/events/energy-core.scale", "1e-10");
    assert_int_equal(sense_probe(&tree.host, "perf", SENSE_QUICK, &list, NULL), 0);
    assert_int_equal(list.count, 1);
    assert_false(list.items[0].usable);
    assert_non_null(strstr(list.items[0].reason, "96 counters"));
    channel_list_finish(&list);
    tree_end(&tree);
}

static void registers_are_read_once_a_package_and_wrap_at_32_bits(void **state)
{
    const struct wattle_sensor_driver *driver = sense_driver_find("msr");
    struct wattle_channel_list list = {0};
    struct wattle_reading readings[4];
    struct hardware hardware;
    struct tree tree;
    void *msr;

    (void)state;
    begin(&tree, &hardware, "GenuineIntel", 6, 0x55);
    tree.host.msr_open = msr_open;
    tree.host.msr_read = msr_read;
    tree.host.handle_close = handle_close;
    hardware.units = 0xa0e03; /* 2^-14 J */
    hardware.has_dram = true;
    tree_write(&tree, CPUS "online", "0-35");
    cpu(&tree, 0, 0, 0, "0-17");
    cpu(&tree, 18, 1, 0, "18-35");
    assert_int_equal(sense_probe(&tree.host, "msr", SENSE_QUICK, &list, NULL), 0);
    assert_int_equal(list.count, 4);
    assert_string_equal(list.items[0].name, "package-0");
    assert_true(list.items[0].unit == ldexp(1, -14));
    assert_true(list.items[0].range == 0x100000000);
    assert_string_equal(list.items[3].name, "dram-1");
    assert_true(list.items[3].unit == ldexp(1, -16));
    assert_int_equal(driver->open(&tree.host, list.items, 4, &msr, NULL), 0);
    assert_int_equal(driver->read(msr, readings), 0);
    assert_true(readings[2].count == 1018);
    driver->close(msr);
    driver->close(NULL);
    assert_int_equal(hardware.opened, hardware.closed);
    channel_list_finish(&list);
    tree_end(&tree);
}

static void a_unit_register_of_zero_is_a_virtual_machine(void **state)
{
    struct wattle_channel_list list = {0};
    struct hardware hardware;
    struct tree tree;

    (void)state;
    begin(&tree, &hardware, "AuthenticAMD", 25, 1);
    tree.host.msr_open = msr_open;
    tree.host.msr_read = msr_read;
    tree_write(&tree, CPUS "online", "0");
    assert_int_equal(sense_probe(&tree.host, "msr", SENSE_QUICK, &list, NULL), 0);
    assert_int_equal(list.count, 1);
    assert_false(list.items[0].usable);
    assert_non_null(strstr(list.items[0].reason, "virtual machine"));
    channel_list_finish(&list);
    tree_end(&tree);
}

static void a_missing_msr_module_is_said_with_its_cure(void **state)
{
    struct wattle_channel_list list = {0};
    struct hardware hardware;
    struct tree tree;

    (void)state;
    begin(&tree, &hardware, "AuthenticAMD", 25, 1);
    tree.host.msr_open = msr_open;
    hardware.open_result = -ENOENT;
    tree_write(&tree, CPUS "online", "0");
    assert_int_equal(sense_probe(&tree.host, "msr", SENSE_QUICK, &list, NULL), 0);
    assert_int_equal(list.count, 1);
    assert_non_null(strstr(list.items[0].remedy, "modprobe msr"));
    channel_list_finish(&list);
    tree_end(&tree);
}

static void units_follow_the_model(void **state)
{
    struct rapl_cpu cpu_model = {.vendor = RAPL_VENDOR_INTEL, .family = 6, .model = 0x9e};
    size_t count;

    (void)state;
    assert_true(rapl_unit_j(&cpu_model, WATTLE_D_DRAM, 0xa0e03) == ldexp(1, -14));
    cpu_model.model = 0x6a; /* Ice Lake-X */
    assert_true(rapl_unit_j(&cpu_model, WATTLE_D_DRAM, 0xa0e03) == ldexp(1, -16));
    assert_true(rapl_unit_j(&cpu_model, WATTLE_D_PACKAGE, 0xa0e03) == ldexp(1, -14));
    assert_true(rapl_likely_range_uj(&cpu_model, WATTLE_D_DRAM) == 65712999613);
    cpu_model.model = 0x8f; /* Sapphire Rapids */
    assert_true(rapl_unit_j(&cpu_model, WATTLE_D_DRAM, 0xa0e03) == ldexp(1, -14));
    assert_true(rapl_unit_j(&cpu_model, WATTLE_D_PLATFORM, 0xa0e03) == 1);
    cpu_model.model = 0x37; /* Silvermont */
    assert_true(fabs(rapl_unit_j(&cpu_model, WATTLE_D_PACKAGE, 0x505) - 32e-6) < 1e-12);
    cpu_model.vendor = RAPL_VENDOR_AMD;
    cpu_model.family = 0x15;
    assert_null(rapl_registers(&cpu_model, &count));
    assert_true(isnan(rapl_unit_j(&cpu_model, WATTLE_D_PACKAGE, 0)));
    assert_true(rapl_likely_range_uj(&cpu_model, WATTLE_D_PACKAGE) == 65532610987);
}

static void only_plain_events_are_taken(void **state)
{
    static const char *const bad[] = {"", "event=", "event=0x", "event=2", "event=0x02,umask=1",
                                      "event=0x112233445", "config=0x1", "event=0x2 "};
    uint64_t config;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(perf_event_parse(bad[i], &config));
    }
    assert_true(perf_event_parse("event=0x1F", &config));
    assert_true(config == 31);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(perf_opens_one_counter_a_package),
        cmocka_unit_test(perf_denied_names_the_setting_and_the_cure),
        cmocka_unit_test(perf_is_left_alone_beside_a_stand_in_for_sys),
        cmocka_unit_test(intel_dies_are_parts_and_amd_core_complexes_are_not),
        cmocka_unit_test(amds_core_counters_are_named_but_not_read),
        cmocka_unit_test(registers_are_read_once_a_package_and_wrap_at_32_bits),
        cmocka_unit_test(a_unit_register_of_zero_is_a_virtual_machine),
        cmocka_unit_test(a_missing_msr_module_is_said_with_its_cure),
        cmocka_unit_test(units_follow_the_model),
        cmocka_unit_test(only_plain_events_are_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
