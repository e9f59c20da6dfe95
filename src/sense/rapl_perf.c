/* SPDX-License-Identifier: MIT */
/*
 * RAPL through the perf PMU "power": preferred where it is allowed.
 *
 * Hardware: Intel since Sandy Bridge (kernel 3.14), AMD since Zen (kernel 5.8).
 * Counter: <sysfs>/bus/event_source/devices/power/events/energy-*, joules by `.scale`
 *     (2^-32 J); the kernel's timer follows the 32-bit register, so the 64-bit count
 *     does not wrap. It starts at 0 when it is opened. Steps of 15 or 61 uJ, 1 ms.
 * Privilege: kernel.perf_event_paranoid <= 0, or CAP_PERFMON (kernel 5.8).
 * Source: arch/x86/events/rapl.c; perf_event_open(2).
 *
 * One counter for each CPU in the PMU's cpumask: a die on Intel, a package on
 * AMD. Many virtual machines advertise energy-psys and leave it at 0: it is
 * shown here; that it does not move is for the meter to find.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "sense/cpu_places.h"
#include "sense/perf_pmu.h"
#include "sense/rapl.h"
#include "sense/sense.h"

#define DRIVER "perf"

/* driver_data */
enum { DATA_TYPE = 0, DATA_CONFIG = 1, DATA_CPU = 2 };

/* ---- the system call, or what a test puts in its place -------------------------------------- */

static int counter_open(const struct wattle_host *host, uint32_t type, uint64_t config, int cpu)
{
    struct perf_event_attr attr;
    long fd;

    if (host->perf_open != NULL) {
        return host->perf_open(host->io_user, type, config, cpu);
    }
    if (host->fake) {
        return -ENODEV;
    }
    memset(&attr, 0, sizeof attr);
    attr.size = sizeof attr;
    attr.type = type;
    attr.config = config;
    fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
    return fd < 0 ? -errno : (int)fd;
}

static int counter_read(const struct wattle_host *host, int handle, uint64_t *ret)
{
    ssize_t n;

    if (host->perf_read != NULL) {
        return host->perf_read(host->io_user, handle, ret);
    }
    n = read(handle, ret, sizeof *ret);
    return n == (ssize_t)sizeof *ret ? 0 : n < 0 ? -errno : -EIO;
}

static void counter_close(const struct wattle_host *host, int handle)
{
    if (handle < 0) {
        return;
    }
    if (host->handle_close != NULL) {
        host->handle_close(host->io_user, handle);
    } else if (host->perf_open == NULL) {
        close(handle);
    }
}

/* ---- what there is -------------------------------------------------------------------------- */

static bool domain_of(const char *event, enum wattle_domain *ret)
{
    static const struct {
        const char *event;
        enum wattle_domain domain;
    } known[] = {
        {"energy-pkg", WATTLE_D_PACKAGE}, {"energy-cores", WATTLE_D_CORE},
        {"energy-gpu", WATTLE_D_UNCORE},  {"energy-ram", WATTLE_D_DRAM},
        {"energy-psys", WATTLE_D_PLATFORM},
    };
    size_t i;

    for (i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(event, known[i].event) == 0) {
            *ret = known[i].domain;
            return true;
        }
    }
    return false;
}

/* Tries the counter: that it is listed does not mean that it may be opened. */
static void try_counter(const struct wattle_host *host, struct wattle_channel *channel)
{
    int handle = counter_open(host, (uint32_t)channel->driver_data[DATA_TYPE],
                              channel->driver_data[DATA_CONFIG],
                              (int)channel->driver_data[DATA_CPU]);
    struct wattle_error why;
    int64_t paranoid;

    if (handle >= 0) {
        counter_close(host, handle);
        channel->usable = true;
        return;
    }
    if (host->fake && host->perf_open == NULL) {
        snprintf(channel->reason, sizeof channel->reason,
                 "perf is not used where /sys is a stand-in");
        return;
    }
    if (handle != -EACCES && handle != -EPERM) {
        error_errno(&why, -handle, "perf_event_open");
        snprintf(channel->reason, sizeof channel->reason, "%s", why.text);
        return;
    }
    if (file_read_i64(host->procfs, "sys/kernel/perf_event_paranoid", &paranoid) == 0) {
        snprintf(channel->reason, sizeof channel->reason,
                 "permission denied: needs CAP_PERFMON, or kernel.perf_event_paranoid at 0 or "
                 "less (it is %lld)",
                 (long long)paranoid);
    } else {
        snprintf(channel->reason, sizeof channel->reason,
                 "permission denied: needs CAP_PERFMON or a lower kernel.perf_event_paranoid");
    }
    snprintf(channel->remedy, sizeof channel->remedy,
             "'sudo setcap cap_perfmon=ep $(command -v wattle)' for this command, or "
             "'sudo sysctl kernel.perf_event_paranoid=0' for everyone");
}

static int add_event(const struct wattle_host *host, const struct perf_pmu *pmu,
                     const struct perf_pmu_event *event, const struct cpu_place *places,
                     size_t place_count, const struct rapl_cpu *cpu,
                     struct wattle_channel_list *found)
{
    struct rapl_parts parts;
    struct wattle_channel channel;
    enum wattle_domain domain;
    size_t i;
    int code = 0;

    if (!domain_of(event->name, &domain)) {
        return 0;
    }
    cpu_places_parts(places, place_count, &parts);
    for (i = 0; code == 0 && i < place_count; i++) {
        if (domain == WATTLE_D_PLATFORM && places[i].die > 0) {
            continue; /* a platform is not cut into dies */
        }
        wattle_channel_init(&channel, DRIVER);
        rapl_channel_describe(&channel, cpu, &parts, domain, places[i].package, places[i].die);
        snprintf(channel.source, sizeof channel.source, DRIVER ":power/%s/cpu%d", event->name,
                 places[i].cpu);
        channel.unit = event->unit_j;
        channel.range = UINT64_MAX;
        channel.driver_data[DATA_TYPE] = pmu->type;
        channel.driver_data[DATA_CONFIG] = event->config;
        channel.driver_data[DATA_CPU] = (uint64_t)places[i].cpu;
        try_counter(host, &channel);
        code = wattle_channel_add(found, &channel);
    }
    return code;
}

/* AMD's per-core counters are inside the package; one read a core would wake them all. */
static int add_cores(const struct perf_pmu *pmu, struct wattle_channel_list *found)
{
    struct wattle_channel channel;

    wattle_channel_init(&channel, DRIVER);
    snprintf(channel.name, sizeof channel.name, "cores");
    snprintf(channel.source, sizeof channel.source, DRIVER ":power_core/energy-core");
    snprintf(channel.reason, sizeof channel.reason,
             "%zu counters, one a core, inside package: reading them would wake every core",
             pmu->cpu_count);
    channel.kind = WATTLE_CPU;
    channel.domain = WATTLE_D_CORE;
    channel.quality = WATTLE_MEASURED;
    return wattle_channel_add(found, &channel);
}

static int probe(const struct wattle_host *host, struct wattle_channel_list *found,
                 struct wattle_error *err)
{
    struct cpu_place places[PERF_PMU_CPUS_MAX];
    struct perf_pmu pmu;
    struct rapl_cpu cpu;
    size_t place_count;
    size_t i;
    int code = 0;

    (void)err;
    if (perf_pmu_read(host, "power", &pmu)) {
        rapl_cpu_read(host, &cpu);
        place_count = cpu_places_of(host, pmu.cpus, pmu.cpu_count,
                                    cpu.vendor == RAPL_VENDOR_AMD, places);
        for (i = 0; code == 0 && i < pmu.event_count; i++) {
            code = add_event(host, &pmu, &pmu.events[i], places, place_count, &cpu, found);
        }
    }
    if (code == 0 && perf_pmu_read(host, "power_core", &pmu)) {
        code = add_cores(&pmu, found);
    }
    return code;
}

/* ---- reading -------------------------------------------------------------------------------- */

struct perf {
    const struct wattle_host *host;
    size_t count;
    int handles[];
};

static void perf_close(void *state)
{
    struct perf *perf = state;
    size_t i;

    for (i = 0; perf != NULL && i < perf->count; i++) {
        counter_close(perf->host, perf->handles[i]);
    }
    free(perf);
}

static int perf_open(const struct wattle_host *host, const struct wattle_channel *channels,
                     size_t n, void **ret_state, struct wattle_error *err)
{
    struct perf *perf = calloc(1, sizeof *perf + n * sizeof perf->handles[0]);
    size_t i;

    *ret_state = NULL;
    if (perf == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    perf->host = host;
    perf->count = n;
    for (i = 0; i < n; i++) {
        const uint64_t *data = channels[i].driver_data;

        perf->handles[i] =
            counter_open(host, (uint32_t)data[DATA_TYPE], data[DATA_CONFIG], (int)data[DATA_CPU]);
    }
    *ret_state = perf;
    return 0;
}

static int perf_read(void *state, struct wattle_reading *readings)
{
    struct perf *perf = state;
    int64_t before_ns = clock_monotonic_ns(perf->host);
    size_t i;

    for (i = 0; i < perf->count; i++) {
        struct wattle_reading *reading = &readings[i];
        int64_t after_ns;
        int failed = -EBADF;

        if (perf->handles[i] >= 0) {
            failed = counter_read(perf->host, perf->handles[i], &reading->count);
        }
        after_ns = clock_monotonic_ns(perf->host);
        reading->t_ns = before_ns + (after_ns - before_ns) / 2;
        reading->value = WATTLE_UNKNOWN;
        reading->low = WATTLE_UNKNOWN;
        reading->high = WATTLE_UNKNOWN;
        reading->status = perf->handles[i] < 0 ? WATTLE_READ_LOST
                          : failed != 0        ? WATTLE_READ_FAILED
                                               : WATTLE_READ_OK;
        before_ns = after_ns;
    }
    return 0;
}

extern const struct wattle_sensor_driver sense_rapl_perf;
const struct wattle_sensor_driver sense_rapl_perf = {
    .abi = WATTLE_SENSOR_ABI,
    .name = DRIVER,
    .summary = "RAPL energy counters of the processor through perf",
    .probe = probe,
    .open = perf_open,
    .read = perf_read,
    .close = perf_close,
};
