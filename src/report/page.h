/* SPDX-License-Identifier: MIT */
/* A summary in the making: where it goes, how wide it is, and the two shapes of its lines. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include <stdbool.h>
#include <stdio.h>

#include <wattle/record.h>

#include "report/lines.h"

enum { PAGE_LABEL = 11 };

struct page {
    FILE *out;
    const struct wattle_record *record;
    bool colour;
    bool verbose;
    size_t columns;
};

/* An ANSI code, where colour is wanted. */
void page_paint(const struct page *page, const char *code);

/* Words under a label, broken at spaces where the terminal ends. */
void page_tell(const struct page *page, const char *label, const char *text);

/* label, energy, interval, share of `whole_j` (NaN: none), detail: the columns of the tables.
 * Nothing where the energy is unknown. */
void page_row(const struct page *page, const char *label, const struct wattle_bound *bound,
              double whole_j, const char *detail);

/* A line, cut where the terminal ends, unless everything is wanted. */
void page_line(const struct page *page, const struct line *line);

/* The parts of the machine, the wall among them. */
void page_components(const struct page *page);

#endif
