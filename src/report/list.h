/* SPDX-License-Identifier: MIT */
/* Many runs, a line each: `wattle runs`. Rows are written as they come. */
#ifndef REPORT_LIST_H
#define REPORT_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "record/store.h"

struct report_list {
    FILE *out;
    bool json;   /* an array of objects; docs/record.md */
    bool colour;
    int columns; /* width of the terminal; 0: lines are not cut */
    size_t count; /* rows so far; set to 0 */
};

void report_list_begin(struct report_list *list);
/* Has the signature that store_list calls; `user` is the struct report_list. */
bool report_list_row(void *user, const struct store_row *row);
void report_list_end(struct report_list *list);

#endif
