/* SPDX-License-Identifier: MIT */
/* The pieces that reports for a terminal are made of. All pure, none prints. */
#ifndef REPORT_LINES_H
#define REPORT_LINES_H

#include <stddef.h>

#include <wattle/energy.h>

/* Text that grows by printf and stays inside its buffer; cut where it does not fit. */
struct line {
    size_t used;
    char text[512];
};
__attribute__((format(printf, 2, 3))) void line_add(struct line *line, const char *format, ...);
/* The same with ", " before it, unless the line is empty. */
__attribute__((format(printf, 2, 3))) void line_item(struct line *line, const char *format, ...);

/* "41.3" and "J": the number and the unit apart, so that columns align; more digits where the
 * interval would not show in three (162.7 of 162.3-163.1). The unit is static. */
const char *lines_energy(const struct wattle_bound *bound, char *ret_number, size_t size);

/* "40.9-41.7" in the unit and digits of lines_energy (0 has none: "0-61.0 uJ"); "" when unknown or
 * no wider than the number itself. */
const char *lines_interval(const struct wattle_bound *bound, char *ret, size_t size);
const char *lines_mass_interval(const struct wattle_bound *bound, char *ret, size_t size);

/* "73 %", "2.9 %", "0.05 %", "<0.01 %"; "" when unknown. */
const char *lines_share(double part, double whole, char *ret, size_t size);

/* "powercap" of "powercap:intel-rapl:0". */
const char *lines_driver(const char *source, char *ret, size_t size);

/* `length` without the spaces at its end. */
size_t lines_trim(const char *text, size_t length);

/* Bytes of `text` that fill at most `columns` columns, counting characters, not bytes. */
size_t lines_fit(const char *text, size_t columns);

#endif
