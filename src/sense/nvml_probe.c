/* SPDX-License-Identifier: MIT */
/*
 * What each NVIDIA GPU can tell: one channel per thing, and for what is missing the reason.
 *
 * A GPU gives "gpu-N", its counter, and beside it "gpu-N-power", an instantaneous power with the
 * same domain and unit_index from which the meter takes what the counter's steps hide in a short
 * window. Without a counter, "gpu-N" is the power itself, to be integrated.
 */
#include "sense/nvml.h"

#include <stdio.h>
#include <string.h>

/* Yang et al., SC24: a proportional error, in place of the 5 W that is often quoted. */
#define ERROR_RELATIVE 0.05
#define UPDATE_PERIOD_S 0.1

struct probe {
    const struct nvml_api *api;
    struct wattle_channel_list *found;
    struct nvml_device *device;
    unsigned index;
    char name[NVML_NAME_SIZE];
    char uuid[NVML_UUID_SIZE];
    unsigned architecture; /* 0: unknown */
    unsigned pci_device;
    bool mig;
    bool module; /* the counter covers CPU and GPU of a superchip */
    double limit_w;
};

static void text_copy(char *ret, size_t size, const char *text)
{
    snprintf(ret, size, "%s", text);
}

static int add_refused_code(const struct probe *probe, const char *call, int code)
{
    char name[WATTLE_NAME_MAX], reason[WATTLE_REASON_MAX];

    snprintf(name, sizeof name, "gpu-%u", probe->index);
    snprintf(reason, sizeof reason, "%s: %s", call, nvml_words(probe->api, code));
    return nvml_add_refused(probe->found, name, reason, nvml_remedy(code));
}

/* GA100 (A100, A800, A30, CMP 170HX) has PCI device numbers 0x20xx: the one Ampere chip whose
 * nvmlDeviceGetPowerUsage is instantaneous. */
static bool power_usage_is_mean(const struct probe *probe)
{
    return probe->architecture >= NVML_ARCH_AMPERE && (probe->pci_device >> 8) != 0x20;
}

static void describe(struct probe *probe)
{
    const struct nvml_api *api = probe->api;
    struct nvml_pci_info pci;
    unsigned current = 0, pending = 0, min_mw = 0, max_mw = 0, limit_mw = 0;

    if (api->name == NULL || api->name(probe->device, probe->name, sizeof probe->name) != NVML_OK) {
        probe->name[0] = '\0';
    }
    if (api->uuid == NULL || api->uuid(probe->device, probe->uuid, sizeof probe->uuid) != NVML_OK) {
        probe->uuid[0] = '\0';
    }
    probe->name[sizeof probe->name - 1] = probe->uuid[sizeof probe->uuid - 1] = '\0';
    memset(&pci, 0, sizeof pci);
    if (api->pci_info != NULL && api->pci_info(probe->device, &pci) == NVML_OK) {
        probe->pci_device = pci.pci_device_id >> 16;
    }
    if (api->architecture == NULL ||
        api->architecture(probe->device, &probe->architecture) != NVML_OK) {
        probe->architecture = 0;
    }
    probe->mig = api->mig_mode != NULL &&
                 api->mig_mode(probe->device, &current, &pending) == NVML_OK && current == 1;
    /* The highest settable limit, since somebody may raise it while we watch. */
    if (api->limit_range_mw != NULL &&
        api->limit_range_mw(probe->device, &min_mw, &max_mw) == NVML_OK) {
        limit_mw = max_mw;
    }
    if (limit_mw == 0 && (api->default_limit_mw == NULL ||
                          api->default_limit_mw(probe->device, &limit_mw) != NVML_OK)) {
        limit_mw = 0;
    }
    if (limit_mw == 0 &&
        (api->limit_mw == NULL || api->limit_mw(probe->device, &limit_mw) != NVML_OK)) {
        limit_mw = 0;
    }
    probe->limit_w = limit_mw > 0 ? limit_mw / 1e3 : WATTLE_UNKNOWN;
}

static void init_channel(const struct probe *probe, struct wattle_channel *channel,
                         const char *suffix, enum nvml_reading reading)
{
    const char *part = probe->module ? "module" : "gpu";

    wattle_channel_init(channel, "nvml");
    snprintf(channel->name, sizeof channel->name, "%s-%u%s", part, probe->index, suffix);
    snprintf(channel->source, sizeof channel->source, "nvml:%u", probe->index);
    text_copy(channel->device, sizeof channel->device, probe->name);
    if (probe->uuid[0] != '\0') {
        snprintf(channel->key, sizeof channel->key, "nvml:%.80s:%s:%d", probe->uuid, part,
                 (int)reading);
    }
    text_copy(channel->driver_path, sizeof channel->driver_path, probe->uuid);
    channel->kind = WATTLE_GPU;
    channel->domain = probe->module ? WATTLE_D_MODULE : WATTLE_D_GPU;
    channel->unit_index = (int)probe->index;
    channel->unit = 1;
    channel->error_w = 0;
    channel->update_period_s = UPDATE_PERIOD_S;
    channel->max_power_w = probe->limit_w;
    channel->usable = true;
    channel->driver_data[NVML_DATA_GPU] = probe->index;
    channel->driver_data[NVML_DATA_READING] = (uint64_t)reading;
    channel->driver_data[NVML_DATA_MIG] = probe->mig;
}

static int add_energy(const struct probe *probe)
{
    struct wattle_channel channel;

    init_channel(probe, &channel, "", NVML_READ_ENERGY);
    strncat(channel.source, ":energy", sizeof channel.source - strlen(channel.source) - 1);
    channel.quantity = WATTLE_Q_ENERGY;
    channel.quality = WATTLE_MEASURED;
    channel.unit = 1e-3; /* mJ */
    channel.range = UINT64_MAX;
    channel.error_relative = ERROR_RELATIVE;
    if (probe->module) {
        /* Zeus pull request 172: the GH200's counter is the whole module's. */
        channel.max_power_w = WATTLE_UNKNOWN;
        text_copy(channel.reason, sizeof channel.reason,
                  "the counter of this superchip covers CPU, GPU and memory together");
    } else if (probe->mig) {
        text_copy(channel.reason, sizeof channel.reason,
                  "MIG is on: the whole board's energy, its instances are not told apart");
    }
    return wattle_channel_add(probe->found, &channel);
}

/* The best power there is: instantaneous before mean, the GPU's before the module's. */
static bool choose_power(const struct probe *probe, bool fields_only,
                         struct wattle_channel *channel)
{
    static const struct {
        unsigned field;
        double averaging_s;
        const char *source;
    } fields[] = {
        {NVML_FIELD_POWER_INSTANT, 0, ":power-instant"},
        {NVML_FIELD_POWER_AVERAGE, 1, ":power-average"},
    };
    const unsigned scope = probe->module ? NVML_SCOPE_MODULE : NVML_SCOPE_GPU;
    enum nvml_reading reading = NVML_READ_FIELD;
    const char *source = NULL;
    double averaging_s = 0, power_w;
    uint64_t field = 0;
    size_t i;

    for (i = 0; i < 2 && source == NULL; i++) {
        if (nvml_read_field_w(probe->api, probe->device, fields[i].field, scope, &power_w) ==
            NVML_OK) {
            source = fields[i].source;
            averaging_s = fields[i].averaging_s;
            field = NVML_FIELD_WITH_SCOPE(fields[i].field, scope);
        }
    }
    if (source == NULL && !fields_only &&
        nvml_read_power_w(probe->api, probe->device, &power_w) == NVML_OK) {
        source = ":power-usage";
        averaging_s = power_usage_is_mean(probe) ? 1 : 0;
        reading = NVML_READ_POWER_USAGE;
    }
    if (source == NULL) {
        return false;
    }
    init_channel(probe, channel, "-power", reading);
    strncat(channel->source, source, sizeof channel->source - strlen(channel->source) - 1);
    channel->quantity = WATTLE_Q_POWER;
    channel->quality = WATTLE_INTEGRATED;
    channel->averaging_s = averaging_s;
    channel->error_relative = ERROR_RELATIVE;
    channel->driver_data[NVML_DATA_FIELD] = field;
    return true;
}

static int add_power(struct probe *probe, bool has_counter, int counter_code)
{
    struct wattle_channel channel;
    bool whole_module = probe->module;
    int code = 0;

    if (choose_power(probe, whole_module, &channel)) {
        if (!has_counter) {
            snprintf(channel.name, sizeof channel.name, "%s-%u", probe->module ? "module" : "gpu",
                     probe->index);
            snprintf(channel.reason, sizeof channel.reason,
                     "no energy counter (%s): power is integrated",
                     nvml_words(probe->api, counter_code));
        }
        if (whole_module) {
            channel.max_power_w = WATTLE_UNKNOWN;
        }
        code = wattle_channel_add(probe->found, &channel);
    } else if (!has_counter) {
        code = add_refused_code(probe, "neither energy nor power", counter_code);
    }
    if (code == 0 && whole_module) {
        /* Beside the module its GPU alone, where the driver tells: only fields have a scope. */
        probe->module = false;
        if (choose_power(probe, true, &channel)) {
            snprintf(channel.name, sizeof channel.name, "gpu-%u", probe->index);
            code = wattle_channel_add(probe->found, &channel);
        }
        probe->module = true;
    }
    return code;
}

static int add_gauge(const struct probe *probe, const char *suffix, enum nvml_reading reading,
                     enum wattle_quantity quantity)
{
    struct wattle_channel channel;

    init_channel(probe, &channel, suffix, reading);
    snprintf(channel.name, sizeof channel.name, "gpu-%u%s", probe->index, suffix);
    channel.quantity = quantity;
    channel.domain = WATTLE_D_NONE;
    channel.quality = WATTLE_MEASURED;
    channel.max_power_w = WATTLE_UNKNOWN;
    channel.update_period_s = 1;
    return wattle_channel_add(probe->found, &channel);
}

static int add_gauges(const struct probe *probe)
{
    const struct nvml_api *api = probe->api;
    struct nvml_fan_speed fan = {.version = NVML_STRUCT_VERSION(struct nvml_fan_speed, 1)};
    struct nvml_utilization utilization;
    unsigned number;
    int code = 0;

    if (api->temperature_c != NULL &&
        api->temperature_c(probe->device, NVML_TEMPERATURE_GPU, &number) == NVML_OK) {
        code = add_gauge(probe, "-temperature", NVML_READ_TEMPERATURE, WATTLE_Q_TEMPERATURE);
    }
    if (code == 0 && api->fan_rpm != NULL && api->fan_rpm(probe->device, &fan) == NVML_OK) {
        code = add_gauge(probe, "-fan", NVML_READ_FAN, WATTLE_Q_FAN);
    }
    if (code == 0 && api->utilization != NULL &&
        api->utilization(probe->device, &utilization) == NVML_OK) {
        code = add_gauge(probe, "-utilization", NVML_READ_UTILIZATION, WATTLE_Q_UTILIZATION);
    }
    return code;
}

int nvml_probe_gpu(const struct nvml_api *api, unsigned index, struct wattle_channel_list *found,
                   bool *ret_usable)
{
    struct probe probe = {.api = api, .found = found, .index = index};
    unsigned long long energy_mj;
    double power_w;
    bool has_counter;
    int counter_code = NVML_FUNCTION_NOT_FOUND;
    int code = api->device_by_index(index, &probe.device);

    if (code != NVML_OK) {
        return add_refused_code(&probe, "nvmlDeviceGetHandleByIndex", code);
    }
    describe(&probe);
    if (api->energy_mj != NULL) {
        counter_code = api->energy_mj(probe.device, &energy_mj);
    }
    if (counter_code == NVML_GPU_IS_LOST || counter_code == NVML_NO_PERMISSION) {
        return add_refused_code(&probe, "nvmlDeviceGetTotalEnergyConsumption", counter_code);
    }
    has_counter = counter_code == NVML_OK;
    /* A superchip's counter is the module's where the GPU has no power of its own to tell, and on
     * the GH200 even where it has. */
    probe.module = nvml_read_field_w(api, probe.device, NVML_FIELD_POWER_INSTANT,
                                     NVML_SCOPE_MODULE, &power_w) == NVML_OK &&
                   (strstr(probe.name, "GH200") != NULL ||
                    nvml_read_field_w(api, probe.device, NVML_FIELD_POWER_INSTANT, NVML_SCOPE_GPU,
                                      &power_w) != NVML_OK);
    *ret_usable = true;
    code = has_counter ? add_energy(&probe) : 0;
    if (code == 0) {
        code = add_power(&probe, has_counter, counter_code);
    }
    return code == 0 ? add_gauges(&probe) : code;
}
