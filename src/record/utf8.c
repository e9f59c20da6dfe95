/* SPDX-License-Identifier: MIT */
#include "record/utf8.h"

#include <stdbool.h>
#include <string.h>

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
size_t utf8_length(const char *text, size_t size)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    size_t length;
    size_t i;

    if (size == 0 || s[0] == '\0') {
        return 0;
    }
    if (s[0] < 0x80) {
        return 1;
    }
    if (s[0] >= 0xc2 && s[0] <= 0xdf) {
        length = 2;
    } else if (s[0] >= 0xe0 && s[0] <= 0xef) {
        length = 3;
        low = s[0] == 0xe0 ? 0xa0 : 0x80;
        high = s[0] == 0xed ? 0x9f : 0xbf;
    } else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        length = 4;
        low = s[0] == 0xf0 ? 0x90 : 0x80;
        high = s[0] == 0xf4 ? 0x8f : 0xbf;
    } else {
        return 0;
    }
    if (size < length || s[1] < low || s[1] > high) {
        return 0;
    }
    for (i = 2; i < length; i++) {
        if (s[i] < 0x80 || s[i] > 0xbf) {
            return 0;
        }
    }
    return length;
}

static bool steers(const char *text, size_t length)
{
    const unsigned char *s = (const unsigned char *)text;

    if (length == 1) {
        return s[0] < 0x20 || s[0] == 0x7f;
    }
    if (length == 2) {
        return s[0] == 0xc2 && s[1] < 0xa0;
    }
    /* U+200E..200F, U+2028..202E, U+2066..2069 */
    return length == 3 && s[0] == 0xe2 &&
           ((s[1] == 0x80 && ((s[2] >= 0x8e && s[2] <= 0x8f) || (s[2] >= 0xa8 && s[2] <= 0xae))) ||
            (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9));
}

static size_t copy(char *ret, size_t size, const char *text, bool printable)
{
    size_t left = strlen(text);
    size_t used = 0;

    while (left > 0) {
        size_t length = utf8_length(text, left);
        const char *from = text;
        size_t add = length;

        if (length == 0) {
            from = "\xef\xbf\xbd";
            add = 3;
            length = 1;
        } else if (printable && steers(text, length)) {
            from = "?";
            add = 1;
        }
        if (used + add >= size) {
            break;
        }
        memcpy(ret + used, from, add);
        used += add;
        text += length;
        left -= length;
    }
    if (size > 0) {
        ret[used] = '\0';
    }
    return used;
}

size_t utf8_copy(char *ret, size_t size, const char *text) { return copy(ret, size, text, false); }

size_t utf8_copy_printable(char *ret, size_t size, const char *text)
{
    return copy(ret, size, text, true);
}
