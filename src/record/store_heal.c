/* SPDX-License-Identifier: MIT */
/* A damaged database out of the way, for somebody to look at, and a new one in its place. */
#include "record/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

/* A name that is free: a copy that was kept is never overwritten by another. */
static int aside_name(char *ret, size_t size, const char *path)
{
    int64_t now_s = clock_realtime_ns() / NS_PER_S;
    int i;

    for (i = 0; i < 1000; i++) {
        int n = snprintf(ret, size, i == 0 ? "%s.corrupt-%lld" : "%s.corrupt-%lld-%d", path,
                         (long long)now_s, i);

        if (n < 0 || (size_t)n >= size) {
            return -ENAMETOOLONG;
        }
        if (access(ret, F_OK) != 0 && errno == ENOENT) {
            return 0;
        }
    }
    return -EEXIST;
}

static int move_files(const struct store *store, char *aside, size_t size)
{
    static const char *const suffixes[] = {"-wal", "-journal"};
    char from[4200], to[4200];
    size_t i;
    int failed = aside_name(aside, size, store->path);

    if (failed != 0) {
        return failed;
    }
    if (rename(store->path, aside) != 0) {
        return -errno;
    }
    for (i = 0; i < 2; i++) {
        snprintf(from, sizeof from, "%s%s", store->path, suffixes[i]);
        snprintf(to, sizeof to, "%s%s", aside, suffixes[i]);
        rename(from, to);
    }
    snprintf(from, sizeof from, "%s-shm", store->path);
    unlink(from); /* an index of the log, made anew when needed */
    return 0;
}

/*
 * Under a lock on the folder, so that of several processes that notice the damage one moves the
 * file, and the others see by its inode that the file at that name is another one already.
 */
static int move_aside(struct store *store, char *aside, size_t size)
{
    char directory[4096];
    struct stat st;
    int failed = 0;
    int fd;

    store_directory(directory, sizeof directory, store->path);
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        flock(fd, LOCK_EX);
    }
    aside[0] = '\0';
    if (stat(store->path, &st) == 0 && st.st_ino == store->inode && st.st_dev == store->device) {
        failed = move_files(store, aside, size);
    }
    if (fd >= 0) {
        close(fd);
    }
    return failed;
}

int store_heal(struct store *store, struct wattle_error *err)
{
    char aside[4200];
    int failed;
    int code;

    store_disconnect(store);
    failed = move_aside(store, aside, sizeof aside);
    if (failed != 0) {
        return error_errno(err, -failed, "%s: damaged, and cannot be moved aside", store->path);
    }
    code = store_connect(store, err);
    if (code == 0 && aside[0] != '\0') {
        code = error_set(err, STORE_MOVED_ASIDE, "%s", aside);
    }
    return code;
}
