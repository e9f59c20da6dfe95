/* SPDX-License-Identifier: MIT */
/*
 * RAPL through powercap.
 *
 * Hardware: Intel since Sandy Bridge (kernel 3.13), AMD since Zen (kernel 5.11).
 * Counter: <sysfs>/class/powercap/intel-rapl:<n>[:<m>]/energy_uj, microjoules made
 *     by the kernel from a 32-bit register: steps of 15 or 61 uJ about every millisecond.
 * Wrap: at max_energy_range_uj (262 kJ for 2^-14 J units, 65.5 kJ for 2^-16 J).
 * Privilege: energy_uj is 0400 since CVE-2020-8694 (PLATYPUS), kernel 5.10.
 * Source: Documentation/power/powercap/powercap.rst, drivers/powercap/intel_rapl_common.c.
 *
 * One zone is reached by several paths (a flat link, nested folders, links to
 * the same folder), and intel-rapl-mmio is a second register of the same
 * package: each part of the machine becomes one usable channel. A zone's
 * number says nothing; its name, and its parent's, say what it is.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "sense/powercap_zones.h"
#include "sense/rapl.h"
#include "sense/sense.h"

#define DRIVER "powercap"

/* driver_data: the count at probe. */
enum { PROBE_COUNT = 0 };

/* How long one round waits for a stand-in's files to be whole; what finding nothing takes. */
#define PATIENCE_NS 25000000
#define NOTHING_NS 100000

/* Two zones of one register are read within a millisecond, at a few hundred watts. */
#define MIRROR_UJ 5e6

static void deny(struct wattle_channel *channel, const char *what, int errnum)
{
    struct wattle_error why;

    error_errno(&why, errnum, "%s", what);
    snprintf(channel->reason, sizeof channel->reason, "%s", why.text);
    if (errnum == EACCES || errnum == EPERM) {
        snprintf(channel->reason, sizeof channel->reason,
                 "permission denied: %s is readable by root alone", what);
        snprintf(channel->remedy, sizeof channel->remedy,
                 "run 'sudo wattle doctor --fix' (a udev rule that lets group wattle read it), "
                 "then 'sudo usermod -aG wattle $USER' and log in again");
    }
}

/*
 * A stand-in for /sys is rewritten by somebody who may be put to sleep between emptying the file
 * and filling it. An attempt that ended at once found nonsense; one that took its time found
 * nothing, and is worth another until `until_ns`, which the first failure of a round sets.
 */
static int read_patiently(struct counter_file *file, int64_t *until_ns, uint64_t *ret)
{
    int failed = counter_file_read(file, ret);
    int64_t before_ns;

    if (failed == 0) {
        return 0;
    }
    before_ns = clock_monotonic_ns(NULL);
    if (*until_ns == 0) {
        *until_ns = before_ns + PATIENCE_NS;
    }
    while (failed != 0 && before_ns < *until_ns) {
        int64_t now_ns;

        failed = counter_file_read(file, ret);
        now_ns = clock_monotonic_ns(NULL);
        if (now_ns - before_ns < NOTHING_NS) {
            break;
        }
        before_ns = now_ns;
    }
    return failed;
}

_Static_assert(sizeof ((struct counter_file *)0)->path ==
                   sizeof ((struct wattle_channel *)0)->driver_path,
               "a counter file takes any driver_path");

static void fill_counter(const struct powercap_zones *zones, const struct powercap_zone *zone,
                         const struct rapl_cpu *cpu, struct wattle_channel *channel)
{
    struct counter_file file;
    uint64_t count = 0;
    int64_t until_ns = 0;
    int failed;
    int n = snprintf(channel->driver_path, sizeof channel->driver_path, "%s/energy_uj", zone->path);

    channel->unit = 1e-6;
    if (n < 0 || (size_t)n >= sizeof channel->driver_path) {
        snprintf(channel->reason, sizeof channel->reason, "its path is too long");
        return;
    }
    file.fd = -1; /* once: opened and closed by the read */
    memcpy(file.path, channel->driver_path, sizeof channel->driver_path);
    failed = read_patiently(&file, &until_ns, &count);
    if (failed != 0) {
        deny(channel, "energy_uj", -failed);
        return;
    }
    channel->usable = true;
    channel->driver_data[PROBE_COUNT] = count;
    if (file_read_u64(zone->path, "max_energy_range_uj", &channel->range) != 0 ||
        channel->range == 0) {
        channel->range = powercap_zone_range(zones, zone, cpu, count);
        snprintf(channel->reason, sizeof channel->reason,
                 "max_energy_range_uj cannot be read; taken as %llu",
                 (unsigned long long)channel->range);
    }
    channel->max_power_w = powercap_zone_power_w(zone);
}

static void refuse_other_ways(struct wattle_channel *channel,
                              const struct wattle_channel_list *found, size_t first)
{
    size_t i;

    for (i = first; channel->usable && i < found->count; i++) {
        const struct wattle_channel *other = &found->items[i];

        if (other->usable && other->domain == channel->domain &&
            other->unit_index == channel->unit_index) {
            channel->usable = false;
            snprintf(channel->reason, sizeof channel->reason,
                     "the same %s as %s by another register; counted once", channel->name,
                     other->source);
        }
    }
}

/*
 * AMD has one package counter a socket, but kernels that take a core complex or a
 * node for a die (Zen 1 and 2 Threadripper and EPYC; Zen 4 and later with 6.9 to
 * 6.11) show it once per "die": 68 W and 68 W of one 68 W package
 * (mlco2/codecarbon issue 1274; kernel "powercap: intel_rapl: Fix the energy-pkg
 * event for AMD CPUs", 2024). Dies that really differ never agree so closely.
 */
static void refuse_mirror(const struct rapl_cpu *cpu, const struct powercap_zone *zone,
                          struct wattle_channel *channel, const struct wattle_channel_list *found,
                          size_t first)
{
    size_t i;

    if (cpu->vendor != RAPL_VENDOR_AMD || zone->name.die < 0 ||
        channel->domain != WATTLE_D_PACKAGE) {
        return;
    }
    for (i = first; channel->usable && i < found->count; i++) {
        const struct wattle_channel *other = &found->items[i];
        double apart_uj = fabs((double)other->driver_data[PROBE_COUNT] -
                               (double)channel->driver_data[PROBE_COUNT]);
        int package;

        if (other->usable && other->domain == WATTLE_D_PACKAGE &&
            channel->driver_data[PROBE_COUNT] > 0 && apart_uj < MIRROR_UJ &&
            sscanf(other->name, "package-%d-", &package) == 1 && package == zone->name.package) {
            channel->usable = false;
            snprintf(channel->reason, sizeof channel->reason,
                     "a mirror of %s: AMD counts a whole package, not its dies", other->source);
        }
    }
}

static int add_zone(const struct powercap_zones *zones, const struct powercap_zone *zone,
                    const struct rapl_cpu *cpu, const struct rapl_parts *parts, size_t first,
                    struct wattle_channel_list *found)
{
    struct wattle_channel channel;

    wattle_channel_init(&channel, DRIVER);
    snprintf(channel.source, sizeof channel.source, DRIVER ":%s", zone->base);
    snprintf(channel.key, sizeof channel.key, "inode:%llx:%llx", (unsigned long long)zone->device,
             (unsigned long long)zone->inode);
    if (!zone->known) {
        snprintf(channel.name, sizeof channel.name, "%s", zone->base);
        snprintf(channel.reason, sizeof channel.reason, "its name '%.40s' is not one of RAPL's",
                 zone->text);
        channel.quantity = WATTLE_Q_ENERGY;
    } else {
        rapl_channel_describe(&channel, cpu, parts, zone->name.domain, zone->name.package,
                              zone->name.die);
        fill_counter(zones, zone, cpu, &channel);
        if (channel.usable && cpu->vendor == RAPL_VENDOR_AMD && channel.domain == WATTLE_D_CORE) {
            snprintf(channel.reason, sizeof channel.reason,
                     "of one core: AMD counts each for itself, and the kernel shows the first");
        }
        refuse_other_ways(&channel, found, first);
        refuse_mirror(cpu, zone, &channel, found, first);
    }
    return wattle_channel_add(found, &channel);
}

static int probe(const struct wattle_host *host, struct wattle_channel_list *found,
                 struct wattle_error *err)
{
    struct powercap_zones zones = {0};
    struct rapl_parts parts = {0};
    struct rapl_cpu cpu;
    size_t first = found->count;
    size_t i;
    int code = powercap_zones_find(host->sysfs, &zones, err);

    if (code == 0 && zones.count > 0) {
        rapl_cpu_read(host, &cpu);
        for (i = 0; i < zones.count; i++) {
            if (zones.items[i].known && zones.items[i].name.domain == WATTLE_D_PACKAGE) {
                rapl_parts_add(&parts, zones.items[i].name.package, zones.items[i].name.die);
            }
        }
        for (i = 0; code == 0 && i < zones.count; i++) {
            code = add_zone(&zones, &zones.items[i], &cpu, &parts, first, found);
        }
    }
    powercap_zones_finish(&zones);
    return code;
}

struct powercap {
    const struct wattle_host *host;
    size_t count;
    struct counter_file files[];
};

static void powercap_close(void *state)
{
    struct powercap *powercap = state;
    size_t i;

    for (i = 0; powercap != NULL && i < powercap->count; i++) {
        counter_file_close(&powercap->files[i]);
    }
    free(powercap);
}

static int powercap_open(const struct wattle_host *host, const struct wattle_channel *channels,
                         size_t n, void **ret_state, struct wattle_error *err)
{
    struct powercap *powercap = calloc(1, sizeof *powercap + n * sizeof powercap->files[0]);
    size_t i;

    *ret_state = NULL;
    if (powercap == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    powercap->host = host;
    powercap->count = n;
    for (i = 0; i < n; i++) {
        struct counter_file *file = &powercap->files[i];

        memcpy(file->path, channels[i].driver_path, sizeof file->path);
        file->fd = -1;
        if (!host->fake) {
            /* A counter that cannot be opened now may come back: reading tries again. */
            (void)counter_file_open(file, channels[i].driver_path, true);
        }
    }
    *ret_state = powercap;
    return 0;
}

/* A descriptor outlives a driver reload but never works again: open the file anew. */
static int read_again(struct counter_file *file, bool keep, uint64_t *ret)
{
    char path[sizeof file->path];
    int failed;

    memcpy(path, file->path, sizeof path);
    counter_file_close(file);
    failed = counter_file_open(file, path, keep);
    return failed != 0 ? failed : counter_file_read(file, ret);
}

static int powercap_read(void *state, struct wattle_reading *readings)
{
    struct powercap *powercap = state;
    int64_t before_ns = clock_monotonic_ns(powercap->host);
    int64_t until_ns = 0;
    size_t i;

    for (i = 0; i < powercap->count; i++) {
        struct counter_file *file = &powercap->files[i];
        struct wattle_reading *reading = &readings[i];
        int64_t after_ns;
        int failed;

        if (powercap->host->fake) {
            failed = read_patiently(file, &until_ns, &reading->count);
        } else {
            failed = counter_file_read(file, &reading->count);
            failed = failed != 0 ? read_again(file, true, &reading->count) : 0;
        }
        after_ns = clock_monotonic_ns(powercap->host);
        reading->t_ns = before_ns + (after_ns - before_ns) / 2;
        reading->value = WATTLE_UNKNOWN;
        reading->low = WATTLE_UNKNOWN;
        reading->high = WATTLE_UNKNOWN;
        reading->status = failed == 0 ? WATTLE_READ_OK : WATTLE_READ_FAILED;
        before_ns = after_ns;
    }
    return 0;
}

extern const struct wattle_sensor_driver sense_rapl_powercap;
const struct wattle_sensor_driver sense_rapl_powercap = {
    .abi = WATTLE_SENSOR_ABI,
    .name = DRIVER,
    .summary = "RAPL energy counters of the processor through powercap",
    .probe = probe,
    .open = powercap_open,
    .read = powercap_read,
    .close = powercap_close,
};
