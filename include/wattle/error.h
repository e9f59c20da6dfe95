/* SPDX-License-Identifier: MIT */
/*
 * wattle/error.h - how a Wattle function says that it failed.
 *
 * Every function that can fail returns an int: 0 is success, a negative value
 * is one of the codes below, a positive value is an outcome that the function
 * documents. Words for people go into a struct wattle_error that the caller
 * owns; NULL is allowed wherever one is taken. The library never prints.
 */
#ifndef WATTLE_ERROR_H
#define WATTLE_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define WATTLE_API __attribute__((visibility("default")))
#else
#define WATTLE_API
#endif

enum wattle_code {
    WATTLE_OK = 0,
    WATTLE_E_NOMEM = -1,       /* out of memory */
    WATTLE_E_IO = -2,          /* the operating system refused; text names path and errno */
    WATTLE_E_INVALID = -3,     /* an argument or a file does not mean anything */
    WATTLE_E_UNSUPPORTED = -4, /* this machine or build has no such thing */
    WATTLE_E_DENIED = -5,      /* it exists, but this user may not; text says what to do */
    WATTLE_E_GONE = -6,        /* it was there and is not any more */
    WATTLE_E_BUSY = -7,        /* somebody else holds it */
    WATTLE_E_CORRUPT = -8,     /* stored data fails its own checks */
    WATTLE_E_LIMIT = -9,       /* larger than a documented limit */
    WATTLE_E_NOENT = -10       /* no such file, run or name */
};

#define WATTLE_ERROR_TEXT_MAX 256

/* Filled on failure only. `text` is one line, without a trailing newline or full stop. */
struct wattle_error {
    int code;
    char text[WATTLE_ERROR_TEXT_MAX];
};

#ifdef __cplusplus
}
#endif
#endif
