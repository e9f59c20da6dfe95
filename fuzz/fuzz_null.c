/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sense/null.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct null_options options;
    char text[1024];
    uint64_t count;
    double t_s;

    if (size >= sizeof text) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    if (null_options_parse(text, &options, NULL) == 0) {
        for (t_s = 0; t_s < 10; t_s += 0.7) {
            (void)null_count_uj(&options, t_s, &count);
        }
    }
    return 0;
}
