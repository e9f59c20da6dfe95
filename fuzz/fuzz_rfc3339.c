/* SPDX-License-Identifier: MIT */
/* Time stamps, as they stand in tables, records and forecasts. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    int64_t when, again;

    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    if (clock_parse_rfc3339(text, &when) && when >= 0) {
        char printed[64];

        clock_format_rfc3339(when, printed, sizeof printed);
        if (!clock_parse_rfc3339(printed, &again) || again != when / 1000000 * 1000000) {
            abort();
        }
    }
    free(text);
    return 0;
}
