/* SPDX-License-Identifier: MIT */
/*
 * Small files: whole reads, atomic writes, and counter files.
 *
 * A counter file is one line with one number that something else rewrites at
 * any moment. On the real /sys the descriptor is kept and read again with
 * pread; elsewhere (a fake machine, a file feed) the file may be truncated or
 * replaced under us, so it is opened anew each time and a value is believed
 * only when it is whole.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <wattle/error.h>

/*
 * Reads at most size-1 bytes of `path` and NUL-terminates. Returns the length
 * or -errno. Refuses anything but a regular file (also refuses fifos and
 * devices, which would block): -EINVAL.
 */
ssize_t file_read(const char *path, char *ret, size_t size);

/* The same with dir and name joined by '/': the shape of most /sys reads. */
ssize_t file_read_at(const char *dir, const char *name, char *ret, size_t size);

/* As file_read_at, trailing white space removed. Returns the length or -errno. */
ssize_t file_read_line(const char *dir, const char *name, char *ret, size_t size);

/* One unsigned decimal and nothing else. 0 or -errno (-EINVAL: not a number). */
int file_read_u64(const char *dir, const char *name, uint64_t *ret);
int file_read_i64(const char *dir, const char *name, int64_t *ret);

/*
 * Pure: an unsigned decimal with optional white space around it; no sign, no
 * empty string, no overflow, `size` bytes at most.
 */
bool parse_u64(const char *text, size_t size, uint64_t *ret);
bool parse_i64(const char *text, size_t size, int64_t *ret);
/* Pure: a finite decimal number that uses the whole text; locale-independent. */
bool parse_double(const char *text, double *ret);

/* A cpulist like "0-3,8,10-11" into at most max CPU numbers; returns how many there are, or -1. */
int parse_cpulist(const char *text, int *ret, int max);

/* Writes a temporary beside `path`, then renames: readers see the old file or the new one.
 * mode is applied as given (no umask widening). sync: fsync before the rename. */
int file_write_atomic(const char *path, const char *data, size_t size, mode_t mode, bool sync,
                      struct wattle_error *err);

/* mkdir -p with mode 0700 for what is missing. */
int file_make_dirs(const char *path, struct wattle_error *err);

struct counter_file {
    int fd;        /* -1 when opened anew for each read */
    char path[256];
};

/* keep: the file is the kernel's own, hold the descriptor. 0 or -errno. */
int counter_file_open(struct counter_file *file, const char *path, bool keep);
/* 0 or -errno. Never blocks for more than about 20 ms on a file that is being rewritten. */
int counter_file_read(struct counter_file *file, uint64_t *ret);
void counter_file_close(struct counter_file *file);

#endif
