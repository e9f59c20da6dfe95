/* SPDX-License-Identifier: MIT */
/* The inside of the hwmon driver, shared by its hwmon*.c files alone. */
#ifndef SENSE_HWMON_H
#define SENSE_HWMON_H

#include "sense/hwmon_reader.h"
#include "sense/hwmon_tree.h"
#include "sense/sense.h"

#define HWMON_DRIVER "hwmon"

struct hwmon_probe {
    const struct wattle_host *host;
    struct wattle_channel_list *found;
    struct wattle_channel_list rails; /* until it is known whether one of them is the total */
    bool has_total;
    bool fixed_packages; /* amd_energy named the sockets */
    unsigned fans;
    unsigned cpu_temperatures;
};

/* One rail and where it is read. */
struct hwmon_place {
    const char *chip;
    const char *device;
    const char *dir;
    unsigned number;
    enum hwmon_form form;
    char file[32];
    char label[48];
};

int hwmon_add_rail(struct hwmon_probe *probe, const struct hwmon_place *place);
/* The package temperatures of coretemp and k10temp. */
int hwmon_add_temperatures(struct hwmon_probe *probe, const struct hwmon_chip *chip,
                           const struct hwmon_counts *counts);
/* Thermal zones of a CPU, where no chip told its temperature. */
int hwmon_add_zones(struct hwmon_probe *probe);
/* INA3221 of NVIDIA's kernel 4: <sysfs>/bus/i2c/drivers/ina3221x. */
int hwmon_add_iio(struct hwmon_probe *probe);

#endif
