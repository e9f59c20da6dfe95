/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "machine/cgroup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    char *text = malloc(size + 1);

    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = 0;
    if (cgroup_path_parse(text, size, "memory", path, sizeof path) && path[0] != 0x2f) {
        abort();
    }
    cgroup_path_parse(text, size, "", path, sizeof path);
    if (cgroup_cpu_max_parse(text) <= 0 || cgroup_bytes_parse(text) < 0) {
        abort();
    }
    free(text);
    return 0;
}
