/* SPDX-License-Identifier: MIT */
/*
 * Wattle's own log: for the command and the daemon, never the library.
 *
 * One line per event on a descriptor: "wattle: warning: words" for people,
 * one JSON object for machines, or "<4>words" when standard error is journald.
 * A log is a value that its owner passes down; there is no global one.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR = 0, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT = 0, LOG_FORMAT_JSON, LOG_FORMAT_JOURNALD };

struct log {
    int fd;
    enum log_level level;
    enum log_format format;
    bool colour;
};

/* Warnings and errors to standard error; journald's form if JOURNAL_STREAM names it. */
void log_init(struct log *log, int fd);
bool log_level_parse(const char *text, enum log_level *ret);
bool log_format_parse(const char *text, enum log_format *ret);

/* A whole line in one write(), so that lines of several processes do not mix. */
__attribute__((format(printf, 3, 4))) void log_write(const struct log *log, enum log_level level,
                                                     const char *format, ...);

#endif
