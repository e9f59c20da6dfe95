/* SPDX-License-Identifier: MIT */
/*
 * battery: what a laptop draws from its batteries while nothing else feeds it.
 *
 * Hardware:   ACPI batteries and fuel gauges of ARM boards, by the power_supply class. Those of
 *             mice and keyboards (scope "Device") are not the machine's.
 * Value:      power_now uW, else current_now uA * voltage_now uV; of all batteries together, since
 *             they feed one machine, and only while one says "Discharging". On mains the battery
 *             sees nothing of what the machine draws.
 * Charge:     energy_now uWh, else charge_now uAh * voltage.
 * Resolution: 1 to 10 mW; the gauge renews it every 1 to 30 s by model. 5 % is taken for its
 *             error: gauges are calibrated to about 1 %, but their averaging is not stated.
 * Privilege:  none.
 * Source:     Linux Documentation/ABI/testing/sysfs-class-power, Documentation/power/
 *             power_supply_class.rst.
 */
#include "sense/battery.h"

#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/host.h"
#include "sense/sense.h"

#define DRIVER "battery"
#define J_PER_UWH 3.6e-3

enum { BATTERIES_MAX = 8, PERIOD_NS = 1000000000, NAME_SIZE = 64 };
enum { READING_POWER = 0, READING_CHARGE = 1 };

struct supplies {
    char root[200];
    char names[BATTERIES_MAX][NAME_SIZE];
    size_t count;
    bool mains_online; /* a supply that is not a battery feeds the machine */
};

struct state {
    const struct wattle_host *host;
    struct supplies supplies;
    double power_w, charge_j; /* of the last look */
    int64_t looked_ns;
    size_t count;
    unsigned char readings[]; /* READING_* of each channel */
};

enum battery_status battery_parse_status(const char *text)
{
    if (strcmp(text, "Discharging") == 0) {
        return BATTERY_DISCHARGING;
    }
    if (strcmp(text, "Charging") == 0) {
        return BATTERY_CHARGING;
    }
    return strcmp(text, "Full") == 0 || strcmp(text, "Not charging") == 0 ? BATTERY_RESTING
                                                                           : BATTERY_UNKNOWN;
}

/* Some firmware counts what leaves as negative, some as positive: status has the direction. */
static double magnitude(int64_t value)
{
    return value == BATTERY_ABSENT ? WATTLE_UNKNOWN : fabs((double)value);
}

double battery_power_w(const struct battery_values *values)
{
    double power_w = magnitude(values->power_now_uw) * 1e-6;

    if (!(power_w > 0)) {
        power_w = magnitude(values->current_now_ua) * 1e-6 *
                  (magnitude(values->voltage_now_uv) * 1e-6);
    }
    return power_w > 0 ? power_w : WATTLE_UNKNOWN;
}

double battery_charge_j(const struct battery_values *values)
{
    double voltage_v = magnitude(values->voltage_now_uv) * 1e-6;

    if (values->energy_now_uwh != BATTERY_ABSENT && values->energy_now_uwh >= 0) {
        return (double)values->energy_now_uwh * J_PER_UWH;
    }
    if (isnan(voltage_v)) {
        voltage_v = magnitude(values->voltage_design_uv) * 1e-6;
    }
    if (values->charge_now_uah == BATTERY_ABSENT || values->charge_now_uah < 0) {
        return WATTLE_UNKNOWN;
    }
    return (double)values->charge_now_uah * J_PER_UWH * voltage_v;
}

static int64_t read_number(const char *dir, const char *file)
{
    int64_t value;

    return file_read_i64(dir, file, &value) == 0 ? value : BATTERY_ABSENT;
}

static void read_values(const char *dir, struct battery_values *ret)
{
    ret->power_now_uw = read_number(dir, "power_now");
    ret->current_now_ua = read_number(dir, "current_now");
    ret->voltage_now_uv = read_number(dir, "voltage_now");
    ret->voltage_design_uv = read_number(dir, "voltage_min_design");
    ret->energy_now_uwh = read_number(dir, "energy_now");
    ret->charge_now_uah = read_number(dir, "charge_now");
}

static bool text_is(const char *dir, const char *file, const char *wanted)
{
    char text[32];

    return file_read_line(dir, file, text, sizeof text) > 0 && strcmp(text, wanted) == 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool supply_dir(const struct supplies *supplies, const char *name, char *ret, size_t size)
{
    return host_path(ret, size, supplies->root, "%s", name) >= 0;
}

static void list_supplies(const struct wattle_host *host, struct supplies *ret)
{
    struct dirent *entry;
    DIR *stream;

    memset(ret, 0, sizeof *ret);
    if (host_path(ret->root, sizeof ret->root, host->sysfs, "class/power_supply") < 0 ||
        (stream = opendir(ret->root)) == NULL) {
        return;
    }
    while ((entry = readdir(stream)) != NULL) {
        char dir[300];

        if (entry->d_name[0] == '.' || strlen(entry->d_name) >= NAME_SIZE ||
            !supply_dir(ret, entry->d_name, dir, sizeof dir)) {
            continue;
        }
        if (text_is(dir, "type", "Battery")) {
            if (ret->count < BATTERIES_MAX && !text_is(dir, "scope", "Device") &&
                !text_is(dir, "present", "0")) {
                memcpy(ret->names[ret->count++], entry->d_name, strlen(entry->d_name) + 1);
            }
        } else if (text_is(dir, "online", "1") && !text_is(dir, "scope", "Device")) {
            ret->mains_online = true;
        }
    }
    closedir(stream);
    qsort(ret->names, ret->count, sizeof ret->names[0], compare_names);
}

/*
 * Sum of what discharging batteries give, and of what is in all of them. One that charges means
 * that something else feeds the machine.
 */
static void look(const struct supplies *supplies, double *ret_power_w, double *ret_charge_j)
{
    double power_w = 0, charge_j = 0;
    bool discharging = false, charging = false;
    size_t i;

    for (i = 0; i < supplies->count; i++) {
        struct battery_values values;
        enum battery_status status = BATTERY_UNKNOWN;
        char dir[300], text[32];

        if (!supply_dir(supplies, supplies->names[i], dir, sizeof dir)) {
            continue;
        }
        if (file_read_line(dir, "status", text, sizeof text) > 0) {
            status = battery_parse_status(text);
        }
        read_values(dir, &values);
        charge_j += battery_charge_j(&values);
        charging = charging || status == BATTERY_CHARGING;
        if (status == BATTERY_DISCHARGING) {
            discharging = true;
            power_w += battery_power_w(&values);
        }
    }
    *ret_power_w = discharging && !charging ? power_w : WATTLE_UNKNOWN;
    *ret_charge_j = supplies->count > 0 ? charge_j : WATTLE_UNKNOWN;
}

static void describe(const struct supplies *supplies, struct wattle_channel *channel,
                     const char *name, int reading)
{
    char dir[300], maker[24] = "", model[24] = "";
    size_t used = 0;
    size_t i;

    wattle_channel_init(channel, DRIVER);
    snprintf(channel->name, sizeof channel->name, "%s", name);
    used = (size_t)snprintf(channel->source, sizeof channel->source, "battery:");
    for (i = 0; i < supplies->count && used < sizeof channel->source; i++) {
        used += (size_t)snprintf(channel->source + used, sizeof channel->source - used, "%s%s",
                                 i > 0 ? "+" : "", supplies->names[i]);
    }
    if (supply_dir(supplies, supplies->names[0], dir, sizeof dir)) {
        file_read_line(dir, "manufacturer", maker, sizeof maker);
        file_read_line(dir, "model_name", model, sizeof model);
        snprintf(channel->device, sizeof channel->device, "%s%s%s", maker,
                 maker[0] != '\0' && model[0] != '\0' ? " " : "", model);
    }
    channel->kind = WATTLE_BATTERY;
    channel->unit = 1;
    channel->update_period_s = 1;
    channel->error_relative = 0.05;
    channel->error_w = 0;
    channel->driver_data[0] = (uint64_t)reading;
}

static int probe_all(const struct wattle_host *host, struct wattle_channel_list *found,
                     struct wattle_error *err)
{
    struct supplies supplies;
    struct wattle_channel channel;
    double power_w, charge_j;
    int code;

    list_supplies(host, &supplies);
    if (supplies.count == 0) {
        return 0;
    }
    look(&supplies, &power_w, &charge_j);
    describe(&supplies, &channel, "battery", READING_POWER);
    channel.quantity = WATTLE_Q_POWER;
    channel.domain = WATTLE_D_PLATFORM;
    channel.quality = WATTLE_INTEGRATED;
    channel.usable = wattle_known(power_w);
    if (!channel.usable && supplies.mains_online) {
        snprintf(channel.reason, sizeof channel.reason,
                 "on mains: the battery does not see what the machine draws");
        snprintf(channel.remedy, sizeof channel.remedy, "pull the plug to measure by the battery");
    } else if (!channel.usable) {
        snprintf(channel.reason, sizeof channel.reason,
                 "not discharging, or its gauge tells no power");
        snprintf(channel.remedy, sizeof channel.remedy,
                 "pull the plug; else the firmware offers no power_now or current_now");
    }
    code = wattle_channel_add(found, &channel);
    if (code == 0 && wattle_known(charge_j)) {
        describe(&supplies, &channel, "battery-charge", READING_CHARGE);
        channel.quantity = WATTLE_Q_CHARGE;
        channel.domain = WATTLE_D_NONE;
        channel.quality = WATTLE_MEASURED;
        channel.usable = true;
        code = wattle_channel_add(found, &channel);
    }
    return code == 0 ? 0 : error_set(err, code, DRIVER ": out of memory");
}

static int open_channels(const struct wattle_host *host, const struct wattle_channel *channels,
                         size_t n, void **ret_state, struct wattle_error *err)
{
    struct state *state = calloc(1, sizeof *state + n);
    size_t i;

    *ret_state = NULL;
    if (state == NULL) {
        return error_set(err, WATTLE_E_NOMEM, DRIVER ": out of memory");
    }
    state->host = host;
    state->count = n;
    list_supplies(host, &state->supplies);
    if (state->supplies.count == 0) {
        free(state);
        return error_set(err, WATTLE_E_GONE, DRIVER ": no battery any more");
    }
    for (i = 0; i < n; i++) {
        state->readings[i] = (unsigned char)channels[i].driver_data[0];
    }
    *ret_state = state;
    return 0;
}

static int read_all(void *opaque, struct wattle_reading *readings)
{
    struct state *state = opaque;
    int64_t now_ns = clock_monotonic_ns(state->host);
    size_t i;

    /* Each file asks the embedded controller anew on some machines, a millisecond or more. */
    if (state->looked_ns == 0 || now_ns - state->looked_ns >= PERIOD_NS) {
        look(&state->supplies, &state->power_w, &state->charge_j);
        state->looked_ns = now_ns;
    }
    for (i = 0; i < state->count; i++) {
        struct wattle_reading *reading = &readings[i];

        memset(reading, 0, sizeof *reading);
        reading->t_ns = now_ns;
        reading->low = reading->high = WATTLE_UNKNOWN;
        reading->value =
            state->readings[i] == READING_POWER ? state->power_w : state->charge_j;
        reading->status = wattle_known(reading->value) ? WATTLE_READ_OK : WATTLE_READ_FAILED;
    }
    return 0;
}

const struct wattle_sensor_driver sense_battery = {
    .abi = WATTLE_SENSOR_ABI,
    .name = DRIVER,
    .summary = "a laptop's batteries while they feed it (power_supply)",
    .probe = probe_all,
    .open = open_channels,
    .read = read_all,
    .close = free,
};
