/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "estimate/cpu_name.h"
#include "estimate/server.h"

static void noise_is_taken_off(void **state)
{
    static const char *const names[][2] = {
        {"Intel(R) Xeon(R) Gold 6136 CPU @ 3.00GHz", "xeon gold 6136"},
        {"Intel Xeon E5-2660 2.20 GHz (Intel Turbo Boost Technology up to 3.00 GHz)",
         "xeon e5-2660"},
        {"AMD EPYC 7763 64-Core Processor                ", "epyc 7763"},
        {"Intel(R) Xeon(R) Gold 6780E,", "xeon gold 6780e"},
        {"Intel Xeon E3-1265LV2", "xeon e3-1265l v2"},
        {"Intel X3350", "xeon x3350"},
        {"Xeon L5420", "xeon l5420"},
        {"Intel Xeon E E-2488", "xeon e-2488"},
        {"2.6 GHz AMD Opteron 2435", "opteron 2435"},
        {"AMD EPYC 7601 2.20 GHz, Dell SKU [338-BNCG]", "epyc 7601"},
        {"Intel Xeon Processor (Skylake, IBRS)", "xeon skylake"},
        {"Intel(R) Xeon(R) CPU E5-2660 0 @ 2.20GHz", "xeon e5-2660"},
        {"13th Gen Intel(R) Core(TM) i9-13900K", "core i9-13900k"},
        {"AMD Ryzen 7 5800H with Radeon Graphics", "ryzen 7 5800h"},
        {"", ""},
        {"(((", ""},
        {"GHz GHz 2.2 GHz", ""}};
    char cleaned[CPU_NAME_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_string_equal(cpu_name_clean(names[i][0], cleaned), names[i][1]);
    }
}

static void a_long_name_is_cut_and_nothing_else(void **state)
{
    char name[1000], cleaned[CPU_NAME_MAX], group[CPU_NAME_MAX];
    (void)state;
    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    assert_true(strlen(cpu_name_clean(name, cleaned)) < CPU_NAME_MAX);
    cpu_name_group(cleaned, group);
    memset(name, 'e', sizeof(name) - 1);
    memcpy(name, "e3-1234v", 8);
    cpu_name_clean(name, cleaned);
}

static void patterns_match_the_whole_name(void **state)
{
    (void)state;
    assert_true(cpu_name_matches("epyc 7##3*", "epyc 7763p"));
    assert_false(cpu_name_matches("epyc 7##3", "epyc 7763p"));
    assert_true(cpu_name_matches("*a*b*c", "xxaybzbc"));
    assert_false(cpu_name_matches("*a*b*c", "xxaybzb"));
    assert_true(cpu_name_matches("[56a-c]", "b"));
    assert_false(cpu_name_matches("[56a-c]", "d"));
    assert_false(cpu_name_matches("[56", ""));
    assert_true(cpu_name_matches("", ""));
    assert_true(cpu_name_matches("***", ""));
}

static void variants_of_one_part_share_a_key(void **state)
{
    char group[CPU_NAME_MAX];
    (void)state;
    assert_string_equal(cpu_name_group("xeon platinum 8280l", group), "xeon 8280");
    assert_string_equal(cpu_name_group("xeon platinum 8380hl", group), "xeon 8380h");
    assert_string_equal(cpu_name_group("xeon gold 6780e", group), "xeon 6780e");
    assert_string_equal(cpu_name_group("epyc 7702p", group), "epyc 7702");
    assert_string_equal(cpu_name_group("xeon l5430", group), "xeon l5430");
}

static const char *march(const char *name, const char *vendor, int family, int model)
{
    static struct estimate_server server;
    struct estimate_server_spec spec = {.family = family, .model = model, .tdp_w = WATTLE_UNKNOWN,
                                        .memory_gb = WATTLE_UNKNOWN};
    snprintf(spec.cpu, sizeof(spec.cpu), "%s", name);
    snprintf(spec.vendor, sizeof(spec.vendor), "%s", vendor);
    estimate_server(&spec, &server);
    return server.microarchitecture;
}

static void the_name_or_else_the_numbers_say_the_microarchitecture(void **state)
{
    (void)state;
    assert_string_equal(march("AMD EPYC", "AuthenticAMD", 25, 1), "Zen 3");
    assert_string_equal(march("AMD EPYC", "", -1, -1), "");
    assert_string_equal(march("Intel Xeon Processor (Icelake)", "", -1, -1), "Ice Lake-SP");
    assert_string_equal(march("Intel Xeon Processor", "GenuineIntel", 6, 143), "Sapphire Rapids");
    assert_string_equal(march("Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz", "GenuineIntel", 6,
                              85), "Cascade Lake");
    assert_string_equal(march("Intel(R) Core(TM) i9-13900K", "", -1, -1), "Raptor Lake");
    assert_string_equal(march("12th Gen Intel(R) Core(TM) i7-12700", "GenuineIntel", 6, 151),
                        "Alder Lake");
    assert_string_equal(march("AMD Ryzen 9 5950X 16-Core Processor", "", -1, -1), "Zen 3 client");
    assert_string_equal(march("AMD EPYC 9654 96-Core Processor", "", -1, -1), "Zen 4");
    assert_string_equal(march("AMD EPYC 7R13 Processor", "", -1, -1), "Zen 3");
    assert_string_equal(march("Neoverse-N1", "ARM", -1, -1), "Neoverse N1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_is_taken_off),
        cmocka_unit_test(a_long_name_is_cut_and_nothing_else),
        cmocka_unit_test(patterns_match_the_whole_name),
        cmocka_unit_test(variants_of_one_part_share_a_key),
        cmocka_unit_test(the_name_or_else_the_numbers_say_the_microarchitecture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
