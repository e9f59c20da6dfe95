/* SPDX-License-Identifier: MIT */
#ifndef SENSOR_CRAY_PM_H
#define SENSOR_CRAY_PM_H

#include <wattle/sys/sensor.h>

extern const struct wattle_sensor_driver cray_pm_driver;

/* Pure: "31415926 J 1763694245678901 us" to joules; false for anything else. */
bool cray_pm_parse(const char *text, size_t size, uint64_t *ret_j);

#endif
