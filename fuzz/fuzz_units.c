/* SPDX-License-Identifier: MIT */
/* Durations and energies as people type them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    char printed[64];
    double value;

    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    if (units_parse_duration(text, &value)) {
        if (!(value >= 0)) {
            abort();
        }
        units_duration(value, printed, sizeof printed);
    }
    if (units_parse_energy(text, &value)) {
        if (!(value >= 0)) {
            abort();
        }
        units_energy(value, printed, sizeof printed);
        units_power(value, printed, sizeof printed);
        units_mass(value, printed, sizeof printed);
    }
    free(text);
    return 0;
}
