/* SPDX-License-Identifier: MIT */
/*
 * Bytes with random access: a file, or memory in a test. Readers of headers
 * skip over gigabytes of weights, so nothing is mapped or slurped; a file that
 * shrinks under us is a short read, not a signal.
 */
#ifndef FORMATS_SOURCE_H
#define FORMATS_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wattle/error.h>

struct source {
    const uint8_t *memory; /* or NULL: fd */
    int fd;
    uint64_t size;
    /* One window of the file, so that small reads are not system calls. */
    uint8_t window[16384];
    uint64_t window_at;
    size_t window_used;
};

void source_init_memory(struct source *source, const void *data, size_t size);
/* Regular files only: a fifo or a device would block or never end. */
int source_open(struct source *source, const char *path, struct wattle_error *err);
void source_close(struct source *source);

/* Copies exactly `size` bytes at `at`; false if the source has them not. */
bool source_read(struct source *source, uint64_t at, void *ret, size_t size);

/* Little-endian integers at *at, which moves on. */
bool source_u32(struct source *source, uint64_t *at, uint32_t *ret);
bool source_u64(struct source *source, uint64_t *at, uint64_t *ret);

#endif
