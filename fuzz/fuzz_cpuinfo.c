/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "machine/cpu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct machine_cpu cpu;

    machine_cpu_parse((const char *)data, size, &cpu);
    if (cpu.sockets > cpu.cores || cpu.cores > cpu.threads) {
        abort();
    }
    return 0;
}
