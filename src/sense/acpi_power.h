/* SPDX-License-Identifier: MIT */
#ifndef SENSE_ACPI_POWER_H
#define SENSE_ACPI_POWER_H

#include <wattle/sys/sensor.h>

/* Pure: "90.0%" to the relative error 0.1; NaN for anything but a percentage up to 100. */
double acpi_power_parse_accuracy(const char *text);

/* Pure: the part that a meter's label names ("Module Power Socket 1"); false: the whole machine. */
struct acpi_power_part {
    enum wattle_kind kind;
    enum wattle_domain domain;
    int unit_index;
    const char *noun;
};
bool acpi_power_parse_label(const char *label, struct acpi_power_part *ret);

#endif
