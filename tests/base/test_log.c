/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/log.h"

/* Writes one line through a pipe and returns it. */
static void catch_line(struct log *log, enum log_level level, const char *words, char *ret,
                       size_t size)
{
    int ends[2];
    ssize_t n;

    assert_int_equal(pipe(ends), 0);
    log->fd = ends[1];
    log_write(log, level, "%s", words);
    close(ends[1]);
    n = read(ends[0], ret, size - 1);
    close(ends[0]);
    ret[n > 0 ? n : 0] = '\0';
}

static void lines_are_for_people_by_default(void **state)
{
    struct log log;
    char line[256];

    (void)state;
    unsetenv("JOURNAL_STREAM");
    log_init(&log, 2);
    assert_int_equal(log.format, LOG_FORMAT_TEXT);
    catch_line(&log, LOG_LEVEL_WARNING, "no sensor", line, sizeof line);
    assert_string_equal(line, "wattle: warning: no sensor\n");
    catch_line(&log, LOG_LEVEL_ERROR, "no store", line, sizeof line);
    assert_string_equal(line, "wattle: no store\n");
}

static void quieter_levels_write_nothing(void **state)
{
    struct log log;
    char line[256];

    (void)state;
    log_init(&log, 2);
    catch_line(&log, LOG_LEVEL_INFO, "x", line, sizeof line);
    assert_string_equal(line, "");
    log.level = LOG_LEVEL_DEBUG;
    catch_line(&log, LOG_LEVEL_DEBUG, "x", line, sizeof line);
    assert_string_equal(line, "wattle: debug: x\n");
}

static void json_lines_survive_any_bytes(void **state)
{
    static const char nasty[] = "a\"b\\c\nd\x01 caf\xc3\xa9";
    struct log log;
    char line[512];
    json_t *object;

    (void)state;
    log_init(&log, 2);
    log.format = LOG_FORMAT_JSON;
    catch_line(&log, LOG_LEVEL_ERROR, nasty, line, sizeof line);
    object = json_loads(line, 0, NULL);
    assert_non_null(object);
    assert_string_equal(json_string_value(json_object_get(object, "message")), nasty);
    assert_string_equal(json_string_value(json_object_get(object, "level")), "error");
    assert_int_equal(strlen(json_string_value(json_object_get(object, "time"))), 24);
    json_decref(object);
}

static void a_long_line_is_cut_but_stays_json(void **state)
{
    struct log log;
    char words[3000], line[4096];
    json_t *object;

    (void)state;
    memset(words, '"', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    log_init(&log, 2);
    log.format = LOG_FORMAT_JSON;
    catch_line(&log, LOG_LEVEL_ERROR, words, line, sizeof line);
    object = json_loads(line, 0, NULL);
    assert_non_null(object);
    json_decref(object);
}

static void journald_is_told_the_priority(void **state)
{
    struct stat st;
    char name[64], line[256];
    struct log log;
    int fd = open("/dev/null", O_WRONLY);

    (void)state;
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    snprintf(name, sizeof name, "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    setenv("JOURNAL_STREAM", name, 1);
    log_init(&log, fd);
    unsetenv("JOURNAL_STREAM");
    assert_int_equal(log.format, LOG_FORMAT_JOURNALD);
    catch_line(&log, LOG_LEVEL_WARNING, "x", line, sizeof line);
    assert_string_equal(line, "<4>wattle: x\n");
    close(fd);
}

static void levels_and_formats_have_names(void **state)
{
    enum log_level level;
    enum log_format format;

    (void)state;
    assert_true(log_level_parse("debug", &level));
    assert_int_equal(level, LOG_LEVEL_DEBUG);
    assert_false(log_level_parse("loud", &level));
    assert_true(log_format_parse("json", &format));
    assert_int_equal(format, LOG_FORMAT_JSON);
    assert_false(log_format_parse("xml", &format));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_for_people_by_default),
        cmocka_unit_test(quieter_levels_write_nothing),
        cmocka_unit_test(json_lines_survive_any_bytes),
        cmocka_unit_test(a_long_line_is_cut_but_stays_json),
        cmocka_unit_test(journald_is_told_the_priority),
        cmocka_unit_test(levels_and_formats_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
