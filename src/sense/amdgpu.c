/* SPDX-License-Identifier: MIT */
/*
 * amdgpu: AMD GPUs by the hwmon files of their kernel driver.
 *
 * Hardware:   GCN 1.2 and newer, CDNA, RDNA; on an APU the power is that of the whole package,
 *             CPU included (kernel: Documentation/gpu/amdgpu/thermal.rst).
 * Counter:    power1_average or power1_input, uW, an average of the controller's own over about a
 *             millisecond; energy1_input, uJ, where a driver has it. No wrap: the kernel's are
 *             64 bit.
 * Trap:       of the two dies of an MI250 the first reports the card, the second 0 (ROCm/amdsmi).
 *             A 0 is never a power here: it is refused and says so.
 * Accuracy:   AMD states none; 5 % is taken, as found for NVIDIA's like sensors.
 * Privilege:  none.
 * Source:     Linux drivers/gpu/drm/amd/pm/amdgpu_pm.c, Documentation/hwmon/sysfs-interface.rst.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "sense/hwmon_reader.h"
#include "sense/hwmon_tree.h"
#include "sense/sense.h"

#define DRIVER "amdgpu"

/* NVIDIA's boards are unit 0 and up; other makers' GPUs in the same machine are other units. */
enum { FIRST_UNIT = 64, MI250X = 0x7408, MI250 = 0x740c };

struct probe {
    const struct wattle_host *host;
    struct wattle_channel_list *found;
    unsigned gpus;
};

struct gpu {
    const struct hwmon_chip *chip;
    unsigned index;
    bool apu;
    bool two_dies;
    char device[WATTLE_NAME_MAX];
    double max_power_w;
};

static void describe(const struct hwmon_chip *chip, struct gpu *gpu)
{
    char dir[256], text[64];
    unsigned id = 0;

    snprintf(dir, sizeof dir, "%s/device", chip->dir);
    if (file_read_line(dir, "device", text, sizeof text) > 0) {
        id = (unsigned)strtoul(text, NULL, 16);
    }
    hwmon_label(dir, gpu->device, sizeof gpu->device, "product_name");
    if (gpu->device[0] == '\0' && id != 0) {
        snprintf(gpu->device, sizeof gpu->device, "AMD GPU 1002:%04x", id);
    }
    /* Only an APU has the north bridge's voltage among its own (amdgpu_pm.c: in1, "vddnb"). */
    gpu->apu = hwmon_has(chip->dir, "in1_input");
    gpu->two_dies = id == MI250 || id == MI250X;
    gpu->max_power_w = hwmon_positive(chip->dir, "power1_cap_max", 1e-6);
    if (!wattle_known(gpu->max_power_w)) {
        gpu->max_power_w = hwmon_positive(chip->dir, "power1_cap", 1e-6);
    }
}

static void init_channel(const struct gpu *gpu, struct wattle_channel *channel, const char *suffix,
                         const char *file)
{
    wattle_channel_init(channel, DRIVER);
    snprintf(channel->name, sizeof channel->name, "amdgpu-%u%s", gpu->index, suffix);
    snprintf(channel->source, sizeof channel->source, "amdgpu:%s:%s",
             gpu->chip->device[0] != '\0' ? gpu->chip->device : gpu->chip->name, file);
    snprintf(channel->device, sizeof channel->device, "%s", gpu->device);
    if (gpu->chip->device[0] != '\0') {
        snprintf(channel->key, sizeof channel->key, "pci:%.64s:%s", gpu->chip->device, file);
    }
    channel->kind = WATTLE_GPU;
    channel->domain = WATTLE_D_GPU;
    channel->unit_index = FIRST_UNIT + (int)gpu->index;
    channel->update_period_s = 0.1;
    channel->error_relative = 0.05;
    channel->error_w = 0;
}

static void remark(const struct gpu *gpu, struct wattle_channel *channel)
{
    channel->max_power_w = gpu->max_power_w;
    if (gpu->apu) {
        snprintf(channel->name, sizeof channel->name, "package-%u-apu", gpu->index);
        channel->kind = WATTLE_CPU;
        channel->domain = WATTLE_D_PACKAGE;
        channel->unit_index = (int)gpu->index;
        channel->max_power_w = WATTLE_UNKNOWN;
        if (channel->usable) {
            snprintf(channel->reason, sizeof channel->reason,
                     "an APU: the power of the whole package, CPU and GPU");
        }
    } else if (gpu->two_dies && channel->usable) {
        snprintf(channel->reason, sizeof channel->reason,
                 "includes the second die of its card, which reports 0");
        channel->max_power_w *= 2;
    } else if (gpu->two_dies && strstr(channel->reason, "reads 0") != NULL) {
        snprintf(channel->reason, sizeof channel->reason,
                 "reads 0: the first die of its card reports both");
        snprintf(channel->remedy, sizeof channel->remedy, "nothing to do");
    }
}

static int add_gauge(const struct probe *probe, const struct gpu *gpu, const char *suffix,
                     enum hwmon_form form, const char *dir)
{
    struct wattle_channel channel;

    init_channel(gpu, &channel, suffix, suffix + 1);
    hwmon_channel_fill(probe->host, &channel, dir, form, 1, false);
    channel.domain = WATTLE_D_NONE;
    channel.update_period_s = 1;
    return channel.usable ? wattle_channel_add(probe->found, &channel) : 0;
}

static int add_gauges(const struct probe *probe, const struct gpu *gpu)
{
    char dir[256];
    int code = add_gauge(probe, gpu, "-temperature", HWMON_FORM_TEMP, gpu->chip->dir);

    if (code == 0 && hwmon_has(gpu->chip->dir, "fan1_input")) {
        code = add_gauge(probe, gpu, "-fan", HWMON_FORM_FAN, gpu->chip->dir);
    }
    snprintf(dir, sizeof dir, "%s/device", gpu->chip->dir);
    if (code == 0 && hwmon_has(dir, "gpu_busy_percent")) {
        code = add_gauge(probe, gpu, "-utilization", HWMON_FORM_BUSY, dir);
    }
    return code;
}

static int visit(void *user, const struct hwmon_chip *chip)
{
    struct probe *probe = user;
    struct gpu gpu = {.chip = chip, .index = probe->gpus};
    struct wattle_channel channel;
    bool has_counter = false;
    int code = 0;

    probe->gpus++;
    describe(chip, &gpu);
    if (hwmon_has(chip->dir, "energy1_input")) {
        init_channel(&gpu, &channel, "", "energy1_input");
        hwmon_channel_fill(probe->host, &channel, chip->dir, HWMON_FORM_ENERGY, 1, true);
        remark(&gpu, &channel);
        has_counter = channel.usable;
        code = has_counter ? wattle_channel_add(probe->found, &channel) : 0;
    }
    if (code == 0 && (hwmon_has(chip->dir, "power1_average") ||
                      hwmon_has(chip->dir, "power1_input"))) {
        bool average = hwmon_has(chip->dir, "power1_average");

        init_channel(&gpu, &channel, has_counter ? "-power" : "",
                     average ? "power1_average" : "power1_input");
        hwmon_channel_fill(probe->host, &channel, chip->dir,
                           average ? HWMON_FORM_POWER_AVERAGE : HWMON_FORM_POWER_INPUT, 1, true);
        remark(&gpu, &channel);
        if (has_counter && gpu.apu) {
            strncat(channel.name, "-power", sizeof channel.name - strlen(channel.name) - 1);
        }
        code = wattle_channel_add(probe->found, &channel);
    } else if (code == 0 && !has_counter) {
        init_channel(&gpu, &channel, "", "power1");
        channel.quantity = WATTLE_Q_POWER;
        snprintf(channel.reason, sizeof channel.reason, "its driver reports no power");
        snprintf(channel.remedy, sizeof channel.remedy,
                 "a newer kernel, or leave power management on (amdgpu.dpm is not 0)");
        code = wattle_channel_add(probe->found, &channel);
    }
    return code == 0 ? add_gauges(probe, &gpu) : code;
}

static int probe_all(const struct wattle_host *host, struct wattle_channel_list *found,
                     struct wattle_error *err)
{
    static const char *const names[] = {"amdgpu", NULL};
    struct probe probe = {.host = host, .found = found};
    int code = hwmon_each(host, names, visit, &probe);

    return code == 0 ? 0 : error_set(err, code, DRIVER ": out of memory");
}

const struct wattle_sensor_driver sense_amdgpu = {
    .abi = WATTLE_SENSOR_ABI,
    .name = DRIVER,
    .summary = "AMD GPUs: power of the board (amdgpu, hwmon)",
    .probe = probe_all,
    .open = hwmon_open,
    .read = hwmon_read,
    .close = hwmon_close,
};
