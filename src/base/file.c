/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "base/file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

static ssize_t read_all(int fd, char *ret, size_t size)
{
    size_t used = 0;

    while (used < size - 1) {
        ssize_t n = read(fd, ret + used, size - 1 - used);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -errno;
        }
        if (n == 0) {
            break;
        }
        used += (size_t)n;
    }
    ret[used] = '\0';
    return (ssize_t)used;
}

ssize_t file_read(const char *path, char *ret, size_t size)
{
    struct stat st;
    ssize_t n;
    int fd;

    ret[0] = '\0';
    /* O_NONBLOCK: opening a fifo that somebody left in a fake /sys must not hang. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return -errno;
    }
    if (fstat(fd, &st) != 0) {
        n = -errno;
    } else if (!S_ISREG(st.st_mode)) {
        n = -EINVAL;
    } else {
        n = read_all(fd, ret, size);
    }
    close(fd);
    return n;
}

ssize_t file_read_at(const char *dir, const char *name, char *ret, size_t size)
{
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/%s", dir, name);

    if (n < 0 || (size_t)n >= sizeof path) {
        ret[0] = '\0';
        return -ENAMETOOLONG;
    }
    return file_read(path, ret, size);
}

ssize_t file_read_line(const char *dir, const char *name, char *ret, size_t size)
{
    ssize_t n = file_read_at(dir, name, ret, size);

    while (n > 0 && isspace((unsigned char)ret[n - 1])) {
        ret[--n] = '\0';
    }
    return n;
}

int file_read_u64(const char *dir, const char *name, uint64_t *ret)
{
    char text[64];
    ssize_t n = file_read_at(dir, name, text, sizeof text);

    if (n < 0) {
        return (int)n;
    }
    return parse_u64(text, (size_t)n, ret) ? 0 : -EINVAL;
}

int file_read_i64(const char *dir, const char *name, int64_t *ret)
{
    char text[64];
    ssize_t n = file_read_at(dir, name, text, sizeof text);

    if (n < 0) {
        return (int)n;
    }
    return parse_i64(text, (size_t)n, ret) ? 0 : -EINVAL;
}

bool parse_u64(const char *text, size_t size, uint64_t *ret)
{
    uint64_t value = 0;
    size_t i = 0;
    size_t first;

    while (i < size && isspace((unsigned char)text[i])) {
        i++;
    }
    first = i;
    while (i < size && isdigit((unsigned char)text[i])) {
        unsigned digit = (unsigned)(text[i] - '0');

        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
        i++;
    }
    if (i == first) {
        return false;
    }
    while (i < size && isspace((unsigned char)text[i])) {
        i++;
    }
    if (i != size) {
        return false;
    }
    *ret = value;
    return true;
}

bool parse_i64(const char *text, size_t size, int64_t *ret)
{
    bool negative = false;
    uint64_t magnitude;
    size_t i = 0;

    while (i < size && isspace((unsigned char)text[i])) {
        i++;
    }
    if (i < size && text[i] == '-') {
        negative = true;
        i++;
        if (i < size && !isdigit((unsigned char)text[i])) {
            return false;
        }
    }
    if (!parse_u64(text + i, size - i, &magnitude) || magnitude > INT64_MAX) {
        return false;
    }
    *ret = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

bool parse_double(const char *text, double *ret)
{
    static const char allowed[] = "+-.0123456789eE";
    locale_t c_locale;
    char *end;
    double value;

    /* strtod also takes "inf", "nan", hexadecimal and the locale's comma: none is a reading. */
    if (text[0] == '\0' || strspn(text, allowed) != strlen(text)) {
        return false;
    }
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) {
        return false;
    }
    value = strtod_l(text, &end, c_locale);
    freelocale(c_locale);
    if (end == text || *end != '\0' || !isfinite(value)) {
        return false;
    }
    *ret = value;
    return true;
}

int parse_cpulist(const char *text, int *ret, int max)
{
    int count = 0;

    while (isspace((unsigned char)*text)) {
        text++;
    }
    while (*text != '\0') {
        char *end;
        long first, last, cpu;

        if (!isdigit((unsigned char)*text)) {
            return -1;
        }
        first = strtol(text, &end, 10);
        last = first;
        if (*end == '-') {
            if (!isdigit((unsigned char)end[1])) {
                return -1;
            }
            last = strtol(end + 1, &end, 10);
        }
        if (first > 1 << 20 || last > 1 << 20 || last < first || count > 1 << 20) {
            return -1;
        }
        for (cpu = first; cpu <= last; cpu++) {
            if (count < max) {
                ret[count] = (int)cpu;
            }
            count++;
        }
        if (*end == ',') {
            end++;
        } else {
            while (isspace((unsigned char)*end)) {
                end++;
            }
            if (*end != '\0') {
                return -1;
            }
        }
        text = end;
    }
    return count;
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

int file_write_atomic(const char *path, const char *data, size_t size, mode_t mode, bool sync,
                      struct wattle_error *err)
{
    char temporary[4096];
    int code = 0;
    int failed = 0;
    int fd = -1;
    int n = snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());

    if (n < 0 || (size_t)n >= sizeof temporary) {
        return error_set(err, WATTLE_E_INVALID, "%s: path too long", path);
    }
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) {
        return error_errno(err, errno, "%s", temporary);
    }
    failed = write_all(fd, data, size);
    if (failed == 0 && sync && fsync(fd) != 0) {
        failed = -errno;
    }
    if (close(fd) != 0 && failed == 0) {
        failed = -errno;
    }
    if (failed == 0 && rename(temporary, path) != 0) {
        failed = -errno;
    }
    if (failed != 0) {
        code = error_errno(err, -failed, "%s", path);
        unlink(temporary);
    }
    return code;
}

int file_make_dirs(const char *path, struct wattle_error *err)
{
    char partial[4096];
    size_t length = strlen(path);
    size_t i;

    if (length == 0 || length >= sizeof partial) {
        return error_set(err, WATTLE_E_INVALID, "%s: not a usable directory name", path);
    }
    memcpy(partial, path, length + 1);
    for (i = 1; i <= length; i++) {
        if (partial[i] != '/' && partial[i] != '\0') {
            continue;
        }
        partial[i] = '\0';
        if (mkdir(partial, 0700) != 0 && errno != EEXIST) {
            struct stat st;
            int errnum = errno;

            /* A read-only or foreign parent that already exists is no error. */
            if (stat(partial, &st) != 0 || !S_ISDIR(st.st_mode)) {
                return error_errno(err, errnum, "%s", partial);
            }
        }
        partial[i] = i < length ? '/' : '\0';
    }
    return 0;
}
