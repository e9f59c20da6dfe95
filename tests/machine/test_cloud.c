/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "machine/cloud.h"

static void families_leave_the_size_out(void **state)
{
    static const struct {
        const char *provider, *type, *family;
        int vcpus;
    } cases[] = {
        {"aws", "m5.large", "m5", 2},
        {"aws", "c7g.16xlarge", "c7g", 64},
        {"aws", "m5.metal", "m5", 0},
        {"aws", "u-6tb1.112xlarge", "u-6tb1", 448},
        {"gcp", "n2-standard-8", "n2-standard", 8},
        {"gcp", "c3-standard-44-lssd", "c3-standard", 44},
        {"gcp", "a2-highgpu-4g", "a2-highgpu", 0},
        {"gcp", "e2-medium", "e2-medium", 0},
        {"gcp", "n2-custom-6-20480", "n2-custom-6", 0},
        {"azure", "Standard_D4s_v3", "Standard_D*s_v3", 4},
        {"azure", "Standard_E16-8ds_v4", "Standard_E*ds_v4", 16},
        {"azure", "Standard_NC24ads_A100_v4", "Standard_NC*ads_A100_v4", 24},
    };
    char family[CLOUD_FAMILY_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(machine_cloud_family(cases[i].provider, cases[i].type, family));
        assert_string_equal(family, cases[i].family);
        if (cases[i].vcpus > 0) {
            assert_int_equal(machine_cloud_vcpus(cases[i].provider, cases[i].type),
                             cases[i].vcpus);
        }
    }
}

static void a_type_is_a_part_of_a_host(void **state)
{
    struct machine_cloud cloud;
    (void)state;
    assert_true(machine_cloud_find("aws", "m5.2xlarge", &cloud));
    assert_string_equal(cloud.cpu, "Intel Xeon Platinum 8175M");
    assert_int_equal(cloud.host_vcpus, 96);
    assert_int_equal(cloud.sockets, 2);
    assert_int_equal(cloud.vcpus, 8);
    assert_true(cloud.host_memory_gb > 400 && cloud.host_memory_gb < 425);
    assert_true(machine_cloud_find("azure", "standard_d8S_V4", &cloud));
    assert_int_equal(cloud.vcpus, 8);
    assert_true(machine_cloud_find("gcp", "e2-medium", &cloud));
    assert_int_equal(cloud.vcpus, 2);
    assert_true(machine_cloud_find("gcp", "a2-highgpu-4g", &cloud));
    assert_int_equal(cloud.vcpus, 48);
    assert_true(machine_cloud_find("azure", "Standard_DS13_v2", &cloud));
    assert_int_equal(cloud.vcpus, 8);
}

static void what_is_not_in_the_table_is_not_guessed(void **state)
{
    static const char *const bad[][2] = {
        {"aws", ""}, {"aws", "m5"}, {"aws", "."}, {"aws", "zz9.large"}, {"gcp", "m5.large"},
        {"azure", "Standard_D*s_v3"}, {"azure", "Standard_"}, {"gcp", "-"}, {"gcp", "--"},
        {"gcp", "-8"}, {"hetzner", "cx11"}, {"aws", "-8-x"},
    };
    struct machine_cloud cloud;
    char longest[200];
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(machine_cloud_find(bad[i][0], bad[i][1], &cloud));
    }
    memset(longest, '9', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    assert_false(machine_cloud_find("aws", longest, &cloud));
    assert_false(machine_cloud_find("gcp", longest, &cloud));
    memcpy(longest, "Standard_D", 10);
    assert_false(machine_cloud_find("azure", longest, &cloud));
    assert_true(machine_cloud_find("aws", "m5.99999xlarge", &cloud));
    assert_int_equal(cloud.vcpus, 0);
    assert_true(machine_cloud_find("aws", "m5.800xlarge", &cloud));
    assert_int_equal(cloud.vcpus, 0);
}

static void every_row_of_the_table_makes_sense(void **state)
{
    (void)state;
    assert_true(cloud_row_count > 400);
    for (size_t i = 0; i < cloud_row_count; i++) {
        const struct cloud_row *row = &cloud_rows[i];
        assert_true(row->cpu[0] != '\0' && row->host_vcpus > 0 && row->gb_per_vcpu > 0);
        assert_true(row->vcpus <= row->host_vcpus);
    }
}

static void a_hidden_model_is_told_from_a_clock(void **state)
{
    (void)state;
    assert_true(machine_cloud_cpu_hidden("Intel(R) Xeon(R) CPU @ 2.20GHz"));
    assert_true(machine_cloud_cpu_hidden("AMD EPYC Processor"));
    assert_true(machine_cloud_cpu_hidden("Neoverse-N1"));
    assert_true(machine_cloud_cpu_hidden(""));
    assert_false(machine_cloud_cpu_hidden("Intel(R) Xeon(R) Platinum 8175M CPU @ 2.50GHz"));
    assert_false(machine_cloud_cpu_hidden("Intel(R) Xeon(R) CPU E5-2686 v4 @ 2.30GHz"));
    assert_false(machine_cloud_cpu_hidden("AMD EPYC 7R13 Processor"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_leave_the_size_out),
        cmocka_unit_test(a_type_is_a_part_of_a_host),
        cmocka_unit_test(what_is_not_in_the_table_is_not_guessed),
        cmocka_unit_test(every_row_of_the_table_makes_sense),
        cmocka_unit_test(a_hidden_model_is_told_from_a_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
