/* SPDX-License-Identifier: MIT */
/* Bytes of any kind become UTF-8 that cannot steer a terminal. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    char small[16];
    size_t i = 0;
    size_t used;

    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    used = utf8_copy_printable(small, sizeof small, text);
    while (i < used) {
        size_t length = utf8_length(small + i, used - i);

        if (length == 0 || (length == 1 && (unsigned char)small[i] < 0x20)) {
            abort();
        }
        i += length;
    }
    free(text);
    return 0;
}
