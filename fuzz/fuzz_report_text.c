/* SPDX-License-Identifier: MIT */
/* Any record as text, at any width: whole lines, and nothing that steers a terminal. The first
 * byte is the width, the second's lowest bit asks for everything. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "report/text.h"

static void check(const char *text, size_t size)
{
    size_t i;

    for (i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((c < 0x20 && c != '\n') || c == 0x7f) {
            abort();
        }
    }
    if (size == 0 || text[size - 1] != '\n') {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct report_text_options options = {0};
    struct wattle_record *record = malloc(sizeof *record);
    char *text = NULL;
    size_t length = 0;
    FILE *out;

    if (size < 2 || record == NULL) {
        free(record);
        return 0;
    }
    options.columns = data[0];
    options.verbose = data[1] & 1;
    wattle_record_init(record);
    if (wattle_record_from_json(record, (const char *)data + 2, size - 2, NULL) == 0) {
        out = open_memstream(&text, &length);
        if (out != NULL) {
            report_text(out, record, &options);
            fclose(out);
            check(text, length);
        }
        free(text);
    }
    wattle_record_finish(record);
    free(record);
    return 0;
}
