/* SPDX-License-Identifier: MIT */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <wattle/error.h>

/* Fills err (which may be NULL) and returns `code`, so that failing is one line. */
__attribute__((format(printf, 3, 4))) int error_set(struct wattle_error *err, int code,
                                                    const char *format, ...);

/* The same for a failed system call: appends ": " and the words of errno `errnum`;
 * EACCES and EPERM become WATTLE_E_DENIED, ENOENT WATTLE_E_NOENT, ENOMEM WATTLE_E_NOMEM,
 * everything else WATTLE_E_IO. */
__attribute__((format(printf, 3, 4))) int error_errno(struct wattle_error *err, int errnum,
                                                      const char *format, ...);

#endif
