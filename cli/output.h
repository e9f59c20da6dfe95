/* SPDX-License-Identifier: MIT */
/* JSON on standard output. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <jansson.h>

/* Prints, ends the line and releases `value`; the exit status. NULL: out of memory. */
int output_json(json_t *value);
/* One line, for streams of objects; flushed. */
int output_json_line(json_t *value);
/* object[key] = number, unless it is unknown: unknown values are absent. */
void output_number(json_t *object, const char *key, double number);
/* object[key] = text, unless it is NULL or empty. */
void output_text(json_t *object, const char *key, const char *text);

#endif
