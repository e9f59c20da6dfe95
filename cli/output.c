/* SPDX-License-Identifier: MIT */
#include "cli/output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "record/utf8.h"

static int print(json_t *value, size_t flags)
{
    int failed = value == NULL || json_dumpf(value, stdout, flags) != 0 || putchar('\n') == EOF;

    json_decref(value);
    return failed ? CLI_FAILED : CLI_OK;
}

int output_json(json_t *value)
{
    return print(value, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
}

int output_json_line(json_t *value)
{
    int status = print(value, JSON_COMPACT | JSON_REAL_PRECISION(12));

    return fflush(stdout) != 0 ? CLI_FAILED : status;
}

void output_number(json_t *object, const char *key, double number)
{
    if (isfinite(number)) {
        json_object_set_new(object, key, json_real(number));
    }
}

void output_text(json_t *object, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        json_t *string = json_string(text);

        if (string == NULL) { /* not UTF-8: a file name, a command line of another age */
            size_t size = 3 * strlen(text) + 1;
            char *clean = malloc(size);

            if (clean != NULL) {
                utf8_copy(clean, size, text);
                string = json_string(clean);
                free(clean);
            }
        }
        json_object_set_new(object, key, string);
    }
}
