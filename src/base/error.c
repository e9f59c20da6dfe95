/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct wattle_error *err, int code, const char *format, ...)
{
    if (err != NULL) {
        va_list args;

        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
        err->code = code;
    }
    return code;
}

static int code_of_errno(int errnum)
{
    switch (errnum) {
    case EACCES:
    case EPERM:
        return WATTLE_E_DENIED;
    case ENOENT:
        return WATTLE_E_NOENT;
    case ENOMEM:
        return WATTLE_E_NOMEM;
    default:
        return WATTLE_E_IO;
    }
}

int error_errno(struct wattle_error *err, int errnum, const char *format, ...)
{
    int code = code_of_errno(errnum);

    if (err != NULL) {
        char words[80] = "";
        va_list args;
        size_t used;

        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
        used = strlen(err->text);
        /* strerror is not thread-safe everywhere; the XSI form is. */
        if (strerror_r(errnum, words, sizeof words) != 0) {
            snprintf(words, sizeof words, "error %d", errnum);
        }
        snprintf(err->text + used, sizeof err->text - used, ": %s", words);
        err->code = code;
    }
    return code;
}
