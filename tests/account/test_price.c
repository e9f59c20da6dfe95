/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "account/price.h"

static void prices_have_currency_year_and_source(void **state)
{
    size_t i;

    (void)state;
    assert_true(price_count > 150);
    for (i = 0; i < price_count; i++) {
        assert_true(prices[i].per_kwh > 0.005 && prices[i].per_kwh < 1);
        assert_int_equal(strlen(prices[i].currency), 3);
        assert_true(prices[i].year >= 2024);
        assert_true(prices[i].source[0] != '\0');
    }
}

static void a_zone_without_a_price_is_unknown(void **state)
{
    (void)state;
    assert_string_equal(price_find("fr", "business")->currency, "EUR");
    assert_string_equal(price_find("US-CA", "household")->zone, "US-CA");
    assert_string_equal(price_find("US-XX", "household")->zone, "US");
    assert_null(price_find("ZZ", "household"));
    assert_null(price_find("FR", "piracy"));
    assert_null(price_find("", "household"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prices_have_currency_year_and_source),
        cmocka_unit_test(a_zone_without_a_price_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
