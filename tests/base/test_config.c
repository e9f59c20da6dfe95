/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/config.h"

static int parse(const char *text, struct config_entries *ret, struct wattle_error *err)
{
    return config_parse(text, strlen(text), ret, err);
}

static void nested_keys_are_joined_by_dots_and_lists_by_commas(void **state)
{
    struct config_entries entries;

    (void)state;
    assert_int_equal(parse("zone: FR\nbudgets:\n  energy: 50J\ntags: [a, b, c]\nhz: 5\n", &entries,
                           NULL),
                     0);
    assert_int_equal(entries.count, 4);
    assert_string_equal(entries.items[1].key, "budgets.energy");
    assert_string_equal(entries.items[1].value, "50J");
    assert_int_equal(entries.items[1].line, 3);
    assert_string_equal(entries.items[2].key, "tags");
    assert_string_equal(entries.items[2].value, "a,b,c");
    assert_string_equal(entries.items[3].value, "5");
    config_entries_finish(&entries);
}

static void an_empty_file_sets_nothing(void **state)
{
    struct config_entries entries;

    (void)state;
    assert_int_equal(parse("", &entries, NULL), 0);
    assert_int_equal(entries.count, 0);
    assert_int_equal(parse("# only words\n", &entries, NULL), 0);
    assert_int_equal(entries.count, 0);
}

static void what_is_not_a_flat_table_is_refused_with_its_line(void **state)
{
    static const char *const bad[] = {
        "- a\n",           "a: &x 1\nb: *x\n",       "a: 1\n---\nb: 2\n", "a: [[1]]\n",
        "a: [b: 1]\n",     "a: \"x\\0y\"\n",         "a: {b\n",           "words\n",
        "a: ['x,y']\n",    "? [1]\n: 2\n",           "a: {b: {c: {d: {e: {f: {g: {h: 1}}}}}}}",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct config_entries entries;
        struct wattle_error err = {0};
        int rc = parse(bad[i], &entries, &err);

        if (i == 10) {
            assert_int_equal(rc, 0); /* eight levels are allowed */
            config_entries_finish(&entries);
            continue;
        }
        assert_int_equal(rc, WATTLE_E_INVALID);
        assert_non_null(strstr(err.text, "line "));
        assert_int_equal(entries.count, 0);
    }
}

static void the_stronger_origin_wins_in_any_order(void **state)
{
    struct config config;

    (void)state;
    config_init(&config);
    assert_int_equal(config_set(&config, CONFIG_ZONE, "FR", CONFIG_FLAG, "--zone", NULL), 0);
    assert_int_equal(config_set(&config, CONFIG_ZONE, "DE", CONFIG_SYSTEM, "file:1", NULL), 0);
    assert_string_equal(config_text(&config, CONFIG_ZONE), "FR");
    assert_string_equal(config.values[CONFIG_ZONE].where, "--zone");
    assert_int_equal(config_set(&config, CONFIG_ZONE, "PL", CONFIG_FLAG, "--zone", NULL), 0);
    assert_string_equal(config_text(&config, CONFIG_ZONE), "PL");
    config_finish(&config);
}

static void an_empty_value_takes_back_what_a_weaker_origin_said(void **state)
{
    struct config config;

    (void)state;
    config_init(&config);
    config_set(&config, CONFIG_HZ, "50", CONFIG_SYSTEM, "file:1", NULL);
    config_set(&config, CONFIG_ZONE, "FR", CONFIG_SYSTEM, "file:2", NULL);
    config_set(&config, CONFIG_HZ, "", CONFIG_USER, "file:1", NULL);
    config_set(&config, CONFIG_ZONE, "", CONFIG_USER, "file:1", NULL);
    assert_true(config_number(&config, CONFIG_HZ) == 10);
    assert_null(config_text(&config, CONFIG_ZONE));
    config_finish(&config);
}

static void values_that_mean_nothing_are_refused_and_change_nothing(void **state)
{
    static const struct {
        enum config_key key;
        const char *text;
    } bad[] = {
        {CONFIG_HZ, "banana"},         {CONFIG_HZ, "0.01"},       {CONFIG_HZ, "1001"},
        {CONFIG_HZ, "nan"},            {CONFIG_IDLE, "-1s"},      {CONFIG_KEEP, "maybe"},
        {CONFIG_LOG_LEVEL, "loud"},    {CONFIG_LOG_FORMAT, "xml"}, {CONFIG_EMISSIONS_OF, "all"},
        {CONFIG_BUDGET_ENERGY, "5"},   {CONFIG_BUDGET_CARBON, "5 apples"},
    };
    struct config config;
    size_t i;

    (void)state;
    config_init(&config);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct wattle_error err = {0};

        assert_int_equal(config_set(&config, bad[i].key, bad[i].text, CONFIG_FLAG, "-", &err),
                         WATTLE_E_INVALID);
        assert_non_null(strstr(err.text, config_name(bad[i].key)));
        assert_null(config.values[bad[i].key].text);
    }
    assert_true(config_flag(&config, CONFIG_KEEP));
    assert_false(config_flag(&config, CONFIG_QUIET));
    config_finish(&config);
}

/* ---- files -------------------------------------------------------------------------------- */

struct folder {
    char path[64];
    char file[3][80];
    char warnings[2048];
};

static void note_warning(void *user, const char *text)
{
    struct folder *folder = user;
    size_t used = strlen(folder->warnings);

    snprintf(folder->warnings + used, sizeof folder->warnings - used, "%s\n", text);
}

static int make_folder(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);
    int i;

    snprintf(folder->path, sizeof folder->path, "/tmp/wattle-config-XXXXXX");
    if (mkdtemp(folder->path) == NULL) {
        return -1;
    }
    for (i = 0; i < 3; i++) {
        snprintf(folder->file[i], sizeof folder->file[i], "%s/%d.yaml", folder->path, i);
    }
    for (i = 0; i < CONFIG_KEY_COUNT; i++) {
        unsetenv(config_variable((enum config_key)i));
    }
    *state = folder;
    return 0;
}

static int drop_folder(void **state)
{
    struct folder *folder = *state;
    int i;

    for (i = 0; i < 3; i++) {
        unlink(folder->file[i]);
    }
    rmdir(folder->path);
    free(folder);
    return 0;
}

static void put(struct folder *folder, int i, const char *text)
{
    FILE *file = fopen(folder->file[i], "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int load(struct folder *folder, struct config *config, struct wattle_error *err)
{
    struct config_files files = {folder->file[0], folder->file[1], folder->file[2]};
    int i;

    for (i = 0; i < 3; i++) {
        if (access(folder->file[i], F_OK) != 0) {
            put(folder, i, "");
        }
    }
    folder->warnings[0] = '\0';
    config_init(config);
    return config_load(config, &files, note_warning, folder, err);
}

static void later_files_win_and_the_environment_beats_them(void **state)
{
    struct folder *folder = *state;
    struct config config;

    put(folder, 0, "zone: DE\nhz: 5\nproject: one\n");
    put(folder, 1, "zone: PL\nhz: 20\n");
    put(folder, 2, "zone: FR\n");
    setenv("WATTLE_HZ", "40", 1);
    assert_int_equal(load(folder, &config, NULL), 0);
    unsetenv("WATTLE_HZ");
    assert_string_equal(config_text(&config, CONFIG_ZONE), "FR");
    assert_int_equal(config.values[CONFIG_ZONE].origin, CONFIG_PROJECT_FILE);
    assert_true(config_number(&config, CONFIG_HZ) == 40);
    assert_string_equal(config.values[CONFIG_HZ].where, "WATTLE_HZ");
    assert_string_equal(config_text(&config, CONFIG_PROJECT), "one");
    assert_string_equal(folder->warnings, "");
    config_finish(&config);
}

static void a_project_file_may_not_say_where_things_are_kept_or_read(void **state)
{
    struct folder *folder = *state;
    struct config config;

    put(folder, 2, "store: /tmp/evil.db\nsensors: replay\nkeep: false\nzone: FR\ntags: [a]\n"
                   "project: p\nbudgets: {energy: 1kWh, carbon: 5g}\n");
    assert_int_equal(load(folder, &config, NULL), 0);
    assert_null(config_text(&config, CONFIG_STORE));
    assert_null(config_text(&config, CONFIG_SENSORS));
    assert_true(config_flag(&config, CONFIG_KEEP));
    assert_string_equal(config_text(&config, CONFIG_ZONE), "FR");
    assert_string_equal(config_text(&config, CONFIG_BUDGET_ENERGY), "1kWh");
    assert_non_null(strstr(folder->warnings, ":1: \"store\" is refused"));
    assert_non_null(strstr(folder->warnings, ":2: \"sensors\" is refused"));
    assert_non_null(strstr(folder->warnings, ":3: \"keep\" is refused"));
    config_finish(&config);
}

static void an_unknown_key_is_named_with_the_nearest_known_one(void **state)
{
    struct folder *folder = *state;
    struct config config;

    put(folder, 1, "zoen: FR\nqqqqqqqqqqqq: 1\n");
    assert_int_equal(load(folder, &config, NULL), 0);
    assert_non_null(strstr(folder->warnings, "unknown key \"zoen\" is ignored; did you mean "
                                             "\"zone\"?"));
    assert_non_null(strstr(folder->warnings, "unknown key \"qqqqqqqqqqqq\" is ignored\n"));
    config_finish(&config);
}

static void a_broken_file_is_an_error_but_a_broken_project_file_only_a_warning(void **state)
{
    struct folder *folder = *state;
    struct wattle_error err = {0};
    struct config config;

    put(folder, 2, "zone: {\n");
    assert_int_equal(load(folder, &config, &err), 0);
    assert_non_null(strstr(folder->warnings, "the file is ignored"));
    config_finish(&config);
    put(folder, 2, "zone: FR\n");
    put(folder, 1, "hz: 5\nhz: banana\n");
    assert_int_equal(load(folder, &config, &err), WATTLE_E_INVALID);
    assert_non_null(strstr(err.text, "1.yaml:2: hz must be"));
    config_finish(&config);
    put(folder, 1, "zone: {\n");
    assert_int_equal(load(folder, &config, &err), WATTLE_E_INVALID);
    assert_non_null(strstr(err.text, "1.yaml: line "));
    config_finish(&config);
}

static void something_that_is_no_file_is_an_error_and_does_not_hang(void **state)
{
    struct folder *folder = *state;
    struct wattle_error err = {0};
    struct config config;

    unlink(folder->file[1]);
    assert_int_equal(mkfifo(folder->file[1], 0600), 0);
    assert_int_equal(load(folder, &config, &err), WATTLE_E_INVALID);
    assert_non_null(strstr(err.text, "not a regular file"));
    config_finish(&config);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, drop_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nested_keys_are_joined_by_dots_and_lists_by_commas),
        cmocka_unit_test(an_empty_file_sets_nothing),
        cmocka_unit_test(what_is_not_a_flat_table_is_refused_with_its_line),
        cmocka_unit_test(the_stronger_origin_wins_in_any_order),
        cmocka_unit_test(an_empty_value_takes_back_what_a_weaker_origin_said),
        cmocka_unit_test(values_that_mean_nothing_are_refused_and_change_nothing),
        IN_A_FOLDER(later_files_win_and_the_environment_beats_them),
        IN_A_FOLDER(a_project_file_may_not_say_where_things_are_kept_or_read),
        IN_A_FOLDER(an_unknown_key_is_named_with_the_nearest_known_one),
        IN_A_FOLDER(a_broken_file_is_an_error_but_a_broken_project_file_only_a_warning),
        IN_A_FOLDER(something_that_is_no_file_is_an_error_and_does_not_hang),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
