/* SPDX-License-Identifier: MIT */
/*
 * acpi_power: power meters that the firmware offers (ACPI000D).
 *
 * Hardware:   servers: the machine at its supply (what the BMC measures); NVIDIA Grace: one meter
 *             each for module, Grace socket, CPU and system I/O, told apart by power1_oem_info.
 * Value:      power1_average, uW, a mean of power1_average_interval ms (about 1 s on servers, 50 ms
 *             on Grace).
 * Accuracy:   power1_accuracy, which the firmware states; 5 % where it does not.
 * Privilege:  none for reading. A reading may go through the BMC and take tens of milliseconds;
 *             the kernel asks it once per interval.
 * Source:     ACPI specification 6.5, section 10.4; Linux Documentation/hwmon/acpi_power_meter.rst;
 *             "NVIDIA Grace Performance Tuning Guide", power and thermal telemetry.
 */
#include "sense/acpi_power.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "sense/hwmon_reader.h"
#include "sense/hwmon_tree.h"
#include "sense/sense.h"

#define DRIVER "acpi_power"

struct probe {
    const struct wattle_host *host;
    struct wattle_channel_list *found;
    int meters;
};

double acpi_power_parse_accuracy(const char *text)
{
    char number[16];
    size_t length = strlen(text);
    double percent;

    if (length < 2 || length > sizeof number || text[length - 1] != '%') {
        return WATTLE_UNKNOWN;
    }
    memcpy(number, text, length - 1);
    number[length - 1] = '\0';
    if (!parse_double(number, &percent) || percent <= 0 || percent > 100) {
        return WATTLE_UNKNOWN;
    }
    return 1 - percent / 100;
}

bool acpi_power_parse_label(const char *label, struct acpi_power_part *ret)
{
    static const struct {
        const char *prefix;
        struct acpi_power_part part;
    } parts[] = {
        {"Module Power Socket", {WATTLE_BOARD, WATTLE_D_MODULE, 0, "module"}},
        {"Grace Power Socket", {WATTLE_CPU, WATTLE_D_PACKAGE, 0, "package"}},
        {"CPU Power Socket", {WATTLE_CPU, WATTLE_D_CORE, 0, "core"}},
        {"SysIO Power Socket", {WATTLE_CPU, WATTLE_D_UNCORE, 0, "uncore"}},
    };
    size_t i;

    for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t length = strlen(parts[i].prefix);
        uint64_t socket;

        if (strncmp(label, parts[i].prefix, length) == 0 &&
            parse_u64(label + length, strlen(label + length), &socket) && socket < 1024) {
            *ret = parts[i].part;
            ret->unit_index = (int)socket;
            return true;
        }
    }
    return false;
}

static void identify(const struct probe *probe, const struct hwmon_chip *chip,
                     struct wattle_channel *channel)
{
    char label[WATTLE_NAME_MAX];
    struct acpi_power_part part = {WATTLE_BOARD, WATTLE_D_WALL, probe->meters, "wall"};

    hwmon_label(chip->dir, label, sizeof label, "power1_oem_info");
    acpi_power_parse_label(label, &part);
    channel->kind = part.kind;
    channel->domain = part.domain;
    channel->unit_index = part.unit_index;
    snprintf(channel->name, sizeof channel->name, "%s-%d", part.noun, part.unit_index);
    snprintf(channel->source, sizeof channel->source, "acpi:%s:power1_average",
             chip->device[0] != '\0' ? chip->device : "power_meter");
    hwmon_label(chip->dir, channel->device, sizeof channel->device, "power1_model_number");
    if (label[0] != '\0') {
        snprintf(channel->device, sizeof channel->device, "%s", label);
    }
    if (chip->device[0] != '\0') {
        snprintf(channel->key, sizeof channel->key, "acpi:%s", chip->device);
    }
}

static int visit(void *user, const struct hwmon_chip *chip)
{
    struct probe *probe = user;
    struct wattle_channel channel;
    char text[32];
    double interval_s;

    wattle_channel_init(&channel, DRIVER);
    identify(probe, chip, &channel);
    probe->meters += channel.domain == WATTLE_D_WALL;
    hwmon_channel_fill(probe->host, &channel, chip->dir, HWMON_FORM_POWER_AVERAGE, 1, true);
    interval_s = hwmon_positive(chip->dir, "power1_average_interval", 1e-3);
    channel.averaging_s = wattle_known(interval_s) ? interval_s : 0;
    channel.update_period_s = wattle_known(interval_s) ? interval_s : 1;
    channel.max_power_w = hwmon_positive(chip->dir, "power1_cap_max", 1e-6);
    channel.error_relative = WATTLE_UNKNOWN;
    channel.error_w = 0;
    if (file_read_line(chip->dir, "power1_accuracy", text, sizeof text) > 0) {
        channel.error_relative = acpi_power_parse_accuracy(text);
    }
    if (!wattle_known(channel.error_relative)) {
        channel.error_relative = 0.05;
    }
    return wattle_channel_add(probe->found, &channel);
}

static int probe_all(const struct wattle_host *host, struct wattle_channel_list *found,
                     struct wattle_error *err)
{
    static const char *const names[] = {"power_meter", NULL};
    struct probe probe = {.host = host, .found = found};
    int code = hwmon_each(host, names, visit, &probe);

    return code == 0 ? 0 : error_set(err, code, DRIVER ": out of memory");
}

const struct wattle_sensor_driver sense_acpi_power = {
    .abi = WATTLE_SENSOR_ABI,
    .name = DRIVER,
    .summary = "the firmware's power meter: the machine at its supply (ACPI)",
    .probe = probe_all,
    .open = hwmon_open,
    .read = hwmon_read,
    .close = hwmon_close,
};
