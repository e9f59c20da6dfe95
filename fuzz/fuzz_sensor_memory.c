/* SPDX-License-Identifier: MIT */
/* The file that remembers counters: anything may stand in it, every good line survives a round. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "meter/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *cursor = (const char *)data;
    const char *end = cursor + size;
    struct memory_entry entry, again;
    char line[512];

    while (memory_next(&cursor, end, &entry)) {
        int length = memory_format(&entry, line, sizeof line);
        const char *copy = line;

        if (length <= 0 || (size_t)length >= sizeof line ||
            !memory_next(&copy, line + length, &again) ||
            strcmp(again.source, entry.source) != 0 || again.verdict != entry.verdict ||
            strcmp(again.boot_id, entry.boot_id) != 0) {
            abort();
        }
    }
    return 0;
}
