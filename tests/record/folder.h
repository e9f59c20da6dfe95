/* SPDX-License-Identifier: MIT */
/* A folder of its own for each test, gone afterwards. */
#ifndef TESTS_RECORD_FOLDER_H
#define TESTS_RECORD_FOLDER_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct folder {
    char path[256];
    char store[300];
};

static inline int folder_make(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);

    snprintf(folder->path, sizeof folder->path, "%s/wattle-store-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    if (mkdtemp(folder->path) == NULL) {
        return -1;
    }
    snprintf(folder->store, sizeof folder->store, "%s/a/b/wattle.db", folder->path);
    *state = folder;
    return 0;
}

static inline int folder_remove(void **state)
{
    struct folder *folder = *state;
    char command[300];
    int failed;

    snprintf(command, sizeof command, "rm -rf '%s'", folder->path);
    failed = system(command);
    free(folder);
    return failed;
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

/* How many names begin like this. */
static inline int folder_count(const char *directory, const char *beginning)
{
    DIR *dir = opendir(directory);
    const struct dirent *entry;
    int count = 0;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        count += strncmp(entry->d_name, beginning, strlen(beginning)) == 0;
    }
    closedir(dir);
    return count;
}

#endif
