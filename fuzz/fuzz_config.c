/* SPDX-License-Identifier: MIT */
/* A stranger's wattle.yaml. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config_entries entries;
    struct config config;
    struct wattle_error err;
    size_t i;
    int key;

    config_init(&config);
    if (config_parse((const char *)data, size, &entries, &err) == 0) {
        for (i = 0; i < entries.count; i++) {
            if (entries.items[i].line < 1 || entries.items[i].value == NULL) {
                abort();
            }
            for (key = 0; key < CONFIG_KEY_COUNT; key++) {
                config_set(&config, (enum config_key)key, entries.items[i].value, CONFIG_USER,
                           "fuzz", &err);
            }
        }
        config_entries_finish(&entries);
    }
    config_finish(&config);
    return 0;
}
