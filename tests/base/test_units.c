/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>

#include "base/units.h"

static void energy_has_three_digits_and_a_prefix(void **state)
{
    char text[32];

    (void)state;
    assert_string_equal(units_energy(41.3, text, sizeof text), "41.3 J");
    assert_string_equal(units_energy(9.996, text, sizeof text), "10.0 J");
    assert_string_equal(units_energy(0.0123, text, sizeof text), "12.3 mJ");
    assert_string_equal(units_energy(20500, text, sizeof text), "20.5 kJ");
    assert_string_equal(units_energy(3.6e6, text, sizeof text), "1.00 kWh");
    assert_string_equal(units_energy((double)NAN, text, sizeof text), "unknown");
}

static void quantities_need_their_unit(void **state)
{
    double value;

    (void)state;
    assert_true(units_parse_energy("0.2kWh", &value));
    assert_true(fabs(value - 720000) < 1e-6);
    assert_false(units_parse_energy("12", &value));
    assert_false(units_parse_energy("-1J", &value));
    assert_true(units_parse_duration("250ms", &value));
    assert_true(fabs(value - 0.25) < 1e-12);
    assert_false(units_parse_duration("1 parsec", &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(energy_has_three_digits_and_a_prefix),
        cmocka_unit_test(quantities_need_their_unit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
