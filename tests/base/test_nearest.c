/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/nearest.h"

static void one_edit_of_each_sort_counts_one(void **state)
{
    (void)state;
    assert_int_equal(nearest_distance("monitor", "monitor"), 0);
    assert_int_equal(nearest_distance("montior", "monitor"), 1);
    assert_int_equal(nearest_distance("monitr", "monitor"), 1);
    assert_int_equal(nearest_distance("monnitor", "monitor"), 1);
    assert_int_equal(nearest_distance("Monitox", "monitor"), 1);
    assert_int_equal(nearest_distance("", "run"), 3);
}

static void a_word_longer_than_any_name_is_infinitely_far(void **state)
{
    char word[100];

    (void)state;
    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    assert_true(nearest_distance(word, "run") == SIZE_MAX);
    assert_null(nearest_better(word, NULL, "run"));
}

static void the_nearest_name_wins_and_a_far_one_is_never_offered(void **state)
{
    const char *best = NULL;

    (void)state;
    best = nearest_better("runz", best, "runs");
    best = nearest_better("runz", best, "config");
    assert_string_equal(best, "runs");
    assert_null(nearest_better("zebra", NULL, "run"));
    assert_null(nearest_better("xyz", NULL, "run"));
}

static void an_abbreviation_is_what_was_meant(void **state)
{
    (void)state;
    assert_string_equal(nearest_better("mon", NULL, "monitor"), "monitor");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_edit_of_each_sort_counts_one),
        cmocka_unit_test(a_word_longer_than_any_name_is_infinitely_far),
        cmocka_unit_test(the_nearest_name_wins_and_a_far_one_is_never_offered),
        cmocka_unit_test(an_abbreviation_is_what_was_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
