/* SPDX-License-Identifier: MIT */
/* What is printed, compared with a file of golden/. Needs cmocka included before. */
#ifndef TESTS_REPORT_GOLDEN_H
#define TESTS_REPORT_GOLDEN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void golden_compare(const char *name, const char *printed)
{
    const char *mode = getenv("WATTLE_GOLDEN");
    const char *directory = getenv("GOLDEN_DIR");
    char path[1024];
    char expected[16384];
    size_t length;
    FILE *file;

    snprintf(path, sizeof path, "%s/%s.txt", directory != NULL ? directory : "golden", name);
    if (mode != NULL && strcmp(mode, "write") == 0) {
        file = fopen(path, "w");
        assert_non_null(file);
        fputs(printed, file);
        fclose(file);
        return;
    }
    file = fopen(path, "r");
    assert_non_null(file);
    length = fread(expected, 1, sizeof expected - 1, file);
    fclose(file);
    expected[length] = '\0';
    assert_string_equal(printed, expected);
}

#endif
