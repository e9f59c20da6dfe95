/* SPDX-License-Identifier: MIT */
/* The line that the example driver of HACKING.md reads. */
#include <stdint.h>
#include <stdlib.h>

#include "../examples/sensor_cray_pm.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t joules = 0;

    if (cray_pm_parse((const char *)data, size, &joules) && (data[0] < '0' || data[0] > '9')) {
        abort();
    }
    return 0;
}
