/* SPDX-License-Identifier: MIT */
#include "cli/output.h"

#include <math.h>
#include <stdio.h>

#include "cli/command.h"

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
        /* Not UTF-8: json_string refuses it; say so rather than leave it out. */
        json_t *string = json_string(text);

        json_object_set_new(object, key, string != NULL ? string : json_string("(not UTF-8)"));
    }
}
