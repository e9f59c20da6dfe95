/* SPDX-License-Identifier: MIT */
/*
 * ipmi: the machine at its supply, as its management controller (BMC) measures it.
 *
 * Hardware:   servers whose BMC speaks DCMI ("Get Power Reading"); many do, some of Huawei's and
 *             others do not and then say so.
 * Value:      current power, whole W; renewed by the BMC about once a second.
 * Accuracy:   neither DCMI nor vendors state one; 5 % and the rounding of 0.5 W are taken. It is a
 *             cross-check of components, for which seconds matter, not a meter of short jobs.
 * Cost:       5 to 100 ms a call and up to a minute when the BMC is stuck: asked on a thread of
 *             its own.
 * Privilege:  /dev/ipmi0 is root's. It must stay so: who may write it may switch the machine off
 *             and change the BMC's users.
 * Source:     DCMI Specification 1.5 rev. 1.0, section 6.6.1; FreeIPMI 1.6, opened at run time
 *             (GPL: not linked).
 */
#include "sense/ipmi.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wattle/sys/sensor.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/host.h"

#define DRIVER "ipmi"

/* What probe may block at most (wattle/sys/sensor.h). */
enum { WAIT_MS = 200 };

struct state {
    const struct wattle_host *host;
    struct ipmi_poller *poller;
    size_t count;
};

/* The kernel's device: /dev/ipmi0, or where devfs and others put it. */
static bool find_device(const struct wattle_host *host, char *ret, size_t size)
{
    static const char *const names[] = {"ipmi0", "ipmi/0", "ipmidev/0"};
    size_t i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (host_path(ret, size, host->dev, "%s", names[i]) >= 0 && access(ret, F_OK) == 0) {
            return true;
        }
    }
    return false;
}

/* Does the firmware describe a BMC (ACPI device IPI0001) that no kernel driver has taken? */
static bool bmc_described(const struct wattle_host *host)
{
    char path[512];

    return host_path(path, sizeof path, host->sysfs, "bus/acpi/devices/IPI0001:00") >= 0 &&
           access(path, F_OK) == 0;
}

static void refuse(struct wattle_channel *channel, const char *reason, const char *remedy)
{
    channel->usable = false;
    snprintf(channel->reason, sizeof channel->reason, "%s", reason);
    snprintf(channel->remedy, sizeof channel->remedy, "%s", remedy);
}

static void try_bmc(const struct wattle_host *host, const char *device,
                    struct wattle_channel *channel)
{
    struct wattle_error why = {0};
    char words[WATTLE_ERROR_TEXT_MAX], reason[WATTLE_REASON_MAX];
    struct ipmi_poller *poller;
    struct ipmi_api api;

    if (access(device, R_OK | W_OK) != 0) {
        refuse(channel, "permission denied: the BMC's device is root's",
               "measure as root or through the wattled service; do not open the device to others: "
               "it controls the machine");
        return;
    }
    if (ipmi_api_load(host->ipmi, &api, &why) != 0) {
        snprintf(reason, sizeof reason, "FreeIPMI cannot be opened: %.200s", why.text);
        refuse(channel, reason, "install FreeIPMI's library (Debian: apt install libfreeipmi17)");
        return;
    }
    poller = ipmi_poller_start(&api, device);
    if (poller == NULL) {
        ipmi_api_unload(&api);
        refuse(channel, "no thread for the BMC", "raise the limit of threads (ulimit -u)");
        return;
    }
    ipmi_poller_wait(poller, WAIT_MS);
    channel->usable = wattle_known(ipmi_poller_power_w(poller, words));
    if (!channel->usable) {
        refuse(channel, words, "compare 'ipmi-dcmi --get-system-power-statistics'");
    }
    ipmi_poller_stop(poller);
}

static int probe_all(const struct wattle_host *host, struct wattle_channel_list *found,
                     struct wattle_error *err)
{
    struct wattle_channel channel;
    char device[256];
    int code;

    /* A fake machine has a BMC only if it brings the library that speaks to it. */
    if (host->ipmi != NULL ? strcmp(host->ipmi, "none") == 0 : host->fake) {
        return 0;
    }
    wattle_channel_init(&channel, DRIVER);
    snprintf(channel.name, sizeof channel.name, "wall-bmc");
    snprintf(channel.source, sizeof channel.source, "ipmi:dcmi");
    snprintf(channel.key, sizeof channel.key, "ipmi:dcmi");
    channel.kind = WATTLE_BOARD;
    channel.quantity = WATTLE_Q_POWER;
    channel.domain = WATTLE_D_WALL;
    channel.quality = WATTLE_INTEGRATED;
    channel.unit = 1;
    channel.update_period_s = 1;
    channel.error_relative = 0.05;
    channel.error_w = 0.5;
    if (find_device(host, device, sizeof device)) {
        snprintf(channel.driver_path, sizeof channel.driver_path, "%s", device);
        try_bmc(host, device, &channel);
    } else if (bmc_described(host)) {
        refuse(&channel, "the machine has a BMC, but no driver for it is loaded",
               "modprobe ipmi_si ipmi_devintf");
    } else {
        return 0;
    }
    code = wattle_channel_add(found, &channel);
    return code == 0 ? 0 : error_set(err, code, DRIVER ": out of memory");
}

static void close_state(void *opaque)
{
    struct state *state = opaque;

    if (state != NULL) {
        ipmi_poller_stop(state->poller);
        free(state);
    }
}

static int open_channels(const struct wattle_host *host, const struct wattle_channel *channels,
                         size_t n, void **ret_state, struct wattle_error *err)
{
    struct state *state = calloc(1, sizeof *state);
    struct ipmi_api api;
    int code;

    *ret_state = NULL;
    if (state == NULL || n == 0) {
        free(state);
        return error_set(err, n == 0 ? WATTLE_E_INVALID : WATTLE_E_NOMEM, DRIVER ": cannot open");
    }
    code = ipmi_api_load(host->ipmi, &api, err);
    if (code != 0) {
        free(state);
        return code;
    }
    state->host = host;
    state->count = n;
    state->poller = ipmi_poller_start(&api, channels[0].driver_path);
    if (state->poller == NULL) {
        ipmi_api_unload(&api);
        free(state);
        return error_set(err, WATTLE_E_IO, DRIVER ": cannot start a thread");
    }
    ipmi_poller_wait(state->poller, WAIT_MS);
    *ret_state = state;
    return 0;
}

static int read_all(void *opaque, struct wattle_reading *readings)
{
    struct state *state = opaque;
    double power_w = ipmi_poller_power_w(state->poller, NULL);
    size_t i;

    for (i = 0; i < state->count; i++) {
        memset(&readings[i], 0, sizeof readings[i]);
        readings[i].t_ns = clock_monotonic_ns(state->host);
        readings[i].low = readings[i].high = WATTLE_UNKNOWN;
        readings[i].value = power_w;
        readings[i].status = isnan(power_w) ? WATTLE_READ_FAILED : WATTLE_READ_OK;
    }
    return 0;
}

const struct wattle_sensor_driver sense_ipmi = {
    .abi = WATTLE_SENSOR_ABI,
    .name = DRIVER,
    .summary = "the management controller's power reading (IPMI DCMI)",
    .flags = WATTLE_DRIVER_SLOW,
    .probe = probe_all,
    .open = open_channels,
    .read = read_all,
    .close = close_state,
};
