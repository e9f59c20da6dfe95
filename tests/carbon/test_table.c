/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "carbon/table.h"

static void expect_zone(const char *text, const char *zone)
{
    struct carbon_factor factor;

    assert_int_equal(carbon_table_find(text, &factor, NULL), 0);
    assert_string_equal(factor.zone, zone);
}

static void a_zone_has_many_spellings(void **state)
{
    (void)state;
    expect_zone("FR", "FR");
    expect_zone("fr", "FR");
    expect_zone("fra", "FR");
    expect_zone("France", "FR");
    expect_zone(" united  states ", "US");
    expect_zone("uk", "GB");
    expect_zone("cote-d'ivoire", "CI");
    expect_zone("T\xc3\xbcrkiye", "TR");
    expect_zone("WORLD", "WORLD");
    expect_zone("eu", "EU");
}

static void expect_hint(const char *text, const char *hint)
{
    struct carbon_factor factor;
    struct wattle_error err;

    assert_int_equal(carbon_table_find(text, &factor, &err), WATTLE_E_NOENT);
    if (strstr(err.text, hint) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", err.text, hint);
    }
}

static void an_unknown_zone_gets_the_nearest_names(void **state)
{
    char longest[500];

    (void)state;
    expect_hint("Farnce", "FR (France)");
    expect_hint("US-CA", "US (United States)");
    expect_hint("germ", "DE (Germany)");
    expect_hint("ZZ", "nearest: ");
    expect_hint("", "nearest: ");
    expect_hint("\xff\x01", "nearest: ");
    memset(longest, 'f', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    expect_hint(longest, "nearest: ");
}

static void every_row_is_sound(void **state)
{
    size_t i;

    (void)state;
    assert_true(carbon_table_count() >= 200);
    for (i = 0; i < carbon_table_count(); i++) {
        const struct carbon_factor *factor = carbon_table_get(i);

        assert_true(factor->intensity_g_kwh >= 0 && factor->intensity_g_kwh < 1500);
        assert_true(factor->year >= 2000 && factor->year <= 2100);
        assert_true(strlen(factor->name) > 2 && strlen(factor->source) > 2);
        assert_string_equal(factor->basis, "lifecycle");
        expect_zone(factor->zone, factor->zone);
        expect_zone(factor->name, factor->zone);
    }
    assert_null(carbon_table_get(i));
}

static struct wattle_bound bound(double value, double low, double high)
{
    struct wattle_bound b = {value, low, high};

    return b;
}

static bool near(double a, double b) { return fabs(a - b) <= 1e-9 * fabs(b); }

static void the_task_bears_its_share_of_idle(void **state)
{
    const struct carbon_factor factor = {"FR", "France", 36, 2025, "lifecycle", "test"};
    struct wattle_energy energy = {
        .machine_j = bound(200, 190, 210),
        .task_j = bound(60, 50, 70),
        .other_j = bound(30, 20, 40),
        .own_j = bound(10, 9, 11),
        .idle_j = bound(100, 90, 110),
    };
    struct wattle_emission emission;

    (void)state;
    /* 36 g/kWh is 1e-5 g/J; 60 of the 100 J above idle: 60 + 0.6 * 100 */
    carbon_convert(&energy, &factor, WATTLE_OF_TASK, &emission);
    assert_true(near(emission.co2e_g.value, 120e-5));
    assert_true(near(emission.co2e_g.low, 104e-5));
    assert_true(near(emission.co2e_g.high, 136e-5));
    assert_string_equal(emission.zone, "FR");
    assert_int_equal(emission.year, 2025);
    carbon_convert(&energy, &factor, WATTLE_OF_MACHINE, &emission);
    assert_true(near(emission.co2e_g.value, 200e-5));
    assert_true(near(emission.co2e_g.high, 210e-5));
}

static void unknown_energy_stays_unknown(void **state)
{
    const struct carbon_factor factor = {"FR", "France", 36, 2025, "lifecycle", "test"};
    struct wattle_energy energy = {
        .machine_j = bound(200, 190, 210),
        .task_j = bound(WATTLE_UNKNOWN, WATTLE_UNKNOWN, WATTLE_UNKNOWN),
    };
    struct wattle_emission emission;

    (void)state;
    carbon_convert(&energy, &factor, WATTLE_OF_TASK, &emission);
    assert_true(isnan(emission.co2e_g.value) && isnan(emission.co2e_g.low));
    energy.task_j = bound(0, 0, 0);
    carbon_convert(&energy, &factor, WATTLE_OF_TASK, &emission);
    assert_true(emission.co2e_g.value == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zone_has_many_spellings),
        cmocka_unit_test(an_unknown_zone_gets_the_nearest_names),
        cmocka_unit_test(every_row_is_sound),
        cmocka_unit_test(the_task_bears_its_share_of_idle),
        cmocka_unit_test(unknown_energy_stays_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
