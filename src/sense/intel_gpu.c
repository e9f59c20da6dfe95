/* SPDX-License-Identifier: MIT */
/*
 * intel_gpu: Intel's discrete GPUs by the hwmon files of the i915 and xe drivers.
 *
 * Hardware:   Arc (DG1, DG2, Battlemage), Data Center GPU Flex and Max. Integrated GPUs have no
 *             hwmon: they are inside RAPL's package.
 * Counter:    energy1_input, uJ, of the card; xe also has energy2_input, of the GPU's package,
 *             which is part of it and is used where the card's is missing. i915_gtN are tiles of
 *             the same card. The chip counts 32 bits of 2^-14 J or so; the kernel makes 64 of it.
 * Accuracy:   Intel states none; 5 % is taken, as found for NVIDIA's like sensors.
 * Privilege:  none.
 * Source:     Linux Documentation/ABI/testing/sysfs-driver-intel-i915-hwmon, -intel-xe-hwmon.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "sense/hwmon_reader.h"
#include "sense/hwmon_tree.h"
#include "sense/sense.h"

#define DRIVER "intel_gpu"

enum { FIRST_UNIT = 128, TEMPERATURES_MAX = 8 };

struct probe {
    const struct wattle_host *host;
    struct wattle_channel_list *found;
    unsigned gpus;
};

static void init_channel(const struct hwmon_chip *chip, unsigned index,
                         struct wattle_channel *channel, const char *suffix, const char *file)
{
    char dir[256], text[32];

    wattle_channel_init(channel, DRIVER);
    snprintf(channel->name, sizeof channel->name, "intel-gpu-%u%s", index, suffix);
    snprintf(channel->source, sizeof channel->source, "%s:%s:%s", chip->name,
             chip->device[0] != '\0' ? chip->device : "card", file);
    snprintf(dir, sizeof dir, "%s/device", chip->dir);
    if (file_read_line(dir, "device", text, sizeof text) > 0) {
        snprintf(channel->device, sizeof channel->device, "Intel GPU 8086:%04x",
                 (unsigned)strtoul(text, NULL, 16) & 0xffff);
    }
    if (chip->device[0] != '\0') {
        snprintf(channel->key, sizeof channel->key, "pci:%.64s:%s", chip->device, file);
    }
    channel->kind = WATTLE_GPU;
    channel->domain = WATTLE_D_GPU;
    channel->unit_index = FIRST_UNIT + (int)index;
    channel->update_period_s = 0.01;
    channel->error_relative = 0.05;
    channel->error_w = 0;
}

static int add_energy(const struct probe *probe, const struct hwmon_chip *chip, unsigned index)
{
    unsigned number = hwmon_has(chip->dir, "energy1_input") ? 1 : 2;
    struct wattle_channel channel;

    init_channel(chip, index, &channel, "", number == 1 ? "energy1_input" : "energy2_input");
    if (!hwmon_has(chip->dir, "energy%u_input", number)) {
        channel.quantity = WATTLE_Q_ENERGY;
        snprintf(channel.reason, sizeof channel.reason, "its driver reports no energy");
        snprintf(channel.remedy, sizeof channel.remedy, "Linux 6.2 (i915) or 6.8 (xe) or newer");
        return wattle_channel_add(probe->found, &channel);
    }
    hwmon_channel_fill(probe->host, &channel, chip->dir, HWMON_FORM_ENERGY, number, false);
    if (number == 2 && channel.usable) {
        snprintf(channel.reason, sizeof channel.reason,
                 "the GPU's package alone, without the rest of its card");
    }
    channel.max_power_w = hwmon_positive(chip->dir, "power1_rated_max", 1e-6);
    if (!wattle_known(channel.max_power_w)) {
        channel.max_power_w = hwmon_positive(chip->dir, "power1_max", 1e-6);
    }
    return wattle_channel_add(probe->found, &channel);
}

static int add_gauges(const struct probe *probe, const struct hwmon_chip *chip, unsigned index)
{
    struct wattle_channel channel;
    int code = 0;
    unsigned i;

    for (i = 1; i < TEMPERATURES_MAX; i++) {
        if (!hwmon_has(chip->dir, "temp%u_input", i)) {
            continue;
        }
        init_channel(chip, index, &channel, "-temperature", "temp");
        hwmon_channel_fill(probe->host, &channel, chip->dir, HWMON_FORM_TEMP, i, false);
        if (channel.usable) { /* the first that answers: the package's */
            channel.domain = WATTLE_D_NONE;
            channel.update_period_s = 1;
            code = wattle_channel_add(probe->found, &channel);
            break;
        }
    }
    if (code != 0 || !hwmon_has(chip->dir, "fan1_input")) {
        return code;
    }
    init_channel(chip, index, &channel, "-fan", "fan1_input");
    hwmon_channel_fill(probe->host, &channel, chip->dir, HWMON_FORM_FAN, 1, false);
    if (channel.usable) {
        channel.domain = WATTLE_D_NONE;
        channel.update_period_s = 1;
        code = wattle_channel_add(probe->found, &channel);
    }
    return code;
}

static int visit(void *user, const struct hwmon_chip *chip)
{
    struct probe *probe = user;
    unsigned index = probe->gpus++;
    int code = add_energy(probe, chip, index);

    return code == 0 ? add_gauges(probe, chip, index) : code;
}

static int probe_all(const struct wattle_host *host, struct wattle_channel_list *found,
                     struct wattle_error *err)
{
    /* Not i915_gt0: a tile is inside its card. */
    static const char *const names[] = {"i915", "xe", NULL};
    struct probe probe = {.host = host, .found = found};
    int code = hwmon_each(host, names, visit, &probe);

    return code == 0 ? 0 : error_set(err, code, DRIVER ": out of memory");
}

const struct wattle_sensor_driver sense_intel_gpu = {
    .abi = WATTLE_SENSOR_ABI,
    .name = DRIVER,
    .summary = "Intel GPUs: energy counter of the card (i915 and xe, hwmon)",
    .probe = probe_all,
    .open = hwmon_open,
    .read = hwmon_read,
    .close = hwmon_close,
};
