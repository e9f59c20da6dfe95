/* SPDX-License-Identifier: MIT */
/* Text of unknown origin (an argv, a model name) made fit for JSON and for a terminal. */
#ifndef RECORD_UTF8_H
#define RECORD_UTF8_H

#include <stddef.h>

/* Length in bytes of the valid UTF-8 character at `text`; 0 if there is none (or at the end). */
size_t utf8_length(const char *text, size_t size);

/* Copies with each invalid byte replaced by U+FFFD; cut at a whole character where `ret` is too
 * small. Returns the length that was written. */
size_t utf8_copy(char *ret, size_t size, const char *text);

/* The same, and control characters (also C1, and the bidirectional overrides that can make a
 * line lie) become '?': what is printed cannot steer a terminal. */
size_t utf8_copy_printable(char *ret, size_t size, const char *text);

#endif
