/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* nftw */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>

#include "fake_tree.h"
#include "machine/cgroup.h"
#include "machine/virt.h"
#include "machine/virt_words.h"

static const char guest[] = "processor\t: 0\ncpu family\t: 6\nflags\t: fpu hypervisor\n\n";
static const char metal[] = "processor\t: 0\ncpu family\t: 6\nflags\t: fpu sse\n\n";

static void an_ec2_machine_names_its_instance_type(void **state)
{
    struct fake_tree tree;
    struct machine_virt virt;

    (void)state;
    fake_tree_create(&tree);
    fake_tree_write(&tree, "proc/cpuinfo", guest);
    fake_tree_write(&tree, "sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
    fake_tree_write(&tree, "sys/class/dmi/id/product_name", "m7i.4xlarge\n");
    machine_virt_read(&tree.host, &virt);
    assert_true(virt.virtual_machine);
    assert_string_equal(virt.cloud, "aws");
    assert_string_equal(virt.instance_type, "m7i.4xlarge");
    assert_false(virt.container);
    assert_true(isnan(virt.cpu_limit));
    assert_true(isnan(virt.memory_limit_bytes));
    fake_tree_remove(&tree);
}

static void a_metal_instance_is_a_cloud_but_no_virtual_machine(void **state)
{
    struct fake_tree tree;
    struct machine_virt virt;

    (void)state;
    fake_tree_create(&tree);
    fake_tree_write(&tree, "proc/cpuinfo", metal);
    fake_tree_write(&tree, "sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
    fake_tree_write(&tree, "sys/class/dmi/id/product_name", "m7i.metal-24xl\n");
    machine_virt_read(&tree.host, &virt);
    assert_false(virt.virtual_machine);
    assert_string_equal(virt.cloud, "aws");
    assert_string_equal(virt.instance_type, "m7i.metal-24xl");
    fake_tree_remove(&tree);
}

static void azure_is_told_from_plain_hyper_v_by_its_asset_tag(void **state)
{
    struct dmi_strings dmi = {.sys_vendor = "Microsoft Corporation",
                              .product_name = "Virtual Machine"};
    struct machine_virt virt = {0};

    (void)state;
    virt_dmi_parse(&dmi, &virt);
    assert_string_equal(virt.cloud, "");
    assert_string_equal(virt.hypervisor, "hyperv");
    strcpy(dmi.chassis_asset_tag, "7783-7084-3265-9085-8269-3286-77");
    virt_dmi_parse(&dmi, &virt);
    assert_string_equal(virt.cloud, "azure");
    assert_true(virt.virtual_machine);
}

static void an_arm_guest_is_known_by_its_device_tree(void **state)
{
    struct fake_tree tree;
    struct machine_virt virt;

    (void)state;
    fake_tree_create(&tree);
    fake_tree_write_bytes(&tree, "proc/device-tree/hypervisor/compatible", "linux,kvm", 10);
    machine_virt_read(&tree.host, &virt);
    assert_true(virt.virtual_machine);
    assert_string_equal(virt.hypervisor, "kvm");
    fake_tree_remove(&tree);
}

static void the_xen_control_domain_is_the_host(void **state)
{
    struct fake_tree tree;
    struct machine_virt virt;

    (void)state;
    fake_tree_create(&tree);
    fake_tree_write(&tree, "proc/cpuinfo", guest);
    fake_tree_write(&tree, "proc/xen/capabilities", "control_d\n");
    fake_tree_write(&tree, "sys/hypervisor/type", "xen\n");
    machine_virt_read(&tree.host, &virt);
    assert_false(virt.virtual_machine);
    assert_string_equal(virt.hypervisor, "xen");
    fake_tree_remove(&tree);
}

static void a_docker_container_with_nested_limits(void **state)
{
    struct fake_tree tree;
    struct machine_virt virt;

    (void)state;
    fake_tree_create(&tree);
    fake_tree_write(&tree, "proc/cpuinfo", metal);
    fake_tree_write(&tree, "proc/1/root/.dockerenv", "");
    fake_tree_write(&tree, "proc/self/cgroup", "0::/a/b\n");
    fake_tree_write(&tree, "cgroup/cgroup.controllers", "cpu\n");
    fake_tree_write(&tree, "cgroup/a/cpu.max", "50000 100000\n");
    fake_tree_write(&tree, "cgroup/a/b/cpu.max", "max 100000\n");
    fake_tree_write(&tree, "cgroup/a/b/memory.max", "2147483648\n");
    fake_tree_write(&tree, "cgroup/a/memory.max", "1073741824\n");
    machine_virt_read(&tree.host, &virt);
    assert_true(virt.container);
    assert_string_equal(virt.container_kind, "docker");
    assert_true(fabs(virt.cpu_limit - 0.5) < 1e-12);
    assert_true(fabs(virt.memory_limit_bytes - 1073741824.0) < 1);
    fake_tree_remove(&tree);
}

static void limits_at_the_root_of_what_a_container_sees(void **state)
{
    struct fake_tree tree;
    struct machine_virt virt;

    (void)state;
    fake_tree_create(&tree);
    fake_tree_write(&tree, "sys/devices/system/cpu/online", "0-7\n");
    fake_tree_write(&tree, "cgroup/cpu.max", "300000 100000\n");
    fake_tree_write(&tree, "cgroup/memory.max", "max\n");
    machine_virt_read(&tree.host, &virt);
    assert_true(fabs(virt.cpu_limit - 3) < 1e-12);
    assert_true(isnan(virt.memory_limit_bytes));
    /* As many CPUs as there are is no limit. */
    fake_tree_write(&tree, "cgroup/cpu.max", "800000 100000\n");
    machine_virt_read(&tree.host, &virt);
    assert_true(isnan(virt.cpu_limit));
    fake_tree_remove(&tree);
}

static void version_1_limits_and_its_huge_number(void **state)
{
    struct fake_tree tree;
    struct machine_virt virt;

    (void)state;
    fake_tree_create(&tree);
    fake_tree_write(&tree, "sys/devices/system/cpu/online", "0-15\n");
    fake_tree_write(&tree, "proc/self/cgroup",
                    "5:cpuset:/docker/x\n4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n");
    /* The container sees its own group as the root of each tree. */
    fake_tree_write(&tree, "cgroup/cpu,cpuacct/cpu.cfs_quota_us", "250000\n");
    fake_tree_write(&tree, "cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    fake_tree_write(&tree, "cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    fake_tree_write(&tree, "cgroup/cpuset/cpuset.cpus", "0-15\n");
    machine_virt_read(&tree.host, &virt);
    assert_true(fabs(virt.cpu_limit - 2.5) < 1e-12);
    assert_true(isnan(virt.memory_limit_bytes));
    fake_tree_write(&tree, "cgroup/cpuset/cpuset.cpus", "4,6\n");
    machine_virt_read(&tree.host, &virt);
    assert_true(fabs(virt.cpu_limit - 2) < 1e-12);
    fake_tree_remove(&tree);
}

static void nonsense_in_limit_files_is_no_limit(void **state)
{
    (void)state;
    assert_true(isnan(cgroup_cpu_max_parse("max 100000")));
    assert_true(isnan(cgroup_cpu_max_parse("")));
    assert_true(isnan(cgroup_cpu_max_parse("-1 100000")));
    assert_true(isnan(cgroup_cpu_max_parse("100000 0")));
    assert_true(fabs(cgroup_cpu_max_parse("150000 100000") - 1.5) < 1e-12);
    assert_true(isnan(cgroup_bytes_parse("max")));
    assert_true(isnan(cgroup_bytes_parse("99999999999999999999999")));
}

static void cgroup_paths_are_found_by_controller_and_kept_inside(void **state)
{
    static const char text[] = "12:cpu,cpuacct:/user.slice\n0::/../other\n3:name=x:y:/z:1\n";
    char path[64];

    (void)state;
    assert_true(cgroup_path_parse(text, sizeof text - 1, "cpuacct", path, sizeof path));
    assert_string_equal(path, "/user.slice");
    assert_true(cgroup_path_parse(text, sizeof text - 1, "cpu", path, sizeof path));
    assert_false(cgroup_path_parse(text, sizeof text - 1, "acct", path, sizeof path));
    assert_false(cgroup_path_parse(text, sizeof text - 1, "", path, sizeof path));
    assert_false(cgroup_path_parse(text, sizeof text - 1, "cpu", path, 5));
}

static void containers_are_known_by_cgroup_path_and_environment(void **state)
{
    static const char environment[] = "PATH=/bin\0container=lxc\0HOME=/";
    char kind[32] = "";

    (void)state;
    assert_string_equal(virt_cgroup_kind("0::/kubepods/burstable/pod1/abc\n"), "kubernetes");
    assert_string_equal(virt_cgroup_kind("0::/system.slice/docker-0a1b.scope\n"), "docker");
    assert_null(virt_cgroup_kind("0::/system.slice/docker.service\n"));
    assert_null(virt_cgroup_kind("0::/\n"));
    assert_true(virt_environ_parse(environment, sizeof environment, kind, sizeof kind));
    assert_string_equal(kind, "lxc");
    assert_false(virt_environ_parse("containers=x", 12, kind, sizeof kind));
}

static void the_real_machine_can_be_asked(void **state)
{
    struct wattle_host host = {
        .sysfs = "/sys", .procfs = "/proc", .cgroup = "/sys/fs/cgroup", .dev = "/dev"};
    struct machine_virt virt;

    (void)state;
    machine_virt_read(&host, &virt);
    print_message("vm %d '%s', cloud '%s', container %d '%s', %.3g CPUs, %.3g bytes\n",
                  virt.virtual_machine, virt.hypervisor, virt.cloud, virt.container,
                  virt.container_kind, virt.cpu_limit, virt.memory_limit_bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ec2_machine_names_its_instance_type),
        cmocka_unit_test(a_metal_instance_is_a_cloud_but_no_virtual_machine),
        cmocka_unit_test(azure_is_told_from_plain_hyper_v_by_its_asset_tag),
        cmocka_unit_test(an_arm_guest_is_known_by_its_device_tree),
        cmocka_unit_test(the_xen_control_domain_is_the_host),
        cmocka_unit_test(a_docker_container_with_nested_limits),
        cmocka_unit_test(limits_at_the_root_of_what_a_container_sees),
        cmocka_unit_test(version_1_limits_and_its_huge_number),
        cmocka_unit_test(nonsense_in_limit_files_is_no_limit),
        cmocka_unit_test(cgroup_paths_are_found_by_controller_and_kept_inside),
        cmocka_unit_test(containers_are_known_by_cgroup_path_and_environment),
        cmocka_unit_test(the_real_machine_can_be_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
