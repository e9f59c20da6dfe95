/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memrchr, memmem */
#include "attribute/process_stat.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/file.h"

/* The next word between blanks; false at the end. */
static bool next_word(const char **text, const char *end, const char **ret, size_t *ret_size)
{
    while (*text < end && isspace((unsigned char)**text)) {
        (*text)++;
    }
    *ret = *text;
    while (*text < end && !isspace((unsigned char)**text)) {
        (*text)++;
    }
    *ret_size = (size_t)(*text - *ret);
    return *ret_size > 0;
}

bool process_stat_parse(const char *text, size_t size, struct process_stat *ret)
{
    /* Fields of proc(5), counted from 1. */
    enum { STATE = 3, PPID = 4, UTIME = 14, STIME, CUTIME, CSTIME, STARTTIME = 22 };
    const char *end = text + size;
    const char *bracket = memrchr(text, ')', size);
    uint64_t field[STARTTIME + 1] = {0};
    int i;

    if (bracket == NULL) {
        return false;
    }
    text = bracket + 1;
    for (i = STATE; i <= STARTTIME; i++) {
        const char *word;
        size_t length;

        if (!next_word(&text, end, &word, &length)) {
            return false;
        }
        if (i == STATE) {
            ret->state = word[0];
        } else if (i == PPID || (i >= UTIME && i <= CSTIME) || i == STARTTIME) {
            if (!parse_u64(word, length, &field[i])) {
                return false;
            }
        }
    }
    /* The last number must be followed by something, or it may have been cut. */
    if (text == end || field[PPID] > INT32_MAX || field[UTIME] > INT64_MAX ||
        field[STIME] > INT64_MAX || field[CUTIME] > INT64_MAX || field[CSTIME] > INT64_MAX) {
        return false;
    }
    ret->parent = (pid_t)field[PPID];
    ret->own_ticks = field[UTIME] + field[STIME];
    ret->child_ticks = field[CUTIME] + field[CSTIME];
    ret->start_ticks = field[STARTTIME];
    return true;
}

/* The text after `name` at the start of a line, up to the line's end. */
static const char *line_of(const char *text, size_t size, const char *name, size_t *ret_size)
{
    size_t length = strlen(name);

    while (size > length) {
        const char *newline = memchr(text, '\n', size);

        if (newline == NULL) {
            return NULL;
        }
        if ((size_t)(newline - text) > length && memcmp(text, name, length) == 0) {
            *ret_size = (size_t)(newline - text) - length;
            return text + length;
        }
        size -= (size_t)(newline + 1 - text);
        text = newline + 1;
    }
    return NULL;
}

bool process_uid_parse(const char *text, size_t size, uid_t *ret)
{
    size_t length;
    const char *line = line_of(text, size, "Uid:", &length);
    const char *word;
    size_t word_size;
    uint64_t value;

    if (line == NULL || !next_word(&line, line + length, &word, &word_size) ||
        !parse_u64(word, word_size, &value) || value > UINT32_MAX) {
        return false;
    }
    *ret = (uid_t)value;
    return true;
}

bool process_last_pid_parse(const char *text, size_t size, pid_t *ret)
{
    const char *space;
    uint64_t value;

    while (size > 0 && isspace((unsigned char)text[size - 1])) {
        size--;
    }
    space = memrchr(text, ' ', size);
    if (space == NULL ||
        !parse_u64(space + 1, size - (size_t)(space + 1 - text), &value) || value > INT32_MAX) {
        return false;
    }
    *ret = (pid_t)value;
    return true;
}

double process_cpu_stat_parse(const char *text, size_t size)
{
    size_t length;
    const char *line = line_of(text, size, "usage_usec ", &length);
    uint64_t value;

    if (line == NULL || !parse_u64(line, length, &value)) {
        return (double)NAN;
    }
    return (double)value / 1e6;
}
