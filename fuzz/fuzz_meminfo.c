/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "machine/usage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct machine_memory memory;

    machine_memory_parse((const char *)data, size, &memory);
    if (memory.used_bytes < 0 || memory.used_bytes > memory.total_bytes) {
        abort();
    }
    return 0;
}
