/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* nftw */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>

#include "fake_tree.h"
#include "machine/usage.h"

static void steal_is_not_busy_and_guest_is_not_counted_twice(void **state)
{
    static const char text[] = "cpu  100 20 30 1000 50 4 6 700 90 10\n"
                               "cpu0 50 10 15 500 25 2 3 350 45 5\n"
                               "cpu1 50 10 15 500 25 2 3 350 45 5\nintr 5 0 0\n";
    struct machine_cpu_time time;

    (void)state;
    machine_cpu_time_parse(text, sizeof text - 1, &time);
    assert_true(fabs(time.busy_s - 160 * time.resolution_s) < 1e-9);
    assert_true(fabs(time.idle_s - 1050 * time.resolution_s) < 1e-9);
    assert_true(fabs(time.steal_s - 700 * time.resolution_s) < 1e-9);
    assert_int_equal(time.cpus, 2);
}

static void a_cut_first_line_is_unknown(void **state)
{
    static const char text[] = "cpu  100 20 30 1000 50 4 6 70";
    struct machine_cpu_time time;

    (void)state;
    machine_cpu_time_parse(text, sizeof text - 1, &time);
    assert_true(isnan(time.busy_s));
    machine_cpu_time_parse("", 0, &time);
    assert_true(isnan(time.busy_s));
    assert_int_equal(time.cpus, 0);
}

static void a_stat_of_1000_cpus_and_long_interrupts_is_read(void **state)
{
    struct fake_tree tree;
    struct machine_cpu_time time;
    char *text = malloc(1 << 20);
    size_t used = 0;
    int i;

    (void)state;
    used += (size_t)sprintf(text, "cpu  1000 0 0 0 0 0 0 0 0 0\n");
    for (i = 0; i < 1000; i++) {
        used += (size_t)sprintf(text + used, "cpu%d 1 0 0 0 0 0 0 0 0 0\n", i);
    }
    used += (size_t)sprintf(text + used, "intr 5");
    for (i = 0; i < 50000; i++) {
        used += (size_t)sprintf(text + used, " 0");
    }
    fake_tree_create(&tree);
    fake_tree_write(&tree, "proc/stat", text);
    machine_cpu_time_read(&tree.host, &time);
    assert_int_equal(time.cpus, 1000);
    machine_cpu_totals_read(&tree.host, &time);
    assert_true(fabs(time.busy_s - 1000 * time.resolution_s) < 1e-9);
    fake_tree_remove(&tree);
    free(text);
}

static void memory_in_use_is_total_less_available(void **state)
{
    static const char text[] = "MemTotal:  1000 kB\nMemFree:  100 kB\nMemAvailable:  400 kB\n";
    static const char old[] =
        "MemTotal:  1000 kB\nMemFree:  100 kB\nBuffers:  10 kB\nCached:  90 kB\n";
    struct machine_memory memory;

    (void)state;
    machine_memory_parse(text, sizeof text - 1, &memory);
    assert_true(fabs(memory.total_bytes - 1024000) < 1e-6);
    assert_true(fabs(memory.used_bytes - 614400) < 1e-6);
    machine_memory_parse(old, sizeof old - 1, &memory);
    assert_true(fabs(memory.used_bytes - 819200) < 1e-6);
    machine_memory_parse("MemTotal:  10", 13, &memory);
    assert_true(isnan(memory.total_bytes));
    assert_true(isnan(memory.used_bytes));
}

static void a_container_sees_its_own_memory_limit(void **state)
{
    struct fake_tree tree;
    struct machine_memory memory;

    (void)state;
    fake_tree_create(&tree);
    fake_tree_write(&tree, "proc/meminfo",
                    "MemTotal:  1073741824 kB\nMemAvailable:  1000000000 kB\n");
    fake_tree_write(&tree, "proc/self/cgroup", "0::/pod/box\n");
    fake_tree_write(&tree, "cgroup/cgroup.controllers", "cpu memory\n");
    fake_tree_write(&tree, "cgroup/pod/memory.max", "100000000000\n");
    fake_tree_write(&tree, "cgroup/pod/memory.current", "60000000000\n");
    fake_tree_write(&tree, "cgroup/pod/memory.stat",
                    "anon 1\nactive_file 2\ninactive_file 10000000000\n");
    fake_tree_write(&tree, "cgroup/pod/box/memory.max", "max\n");
    machine_memory_read(&tree.host, &memory);
    assert_true(fabs(memory.total_bytes - 1e11) < 1);
    assert_true(fabs(memory.used_bytes - 5e10) < 1);
    fake_tree_remove(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steal_is_not_busy_and_guest_is_not_counted_twice),
        cmocka_unit_test(a_cut_first_line_is_unknown),
        cmocka_unit_test(a_stat_of_1000_cpus_and_long_interrupts_is_read),
        cmocka_unit_test(memory_in_use_is_total_less_available),
        cmocka_unit_test(a_container_sees_its_own_memory_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
