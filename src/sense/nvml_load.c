/* SPDX-License-Identifier: MIT */
/* Opening NVML at run time: names newest first, so that old and new drivers both work. */
#include "sense/nvml.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"

struct symbol {
    size_t offset;
    bool needed;
    const char *names[4]; /* newest first */
};

#define MEMBER(name) offsetof(struct nvml_api, name)

/*
 * A _v2 or _v3 here either has the plain one's signature or differs only in what it counts;
 * nvmlDeviceGetComputeRunningProcesses changed its structure and is looked up apart.
 */
static const struct symbol symbols[] = {
    {MEMBER(init), true, {"nvmlInit_v2", "nvmlInit"}},
    {MEMBER(shutdown), true, {"nvmlShutdown"}},
    {MEMBER(error_string), false, {"nvmlErrorString"}},
    {MEMBER(device_count), true, {"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"}},
    {MEMBER(device_by_index),
     true,
     {"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex"}},
    {MEMBER(device_by_uuid), false, {"nvmlDeviceGetHandleByUUID"}},
    {MEMBER(name), false, {"nvmlDeviceGetName"}},
    {MEMBER(uuid), false, {"nvmlDeviceGetUUID"}},
    {MEMBER(pci_info),
     false,
     {"nvmlDeviceGetPciInfo_v3", "nvmlDeviceGetPciInfo_v2", "nvmlDeviceGetPciInfo"}},
    {MEMBER(architecture), false, {"nvmlDeviceGetArchitecture"}},
    {MEMBER(mig_mode), false, {"nvmlDeviceGetMigMode"}},
    {MEMBER(energy_mj), false, {"nvmlDeviceGetTotalEnergyConsumption"}},
    {MEMBER(field_values), false, {"nvmlDeviceGetFieldValues"}},
    {MEMBER(power_mw), false, {"nvmlDeviceGetPowerUsage"}},
    {MEMBER(limit_range_mw), false, {"nvmlDeviceGetPowerManagementLimitConstraints"}},
    {MEMBER(default_limit_mw), false, {"nvmlDeviceGetPowerManagementDefaultLimit"}},
    {MEMBER(limit_mw), false, {"nvmlDeviceGetPowerManagementLimit"}},
    {MEMBER(temperature_c), false, {"nvmlDeviceGetTemperature"}},
    {MEMBER(fan_rpm), false, {"nvmlDeviceGetFanSpeedRPM"}},
    {MEMBER(utilization), false, {"nvmlDeviceGetUtilizationRates"}},
    {MEMBER(process_utilization), false, {"nvmlDeviceGetProcessUtilization"}},
};

/* The loader's own search first; then where WSL and NixOS keep the driver's libraries. */
static const char *const places[] = {
    "libnvidia-ml.so.1",
    "/usr/lib/wsl/lib/libnvidia-ml.so.1",
    "/run/opengl-driver/lib/libnvidia-ml.so.1",
};

static void *find(void *handle, const char *const *names, size_t max)
{
    size_t i;

    for (i = 0; i < max && names[i] != NULL; i++) {
        void *symbol = dlsym(handle, names[i]);

        if (symbol != NULL) {
            return symbol;
        }
    }
    return NULL;
}

static void find_compute_processes(struct nvml_api *api)
{
    static const char *const with_instances[] = {"nvmlDeviceGetComputeRunningProcesses_v3",
                                                 "nvmlDeviceGetComputeRunningProcesses_v2"};
    static const char *const plain[] = {"nvmlDeviceGetComputeRunningProcesses"};
    void *symbol = find(api->handle, with_instances, 2);

    if (symbol == NULL) {
        symbol = find(api->handle, plain, 1);
        api->compute_processes_v1 = true;
    }
    memcpy(&api->compute_processes, &symbol, sizeof symbol);
}

static void *open_library(const char *path)
{
    /* Never unmapped: NVML starts threads and exit handlers of its own in some versions. */
    const int flags = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE;
    void *handle = NULL;
    size_t i;

    if (path != NULL) {
        return dlopen(path, flags);
    }
    for (i = 0; i < sizeof places / sizeof places[0] && handle == NULL; i++) {
        handle = dlopen(places[i], flags);
    }
    return handle;
}

int nvml_api_load(const char *path, struct nvml_api *ret, struct wattle_error *err)
{
    size_t i;

    memset(ret, 0, sizeof *ret);
    ret->handle = open_library(path);
    if (ret->handle == NULL) {
        const char *words = dlerror();

        return error_set(err, WATTLE_E_NOENT, "%s", words != NULL ? words : "cannot be opened");
    }
    for (i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        void *symbol = find(ret->handle, symbols[i].names, 4);

        if (symbol == NULL && symbols[i].needed) {
            nvml_api_unload(ret);
            return error_set(err, WATTLE_E_UNSUPPORTED, "%s has no %s: not NVML",
                             path != NULL ? path : places[0], symbols[i].names[0]);
        }
        /* ISO C has no conversion from an object pointer to a function's; POSIX says that they
         * have one representation. */
        memcpy((char *)ret + symbols[i].offset, &symbol, sizeof symbol);
    }
    find_compute_processes(ret);
    return 0;
}

void nvml_api_unload(struct nvml_api *api)
{
    if (api->handle != NULL) {
        dlclose(api->handle);
        api->handle = NULL;
    }
}

const char *nvml_words(const struct nvml_api *api, int code)
{
    const char *words = api->error_string != NULL ? api->error_string(code) : NULL;

    return words != NULL && words[0] != '\0' ? words : "unknown NVML error";
}
