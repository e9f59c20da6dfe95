/* SPDX-License-Identifier: MIT */
/* Zones as people type them: found, or refused with names. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "carbon/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct carbon_factor factor;
    struct wattle_error err;
    char *text = malloc(size + 1);
    int code;

    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    code = carbon_table_find(text, &factor, &err);
    if (code != 0 && (code != WATTLE_E_NOENT || strstr(err.text, "nearest: ") == NULL)) {
        abort();
    }
    if (code == 0 && !(factor.intensity_g_kwh >= 0)) {
        abort();
    }
    free(text);
    return 0;
}
