/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static char folder[] = "/tmp/wattle-file-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void put(const char *name, const char *text)
{
    assert_int_equal(file_write_atomic(in_folder(name), text, strlen(text), 0600, false, NULL), 0);
}

static void a_file_is_read_whole_or_cut_at_the_buffer(void **state)
{
    char text[8];

    (void)state;
    put("x", "package-0\n");
    assert_int_equal(file_read_at(folder, "x", text, sizeof text), 7);
    assert_string_equal(text, "package");
    put("x", "dram \n\n");
    assert_int_equal(file_read_line(folder, "x", text, sizeof text), 4);
    assert_string_equal(text, "dram");
    unlink(in_folder("x"));
    assert_int_equal(file_read_at(folder, "x", text, sizeof text), -ENOENT);
    assert_string_equal(text, "");
}

static void fifos_and_folders_are_refused_without_blocking(void **state)
{
    char text[8];

    (void)state;
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    assert_int_equal(file_read_at(folder, "fifo", text, sizeof text), -EINVAL);
    unlink(in_folder("fifo"));
    assert_int_equal(file_read(folder, text, sizeof text), -EINVAL);
    assert_int_equal(file_read("/dev/null", text, sizeof text), -EINVAL);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
    char name[5000], text[8];

    (void)state;
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(file_read_at(folder, name, text, sizeof text), -ENAMETOOLONG);
    assert_int_not_equal(file_write_atomic(name, "", 0, 0600, false, NULL), 0);
}

static void numbers_are_numbers_and_nothing_else(void **state)
{
    static const char *const wrong[] = {"", " ", "-1", "+1", "1 2", "0x10", "1.5", "12a",
                                        "18446744073709551616"};
    uint64_t u;
    int64_t i;
    size_t k;

    (void)state;
    assert_true(parse_u64(" 18446744073709551615\n", 22, &u));
    assert_true(u == UINT64_MAX);
    assert_true(parse_u64("1234", 2, &u));
    assert_int_equal(u, 12);
    for (k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        assert_false(parse_u64(wrong[k], strlen(wrong[k]), &u));
    }
    assert_true(parse_i64("-41\n", 4, &i));
    assert_int_equal(i, -41);
    assert_false(parse_i64("--1", 3, &i));
    assert_false(parse_i64("- 1", 3, &i));
    assert_false(parse_i64("9223372036854775808", 19, &i));
}

static void decimals_do_not_depend_on_the_locale(void **state)
{
    double value;

    (void)state;
    setlocale(LC_ALL, "de_DE.UTF-8"); /* where it is installed, 1,5 is a number */
    assert_true(parse_double("1.5", &value) && value > 1.49 && value < 1.51);
    assert_true(parse_double("2.3283064365386962890625e-10", &value));
    assert_false(parse_double("1,5", &value));
    assert_false(parse_double("nan", &value));
    assert_false(parse_double("inf", &value));
    assert_false(parse_double("1e999", &value));
    assert_false(parse_double("0x1p3", &value));
    assert_false(parse_double("", &value));
    assert_false(parse_double("1 ", &value));
    setlocale(LC_ALL, "C");
}

static void cpu_lists_count_every_cpu(void **state)
{
    int cpus[4];

    (void)state;
    assert_int_equal(parse_cpulist("0-2,8\n", cpus, 4), 4);
    assert_int_equal(cpus[3], 8);
    assert_int_equal(parse_cpulist("0-255", cpus, 4), 256);
    assert_int_equal(parse_cpulist("", cpus, 4), 0);
    assert_int_equal(parse_cpulist("3-1", cpus, 4), -1);
    assert_int_equal(parse_cpulist("0-", cpus, 4), -1);
    assert_int_equal(parse_cpulist("0,,1", cpus, 4), -1);
    assert_int_equal(parse_cpulist("0-9999999999", cpus, 4), -1);
}

static void an_atomic_write_leaves_the_mode_and_no_rubbish(void **state)
{
    struct wattle_error err;
    struct stat st;

    (void)state;
    put("x", "old");
    assert_int_equal(file_write_atomic(in_folder("x"), "new", 3, 0600, true, &err), 0);
    assert_int_equal(stat(in_folder("x"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 3);
    unlink(in_folder("x"));
    assert_int_equal(file_write_atomic(in_folder("no/such/folder"), "", 0, 0600, false, &err),
                     WATTLE_E_NOENT);
    assert_non_null(strstr(err.text, "No such file"));
    /* rmdir in remove_folder fails if a temporary was left behind. */
}

static void folders_are_made_private_and_only_where_missing(void **state)
{
    struct wattle_error err;
    struct stat st;

    (void)state;
    assert_int_equal(file_make_dirs(in_folder("a/b"), &err), 0);
    assert_int_equal(file_make_dirs(in_folder("a/b"), &err), 0);
    assert_int_equal(stat(in_folder("a"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    rmdir(in_folder("a/b"));
    rmdir(in_folder("a"));
    put("x", "");
    assert_int_equal(file_make_dirs(in_folder("x/y"), &err), WATTLE_E_IO);
    unlink(in_folder("x"));
    assert_int_equal(file_make_dirs("", &err), WATTLE_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_whole_or_cut_at_the_buffer),
        cmocka_unit_test(fifos_and_folders_are_refused_without_blocking),
        cmocka_unit_test(a_path_that_is_too_long_is_refused),
        cmocka_unit_test(numbers_are_numbers_and_nothing_else),
        cmocka_unit_test(decimals_do_not_depend_on_the_locale),
        cmocka_unit_test(cpu_lists_count_every_cpu),
        cmocka_unit_test(an_atomic_write_leaves_the_mode_and_no_rubbish),
        cmocka_unit_test(folders_are_made_private_and_only_where_missing),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
