/* SPDX-License-Identifier: MIT */
/* A record for people on a terminal. */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include <wattle/record.h>

struct report_text_options {
    bool colour;
    bool verbose; /* every component, every note */
    int columns;  /* width of the terminal; 0: 80 */
};

/* The aligned summary that `wattle run` prints after the command and `wattle show` prints. */
void report_text(FILE *out, const struct wattle_record *record,
                 const struct report_text_options *options);

/* "41.3 J (40.9-41.7), measured by powercap": the one true sentence. */
void report_sentence(FILE *out, const struct wattle_record *record);

#endif
