/* SPDX-License-Identifier: MIT */
/* File names and labels of hwmon chips: what an I2C chip's firmware or a device tree may hold. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sense/acpi_power.h"
#include "sense/hwmon_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct hwmon_attribute attribute;
    struct acpi_power_part part;
    struct hwmon_rail rail;
    double error;

    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    if (hwmon_parse_attribute(text, &attribute) &&
        (attribute.number > 999999 || attribute.item[0] == '\0' ||
         memchr(attribute.item, '\0', sizeof attribute.item) == NULL)) {
        abort();
    }
    rail = hwmon_classify_rail(text);
    if (rail.total != (rail.domain == WATTLE_D_PLATFORM)) {
        abort();
    }
    error = acpi_power_parse_accuracy(text);
    if (!isnan(error) && !(error >= 0 && error < 1)) {
        abort();
    }
    if (acpi_power_parse_label(text, &part) && (part.unit_index < 0 || part.unit_index >= 1024)) {
        abort();
    }
    free(text);
    return 0;
}
