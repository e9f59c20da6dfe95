/* SPDX-License-Identifier: MIT */
/*
 * CPU temperatures: of coretemp the package's, of k10temp the die's, else a thermal zone's. Disks,
 * radios and single cores are left alone: asking them costs more than the answer is worth.
 */
#include "sense/hwmon.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/host.h"

enum { TEMPERATURES_MAX = 8, SENSORS_MAX = 32, ZONES_MAX = 64 };

static int add_temperature(struct hwmon_probe *probe, const char *dir, enum hwmon_form form,
                           unsigned number, const char *source, const char *label)
{
    struct wattle_channel channel;

    if (probe->cpu_temperatures >= SENSORS_MAX) {
        return 0;
    }
    wattle_channel_init(&channel, HWMON_DRIVER);
    snprintf(channel.name, sizeof channel.name, "cpu-%u-temperature", probe->cpu_temperatures);
    snprintf(channel.source, sizeof channel.source, "%s", source);
    snprintf(channel.device, sizeof channel.device, "%s", label);
    channel.kind = WATTLE_CPU;
    channel.unit_index = (int)probe->cpu_temperatures;
    channel.update_period_s = 1;
    hwmon_channel_fill(probe->host, &channel, dir, form, number, false);
    if (!channel.usable) {
        return 0;
    }
    probe->cpu_temperatures++;
    return wattle_channel_add(probe->found, &channel);
}

static int add_of_chip(struct hwmon_probe *probe, const struct hwmon_chip *chip, unsigned number,
                       const char *label)
{
    char source[WATTLE_SOURCE_MAX];

    snprintf(source, sizeof source, "hwmon:%s:temp%u_input", chip->name, number);
    return add_temperature(probe, chip->dir, HWMON_FORM_TEMP, number, source, label);
}

int hwmon_add_temperatures(struct hwmon_probe *probe, const struct hwmon_chip *chip,
                           const struct hwmon_counts *counts)
{
    bool intel = strcmp(chip->name, "coretemp") == 0;
    bool amd = strcmp(chip->name, "k10temp") == 0 || strcmp(chip->name, "zenpower") == 0;
    unsigned count, i, chosen = 0;
    char label[WATTLE_NAME_MAX] = "";
    int code = 0;

    if (!intel && !amd) {
        return 0;
    }
    /* The package is the first or, of several dies under one chip, among the first. */
    count = counts->of[HWMON_TEMP] < TEMPERATURES_MAX ? counts->of[HWMON_TEMP] : TEMPERATURES_MAX;
    for (i = 0; i < count && code == 0; i++) {
        char text[WATTLE_NAME_MAX];

        hwmon_label(chip->dir, text, sizeof text, "temp%u_label", i);
        if (intel && strncmp(text, "Package id ", 11) == 0) {
            code = add_of_chip(probe, chip, i, text);
        } else if (amd && hwmon_has(chip->dir, "temp%u_input", i) &&
                   (chosen == 0 || strcmp(text, "Tdie") == 0)) {
            /* Tctl may carry an offset of 10 or 20 degrees (k10temp.rst); Tdie does not. */
            chosen = i;
            memcpy(label, text, sizeof label);
        }
    }
    return code == 0 && chosen != 0 ? add_of_chip(probe, chip, chosen, label) : code;
}

static bool is_cpu_zone(const char *type)
{
    static const char *const prefixes[] = {"x86_pkg_temp", "cpu", "CPU", "soc", "mcpu"};
    size_t i;

    for (i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (strncmp(type, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}

int hwmon_add_zones(struct hwmon_probe *probe)
{
    int code = 0;
    unsigned i;

    if (probe->cpu_temperatures > 0) {
        return 0;
    }
    for (i = 0; i < ZONES_MAX && code == 0; i++) {
        char dir[200], type[WATTLE_NAME_MAX], source[WATTLE_SOURCE_MAX];

        if (host_path(dir, sizeof dir, probe->host->sysfs, "class/thermal/thermal_zone%u", i) <
                0 ||
            file_read_line(dir, "type", type, sizeof type) <= 0 || !is_cpu_zone(type)) {
            continue;
        }
        snprintf(source, sizeof source, "thermal_zone%u:%s", i, type);
        code = add_temperature(probe, dir, HWMON_FORM_ZONE, 0, source, type);
    }
    return code;
}
