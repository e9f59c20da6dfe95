/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sample.h"

static void the_form_is_the_contract(void **state)
{
    static const char expected[] =
        "{\"schema\":1,\"run\":{\"id\":\"0123456789abcdef\",\"command\":[\"python3\",\"train.py\","
        "\"--token\",\"[redacted]\"],\"started\":\"2026-09-21T14:13:20.123Z\","
        "\"duration_s\":2.000125,\"exit_status\":0,\"machine_id\":\"00112233445566ff\","
        "\"state\":\"finished\",\"parent_id\":\"fedcba9876543210\",\"project\":\"digits\","
        "\"tags\":[\"small\",\"night\"]},"
        "\"energy\":{\"scope\":\"components\",\"machine_j\":41.3,\"machine_low_j\":40.9,"
        "\"machine_high_j\":41.7,\"task_j\":30.1,\"task_low_j\":29.5,\"task_high_j\":30.6,"
        "\"other_j\":1.2,\"other_low_j\":0.9,\"other_high_j\":1.6,"
        "\"idle_j\":9.98,\"idle_low_j\":9.5,\"idle_high_j\":10.4,"
        "\"own_j\":0.02,\"own_low_j\":0.01,\"own_high_j\":0.03,\"repeat_error\":0.004,"
        "\"quality\":\"measured\",\"idle_source\":\"remembered\",\"components\":["
        "{\"name\":\"package-0\",\"kind\":\"cpu\",\"source\":\"powercap:intel-rapl:0\","
        "\"quality\":\"measured\",\"counted\":true,\"energy_j\":20.2,\"low_j\":19.998,"
        "\"high_j\":20.402,\"task_j\":15.1,\"gap_s\":0.0,\"samples\":123,\"max_w\":12.5},";
    static const char tail[] =
        "\"wall\":{\"energy_j\":70.0,\"low_j\":55.0,\"high_j\":90.0,\"source\":\"modelled\"},"
        "\"power\":{\"mean_w\":20.648709,\"max_w\":25.5},\"heat\":{\"j\":41.3,\"btu\":0.039144847},"
        "\"utilization\":{\"cpu\":0.35,\"ram\":0.125,\"ram_gb\":4.2},"
        "\"devices\":[{\"name\":\"package-0\",\"kind\":\"cpu\",\"temperature_c\":61.5}],"
        "\"emissions\":{\"of\":\"task\",\"co2e_g\":0.0005,\"low_g\":0.0004,\"high_g\":0.0006,"
        "\"intensity_g_kwh\":44.2,\"zone\":\"FR\",\"year\":2025,\"basis\":\"lifecycle\","
        "\"source\":\"Ember\"},\"notes\":[\"psys is shown, not counted: packages are\"],"
        "\"series\":{\"t_s\":[0.0,1.0,2.0],\"energy_j\":[0.0,20.0,41.3]}}";
    struct wattle_record record;
    char *json;
    const char *at;

    (void)state;
    sample_record(&record);
    json = wattle_record_to_json(&record, false);
    assert_non_null(json);
    assert_memory_equal(json, expected, strlen(expected));
    at = strstr(json, "\"wall\":");
    assert_non_null(at);
    assert_string_equal(at, tail);
    free(json);
    wattle_record_finish(&record);
}

static void what_is_read_writes_the_same(void **state)
{
    struct wattle_record record, again;
    char *first, *second;

    (void)state;
    sample_record(&record);
    record.state = WATTLE_RUN_INTERRUPTED;
    record.exit_status = -1;
    first = wattle_record_to_json(&record, true);
    wattle_record_init(&again);
    assert_int_equal(wattle_record_from_json(&again, first, strlen(first), NULL), 0);
    assert_int_equal(again.state, WATTLE_RUN_INTERRUPTED);
    assert_int_equal(again.exit_status, -1);
    assert_int_equal(again.series_count, 3);
    second = wattle_record_to_json(&again, true);
    assert_string_equal(first, second);
    assert_non_null(strstr(first, "\"energy_j\": [0.0, 20.0, 41.3]\n"));
    free(first);
    free(second);
    wattle_record_finish(&again);
    wattle_record_finish(&record);
}

static void the_unknown_is_absent_never_null(void **state)
{
    struct wattle_record record;
    char *json;

    (void)state;
    wattle_record_init(&record);
    strcpy(record.id, "abcd");
    sample_component(&record, "package-0", WATTLE_CPU, "x", (double)INFINITY);
    json = wattle_record_to_json(&record, false);
    assert_string_equal(
        json,
        "{\"schema\":1,\"run\":{\"id\":\"abcd\",\"command\":[],\"state\":\"finished\"},"
        "\"energy\":{\"scope\":\"components\",\"components\":[{\"name\":\"package-0\","
        "\"kind\":\"cpu\",\"source\":\"x\",\"quality\":\"measured\",\"counted\":true,"
        "\"gap_s\":0.0,\"samples\":123}]},\"power\":{},\"heat\":{},\"utilization\":{},"
        "\"devices\":[],\"notes\":[]}");
    free(json);
    wattle_record_finish(&record);
}

static void sums_add_in_whole_microjoules(void **state)
{
    /* Powers of ten up to 100 GJ, with a remainder that no short decimal holds. */
    double size;

    (void)state;
    for (size = 1; size < 1e10; size *= 10) {
        struct wattle_record record, again;
        int64_t sum;
        char *json;

        wattle_record_init(&record);
        strcpy(record.id, "abcd");
        record.energy.task_j = sample_bound(size * 0.3 + 1e-6, 0, 0);
        record.energy.idle_j = sample_bound(size * 0.7 + 2e-6, 0, 0);
        sum = llround(record.energy.task_j.value * 1e6) + llround(record.energy.idle_j.value * 1e6);
        record.energy.machine_j = sample_bound((double)sum / 1e6, 0, 0);
        json = wattle_record_to_json(&record, false);
        wattle_record_init(&again);
        assert_int_equal(wattle_record_from_json(&again, json, strlen(json), NULL), 0);
        assert_true(llround(again.energy.task_j.value * 1e6) +
                        llround(again.energy.idle_j.value * 1e6) ==
                    llround(again.energy.machine_j.value * 1e6));
        free(json);
        wattle_record_finish(&again);
        wattle_record_finish(&record);
    }
}

static void bytes_that_are_no_text_do_not_lose_the_run(void **state)
{
    const char *argv[] = {"a\xff\x01z", NULL};
    struct wattle_record record;
    char *json;

    (void)state;
    wattle_record_init(&record);
    strcpy(record.id, "abcd");
    record_set_command(&record, argv);
    json = wattle_record_to_json(&record, false);
    assert_non_null(strstr(json, "\"command\":[\"a\xef\xbf\xbd\\u0001z\"]"));
    free(json);
    wattle_record_finish(&record);
}

static void refuses(const char *json, int code)
{
    struct wattle_record record;
    struct wattle_error err = {0, ""};

    wattle_record_init(&record);
    assert_int_equal(wattle_record_from_json(&record, json, strlen(json), &err), code);
    assert_int_equal(err.code, code);
    assert_true(err.text[0] != '\0');
    assert_string_equal(record.id, "");
    wattle_record_finish(&record);
}

static void what_is_no_record_is_refused(void **state)
{
    (void)state;
    refuses("", WATTLE_E_INVALID);
    refuses("[]", WATTLE_E_INVALID);
    refuses("{\"schema\":1}", WATTLE_E_INVALID);
    refuses("{\"schema\":1,\"run\":{\"id\":\"../x\"}}", WATTLE_E_INVALID);
    refuses("{\"schema\":1,\"run\":{\"id\":\"\"}}", WATTLE_E_INVALID);
    refuses("{\"schema\":2,\"run\":{\"id\":\"abcd\"}}", WATTLE_E_UNSUPPORTED);
}

static void unknown_keys_and_wrong_types_are_forgiven(void **state)
{
    static const char json[] =
        "{\"schema\":1,\"new\":{},\"run\":{\"id\":\"abcd\",\"command\":[1,\"x\"],"
        "\"duration_s\":\"long\",\"state\":\"dreaming\",\"exit_status\":-4},"
        "\"energy\":{\"machine_j\":5,\"machine_low_j\":9,\"components\":[3,{\"kind\":\"tpu\"}]},"
        "\"series\":{\"t_s\":[1,2],\"energy_j\":[1]},\"notes\":[{},\"n\"],\"devices\":{}}";
    struct wattle_record record;

    (void)state;
    wattle_record_init(&record);
    assert_int_equal(wattle_record_from_json(&record, json, strlen(json), NULL), 0);
    assert_true(isnan(record.duration_s));
    assert_int_equal(record.exit_status, -1);
    assert_true(record.energy.machine_j.low <= 5 && record.energy.machine_j.high >= 5);
    assert_int_equal(record.energy.component_count, 2);
    assert_int_equal(record.energy.components[1].kind, WATTLE_OTHER);
    assert_int_equal(record.energy.note_count, 1);
    assert_int_equal(record.series_count, 0);
    wattle_record_finish(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_form_is_the_contract),
        cmocka_unit_test(what_is_read_writes_the_same),
        cmocka_unit_test(the_unknown_is_absent_never_null),
        cmocka_unit_test(sums_add_in_whole_microjoules),
        cmocka_unit_test(bytes_that_are_no_text_do_not_lose_the_run),
        cmocka_unit_test(what_is_no_record_is_refused),
        cmocka_unit_test(unknown_keys_and_wrong_types_are_forgiven),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
