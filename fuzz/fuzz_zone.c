/* SPDX-License-Identifier: MIT */
/* Names of powercap folders, zones and perf events, and the numbers in their files. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/file.h"
#include "sense/perf_pmu.h"
#include "sense/powercap_zones.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct powercap_zone zone;
    struct rapl_name name;
    uint64_t value;
    char text[256];

    if (size >= sizeof text) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    (void)powercap_zone_parse(text, &zone);
    (void)rapl_name_parse(text, &name);
    (void)perf_event_parse(text, &value);
    (void)parse_u64((const char *)data, size, &value);
    return 0;
}
