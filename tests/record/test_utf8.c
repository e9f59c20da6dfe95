/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "record/utf8.h"

static void valid_text_is_kept(void **state)
{
    char out[64];

    (void)state;
    utf8_copy(out, sizeof out, "Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x98\x80");
    assert_string_equal(out, "Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x98\x80");
}

static void invalid_bytes_are_replaced_one_by_one(void **state)
{
    char out[64];

    (void)state;
    utf8_copy(out, sizeof out, "a\xff" "b\xc3");
    assert_string_equal(out, "a\xef\xbf\xbd" "b\xef\xbf\xbd");
    /* overlong '/', a surrogate, beyond U+10FFFF */
    assert_int_equal(utf8_length("\xc0\xaf", 2), 0);
    assert_int_equal(utf8_length("\xed\xa0\x80", 3), 0);
    assert_int_equal(utf8_length("\xf4\x90\x80\x80", 4), 0);
}

static void a_cut_falls_between_characters(void **state)
{
    char out[5];

    (void)state;
    assert_int_equal(utf8_copy(out, sizeof out, "ab\xe2\x82\xac"), 2);
    assert_string_equal(out, "ab");
}

static void a_terminal_cannot_be_steered(void **state)
{
    char out[64];

    (void)state;
    utf8_copy_printable(out, sizeof out, "a\x1b[31mb\nc\x7f \xc2\x9b \xe2\x80\xae z");
    assert_string_equal(out, "a?[31mb?c? ? ? z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_text_is_kept),
        cmocka_unit_test(invalid_bytes_are_replaced_one_by_one),
        cmocka_unit_test(a_cut_falls_between_characters),
        cmocka_unit_test(a_terminal_cannot_be_steered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
