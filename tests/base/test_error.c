/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"

static void words_and_code_go_into_the_callers_struct(void **state)
{
    struct wattle_error err = {0};

    (void)state;
    assert_int_equal(error_set(&err, WATTLE_E_INVALID, "%s: %d", "hz", 7), WATTLE_E_INVALID);
    assert_int_equal(err.code, WATTLE_E_INVALID);
    assert_string_equal(err.text, "hz: 7");
}

static void a_caller_who_wants_no_words_passes_null(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, WATTLE_E_BUSY, "x"), WATTLE_E_BUSY);
    assert_int_equal(error_errno(NULL, EIO, "x"), WATTLE_E_IO);
}

static void errno_becomes_a_code_and_words(void **state)
{
    struct wattle_error err;

    (void)state;
    assert_int_equal(error_errno(&err, EACCES, "/x"), WATTLE_E_DENIED);
    assert_string_equal(err.text, "/x: Permission denied");
    assert_int_equal(error_errno(&err, EPERM, "/x"), WATTLE_E_DENIED);
    assert_int_equal(error_errno(&err, ENOENT, "/x"), WATTLE_E_NOENT);
    assert_int_equal(error_errno(&err, ENOMEM, "/x"), WATTLE_E_NOMEM);
    assert_int_equal(error_errno(&err, ENOSPC, "/x"), WATTLE_E_IO);
}

static void long_words_are_cut_not_overrun(void **state)
{
    struct wattle_error err;
    char text[1000];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(error_errno(&err, EIO, "%s", text), WATTLE_E_IO);
    assert_int_equal(strlen(err.text), WATTLE_ERROR_TEXT_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_code_go_into_the_callers_struct),
        cmocka_unit_test(a_caller_who_wants_no_words_passes_null),
        cmocka_unit_test(errno_becomes_a_code_and_words),
        cmocka_unit_test(long_words_are_cut_not_overrun),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
