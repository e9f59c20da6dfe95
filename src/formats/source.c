/* SPDX-License-Identifier: MIT */
#include "formats/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

void source_init_memory(struct source *source, const void *data, size_t size)
{
    source->memory = data;
    source->fd = -1;
    source->size = size;
    source->window_at = 0;
    source->window_used = 0;
}

int source_open(struct source *source, const char *path, struct wattle_error *err)
{
    struct stat st;

    source_init_memory(source, NULL, 0);
    source->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (source->fd < 0) {
        return error_errno(err, errno, "%s", path);
    }
    if (fstat(source->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        source_close(source);
        return error_set(err, WATTLE_E_INVALID, "%s: not a regular file", path);
    }
    source->size = (uint64_t)st.st_size;
    return 0;
}

void source_close(struct source *source)
{
    if (source->fd >= 0) {
        close(source->fd);
    }
    source->fd = -1;
}

static size_t read_file(int fd, uint64_t at, uint8_t *ret, size_t size)
{
    size_t used = 0;

    while (used < size) {
        ssize_t n = pread(fd, ret + used, size - used, (off_t)(at + used));

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        used += (size_t)n;
    }
    return used;
}

bool source_read(struct source *source, uint64_t at, void *ret, size_t size)
{
    if (at > source->size || size > source->size - at) {
        return false;
    }
    if (source->memory != NULL) {
        memcpy(ret, source->memory + at, size);
        return true;
    }
    if (size > sizeof source->window) {
        return read_file(source->fd, at, ret, size) == size;
    }
    if (at < source->window_at || at + size > source->window_at + source->window_used) {
        source->window_at = at;
        source->window_used =
            read_file(source->fd, at, source->window, sizeof source->window);
        if (source->window_used < size) {
            return false;
        }
    }
    memcpy(ret, source->window + (at - source->window_at), size);
    return true;
}

bool source_u32(struct source *source, uint64_t *at, uint32_t *ret)
{
    uint8_t bytes[4];

    if (!source_read(source, *at, bytes, sizeof bytes)) {
        return false;
    }
    *ret = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
    *at += sizeof bytes;
    return true;
}

bool source_u64(struct source *source, uint64_t *at, uint64_t *ret)
{
    uint32_t low, high;

    if (!source_u32(source, at, &low) || !source_u32(source, at, &high)) {
        return false;
    }
    *ret = (uint64_t)high << 32 | low;
    return true;
}
