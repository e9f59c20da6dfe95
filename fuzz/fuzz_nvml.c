/* SPDX-License-Identifier: MIT */
/* The tagged union that an NVML driver fills: any type number and any bits must give W or NaN. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sense/nvml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nvml_field_value value;
    double power_w;

    memset(&value, 0, sizeof value);
    if (size > 0) {
        value.value_type = (int8_t)data[0];
        value.status = size > 1 ? data[1] : 0;
        memcpy(&value.value, data + (size > 2 ? 2 : size),
               size > 2 ? (size - 2 < sizeof value.value ? size - 2 : sizeof value.value) : 0);
    }
    power_w = nvml_field_w(&value);
    if (!isnan(power_w) && (!(power_w >= 0) || isinf(power_w) || value.status != NVML_OK)) {
        abort();
    }
    return 0;
}
