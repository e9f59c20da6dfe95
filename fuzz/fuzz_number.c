/* SPDX-License-Identifier: MIT */
/* The whole numbers and decimals of sysfs and procfs files. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    uint64_t u, u_again;
    int64_t i;
    double d;

    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    if (parse_u64((const char *)data, size, &u)) {
        char printed[32];
        int n = snprintf(printed, sizeof printed, "%llu", (unsigned long long)u);

        if (!parse_u64(printed, (size_t)n, &u_again) || u_again != u) {
            abort();
        }
    }
    if (parse_i64((const char *)data, size, &i) && i > 0 &&
        (!parse_u64((const char *)data, size, &u) || u != (uint64_t)i)) {
        abort();
    }
    if (parse_double(text, &d) && !isfinite(d)) {
        abort();
    }
    free(text);
    return 0;
}
