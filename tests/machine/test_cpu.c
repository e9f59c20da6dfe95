/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* nftw */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>

#include "fake_tree.h"
#include "machine/cpu.h"

static const char xeon[] =
    "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 106\n"
    "model name\t: Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz\nstepping\t: 6\n"
    "physical id\t: 0\ncore id\t\t: 0\nflags\t\t: fpu vme hypervisor-like sse2\n\n"
    "processor\t: 1\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 106\n"
    "model name\t: Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz\nstepping\t: 6\n"
    "physical id\t: 1\ncore id\t\t: 0\nflags\t\t: fpu vme\n\n"
    "processor\t: 2\nphysical id\t: 0\ncore id\t\t: 0\n\n"
    "processor\t: 3\nphysical id\t: 1\ncore id\t\t: 4\n\n";

static const char graviton[] =
    "processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd evtstrm\n"
    "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\n"
    "CPU revision\t: 1\n\nprocessor\t: 1\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n\n";

static void an_x86_cpuinfo_gives_identity_and_topology(void **state)
{
    struct machine_cpu cpu;

    (void)state;
    machine_cpu_parse(xeon, sizeof xeon - 1, &cpu);
    assert_string_equal(cpu.vendor, "GenuineIntel");
    assert_string_equal(cpu.model_name, "Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz");
    assert_int_equal(cpu.family, 6);
    assert_int_equal(cpu.model, 106);
    assert_int_equal(cpu.stepping, 6);
    assert_int_equal(cpu.sockets, 2);
    assert_int_equal(cpu.cores, 3);
    assert_int_equal(cpu.threads, 4);
    assert_false(cpu.hypervisor);
    assert_true(isnan(cpu.max_mhz));
}

static void the_hypervisor_flag_is_a_whole_word(void **state)
{
    static const char text[] = "processor\t: 0\nflags\t: rdrand hypervisor lahf_lm\n";
    struct machine_cpu cpu;

    (void)state;
    machine_cpu_parse(text, sizeof text - 1, &cpu);
    assert_true(cpu.hypervisor);
}

static void an_arm64_cpuinfo_is_named_by_implementer_and_part(void **state)
{
    struct machine_cpu cpu;

    (void)state;
    machine_cpu_parse(graviton, sizeof graviton - 1, &cpu);
    assert_string_equal(cpu.vendor, "ARM");
    assert_string_equal(cpu.model_name, "Neoverse-N1");
    assert_int_equal(cpu.threads, 2);
    assert_int_equal(cpu.sockets, 0);
    assert_int_equal(cpu.family, -1);
}

static void every_truncation_of_a_cpuinfo_is_survived(void **state)
{
    size_t size;

    (void)state;
    for (size = 0; size < sizeof xeon; size++) {
        struct machine_cpu cpu;
        char *copy = malloc(size + 1);

        memcpy(copy, xeon, size);
        machine_cpu_parse(copy, size, &cpu);
        assert_true(cpu.threads <= 4 && cpu.cores <= 4);
        free(copy);
    }
}

static void a_machine_of_1000_cpus_is_counted_from_cpuinfo(void **state)
{
    struct fake_tree tree;
    struct machine_cpu cpu;
    char *text = malloc(1 << 20);
    size_t used = 0;
    int i;

    (void)state;
    for (i = 0; i < 1000; i++) {
        used += (size_t)sprintf(text + used,
                                "processor\t: %d\nvendor_id\t: AuthenticAMD\nmodel name\t: EPYC\n"
                                "physical id\t: %d\ncore id\t\t: %d\n\n",
                                i, i % 500 / 125, i % 125);
    }
    fake_tree_create(&tree);
    fake_tree_write(&tree, "proc/cpuinfo", text);
    machine_cpu_read(&tree.host, &cpu);
    assert_int_equal(cpu.threads, 1000);
    assert_int_equal(cpu.cores, 500);
    assert_int_equal(cpu.sockets, 4);
    fake_tree_remove(&tree);
    free(text);
}

static void sysfs_topology_wins_and_hybrid_cores_are_counted_one_by_one(void **state)
{
    struct fake_tree tree;
    struct machine_cpu cpu;
    char name[128];
    int i;

    (void)state;
    fake_tree_create(&tree);
    fake_tree_write(&tree, "proc/cpuinfo", xeon);
    fake_tree_write(&tree, "sys/devices/system/cpu/online", "0-5\n");
    for (i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "sys/devices/system/cpu/cpu%d/topology/package_cpus_list", i);
        fake_tree_write(&tree, name, "0-5\n");
        snprintf(name, sizeof name, "sys/devices/system/cpu/cpu%d/topology/core_cpus_list", i);
        /* CPUs 0 and 1 share a performance core; 2 to 5 are efficiency cores. */
        fake_tree_write(&tree, name, i < 2 ? "0-1\n" : i == 2 ? "2\n" : i == 3 ? "3\n"
                                                            : i == 4 ? "4\n" : "5\n");
    }
    fake_tree_write(&tree, "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", "5200000\n");
    fake_tree_write(&tree, "sys/devices/system/cpu/cpu5/cpufreq/cpuinfo_max_freq", "3900000\n");
    machine_cpu_read(&tree.host, &cpu);
    assert_int_equal(cpu.sockets, 1);
    assert_int_equal(cpu.cores, 5);
    assert_int_equal(cpu.threads, 6);
    assert_true(fabs(cpu.max_mhz - 5200) < 1e-9);
    assert_string_equal(cpu.vendor, "GenuineIntel");
    fake_tree_remove(&tree);
}

static void a_large_machine_needs_one_read_per_socket(void **state)
{
    struct fake_tree tree;
    struct machine_cpu cpu;

    (void)state;
    fake_tree_create(&tree);
    fake_tree_write(&tree, "sys/devices/system/cpu/online", "0-255\n");
    fake_tree_write(&tree, "sys/devices/system/cpu/cpu0/topology/package_cpus_list",
                    "0-63,128-191\n");
    fake_tree_write(&tree, "sys/devices/system/cpu/cpu0/topology/core_cpus_list", "0,128\n");
    /* The older names of the same files. */
    fake_tree_write(&tree, "sys/devices/system/cpu/cpu64/topology/core_siblings_list",
                    "64-127,192-255\n");
    fake_tree_write(&tree, "sys/devices/system/cpu/cpu64/topology/thread_siblings_list",
                    "64,192\n");
    machine_cpu_read(&tree.host, &cpu);
    assert_int_equal(cpu.sockets, 2);
    assert_int_equal(cpu.cores, 128);
    assert_int_equal(cpu.threads, 256);
    fake_tree_remove(&tree);
}

static void a_machine_without_files_stays_unknown(void **state)
{
    struct fake_tree tree;
    struct machine_cpu cpu;

    (void)state;
    fake_tree_create(&tree);
    machine_cpu_read(&tree.host, &cpu);
    assert_int_equal(cpu.sockets, 0);
    assert_int_equal(cpu.threads, 0);
    assert_int_equal(cpu.family, -1);
    assert_string_equal(cpu.vendor, "");
    fake_tree_remove(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_x86_cpuinfo_gives_identity_and_topology),
        cmocka_unit_test(the_hypervisor_flag_is_a_whole_word),
        cmocka_unit_test(an_arm64_cpuinfo_is_named_by_implementer_and_part),
        cmocka_unit_test(every_truncation_of_a_cpuinfo_is_survived),
        cmocka_unit_test(a_machine_of_1000_cpus_is_counted_from_cpuinfo),
        cmocka_unit_test(sysfs_topology_wins_and_hybrid_cores_are_counted_one_by_one),
        cmocka_unit_test(a_large_machine_needs_one_read_per_socket),
        cmocka_unit_test(a_machine_without_files_stays_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
