/* SPDX-License-Identifier: MIT */
/*
 * A JSON reader without a tree: it walks the text once and allocates nothing,
 * so a hostile header of millions of empty objects costs time in proportion to
 * its bytes and no memory. For our own documents, jansson is used instead.
 */
#ifndef FORMATS_JSON_SCAN_H
#define FORMATS_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct json_scan {
    const char *at;
    const char *end;
};

/* Skips white space and returns the next character without taking it; '\0' at the end. */
char json_scan_peek(struct json_scan *scan);
/* Takes `c` if it is next. */
bool json_scan_take(struct json_scan *scan, char c);
/* Takes a string. Escapes are decoded except \u, which becomes '?'; what does not fit is cut. */
bool json_scan_string(struct json_scan *scan, char *ret, size_t size);
bool json_scan_number(struct json_scan *scan, double *ret);
/* Skips any value, at most 64 levels deep. */
bool json_scan_skip(struct json_scan *scan);

#endif
