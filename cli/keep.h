/* SPDX-License-Identifier: MIT */
/* The store, opened for reading what was kept. */
#ifndef CLI_KEEP_H
#define CLI_KEEP_H

#include "cli/command.h"
#include "record/store.h"

/* The configured or usual path; false after saying why there is none. */
bool keep_path(struct cli *cli, char *ret, size_t size);

/*
 * Opens the store; a damaged one earns a warning, one that may not be written is read as it is.
 * NULL after saying why; *ret_status is then the exit status.
 */
struct store *keep_open(struct cli *cli, int *ret_status);

#endif
