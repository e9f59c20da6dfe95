/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

static const char *const level_names[] = {"error", "warning", "info", "debug"};
static const int syslog_priorities[] = {3, 4, 6, 7}; /* sd-daemon(3) */

/* JOURNAL_STREAM is "device:inode" of the stream that journald reads; systemd.exec(5). */
static bool is_journal(int fd)
{
    const char *value = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;
    char *end;

    if (value == NULL || fstat(fd, &st) != 0) {
        return false;
    }
    device = strtoull(value, &end, 10);
    if (*end != ':') {
        return false;
    }
    inode = strtoull(end + 1, &end, 10);
    return *end == '\0' && device == (unsigned long long)st.st_dev &&
           inode == (unsigned long long)st.st_ino;
}

void log_init(struct log *log, int fd)
{
    log->fd = fd;
    log->level = LOG_LEVEL_WARNING;
    log->format = is_journal(fd) ? LOG_FORMAT_JOURNALD : LOG_FORMAT_TEXT;
    log->colour = false;
}

bool log_level_parse(const char *text, enum log_level *ret)
{
    int i;

    for (i = 0; i < 4; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *ret = (enum log_level)i;
            return true;
        }
    }
    return false;
}

bool log_format_parse(const char *text, enum log_format *ret)
{
    if (strcmp(text, "text") == 0) {
        *ret = LOG_FORMAT_TEXT;
    } else if (strcmp(text, "json") == 0) {
        *ret = LOG_FORMAT_JSON;
    } else if (strcmp(text, "journald") == 0) {
        *ret = LOG_FORMAT_JOURNALD;
    } else {
        return false;
    }
    return true;
}

/* Escapes for a JSON string; bytes that are not printable ASCII become \u00XX, except that
 * UTF-8 passes through. Stops when full. */
static size_t escape_json(char *ret, size_t size, const char *text)
{
    size_t used = 0;

    for (; *text != '\0' && used + 7 < size; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\') {
            ret[used++] = '\\';
            ret[used++] = (char)c;
        } else if (c < 0x20) {
            used += (size_t)snprintf(ret + used, size - used, "\\u%04x", c);
        } else {
            ret[used++] = (char)c;
        }
    }
    ret[used] = '\0';
    return used;
}

void log_write(const struct log *log, enum log_level level, const char *format, ...)
{
    char words[768];
    char line[2048];
    va_list args;
    int n;

    if (level > log->level) {
        return;
    }
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    if (log->format == LOG_FORMAT_JSON) {
        char escaped[1536];
        char when[32];

        escape_json(escaped, sizeof escaped, words);
        clock_format_rfc3339(clock_realtime_ns(), when, sizeof when);
        n = snprintf(line, sizeof line, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"%s\"}\n",
                     when, level_names[level], escaped);
    } else if (log->format == LOG_FORMAT_JOURNALD) {
        n = snprintf(line, sizeof line, "<%d>wattle: %s\n", syslog_priorities[level], words);
    } else if (level == LOG_LEVEL_ERROR || level == LOG_LEVEL_WARNING) {
        n = snprintf(line, sizeof line, "wattle: %s%s%s%s\n",
                     log->colour ? (level == LOG_LEVEL_ERROR ? "\033[31m" : "\033[33m") : "",
                     level == LOG_LEVEL_ERROR ? "" : "warning: ", words,
                     log->colour ? "\033[0m" : "");
    } else {
        n = snprintf(line, sizeof line, "wattle: %s: %s\n", level_names[level], words);
    }
    if (n > 0) {
        size_t length = (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;

        while (write(log->fd, line, length) < 0 && errno == EINTR) {
        }
    }
}
