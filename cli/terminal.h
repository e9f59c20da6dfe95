/* SPDX-License-Identifier: MIT */
/* What the terminal behind a descriptor can do. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>

/* A terminal, TERM is not "dumb", NO_COLOR (no-color.org) is not set to something. */
bool terminal_colour(int fd);
/* A terminal on which a line can be redrawn. */
bool terminal_redraws(int fd);
/* COLUMNS, or what the terminal says, or 80. */
int terminal_columns(int fd);
/* Are we in the foreground of it? */
bool terminal_foreground(int fd);

#endif
