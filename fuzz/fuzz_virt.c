/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "machine/virt_words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dmi_strings dmi;
    struct machine_virt virt = {0};
    char kind[32];
    char *text = calloc(1, size + 1);
    size_t part = size < sizeof dmi ? size : sizeof dmi;

    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    virt_cgroup_kind(text);
    virt_environ_parse((const char *)data, size, kind, sizeof kind);
    memset(&dmi, 0, sizeof dmi);
    memcpy(&dmi, data, part);
    dmi.sys_vendor[sizeof dmi.sys_vendor - 1] = 0;
    dmi.product_name[sizeof dmi.product_name - 1] = 0;
    dmi.board_vendor[sizeof dmi.board_vendor - 1] = 0;
    dmi.bios_vendor[sizeof dmi.bios_vendor - 1] = 0;
    dmi.bios_version[sizeof dmi.bios_version - 1] = 0;
    dmi.chassis_asset_tag[sizeof dmi.chassis_asset_tag - 1] = 0;
    virt_dmi_parse(&dmi, &virt);
    free(text);
    return 0;
}
