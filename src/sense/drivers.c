/* SPDX-License-Identifier: MIT */
/*
 * The list of drivers, in order of preference: for the same part of the
 * machine the earlier one is counted. A new driver is one `extern` line and
 * one line in the array; the count follows.
 */
#include "sense/sense.h"

#include <string.h>

/* Energy counters of the processor. */
extern const struct wattle_sensor_driver sense_rapl_perf;
extern const struct wattle_sensor_driver sense_rapl_powercap;
extern const struct wattle_sensor_driver sense_rapl_msr;

/* Devices. */
extern const struct wattle_sensor_driver sense_nvml;
extern const struct wattle_sensor_driver sense_amdgpu;
extern const struct wattle_sensor_driver sense_intel_gpu;
extern const struct wattle_sensor_driver sense_hwmon;
extern const struct wattle_sensor_driver sense_acpi_power;
extern const struct wattle_sensor_driver sense_ipmi;
extern const struct wattle_sensor_driver sense_battery;

/* Models and recordings. */
extern const struct wattle_sensor_driver sense_modelled;
extern const struct wattle_sensor_driver sense_replay;
extern const struct wattle_sensor_driver sense_null;

const struct wattle_sensor_driver *const sense_drivers[] = {
    /* Energy counters of the processor: perf before powercap before MSR. */
    &sense_rapl_perf,
    &sense_rapl_powercap,
    &sense_rapl_msr,

    /* Devices: nvml, amdgpu, intel_gpu, hwmon, acpi_power, ipmi, battery. */
    &sense_nvml,
    &sense_amdgpu,
    &sense_intel_gpu,
    &sense_hwmon,
    &sense_acpi_power,
    &sense_ipmi,
    &sense_battery,

    /* Models and recordings: modelled, replay, null. */
    &sense_modelled,
    &sense_replay,
    &sense_null,
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
