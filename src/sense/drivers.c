/* SPDX-License-Identifier: MIT */
/*
 * The list of drivers, in order of preference: for the same part of the
 * machine the earlier one is counted. A new driver is one `extern` line and
 * one line in the array; the count follows.
 */
#include "sense/sense.h"

#include <string.h>

extern const struct wattle_sensor_driver sense_rapl_powercap;
extern const struct wattle_sensor_driver sense_nvml;

const struct wattle_sensor_driver *const sense_drivers[] = {
    &sense_rapl_powercap,
    &sense_nvml,
};

const size_t sense_driver_count = sizeof sense_drivers / sizeof sense_drivers[0];

const struct wattle_sensor_driver *sense_driver_find(const char *name)
{
    size_t i;

    for (i = 0; i < sense_driver_count; i++) {
        if (strcmp(sense_drivers[i]->name, name) == 0) {
            return sense_drivers[i];
        }
    }
    return NULL;
}
