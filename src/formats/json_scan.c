/* SPDX-License-Identifier: MIT */
#include "formats/json_scan.h"

#include <string.h>

#include "base/file.h"

enum { DEPTH_MAX = 64 };

char json_scan_peek(struct json_scan *scan)
{
    while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' ||
                                    *scan->at == '\r')) {
        scan->at++;
    }
    return scan->at < scan->end ? *scan->at : '\0';
}

bool json_scan_take(struct json_scan *scan, char c)
{
    if (json_scan_peek(scan) != c || c == '\0') {
        return false;
    }
    scan->at++;
    return true;
}

static char unescape(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'u':
        return '?';
    default:
        return c;
    }
}

bool json_scan_string(struct json_scan *scan, char *ret, size_t size)
{
    size_t used = 0;

    if (!json_scan_take(scan, '"')) {
        return false;
    }
    while (scan->at < scan->end) {
        char c = *scan->at++;

        if (c == '"') {
            if (size > 0) {
                ret[used] = '\0';
            }
            return true;
        }
        if (c == '\\') {
            if (scan->at == scan->end) {
                return false;
            }
            c = unescape(*scan->at++);
            if (c == '?' && scan->at[-1] == 'u') {
                scan->at += scan->end - scan->at < 4 ? scan->end - scan->at : 4;
            }
        }
        if (used + 1 < size) {
            ret[used++] = c;
        }
    }
    return false;
}

bool json_scan_number(struct json_scan *scan, double *ret)
{
    char text[48];
    size_t used = 0;

    json_scan_peek(scan);
    while (scan->at < scan->end && used < sizeof text - 1 && *scan->at != '\0' &&
           strchr("+-.0123456789eE", *scan->at) != NULL) {
        text[used++] = *scan->at++;
    }
    text[used] = '\0';
    return parse_double(text, ret);
}

static bool skip_word(struct json_scan *scan)
{
    const char *first = scan->at;

    while (scan->at < scan->end && *scan->at != '\0' && strchr(",]} \t\r\n:", *scan->at) == NULL) {
        scan->at++;
    }
    return scan->at > first;
}

bool json_scan_skip(struct json_scan *scan)
{
    int depth = 0;

    do {
        char c = json_scan_peek(scan);

        if (c == '\0') {
            return false;
        }
        if (c == '{' || c == '[') {
            scan->at++;
            if (++depth > DEPTH_MAX) {
                return false;
            }
            continue; /* depth > 0: goes on with what is inside */
        }
        if (c == '}' || c == ']') {
            scan->at++;
            if (--depth < 0) {
                return false;
            }
        } else if (c == ',' || c == ':') {
            if (depth == 0) {
                return false;
            }
            scan->at++;
        } else if (c == '"') {
            if (!json_scan_string(scan, NULL, 0)) {
                return false;
            }
        } else if (!skip_word(scan)) {
            return false;
        }
    } while (depth > 0);
    return true;
}
