/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "estimate/cpu_name.h"
#include "estimate/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct estimate_server_spec spec = {.family = -1, .model = -1};
    struct estimate_server server;
    char cleaned[CPU_NAME_MAX], group[CPU_NAME_MAX], pattern[CPU_NAME_MAX];
    char *name = malloc(size + 1);

    if (name == NULL) {
        return 0;
    }
    memcpy(name, data, size);
    name[size] = '\0';
    cpu_name_clean(name, cleaned);
    cpu_name_group(cleaned, group);
    cpu_name_without_tier(cleaned, pattern);
    cpu_name_matches(group, cleaned);
    memcpy(spec.cpu, name, size < sizeof spec.cpu - 1 ? size : sizeof spec.cpu - 1);
    estimate_server(&spec, &server);
    if (!(server.idle_w.low > 0 && server.idle_w.low <= server.idle_w.value &&
          server.idle_w.value <= server.max_w.value && server.max_w.value <= server.max_w.high)) {
        abort();
    }
    free(name);
    return 0;
}
