/* SPDX-License-Identifier: MIT */
/* A battery's status word, and any six numbers its gauge may give. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sense/battery.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct battery_values values;
    char text[32];
    size_t used = size < sizeof text - 1 ? size : sizeof text - 1;
    double power_w, charge_j;

    memcpy(text, data, used);
    text[used] = '\0';
    battery_parse_status(text);
    memset(&values, 0, sizeof values);
    memcpy(&values, data, size < sizeof values ? size : sizeof values);
    power_w = battery_power_w(&values);
    charge_j = battery_charge_j(&values);
    if ((!isnan(power_w) && !(power_w > 0)) || (!isnan(charge_j) && charge_j < 0)) {
        abort();
    }
    return 0;
}
