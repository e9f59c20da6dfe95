/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/clock.h"

static int64_t fixed_time(void *user) { return *(int64_t *)user; }

static void a_test_owns_the_time(void **state)
{
    int64_t now = 41;
    struct wattle_host host = {
        .monotonic_ns = fixed_time, .boottime_ns = fixed_time, .time_user = &now};

    (void)state;
    assert_int_equal(clock_monotonic_ns(&host), 41);
    now = 42;
    assert_int_equal(clock_boottime_ns(&host), 42);
}

static void real_clocks_move_forward(void **state)
{
    int64_t before = clock_monotonic_ns(NULL);

    (void)state;
    assert_true(before > 0);
    assert_true(clock_monotonic_ns(NULL) >= before);
    assert_true(clock_boottime_ns(NULL) >= before);
    assert_true(clock_process_cpu_ns() >= clock_thread_cpu_ns() - NS_PER_S);
}

static void a_time_stamp_survives_the_round_trip(void **state)
{
    static const int64_t times_ms[] = {0, 1, 999, 951782400000, 1709164799999, 1795230245678,
                                       4102444800000};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof times_ms / sizeof times_ms[0]; i++) {
        char text[32];
        int64_t back;

        clock_format_rfc3339(times_ms[i] * 1000000, text, sizeof text);
        assert_true(clock_parse_rfc3339(text, &back));
        assert_int_equal(back, times_ms[i] * 1000000);
    }
}

static void known_times_are_read_as_they_are(void **state)
{
    char text[32];
    int64_t ns;

    (void)state;
    clock_format_rfc3339(951827696789000000, text, sizeof text);
    assert_string_equal(text, "2000-02-29T12:34:56.789Z"); /* date -u -d @951827696 */
    assert_true(clock_parse_rfc3339("2000-02-29T18:04:56.789+05:30", &ns));
    assert_int_equal(ns, 951827696789000000);
    assert_true(clock_parse_rfc3339("2000-02-29 12:34:56z", &ns));
    assert_int_equal(ns, 951827696000000000);
    assert_true(clock_parse_rfc3339("2000-02-29T12:34:56.123456789123Z", &ns));
    assert_int_equal(ns, 951827696123456789);
    assert_true(clock_parse_rfc3339("1969-12-31T23:59:59-00:00", &ns));
    assert_int_equal(ns, -1000000000);
}

static void what_is_no_time_stamp_is_refused(void **state)
{
    static const char *const wrong[] = {
        "", "2026", "2026-11-21", "2026-11-21T03:04:05", "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z", "2023-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
        "2026-11-21T24:00:00Z", "2026-11-21T03:60:05Z", "2026-11-21T03:04:61Z",
        "2026-11-21T03:04:05Zjunk", "2026-11-21T03:04:05+5:30", "2026-11-21T03:04:05+24:00",
        "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", " 2026-11-21T03:04:05Z"};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t ns;

        assert_false(clock_parse_rfc3339(wrong[i], &ns));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_test_owns_the_time),
        cmocka_unit_test(real_clocks_move_forward),
        cmocka_unit_test(a_time_stamp_survives_the_round_trip),
        cmocka_unit_test(known_times_are_read_as_they_are),
        cmocka_unit_test(what_is_no_time_stamp_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
