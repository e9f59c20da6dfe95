/* SPDX-License-Identifier: MIT */
/* Spooled runs whose process has ended into the database. See spool.c for the locks. */
#define _GNU_SOURCE
#include "record/store_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

enum {
    SPOOL_SIZE_MAX = 64 * 1024 * 1024,
    STALE_S = 60 /* a living run writes each second */
};

static bool is_stale(const struct stat *st)
{
    return time(NULL) - st->st_mtime > STALE_S;
}

/*
 * Is the process that wrote this file gone? Takes its lock. Between our open and our flock the
 * owner may have put a new file in its place; then the lock is on a file without a name.
 */
static bool take(int directory_fd, const char *name, int fd, struct stat *ret)
{
    struct stat named;

    if (fstat(fd, ret) != 0 || !S_ISREG(ret->st_mode)) {
        return false;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        /* EWOULDBLOCK: alive. Anything else: locks do not work here. */
        if (errno == EWOULDBLOCK || errno == EINTR || !is_stale(ret)) {
            return false;
        }
    }
    return fstatat(directory_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           named.st_ino == ret->st_ino && named.st_dev == ret->st_dev;
}

static char *read_whole(int fd, size_t size)
{
    char *data = malloc(size + 1);
    size_t used = 0;

    while (data != NULL && used < size) {
        ssize_t n = pread(fd, data + used, size - used, (off_t)used);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            free(data);
            return NULL;
        }
        used += (size_t)n;
    }
    return data;
}

/* What is no record is set apart, for somebody to look at, and not tried again. */
static void set_apart(int directory_fd, const char *name)
{
    char apart[300];

    snprintf(apart, sizeof apart, "%s.unreadable", name);
    renameat(directory_fd, name, directory_fd, apart);
}

/* 1: taken in, 0: left, negative: the store fails, no use to go on. */
static int collect_file(struct store *store, int directory_fd, const char *name, int fd,
                        struct wattle_record *record, struct wattle_error *err)
{
    struct stat st;
    bool running;
    char *json;
    int code;

    if (!take(directory_fd, name, fd, &st) || st.st_size > SPOOL_SIZE_MAX) {
        return 0;
    }
    json = read_whole(fd, (size_t)st.st_size);
    if (json == NULL) {
        return 0;
    }
    code = wattle_record_from_json(record, json, (size_t)st.st_size, NULL);
    free(json);
    if (code == WATTLE_E_INVALID || code == WATTLE_E_LIMIT) {
        set_apart(directory_fd, name);
    }
    if (code != 0) {
        return 0;
    }
    running = record->state == WATTLE_RUN_RUNNING;
    if (running) {
        record->state = WATTLE_RUN_INTERRUPTED;
    }
    /* A run that is in the database was finished there: what is known up to some earlier second
     * must not replace it. */
    code = store_put_mode(store, record, running, err);
    if (code < 0) {
        return code;
    }
    unlinkat(directory_fd, name, 0);
    return 1;
}

static bool ends_with(const char *name, const char *suffix)
{
    size_t length = strlen(name);
    size_t n = strlen(suffix);

    return length > n && strcmp(name + length - n, suffix) == 0;
}

static int collect_entry(struct store *store, int directory_fd, const char *name,
                         struct wattle_record *record, struct wattle_error *err)
{
    bool temporary = ends_with(name, ".new");
    struct stat st;
    int code = 0;
    int fd;

    if (!temporary && !ends_with(name, ".json")) {
        return 0;
    }
    /* NFS gives exclusive locks on writable descriptors only. O_NONBLOCK: no fifo may hang us. */
    fd = openat(directory_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return 0;
    }
    if (!temporary) {
        code = collect_file(store, directory_fd, name, fd, record, err);
    } else if (take(directory_fd, name, fd, &st) && is_stale(&st)) {
        unlinkat(directory_fd, name, 0);
    }
    close(fd);
    return code;
}

int store_collect(struct store *store, struct wattle_error *err)
{
    struct wattle_record *record = NULL;
    const struct dirent *entry;
    char path[4200];
    DIR *directory;
    int count = 0;
    int code = spool_directory(path, sizeof path, store->path, err);

    if (code != 0) {
        return code;
    }
    directory = opendir(path);
    if (directory == NULL) {
        return errno == ENOENT ? 0 : error_errno(err, errno, "%s", path);
    }
    record = malloc(sizeof *record);
    if (record == NULL) {
        closedir(directory);
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    wattle_record_init(record);
    while (code >= 0 && (entry = readdir(directory)) != NULL) {
        code = collect_entry(store, dirfd(directory), entry->d_name, record, err);
        count += code > 0 ? 1 : 0;
    }
    wattle_record_finish(record);
    free(record);
    closedir(directory);
    return code < 0 ? code : count;
}
