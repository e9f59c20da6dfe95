/* SPDX-License-Identifier: MIT */
/*
 * Without libFuzzer a fuzz target is a plain test: every file of its corpus
 * goes in whole and cut off at many places. Each input is an allocation of
 * exactly its size, so that AddressSanitizer sees one byte too far.
 *
 *     fuzz_TARGET FILE-OR-FOLDER...
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CUTS_MAX = 256 };

static long inputs;

static int feed(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);

    if (exact == NULL) {
        return -1;
    }
    memcpy(exact, data, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 0;
}

static int replay_file(const char *path)
{
    struct stat st;
    uint8_t *data = NULL;
    size_t size, length, step;
    int failed = -1;
    FILE *file = fopen(path, "rb");

    if (file == NULL || fstat(fileno(file), &st) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        goto out;
    }
    size = (size_t)st.st_size;
    data = malloc(size + 1);
    if (data == NULL || fread(data, 1, size, file) != size) {
        fprintf(stderr, "%s: cannot be read\n", path);
        goto out;
    }
    step = size / CUTS_MAX + 1;
    for (length = 0; length < size; length += step) {
        if (feed(data, length) != 0) {
            goto out;
        }
    }
    failed = feed(data, size);
    inputs++;
out:
    if (file != NULL) {
        fclose(file);
    }
    free(data);
    return failed;
}

static int replay(const char *path)
{
    struct dirent *entry;
    DIR *dir = opendir(path);
    int failed = 0;

    if (dir == NULL) {
        return replay_file(path);
    }
    while (failed == 0 && (entry = readdir(dir)) != NULL) {
        char inner[4096];
        int n = snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);

        if (entry->d_name[0] != '.' && n > 0 && (size_t)n < sizeof inner) {
            failed = replay_file(inner);
        }
    }
    closedir(dir);
    return failed;
}

int main(int argc, char **argv)
{
    int i;

    for (i = 1; i < argc; i++) {
        if (replay(argv[i]) != 0) {
            return 1;
        }
    }
    printf("%ld inputs\n", inputs);
    return inputs > 0 ? 0 : 1;
}
