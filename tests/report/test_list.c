/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <jansson.h>
#include <time.h>

#include "golden.h"
#include "report/list.h"
#include "sample.h"

static const struct store_row full = {
    .id = "0123456789abcdef",
    .state = WATTLE_RUN_FINISHED,
    .started_unix_ns = 1790000000123000000,
    .duration_s = 125.2,
    .exit_status = 0,
    .command = "python3 train.py --epochs 10 --data a-rather-long-name-of-a-folder",
    .project = "digits",
    .tags = "small,night",
    .machine_j = {12345.678901, 12000, 13000},
    .task_j = {10000.5, 9000, 11000},
    .quality = WATTLE_MODELLED,
    .co2e_g = 0.151,
};

static void print(struct report_list *list, int count, char **ret)
{
    struct store_row rows[3] = {full, full, full};
    size_t size = 0;
    int i;

    rows[1].state = WATTLE_RUN_INTERRUPTED;
    rows[1].exit_status = -1;
    rows[1].quality = WATTLE_GAP;
    rows[1].command = "evil \x1b[2J\n\xff";
    rows[2].started_unix_ns = 0;
    rows[2].duration_s = WATTLE_UNKNOWN;
    rows[2].exit_status = -1;
    rows[2].project = NULL;
    rows[2].tags = NULL;
    rows[2].machine_j.value = rows[2].task_j.value = rows[2].co2e_g = WATTLE_UNKNOWN;
    rows[2].machine_j.low = rows[2].machine_j.high = WATTLE_UNKNOWN;
    rows[2].task_j.low = rows[2].task_j.high = WATTLE_UNKNOWN;
    list->out = open_memstream(ret, &size);
    assert_non_null(list->out);
    report_list_begin(list);
    for (i = 0; i < count; i++) {
        assert_true(report_list_row(list, &rows[i]));
    }
    report_list_end(list);
    fclose(list->out);
}

static void a_table_for_people(void **state)
{
    struct report_list list = {.columns = 100};
    char *printed = NULL;

    (void)state;
    print(&list, 3, &printed);
    golden_compare("list", printed);
    free(printed);
    print(&list, 0, &printed);
    assert_string_equal(printed, "no runs\n");
    free(printed);
}

static void an_array_for_programs(void **state)
{
    struct report_list list = {.json = true};
    char *printed = NULL;
    json_t *array;

    (void)state;
    print(&list, 3, &printed);
    golden_compare("list-json", printed);
    array = json_loads(printed, 0, NULL);
    assert_int_equal(json_array_size(array), 3);
    json_decref(array);
    free(printed);
    print(&list, 0, &printed);
    assert_string_equal(printed, "[]\n");
    free(printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_for_people),
        cmocka_unit_test(an_array_for_programs),
    };

    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
