/* SPDX-License-Identifier: MIT */
/* Golden predictions: golden/servers.csv and what is expected of it. After a refit of the model,
 *     build/wattle estimate server --csv tests/estimate/golden/servers.csv
 * writes the new expectation; read the difference before you keep it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "estimate/server_csv.h"

static char *estimate(const char *text, struct wattle_error *err)
{
    char *result = NULL;
    size_t size = 0;
    return server_csv_estimate(text, strlen(text), &result, &size, err) == 0 ? result : NULL;
}

/* Numbers agree to 0.5 %, words exactly. */
static void assert_alike(char *expected, char *actual)
{
    char *rest_expected = NULL, *rest_actual = NULL;
    char *a = strtok_r(expected, ",\n", &rest_expected);
    char *b = strtok_r(actual, ",\n", &rest_actual);
    double x, y;
    while (a != NULL && b != NULL) {
        if (parse_double(a, &x) && parse_double(b, &y)) {
            if (fabs(x - y) > 0.005 * fabs(x)) {
                fail_msg("expected %s, got %s", a, b);
            }
        } else {
            assert_string_equal(a, b);
        }
        a = strtok_r(NULL, ",\n", &rest_expected);
        b = strtok_r(NULL, ",\n", &rest_actual);
    }
    assert_true(a == NULL && b == NULL);
}

static void one_machine_of_each_family_is_predicted_as_before(void **state)
{
    static char input[16384], expected[16384];
    (void)state;
    assert_true(file_read(GOLDEN "/servers.csv", input, sizeof(input)) > 0);
    assert_true(file_read(GOLDEN "/servers.expected.csv", expected, sizeof(expected)) > 0);
    char *result = estimate(input, NULL);
    assert_non_null(result);
    assert_alike(expected, result);
    free(result);
}

static void other_columns_and_odd_lines_pass_through(void **state)
{
    (void)state;
    char *result = estimate("\xef\xbb\xbfid,CPU,remark\r\n"
                            "1,AMD EPYC 7763,\"a, \"\"b\"\"\nc\"\r\n"
                            "\r\n"
                            "2,AMD EPYC 7763\n",
                            NULL);
    assert_non_null(result);
    assert_true(strncmp(result, "id,CPU,remark,power_w,low_w,", 28) == 0);
    assert_non_null(strstr(result, "\n1,AMD EPYC 7763,\"a, \"\"b\"\"\nc\",,,,0.9,"));
    assert_non_null(strstr(result, "\n2,AMD EPYC 7763,,,,,0.9,"));
    free(result);
}

static void nonsense_is_one_error_that_names_the_line(void **state)
{
    static const char *const bad[] = {
        "cpu,load\nx,0.5\nx,1.5\n", "cpu,cores\nx,1\nx,many\n", "cpu,cores\nx,1\nx,1.5\n",
        "cpu,load\nx,1\nx,0.5,7\n", "cpu,tdp_w\nx,1\nx,-3\n",
        "cpu,load\nx,1\n\"x,1\nx,1\n"};
    struct wattle_error err;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_null(estimate(bad[i], &err));
        assert_non_null(strstr(err.text, "line 3"));
    }
    assert_null(estimate("name,load\nx,1\n", &err));
    assert_non_null(strstr(err.text, "cpu"));
    assert_null(estimate("", &err));
    assert_null(estimate("\"cpu,load\nx,1\n", &err));
    assert_non_null(strstr(err.text, "quote"));
    assert_null(estimate("cpu,load,LOAD\nx,1,0.5\n", &err));
    assert_non_null(strstr(err.text, "\"load\" twice"));
}

static void ten_thousand_rows_keep_their_order(void **state)
{
    enum { ROWS = 10000 };
    char *text = malloc(ROWS * 64 + 64);
    size_t used = (size_t)sprintf(text, "id,cpu,cores,load\n");
    (void)state;
    for (int i = 0; i < ROWS; i++) {
        used += (size_t)sprintf(text + used, "%d,AMD EPYC 7763,%d,0.5\n", i, 1 + i % 128);
    }
    char *result = estimate(text, NULL);
    assert_non_null(result);
    char *at = strchr(result, '\n');
    for (int i = 0; i < ROWS; i++) {
        assert_int_equal(strtol(at + 1, NULL, 10), i);
        at = strchr(at + 1, '\n');
    }
    free(result);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_machine_of_each_family_is_predicted_as_before),
        cmocka_unit_test(other_columns_and_odd_lines_pass_through),
        cmocka_unit_test(nonsense_is_one_error_that_names_the_line),
        cmocka_unit_test(ten_thousand_rows_keep_their_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
