/* SPDX-License-Identifier: MIT */
#include "cli/terminal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"

bool terminal_redraws(int fd)
{
    const char *term = getenv("TERM");

    return isatty(fd) == 1 && term != NULL && strcmp(term, "dumb") != 0;
}

bool terminal_colour(int fd)
{
    const char *no_color = getenv("NO_COLOR");

    return terminal_redraws(fd) && (no_color == NULL || no_color[0] == '\0');
}

int terminal_columns(int fd)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    uint64_t value;

    if (columns != NULL && parse_u64(columns, strlen(columns), &value) && value >= 20 &&
        value <= 1000) {
        return (int)value;
    }
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) {
        return size.ws_col;
    }
    return 80;
}

bool terminal_foreground(int fd)
{
    return tcgetpgrp(fd) == getpgrp();
}
