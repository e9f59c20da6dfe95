/* SPDX-License-Identifier: MIT */
/*
 * The run that is going on, as a file: <store>.spool/<id>.json.
 *
 * Each write makes a new file, locks it with flock and renames it over the
 * old one, so that whoever opens the name finds a whole record, and finds it
 * locked as long as the writer lives. The lock goes with the process, however
 * it ends. Nothing is synced: a crash of Wattle loses nothing, a crash of the
 * machine may lose the run that was going on.
 */
#define _GNU_SOURCE
#include "record/store_internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

struct spool {
    int directory_fd;
    int fd; /* the present file, locked; -1 before the first write */
    char path[4096];
    char name[WATTLE_RUN_ID_MAX + 8];      /* <id>.json */
    char temporary[WATTLE_RUN_ID_MAX + 8]; /* <id>.new */
};

/* Under sudo with the user's HOME: what root makes in a user's folder stays the user's. */
static void give_to_owner(int fd, int directory_fd)
{
    struct stat st;

    if (geteuid() == 0 && fstat(directory_fd, &st) == 0 && st.st_uid != 0 &&
        fchown(fd, st.st_uid, st.st_gid) != 0) {
        return; /* root's then, which is not worth a failure */
    }
}

static int open_directory(const char *path, struct wattle_error *err)
{
    char parent[4096];
    char *slash;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int code;

    if (fd >= 0 || errno != ENOENT) {
        return fd >= 0 ? fd : error_errno(err, errno, "%s", path);
    }
    code = file_make_dirs(path, err);
    if (code != 0) {
        return code;
    }
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return error_errno(err, errno, "%s", path);
    }
    snprintf(parent, sizeof parent, "%s", path);
    slash = strrchr(parent, '/');
    if (slash != NULL && slash != parent) {
        int parent_fd;

        *slash = '\0';
        parent_fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (parent_fd >= 0) {
            give_to_owner(fd, parent_fd);
            close(parent_fd);
        }
    }
    return fd;
}

/* The id becomes a file name. */
static bool valid_id(const char *id)
{
    size_t i;

    for (i = 0; id[i] != '\0'; i++) {
        if (!isalnum((unsigned char)id[i]) && id[i] != '-' && id[i] != '_') {
            return false;
        }
    }
    return i > 0 && i < WATTLE_RUN_ID_MAX;
}

int spool_open(struct spool **ret, const char *store_path, const char *id,
               struct wattle_error *err)
{
    struct spool *spool;
    int code;

    *ret = NULL;
    if (!valid_id(id)) {
        return error_set(err, WATTLE_E_INVALID, "not an identifier of a run");
    }
    spool = calloc(1, sizeof *spool);
    if (spool == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    spool->fd = -1;
    snprintf(spool->name, sizeof spool->name, "%s.json", id);
    snprintf(spool->temporary, sizeof spool->temporary, "%s.new", id);
    code = spool_directory(spool->path, sizeof spool->path, store_path, err);
    if (code == 0) {
        code = open_directory(spool->path, err);
    }
    if (code < 0) {
        free(spool);
        return code;
    }
    spool->directory_fd = code;
    *ret = spool;
    return 0;
}

static int write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -errno;
        }
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

static int open_temporary(const struct spool *spool)
{
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(spool->directory_fd, spool->temporary, flags, 0600);

    if (fd < 0 && errno == EEXIST) {
        /* Left by a write that failed half-way: ids are unique, so it is ours. */
        unlinkat(spool->directory_fd, spool->temporary, 0);
        fd = openat(spool->directory_fd, spool->temporary, flags, 0600);
    }
    return fd < 0 ? -errno : fd;
}

static int replace(struct spool *spool, const char *json)
{
    int fd = open_temporary(spool);
    int failed;

    if (fd < 0) {
        return fd;
    }
    give_to_owner(fd, spool->directory_fd);
    /* Where there are no locks, the file's age tells the living from the dead. */
    flock(fd, LOCK_EX | LOCK_NB);
    failed = write_all(fd, json, strlen(json));
    if (failed == 0 && renameat(spool->directory_fd, spool->temporary, spool->directory_fd,
                                spool->name) != 0) {
        failed = -errno;
    }
    if (failed != 0) {
        unlinkat(spool->directory_fd, spool->temporary, 0);
        close(fd);
        return failed;
    }
    if (spool->fd >= 0) {
        close(spool->fd);
    }
    spool->fd = fd;
    return 0;
}

/*
 * The record of a run that goes on is written each second, and a long series is most of it (0.65 ms
 * of CPU time for 600 points): a killed run has to do with SERIES_MAX of them. Energy is
 * cumulative, so that none is lost. The finished run is written whole.
 */
static char *running_to_json(const struct wattle_record *record)
{
    enum { SERIES_MAX = 60 };
    struct wattle_series_point points[SERIES_MAX];
    struct wattle_record *thin = malloc(sizeof *thin);
    char *json;
    size_t i;

    if (thin == NULL) {
        return NULL;
    }
    *thin = *record; /* borrows what record owns */
    if (record->series_count > SERIES_MAX) {
        for (i = 0; i < SERIES_MAX; i++) {
            points[i] = record->series[i * (record->series_count - 1) / (SERIES_MAX - 1)];
        }
        thin->series = points;
        thin->series_count = SERIES_MAX;
    }
    json = wattle_record_to_json(thin, false);
    free(thin);
    return json;
}

int spool_write(struct spool *spool, const struct wattle_record *record, struct wattle_error *err)
{
    char *json = record->state == WATTLE_RUN_RUNNING ? running_to_json(record)
                                                     : wattle_record_to_json(record, false);
    int failed;

    if (json == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    failed = replace(spool, json);
    free(json);
    return failed != 0 ? error_errno(err, -failed, "%s/%s", spool->path, spool->name) : 0;
}

void spool_close(struct spool *spool, bool remove)
{
    if (spool == NULL) {
        return;
    }
    if (remove && spool->fd >= 0) {
        unlinkat(spool->directory_fd, spool->name, 0);
    }
    if (spool->fd >= 0) {
        close(spool->fd);
    }
    close(spool->directory_fd);
    free(spool);
}
