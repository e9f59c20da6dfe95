/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int counter_file_open(struct counter_file *file, const char *path, bool keep)
{
    size_t length = strlen(path);
    int fd;

    file->fd = -1;
    if (length >= sizeof file->path) {
        return -ENAMETOOLONG;
    }
    memcpy(file->path, path, length + 1);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return -errno;
    }
    if (keep) {
        file->fd = fd;
    } else {
        close(fd);
    }
    return 0;
}

static ssize_t counter_file_once(const struct counter_file *file, char *text, size_t size)
{
    ssize_t n;
    int fd;

    if (file->fd >= 0) {
        n = pread(file->fd, text, size, 0);
        return n < 0 ? -errno : n;
    }
    fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return -errno;
    }
    n = read(fd, text, size);
    if (n < 0) {
        n = -errno;
    }
    close(fd);
    return n;
}

int counter_file_read(struct counter_file *file, uint64_t *ret)
{
    enum { TRIES = 12, PAUSE_MAX_NS = 3200000 };
    struct timespec pause = {.tv_sec = 0, .tv_nsec = 100000};
    uint64_t previous = 0;
    bool have_previous = false;
    int failed = -EINVAL;
    int i;

    for (i = 0; i < TRIES; i++) {
        char text[32];
        uint64_t value;
        ssize_t n = counter_file_once(file, text, sizeof text);

        if (n == -EINTR) {
            continue;
        }
        if (n < 0 && n != -ENOENT) {
            return (int)n;
        }
        if (n == -ENOENT && i >= 2) {
            return -ENOENT; /* replaced files are back at once; gone ones are gone */
        }
        if (n > 0 && parse_u64(text, (size_t)n, &value)) {
            /* The kernel ends with a newline. Without one, the writer may be in the
             * middle of the digits: believe it when it reads the same twice. */
            if (text[n - 1] == '\n' || (have_previous && previous == value)) {
                *ret = value;
                return 0;
            }
            previous = value;
            have_previous = true;
        } else if (n > 0) {
            return -EINVAL; /* not a number, and not the empty moment of a rewrite */
        } else {
            failed = n == -ENOENT ? -ENOENT : -EINVAL;
        }
        if (file->fd >= 0) {
            return -EINVAL; /* the kernel's files are never half-written */
        }
        /* A writer that lost its processor between truncating and writing is back after a few
         * turns of the others: 0.1 ms at first, 20 ms in all. */
        nanosleep(&pause, NULL);
        pause.tv_nsec = pause.tv_nsec * 2 < PAUSE_MAX_NS ? pause.tv_nsec * 2 : PAUSE_MAX_NS;
    }
    return failed;
}

void counter_file_close(struct counter_file *file)
{
    if (file->fd >= 0) {
        close(file->fd);
    }
    file->fd = -1;
}
