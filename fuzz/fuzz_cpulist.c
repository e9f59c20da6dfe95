/* SPDX-License-Identifier: MIT */
/* Lists such as "0-3,8" of /sys/devices/system/cpu/online and of a PMU's cpumask. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MAX = 16 };
    char *text = malloc(size + 1);
    int cpus[MAX];
    int count, i;

    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    count = parse_cpulist(text, cpus, MAX);
    for (i = 0; i < count && i < MAX; i++) {
        if (cpus[i] < 0) {
            abort();
        }
    }
    free(text);
    return 0;
}
