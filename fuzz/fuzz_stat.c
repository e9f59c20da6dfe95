/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "machine/usage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct machine_cpu_time time;

    machine_cpu_time_parse((const char *)data, size, &time);
    if (time.busy_s < 0 || time.idle_s < 0 || time.steal_s < 0 || time.cpus < 0) {
        abort();
    }
    return 0;
}
