/* SPDX-License-Identifier: MIT */
/*
 * modelled: what a server of this kind draws at its plug at this utilisation.
 *
 * Hardware: none is read. Processor identity and memory give idle and full power
 * (src/estimate/server.c), <procfs>/stat gives the utilisation since the previous reading.
 * Counter: a mean power between two readings, with a 90 % interval of its own at each reading.
 * Resolution: one jiffy of CPU time over the whole interval; hence a nominal period of 1 s.
 * Wrap: none. Privilege: none.
 * Virtual machine: its part of a typical host, linear in its own utilisation; time stolen by
 * other guests is not ours. Container with a CPU limit: its part of the machine, by the CPU time
 * of its own control group.
 * Source: docs/estimation.md.
 */
#include "sense/sense.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/host.h"
#include "estimate/calibration.h"
#include "estimate/server.h"
#include "machine/cgroup.h"
#include "machine/cloud.h"
#include "machine/cpu.h"
#include "machine/usage.h"
#include "machine/virt.h"
#include "sense/modelled.h"

struct modelled_state {
    const struct wattle_host *host;
    struct estimate_server server;
    double cpus;       /* CPUs whose full use is full power */
    char group[2 * CGROUP_PATH_MAX]; /* whose CPU time counts; "": the whole machine's */
    double busy_s;                   /* at the previous reading */
    int64_t t_ns;
    struct wattle_bound last;
};

/* CPU seconds of a control group: version 2 in microseconds, version 1 in nanoseconds. */
static double group_cpu_s(const char *dir)
{
    char text[1024];
    uint64_t ns;

    if (file_read_at(dir, "cpu.stat", text, sizeof(text)) > 0) {
        const char *at = strstr(text, "usage_usec ");
        if (at != NULL) {
            return strtod(at + strlen("usage_usec "), NULL) * 1e-6;
        }
    }
    return file_read_u64(dir, "cpuacct.usage", &ns) == 0 ? (double)ns * 1e-9 : WATTLE_UNKNOWN;
}

/* The group of this process; where its path is not visible (a container), the root that is. */
static bool group_find(const struct wattle_host *host, char *ret, size_t size)
{
    char text[8192], root[CGROUP_PATH_MAX], path[CGROUP_PATH_MAX];
    ssize_t length = file_read_at(host->procfs, "self/cgroup", text, sizeof(text));

    for (int version = 2; version >= 1; version--) {
        bool mounted = version == 2 ? cgroup_v2_root(host, root, sizeof(root))
                                    : cgroup_v1_root(host, "cpuacct", root, sizeof(root));
        if (!mounted) {
            continue;
        }
        if (length > 0 &&
            cgroup_path_parse(text, (size_t)length, version == 2 ? "" : "cpuacct", path,
                              sizeof(path)) &&
            host_path(ret, size, root, "%s", path) >= 0 && wattle_known(group_cpu_s(ret))) {
            return true;
        }
        if (snprintf(ret, size, "%s", root) < (int)size && wattle_known(group_cpu_s(ret))) {
            return true;
        }
    }
    ret[0] = '\0';
    return false;
}

/* group "": the whole machine. */
static double busy_now_s(const struct wattle_host *host, const char *group)
{
    if (group[0] != '\0') {
        return group_cpu_s(group);
    }
    struct machine_cpu_time now;
    machine_cpu_totals_read(host, &now);
    return now.busy_s;
}

static void calibrate(const char *path, struct modelled_machine *machine)
{
    char text[CALIBRATION_TEXT_MAX];
    struct calibration calibration;
    ssize_t size = file_read(path, text, sizeof(text));

    if (size > 0 && calibration_parse(text, (size_t)size, &calibration) &&
        strcmp(calibration.cpu, machine->spec.cpu) == 0) {
        calibration_apply(&calibration, &machine->server);
    }
}

/* What is modelled: the machine, or the part of it that is ours. */
static void look(const struct wattle_host *host, struct modelled_machine *ret, char *group,
                 size_t size)
{
    struct machine_cpu cpu;
    struct machine_memory memory;
    struct machine_virt virt;
    machine_cpu_read(host, &cpu);
    machine_memory_read(host, &memory);
    machine_virt_read(host, &virt);
    modelled_describe(&cpu, &memory, &virt, ret);
    /* What a plug meter saw is the whole machine: no guest's and no container's share. */
    if (host->calibration != NULL && !virt.virtual_machine && !ret->own_group) {
        calibrate(host->calibration, ret);
    }
    group[0] = '\0';
    if (ret->own_group && !group_find(host, group, size)) {
        ret->own_group = false;
    }
}

/* A rented instance whose host is known: its part of that host. */
static bool instance_describe(const struct machine_cpu *cpu, const struct machine_virt *virt,
                              struct modelled_machine *ret)
{
    struct machine_cloud cloud;
    char who[160];
    if (!machine_cloud_find(virt->cloud, virt->instance_type, &cloud)) {
        return false;
    }
    struct estimate_server_spec *spec = &ret->spec;
    /* A family may run on several processors: a name that can be seen tells more. */
    if (machine_cloud_cpu_hidden(spec->cpu)) {
        struct estimate_server_spec named = *spec;
        struct estimate_server seen;
        snprintf(named.cpu, sizeof(named.cpu), "%s", cloud.cpu);
        estimate_server(spec, &seen);
        estimate_server(&named, &ret->server);
        /* Family and model are not hidden: nothing may be said against them. */
        if (seen.microarchitecture[0] == '\0' ||
            strcmp(seen.microarchitecture, ret->server.microarchitecture) == 0) {
            *spec = named;
        }
    }
    spec->sockets = cloud.sockets;
    spec->memory_gb = cloud.host_memory_gb;
    if (cpu->threads < 2) {
        spec->threads_per_core = 0; /* one CPU alone does not show whether it has a sibling */
    }
    int per_core = spec->threads_per_core > 0 ? spec->threads_per_core
                   : spec->family >= 0        ? 2 /* x86; an Arm core has one thread */
                                              : 1;
    spec->cores = (cloud.host_vcpus + per_core - 1) / per_core;
    double vcpus = cloud.vcpus > 0 ? cloud.vcpus : cpu->threads;
    double share = fmin(1.0, vcpus / cloud.host_vcpus);
    share *= fmin(1.0, ret->cpus / fmax(cpu->threads, 1)); /* a container in it */
    estimate_server(spec, &ret->server);
    estimate_server_scale(&ret->server, share, virt->instance_type);
    /* First in the basis: it decides most. */
    snprintf(who, sizeof(who), "%.40s: %.4g of a host with %d virtual CPUs; %s",
             virt->instance_type, share * cloud.host_vcpus, cloud.host_vcpus, ret->server.basis);
    snprintf(ret->server.basis, sizeof(ret->server.basis), "%.*s",
             (int)sizeof(ret->server.basis) - 1, who);
    return true;
}

void modelled_describe(const struct machine_cpu *cpu, const struct machine_memory *memory,
                       const struct machine_virt *virt, struct modelled_machine *ret)
{
    memset(ret, 0, sizeof(*ret));
    struct estimate_server_spec *spec = &ret->spec;
    snprintf(spec->cpu, sizeof(spec->cpu), "%s", cpu->model_name);
    snprintf(spec->vendor, sizeof(spec->vendor), "%s", cpu->vendor);
    spec->family = cpu->family;
    spec->model = cpu->model;
    spec->tdp_w = WATTLE_UNKNOWN;
    spec->memory_gb = memory->total_bytes / 1e9; /* NaN stays NaN */
    spec->sockets = cpu->sockets;
    spec->cores = cpu->cores;
    spec->threads_per_core =
        cpu->cores > 0 && cpu->threads > 0 ? (cpu->threads + cpu->cores - 1) / cpu->cores : 0;
    int threads = cpu->threads > 0 ? cpu->threads : 1;
    ret->cpus = threads;
    /* A limit outside of a container (a service with a quota) makes the machine no smaller. */
    if (virt->container && virt->cpu_limit > 0 && virt->cpu_limit < threads) {
        ret->cpus = virt->cpu_limit;
        ret->own_group = true;
    }
    if (virt->virtual_machine && instance_describe(cpu, virt, ret)) {
        return;
    }
    if (virt->virtual_machine) {
        estimate_server_share(spec, ret->cpus, &ret->server);
        return;
    }
    if (virt->container && wattle_known(virt->memory_limit_bytes)) {
        spec->memory_gb = WATTLE_UNKNOWN; /* the container's, not the machine's */
    }
    estimate_server(spec, &ret->server);
    if (ret->own_group) {
        estimate_server_scale(&ret->server, ret->cpus / threads, "container");
    }
}

/*
 * Looking costs half a millisecond; what was found travels from probe to open inside of the
 * channel. cpus 0: it did not fit, look again.
 */
struct packed {
    float idle_w[3], max_w[3], shape[11], cpus;
    char group[180];
};
_Static_assert(sizeof(struct packed) <= sizeof(((struct wattle_channel *)0)->driver_path),
               "the driver's own place in a channel is too small");

static void pack_bound(struct wattle_bound bound, float ret[3])
{
    ret[0] = (float)bound.value;
    ret[1] = (float)bound.low;
    ret[2] = (float)bound.high;
}

static struct wattle_bound unpack_bound(const float packed[3])
{
    struct wattle_bound bound = {(double)packed[0], (double)packed[1], (double)packed[2]};
    return bound;
}

static void pack(const struct modelled_machine *machine, const char *group,
                 struct wattle_channel *channel)
{
    struct packed packed;
    memset(&packed, 0, sizeof(packed));
    pack_bound(machine->server.idle_w, packed.idle_w);
    pack_bound(machine->server.max_w, packed.max_w);
    for (int i = 0; i <= 10; i++) {
        packed.shape[i] = (float)machine->server.shape[i];
    }
    if (strlen(group) < sizeof(packed.group)) {
        packed.cpus = (float)machine->cpus;
        strcpy(packed.group, group);
    }
    memcpy(channel->driver_path, &packed, sizeof(packed));
}

static bool unpack(const struct wattle_channel *channel, struct modelled_state *state)
{
    struct packed packed;
    memcpy(&packed, channel->driver_path, sizeof(packed));
    if (!(packed.cpus > 0) || packed.group[sizeof(packed.group) - 1] != '\0') {
        return false;
    }
    memset(&state->server, 0, sizeof(state->server));
    state->server.idle_w = unpack_bound(packed.idle_w);
    state->server.max_w = unpack_bound(packed.max_w);
    for (int i = 0; i <= 10; i++) {
        state->server.shape[i] = (double)packed.shape[i];
    }
    state->cpus = (double)packed.cpus;
    strcpy(state->group, packed.group);
    return true;
}

static int probe(const struct wattle_host *host, struct wattle_channel_list *found,
                 struct wattle_error *err)
{
    (void)err;
    struct modelled_machine machine;
    struct wattle_channel channel;
    char group[2 * CGROUP_PATH_MAX];
    look(host, &machine, group, sizeof(group));
    const struct estimate_server *server = &machine.server;
    wattle_channel_init(&channel, sense_modelled.name);
    snprintf(channel.name, sizeof(channel.name), "machine");
    snprintf(channel.source, sizeof(channel.source), "modelled:%s",
             server->microarchitecture[0] != '\0' ? server->microarchitecture : "server");
    snprintf(channel.device, sizeof(channel.device), "%.60s", machine.spec.cpu);
    channel.kind = WATTLE_BOARD;
    channel.quantity = WATTLE_Q_POWER;
    channel.domain = WATTLE_D_WALL;
    channel.quality = WATTLE_MODELLED;
    channel.unit = 1.0;
    channel.update_period_s = 1.0;
    channel.averaging_s = -1.0;
    channel.max_power_w = server->max_w.high;
    struct wattle_bound half = estimate_server_power(server, 0.5);
    channel.error_relative = (half.high - half.low) / 2 / half.value;
    channel.error_w = 0.0;
    snprintf(channel.reason, sizeof(channel.reason), "%s", server->basis);
    channel.idle_share = server->idle_w.value / server->max_w.value;
    channel.driver_data[MODELLED_IDLE_MW] = (uint64_t)(server->idle_w.value * 1e3);
    channel.driver_data[MODELLED_IDLE_LOW_MW] = (uint64_t)(server->idle_w.low * 1e3);
    channel.driver_data[MODELLED_IDLE_HIGH_MW] = (uint64_t)(server->idle_w.high * 1e3);
    pack(&machine, group, &channel);
    channel.usable = wattle_known(busy_now_s(host, group));
    if (!channel.usable) {
        snprintf(channel.reason, sizeof(channel.reason), "%s/stat tells no CPU time",
                 host->procfs);
    }
    return wattle_channel_add(found, &channel);
}

static int modelled_open(const struct wattle_host *host, const struct wattle_channel *channels,
                         size_t n, void **ret_state, struct wattle_error *err)
{
    if (n != 1) {
        return error_set(err, WATTLE_E_INVALID, "modelled: one channel, not %zu", n);
    }
    struct modelled_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "modelled: out of memory");
    }
    state->host = host;
    if (!unpack(channels, state)) {
        struct modelled_machine machine;
        look(host, &machine, state->group, sizeof(state->group));
        state->server = machine.server;
        state->cpus = machine.cpus;
    }
    state->busy_s = busy_now_s(host, state->group);
    state->t_ns = clock_monotonic_ns(host);
    state->last = estimate_server_power(&state->server, 0.0);
    *ret_state = state;
    return 0;
}

static int modelled_read(void *user, struct wattle_reading *reading)
{
    struct modelled_state *state = user;
    double busy_s = busy_now_s(state->host, state->group);
    int64_t t_ns = clock_monotonic_ns(state->host);
    memset(reading, 0, sizeof(*reading));
    reading->t_ns = t_ns;
    if (!wattle_known(busy_s)) {
        reading->status = WATTLE_READ_FAILED;
        reading->value = reading->low = reading->high = WATTLE_UNKNOWN;
        return 0;
    }
    double wall_s = clock_s(t_ns - state->t_ns);
    /* CPU time may step back a little when CPUs go off-line; that is no load. */
    if (wall_s > 0 && wattle_known(state->busy_s)) {
        double load = (busy_s - state->busy_s) / (wall_s * state->cpus);
        state->last = estimate_server_power(&state->server, load);
    }
    if (wall_s > 0) {
        state->busy_s = busy_s;
        state->t_ns = t_ns;
    }
    reading->value = state->last.value;
    reading->low = state->last.low;
    reading->high = state->last.high;
    reading->status = WATTLE_READ_OK;
    return 0;
}

static void modelled_close(void *state)
{
    free(state);
}

const struct wattle_sensor_driver sense_modelled = {
    .abi = WATTLE_SENSOR_ABI,
    .name = "modelled",
    .summary = "whole machine from its specifications and utilisation",
    .flags = 0,
    .probe = probe,
    .open = modelled_open,
    .read = modelled_read,
    .close = modelled_close,
};
