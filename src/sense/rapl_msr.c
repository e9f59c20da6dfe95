/* SPDX-License-Identifier: MIT */
/*
 * RAPL by reading the processor's registers: for kernels without perf or
 * powercap support for this processor.
 *
 * Hardware: Intel family 6 since Sandy Bridge, AMD and Hygon since Zen.
 * Counter: 32 bits in units of rapl_registers.c, updated about every millisecond.
 * Wrap: at 2^32 counts (262 kJ or 65.5 kJ). Zen 4 and later count further; the low 32 bits
 *     that are used here wrap in the same way.
 * Privilege: <dev>/cpu/N/msr of the module msr, and CAP_SYS_RAWIO.
 * Source: Intel SDM vol. 4; AMD PPR 55803.
 *
 * Read on one CPU of each die (Intel) or package (AMD).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/host.h"
#include "sense/cpu_places.h"
#include "sense/rapl.h"
#include "sense/rapl_registers.h"
#include "sense/sense.h"

#define DRIVER "msr"
#define PLACES_MAX 64
#define COUNTS 0x100000000ULL

/* driver_data */
enum { DATA_REGISTER = 0, DATA_CPU = 1 };

static int msr_open_cpu(const struct wattle_host *host, int cpu)
{
    char path[512];
    int fd;

    if (host->msr_open != NULL) {
        return host->msr_open(host->io_user, cpu);
    }
    if (host->fake || host_path(path, sizeof path, host->dev, "cpu/%d/msr", cpu) < 0) {
        return -ENOENT;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int msr_read_register(const struct wattle_host *host, int handle, uint32_t address,
                             uint64_t *ret)
{
    ssize_t n;

    if (host->msr_read != NULL) {
        return host->msr_read(host->io_user, handle, address, ret);
    }
    n = pread(handle, ret, sizeof *ret, (off_t)address);
    return n == (ssize_t)sizeof *ret ? 0 : n < 0 ? -errno : -EIO;
}

static void msr_close_handle(const struct wattle_host *host, int handle)
{
    if (handle < 0) {
        return;
    }
    if (host->handle_close != NULL) {
        host->handle_close(host->io_user, handle);
    } else if (host->msr_open == NULL) {
        close(handle);
    }
}

/* ---- what there is -------------------------------------------------------------------------- */

static int add_refusal(struct wattle_channel_list *found, int errnum)
{
    struct wattle_channel channel;
    struct wattle_error why;

    wattle_channel_init(&channel, DRIVER);
    snprintf(channel.name, sizeof channel.name, DRIVER);
    snprintf(channel.source, sizeof channel.source, DRIVER);
    channel.kind = WATTLE_CPU;
    channel.quality = WATTLE_MEASURED;
    if (errnum == ENOENT) {
        snprintf(channel.reason, sizeof channel.reason, "the kernel module msr is not loaded");
        snprintf(channel.remedy, sizeof channel.remedy,
                 "'sudo modprobe msr', and run as root; prefer powercap or perf");
    } else if (errnum == EACCES || errnum == EPERM) {
        snprintf(channel.reason, sizeof channel.reason,
                 "permission denied: needs root (CAP_SYS_RAWIO)");
        snprintf(channel.remedy, sizeof channel.remedy, "run as root; prefer powercap or perf");
    } else {
        error_errno(&why, errnum, "/dev/cpu/*/msr");
        snprintf(channel.reason, sizeof channel.reason, "%s", why.text);
    }
    return wattle_channel_add(found, &channel);
}

static int add_register(const struct rapl_register *reg, const struct cpu_place *place,
                        const struct rapl_cpu *cpu, const struct rapl_parts *parts,
                        uint64_t units, struct wattle_channel_list *found)
{
    struct wattle_channel channel;

    wattle_channel_init(&channel, DRIVER);
    rapl_channel_describe(&channel, cpu, parts, reg->domain, place->package, place->die);
    snprintf(channel.source, sizeof channel.source, DRIVER ":0x%x/cpu%d", reg->address,
             place->cpu);
    channel.unit = rapl_unit_j(cpu, reg->domain, units);
    channel.range = COUNTS;
    channel.driver_data[DATA_REGISTER] = reg->address;
    channel.driver_data[DATA_CPU] = (uint64_t)place->cpu;
    channel.usable = !isnan(channel.unit);
    if (!channel.usable) {
        snprintf(channel.reason, sizeof channel.reason,
                 "the unit register reads 0: a virtual machine without RAPL behind it");
    }
    return wattle_channel_add(found, &channel);
}

/* A register that is not there fails; one that a model does not fill has been 0 since boot. */
static int probe_place(const struct wattle_host *host, const struct cpu_place *place,
                       const struct rapl_cpu *cpu, const struct rapl_parts *parts,
                       struct wattle_channel_list *found)
{
    size_t count;
    const struct rapl_register *registers = rapl_registers(cpu, &count);
    int handle = msr_open_cpu(host, place->cpu);
    uint64_t units, value;
    size_t i;
    int code = 0;

    if (handle < 0 || msr_read_register(host, handle, rapl_unit_register(cpu), &units) != 0) {
        msr_close_handle(host, handle);
        return 0;
    }
    for (i = 0; code == 0 && i < count; i++) {
        bool package = registers[i].domain == WATTLE_D_PACKAGE;

        if (msr_read_register(host, handle, registers[i].address, &value) == 0 &&
            (package || (value & (COUNTS - 1)) != 0)) {
            code = add_register(&registers[i], place, cpu, parts, units, found);
        }
    }
    msr_close_handle(host, handle);
    return code;
}

static int probe(const struct wattle_host *host, struct wattle_channel_list *found,
                 struct wattle_error *err)
{
    struct cpu_place places[PLACES_MAX];
    struct rapl_parts parts;
    struct rapl_cpu cpu;
    size_t place_count, count, i;
    int handle;
    int code = 0;

    (void)err;
    if (host->fake && host->msr_open == NULL) {
        return 0;
    }
    rapl_cpu_read(host, &cpu);
    if (rapl_registers(&cpu, &count) == NULL) {
        return 0;
    }
    place_count = cpu_places_find(host, cpu.vendor == RAPL_VENDOR_AMD, places, PLACES_MAX);
    if (place_count == 0) {
        return 0;
    }
    handle = msr_open_cpu(host, places[0].cpu);
    if (handle < 0) {
        return add_refusal(found, -handle);
    }
    msr_close_handle(host, handle);
    cpu_places_parts(places, place_count, &parts);
    for (i = 0; code == 0 && i < place_count; i++) {
        code = probe_place(host, &places[i], &cpu, &parts, found);
    }
    return code;
}

/* ---- reading -------------------------------------------------------------------------------- */

struct msr_counter {
    int handle; /* -1: not open; shared with the counter before it when they have one CPU */
    int cpu;
    uint32_t address;
    bool owner;
};

struct msr {
    const struct wattle_host *host;
    size_t count;
    struct msr_counter counters[];
};

static void msr_close(void *state)
{
    struct msr *msr = state;
    size_t i;

    for (i = 0; msr != NULL && i < msr->count; i++) {
        if (msr->counters[i].owner) {
            msr_close_handle(msr->host, msr->counters[i].handle);
        }
    }
    free(msr);
}

static int msr_open(const struct wattle_host *host, const struct wattle_channel *channels,
                    size_t n, void **ret_state, struct wattle_error *err)
{
    struct msr *msr = calloc(1, sizeof *msr + n * sizeof msr->counters[0]);
    size_t i, j;

    *ret_state = NULL;
    if (msr == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    msr->host = host;
    msr->count = n;
    for (i = 0; i < n; i++) {
        struct msr_counter *counter = &msr->counters[i];

        counter->cpu = (int)channels[i].driver_data[DATA_CPU];
        counter->address = (uint32_t)channels[i].driver_data[DATA_REGISTER];
        counter->owner = true;
        for (j = 0; j < i && counter->owner; j++) {
            if (msr->counters[j].owner && msr->counters[j].cpu == counter->cpu) {
                counter->owner = false;
                counter->handle = msr->counters[j].handle;
            }
        }
        if (counter->owner) {
            counter->handle = msr_open_cpu(host, counter->cpu);
        }
    }
    *ret_state = msr;
    return 0;
}

static int msr_read(void *state, struct wattle_reading *readings)
{
    struct msr *msr = state;
    int64_t before_ns = clock_monotonic_ns(msr->host);
    size_t i;

    for (i = 0; i < msr->count; i++) {
        const struct msr_counter *counter = &msr->counters[i];
        struct wattle_reading *reading = &readings[i];
        uint64_t value = 0;
        int64_t after_ns;
        int failed = -EBADF;

        if (counter->handle >= 0) {
            failed = msr_read_register(msr->host, counter->handle, counter->address, &value);
        }
        after_ns = clock_monotonic_ns(msr->host);
        reading->count = value & (COUNTS - 1);
        reading->t_ns = before_ns + (after_ns - before_ns) / 2;
        reading->value = WATTLE_UNKNOWN;
        reading->low = WATTLE_UNKNOWN;
        reading->high = WATTLE_UNKNOWN;
        reading->status = counter->handle < 0 ? WATTLE_READ_LOST
                          : failed != 0       ? WATTLE_READ_FAILED
                                              : WATTLE_READ_OK;
        before_ns = after_ns;
    }
    return 0;
}

extern const struct wattle_sensor_driver sense_rapl_msr;
const struct wattle_sensor_driver sense_rapl_msr = {
    .abi = WATTLE_SENSOR_ABI,
    .name = DRIVER,
    .summary = "RAPL energy counters of the processor through its registers",
    .probe = probe,
    .open = msr_open,
    .read = msr_read,
    .close = msr_close,
};
