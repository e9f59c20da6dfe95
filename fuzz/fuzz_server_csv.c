/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>

#include "estimate/server_csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wattle_error err;
    char *result = NULL;
    size_t result_size = 0;

    if (server_csv_estimate((const char *)data, size, &result, &result_size, &err) == 0) {
        free(result);
    }
    return 0;
}
