/* SPDX-License-Identifier: MIT */
/* A CSV of carbon intensities from a stranger. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "carbon/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct carbon_trace trace;
    double hours[8];
    size_t i;

    if (carbon_trace_parse((const char *)data, size, NULL, &trace, NULL) != 0) {
        return 0;
    }
    for (i = 0; i < trace.count; i++) {
        if (!isfinite(trace.g_kwh[i]) || (i > 0 && trace.start_s[i] <= trace.start_s[i - 1])) {
            abort();
        }
    }
    carbon_trace_hourly(&trace, trace.start_s[0], INT64_MAX, hours, 8);
    carbon_trace_finish(&trace);
    return 0;
}
