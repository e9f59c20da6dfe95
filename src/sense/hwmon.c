/* SPDX-License-Identifier: MIT */
/*
 * hwmon: every other chip below /sys/class/hwmon that tells power, energy, fans or the CPU's
 * temperature, and the older places of NVIDIA Jetson's INA3221.
 *
 * Hardware:   INA2xx and INA3221 on supply rails (Jetson and other boards), amd_energy (EPYC),
 *             fam15h_power, PMBus supplies, and whatever else has powerN_* or energyN_input.
 * Value:      powerN_average or powerN_input in uW; energyN_input in uJ; for an INA without power,
 *             inN_input mV times currN_input mA. Jetson with kernel 4: in_powerN_input in mW.
 * Accuracy:   INA226 0.1 %, INA3221 0.25 % gain (TI data sheets SBOS547, SBOS576) and a shunt of
 *             1 %: 2 % is taken. Others state none: 5 %.
 * Privilege:  none, but amd_energy, which is root's since CVE-2020-8694.
 * Source:     Linux Documentation/hwmon/{sysfs-interface,ina2xx,ina3221,amd_energy}.rst; Jetson
 *             Linux Developer Guide, "Power monitor".
 *
 * A board whose input is measured ("VDD_IN") contains its other rails, which are then shown as
 * rails only; without it a rail that is named after the CPU, the GPU or memory stands for that.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "sense/hwmon.h"
#include "sense/hwmon_reader.h"
#include "sense/hwmon_tree.h"
#include "sense/sense.h"

/* As for the GPUs of other makers: units of their own. */
enum { FIRST_GPU_UNIT = 192, CHANNELS_MAX = 64, ENERGIES_MAX = 1024, FANS_MAX = 32 };

static bool is_ina(const char *name)
{
    return strncmp(name, "ina", 3) == 0 && isdigit((unsigned char)name[3]);
}

/* Chips that another driver of this room has, or that are a battery's shadow. */
static bool is_others(const struct hwmon_chip *chip)
{
    static const char *const names[] = {"amdgpu", "i915", "xe", "power_meter"};
    size_t i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(chip->name, names[i]) == 0) {
            return true;
        }
    }
    /* power_supply devices appear in hwmon as well; only they have a "type". */
    return strncmp(chip->name, "i915_gt", 7) == 0 || hwmon_has(chip->dir, "device/type");
}

static bool name_taken(const struct hwmon_probe *probe, const char *name)
{
    size_t i;

    for (i = 0; i < probe->rails.count; i++) {
        if (strcmp(probe->rails.items[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* "VDD_CPU_GPU_CV" to "rail-vdd-cpu-gpu-cv"; a second of the same name gets a number. */
static void name_rail(const struct hwmon_probe *probe, const char *label, char *ret, size_t size)
{
    char base[WATTLE_NAME_MAX - 8];
    size_t used;
    unsigned i;

    snprintf(base, sizeof base, "rail-%s", label);
    for (used = 0; base[used] != '\0'; used++) {
        unsigned char c = (unsigned char)base[used];

        base[used] = (char)(isalnum(c) ? tolower(c) : '-');
    }
    snprintf(ret, size, "%s", base);
    for (i = 2; name_taken(probe, ret) && i < CHANNELS_MAX; i++) {
        snprintf(ret, size, "%s-%u", base, i);
    }
}

int hwmon_add_rail(struct hwmon_probe *probe, const struct hwmon_place *place)
{
    struct hwmon_rail rail = hwmon_classify_rail(place->label);
    struct wattle_channel channel;
    char fallback[WATTLE_NAME_MAX];

    wattle_channel_init(&channel, HWMON_DRIVER);
    snprintf(fallback, sizeof fallback, "%.24s-%.24s-%u", place->chip, place->device,
             place->number);
    name_rail(probe, place->label[0] != '\0' ? place->label : fallback, channel.name,
              sizeof channel.name);
    snprintf(channel.source, sizeof channel.source, "hwmon:%.32s:%.48s:%s", place->chip,
             place->device, place->file);
    snprintf(channel.device, sizeof channel.device, "%s", place->label);
    if (place->device[0] != '\0') {
        snprintf(channel.key, sizeof channel.key, "hwmon:%.32s:%.48s:%s", place->chip,
                 place->device, place->file);
    }
    channel.kind = rail.kind;
    channel.domain = rail.domain;
    channel.update_period_s = 0.1;
    channel.error_relative = is_ina(place->chip) ? 0.02 : 0.05;
    channel.error_w = 0;
    hwmon_channel_fill(probe->host, &channel, place->dir, place->form, place->number, false);
    if (place->form == HWMON_FORM_POWER_AVERAGE) {
        char file[40];
        double interval_s;

        snprintf(file, sizeof file, "power%u_average_interval", place->number);
        interval_s = hwmon_positive(place->dir, file, 1e-3);
        channel.averaging_s = wattle_known(interval_s) ? interval_s : 0;
    }
    probe->has_total = probe->has_total || (rail.total && channel.usable);
    return wattle_channel_add(&probe->rails, &channel);
}

static int visit_powers(struct hwmon_probe *probe, const struct hwmon_chip *chip, unsigned count)
{
    int code = 0;
    unsigned i;

    for (i = 0; i < count && code == 0; i++) {
        struct hwmon_place place = {.chip = chip->name, .device = chip->device, .dir = chip->dir,
                                    .number = i};
        bool average = hwmon_has(chip->dir, "power%u_average", i);

        if ((!average && !hwmon_has(chip->dir, "power%u_input", i)) ||
            hwmon_has(chip->dir, "energy%u_input", i)) {
            continue; /* the counter of the same rail is better */
        }
        place.form = average ? HWMON_FORM_POWER_AVERAGE : HWMON_FORM_POWER_INPUT;
        snprintf(place.file, sizeof place.file, "power%u_%s", i, average ? "average" : "input");
        hwmon_label(chip->dir, place.label, sizeof place.label, "power%u_label", i);
        if (strcmp(chip->name, "fam15h_power") == 0) {
            snprintf(place.label, sizeof place.label, "CPU");
        }
        code = hwmon_add_rail(probe, &place);
    }
    return code;
}

/* amd_energy: "Esocket0", "Ecore000". A socket's is the package, cores are inside it. */
static int visit_energies(struct hwmon_probe *probe, const struct hwmon_chip *chip, unsigned count)
{
    bool amd = strcmp(chip->name, "amd_energy") == 0;
    int code = 0;
    unsigned i;

    for (i = 0; i < count && code == 0; i++) {
        struct hwmon_place place = {.chip = chip->name, .device = chip->device, .dir = chip->dir,
                                    .number = i, .form = HWMON_FORM_ENERGY};
        struct wattle_channel *added;
        unsigned socket = 0;

        hwmon_label(chip->dir, place.label, sizeof place.label, "energy%u_label", i);
        if (!hwmon_has(chip->dir, "energy%u_input", i) ||
            (amd && sscanf(place.label, "Esocket%3u", &socket) != 1) ||
            (!amd && i >= CHANNELS_MAX)) {
            continue;
        }
        snprintf(place.file, sizeof place.file, "energy%u_input", i);
        code = hwmon_add_rail(probe, &place);
        if (code != 0 || !amd) {
            continue;
        }
        added = &probe->rails.items[probe->rails.count - 1];
        added->kind = WATTLE_CPU;
        added->domain = WATTLE_D_PACKAGE;
        added->unit_index = (int)socket;
        /* The kernel reads the registers every 100 s at most; between two calls they are exact. */
        added->update_period_s = 0.01;
        snprintf(added->name, sizeof added->name, "package-%u", socket);
        probe->fixed_packages = true;
    }
    return code;
}

static int visit_in_curr(struct hwmon_probe *probe, const struct hwmon_chip *chip, unsigned count)
{
    int code = 0;
    unsigned i;

    for (i = 0; i < count && code == 0; i++) {
        struct hwmon_place place = {.chip = chip->name, .device = chip->device, .dir = chip->dir,
                                    .number = i, .form = HWMON_FORM_IN_CURR};

        /* On an INA, in and curr of one number are one rail; on other chips they need not be. */
        if (!is_ina(chip->name) || hwmon_has(chip->dir, "power%u_input", i) ||
            hwmon_has(chip->dir, "power%u_average", i) ||
            !hwmon_has(chip->dir, "curr%u_input", i) || !hwmon_has(chip->dir, "in%u_input", i)) {
            continue;
        }
        snprintf(place.file, sizeof place.file, "in%u*curr%u", i, i);
        hwmon_label(chip->dir, place.label, sizeof place.label, "in%u_label", i);
        code = hwmon_add_rail(probe, &place);
    }
    return code;
}

static int visit_fans(struct hwmon_probe *probe, const struct hwmon_chip *chip, unsigned count)
{
    int code = 0;
    unsigned i;

    for (i = 0; i < count && code == 0 && probe->fans < FANS_MAX; i++) {
        struct wattle_channel channel;

        if (!hwmon_has(chip->dir, "fan%u_input", i)) {
            continue;
        }
        wattle_channel_init(&channel, HWMON_DRIVER);
        snprintf(channel.name, sizeof channel.name, "fan-%u", probe->fans);
        snprintf(channel.source, sizeof channel.source, "hwmon:%s:fan%u_input", chip->name, i);
        hwmon_label(chip->dir, channel.device, sizeof channel.device, "fan%u_label", i);
        channel.unit_index = (int)probe->fans;
        channel.update_period_s = 1;
        hwmon_channel_fill(probe->host, &channel, chip->dir, HWMON_FORM_FAN, i, false);
        if (channel.usable) {
            probe->fans++;
            code = wattle_channel_add(probe->found, &channel);
        }
    }
    return code;
}

static unsigned at_most(unsigned count, unsigned limit)
{
    return count < limit ? count : limit;
}

static int visit(void *user, const struct hwmon_chip *chip)
{
    struct hwmon_probe *probe = user;
    struct hwmon_counts counts;
    int code;

    if (is_others(chip)) {
        return 0;
    }
    hwmon_count(chip->dir, &counts);
    code = visit_powers(probe, chip, at_most(counts.of[HWMON_POWER], CHANNELS_MAX));
    if (code == 0) {
        code = visit_energies(probe, chip, at_most(counts.of[HWMON_ENERGY], ENERGIES_MAX));
    }
    if (code == 0) {
        /* curr4 of an INA3221 is the sum of the three, and its in4 a shunt's voltage. */
        code = visit_in_curr(probe, chip, at_most(counts.of[HWMON_CURR], 4));
    }
    /* Asking dell_smm for a fan stops some laptops for half a second (dell-smm-hwmon.rst). */
    if (code == 0 && strcmp(chip->name, "dell_smm") != 0) {
        code = visit_fans(probe, chip, at_most(counts.of[HWMON_FAN], FANS_MAX));
    }
    return code == 0 ? hwmon_add_temperatures(probe, chip, &counts) : code;
}

/* What a rail stands for is known only when all have been seen. */
static int settle_rails(struct hwmon_probe *probe)
{
    int units[WATTLE_D_NONE + 1] = {0};
    int code = 0;
    size_t i;

    for (i = 0; i < probe->rails.count && code == 0; i++) {
        struct wattle_channel *channel = &probe->rails.items[i];
        bool fixed = channel->domain == WATTLE_D_PACKAGE && probe->fixed_packages;

        if (probe->has_total && channel->domain != WATTLE_D_PLATFORM && !fixed) {
            channel->domain = WATTLE_D_RAIL;
        }
        if (!fixed) {
            channel->unit_index = units[channel->domain]++;
            channel->unit_index += channel->domain == WATTLE_D_GPU ? FIRST_GPU_UNIT : 0;
        }
        code = wattle_channel_add(probe->found, channel);
    }
    return code;
}

static int probe_all(const struct wattle_host *host, struct wattle_channel_list *found,
                     struct wattle_error *err)
{
    struct hwmon_probe probe = {.host = host, .found = found};
    int code = hwmon_each(host, NULL, visit, &probe);

    if (code == 0) {
        code = hwmon_add_iio(&probe);
    }
    if (code == 0) {
        code = settle_rails(&probe);
    }
    if (code == 0) {
        code = hwmon_add_zones(&probe);
    }
    channel_list_finish(&probe.rails);
    return code == 0 ? 0 : error_set(err, code, HWMON_DRIVER ": out of memory");
}

const struct wattle_sensor_driver sense_hwmon = {
    .abi = WATTLE_SENSOR_ABI,
    .name = HWMON_DRIVER,
    .summary = "supply rails, other power sensors, fans, CPU temperatures (hwmon)",
    .probe = probe_all,
    .open = hwmon_open,
    .read = hwmon_read,
    .close = hwmon_close,
};
