/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static char folder[] = "/tmp/wattle-counter-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/energy_uj", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void put(const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void a_kept_descriptor_sees_new_values(void **state)
{
    struct counter_file file;
    uint64_t value = 0;

    (void)state;
    put("41\n");
    assert_int_equal(counter_file_open(&file, path, true), 0);
    assert_int_equal(counter_file_read(&file, &value), 0);
    assert_int_equal(value, 41);
    put("262143328850\n");
    assert_int_equal(counter_file_read(&file, &value), 0);
    assert_int_equal(value, 262143328850);
    counter_file_close(&file);
    counter_file_close(&file);
}

static void a_file_that_is_renamed_over_is_followed(void **state)
{
    struct counter_file file;
    uint64_t value = 0;

    (void)state;
    put("1\n");
    assert_int_equal(counter_file_open(&file, path, false), 0);
    assert_int_equal(file_write_atomic(path, "2\n", 2, 0600, false, NULL), 0);
    assert_int_equal(counter_file_read(&file, &value), 0);
    assert_int_equal(value, 2);
    counter_file_close(&file);
}

static void words_and_absent_files_are_errors(void **state)
{
    struct counter_file file;
    uint64_t value = 7;

    (void)state;
    put("12 34\n");
    assert_int_equal(counter_file_open(&file, path, false), 0);
    assert_int_equal(counter_file_read(&file, &value), -EINVAL);
    put("");
    assert_int_equal(counter_file_read(&file, &value), -EINVAL);
    unlink(path);
    assert_int_equal(counter_file_read(&file, &value), -ENOENT);
    assert_int_equal(value, 7);
    assert_int_equal(counter_file_open(&file, path, false), -ENOENT);
}

static void a_number_without_newline_is_believed_when_it_stays(void **state)
{
    struct counter_file file;
    uint64_t value = 0;

    (void)state;
    put("1234");
    assert_int_equal(counter_file_open(&file, path, false), 0);
    assert_int_equal(counter_file_read(&file, &value), 0);
    assert_int_equal(value, 1234);
    counter_file_close(&file);
}

static atomic_bool stop;

static void *rewrite(void *unused)
{
    (void)unused;
    while (!atomic_load(&stop)) {
        int fd = open(path, O_WRONLY | O_TRUNC);

        if (fd >= 0) {
            /* In two pieces, as a careless script would. */
            (void)!write(fd, "777", 3);
            (void)!write(fd, "777\n", 4);
            close(fd);
        }
    }
    return NULL;
}

static void a_half_written_number_is_never_believed(void **state)
{
    struct counter_file file;
    pthread_t writer;
    int read_well = 0;
    int i;

    (void)state;
    put("777777\n");
    assert_int_equal(counter_file_open(&file, path, false), 0);
    assert_int_equal(pthread_create(&writer, NULL, rewrite, NULL), 0);
    for (i = 0; i < 500; i++) {
        uint64_t value = 0;

        if (counter_file_read(&file, &value) == 0) {
            /* 777 may stand still for two looks when the writer is not running. */
            assert_true(value == 777777 || value == 777);
            read_well += value == 777777;
        }
    }
    atomic_store(&stop, true);
    pthread_join(writer, NULL);
    counter_file_close(&file);
    assert_true(read_well > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kept_descriptor_sees_new_values),
        cmocka_unit_test(a_file_that_is_renamed_over_is_followed),
        cmocka_unit_test(words_and_absent_files_are_errors),
        cmocka_unit_test(a_number_without_newline_is_believed_when_it_stays),
        cmocka_unit_test(a_half_written_number_is_never_believed),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
