/* SPDX-License-Identifier: MIT */
/* The file of --json: known to be writable before a command runs for three days. */
#define _GNU_SOURCE
#include "cli/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

enum place { STDOUT, NEW_FILE, IN_PLACE };

static void folder_of(const char *path, char *ret, size_t size)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL) {
        snprintf(ret, size, ".");
    } else {
        snprintf(ret, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    }
}

/* Effective rights: what open(2) will check. */
static bool may(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
}

static int find_place(const char *path, enum place *ret, struct wattle_error *err)
{
    char folder[RUN_PATH_MAX];
    struct stat st;

    if (strcmp(path, "-") == 0) {
        *ret = STDOUT;
        return 0;
    }
    if (path[0] == '\0' || strlen(path) >= sizeof folder) {
        return error_set(err, WATTLE_E_INVALID, "\"%.60s\" is not the name of a file", path);
    }
    folder_of(path, folder, sizeof folder);
    *ret = NEW_FILE;
    if (lstat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode)) {
            return error_errno(err, EISDIR, "%s cannot be written", path);
        }
        /* Renaming over a link, a device or a pipe would replace it instead of writing to it. */
        if (S_ISREG(st.st_mode) && may(folder, W_OK | X_OK)) {
            return may(path, W_OK) ? 0 : error_errno(err, errno, "%s cannot be written", path);
        }
        *ret = IN_PLACE;
        if (S_ISLNK(st.st_mode) && stat(path, &st) != 0 && errno == ENOENT) {
            return 0;
        }
        return may(path, W_OK) ? 0 : error_errno(err, errno, "%s cannot be written", path);
    }
    if (errno != ENOENT) {
        return error_errno(err, errno, "%s cannot be written", path);
    }
    if (!may(folder, W_OK | X_OK)) {
        return error_errno(err, errno, "%s cannot be written: folder %s", path, folder);
    }
    return path[strlen(path) - 1] == '/' ? error_errno(err, EISDIR, "%s cannot be written", path)
                                         : 0;
}

int json_file_check(const char *path, struct wattle_error *err)
{
    enum place place;

    return find_place(path, &place, err);
}

static int write_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, text, size);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -errno;
        }
        text += n;
        size -= (size_t)n;
    }
    return 0;
}

static int write_in_place(const char *path, const char *text, struct wattle_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
    int rc;

    if (fd < 0) {
        return error_errno(err, errno, "%s cannot be written", path);
    }
    rc = write_all(fd, text, strlen(text));
    if (close(fd) != 0 && rc == 0) {
        rc = -errno;
    }
    return rc != 0 ? error_errno(err, -rc, "%s cannot be written", path) : 0;
}

int json_file_write(const char *path, const char *text, struct wattle_error *err)
{
    enum place place;
    struct stat st;
    mode_t mode, mask;
    int rc = find_place(path, &place, err);

    if (rc != 0) {
        return rc;
    }
    if (place == STDOUT) {
        fflush(stdout);
        rc = write_all(STDOUT_FILENO, text, strlen(text));
        return rc != 0 ? error_errno(err, -rc, "standard output cannot be written") : 0;
    }
    if (place == IN_PLACE) {
        return write_in_place(path, text, err);
    }
    mask = umask(0);
    umask(mask);
    mode = 0666 & ~mask;
    if (stat(path, &st) == 0) {
        mode = st.st_mode & 07777;
    }
    return file_write_atomic(path, text, strlen(text), mode, true, err);
}
