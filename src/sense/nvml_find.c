/* SPDX-License-Identifier: MIT */
/* Finding NVML and its GPUs, and saying why when there should be some and are none. */
#include "sense/nvml.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/host.h"

static const char remedy_access[] =
    "allow this user (or container: --gpus all) to open /dev/nvidiactl and /dev/nvidiaN";

const char *nvml_remedy(int code)
{
    switch (code) {
    case NVML_NO_PERMISSION:
    case NVML_OPERATING_SYSTEM:
        return remedy_access;
    case NVML_DRIVER_NOT_LOADED:
        return "load the driver: modprobe nvidia (see dmesg if it refuses)";
    case NVML_VERSION_MISMATCH:
        return "driver and library differ after an update: reboot, or reload the nvidia modules";
    case NVML_GPU_IS_LOST:
    case NVML_RESET_REQUIRED:
    case NVML_IRQ_ISSUE:
        return "see dmesg for the Xid; nvidia-smi --gpu-reset, or reboot";
    case NVML_INSUFFICIENT_POWER:
        return "connect the board's power cables";
    case NVML_NOT_SUPPORTED:
        return "a virtual or an old GPU: measure on its host, or at the wall";
    default:
        return "compare 'nvidia-smi -q -d POWER'; see dmesg";
    }
}

/* No GPU in reach, though there is one: say so under a name of its own. */
int nvml_add_refused(struct wattle_channel_list *found, const char *name, const char *reason,
                       const char *remedy)
{
    struct wattle_channel channel;

    wattle_channel_init(&channel, "nvml");
    snprintf(channel.name, sizeof channel.name, "%s", name);
    snprintf(channel.source, sizeof channel.source, "%s", "nvml");
    channel.kind = WATTLE_GPU;
    channel.quantity = WATTLE_Q_ENERGY;
    channel.domain = WATTLE_D_GPU;
    channel.usable = false;
    snprintf(channel.reason, sizeof channel.reason, "%s", reason);
    snprintf(channel.remedy, sizeof channel.remedy, "%s", remedy);
    return wattle_channel_add(found, &channel);
}

/* Is there an NVIDIA display controller on the PCI bus (vendor 10de, class 03)? */
static bool board_present(const struct wattle_host *host)
{
    char path[512], text[32];
    struct dirent *entry;
    bool found = false;
    DIR *dir;

    if (host_path(path, sizeof path, host->sysfs, "bus/pci/devices") < 0) {
        return false;
    }
    dir = opendir(path);
    if (dir == NULL) {
        return false;
    }
    while (!found && (entry = readdir(dir)) != NULL) {
        char device[768];

        if (entry->d_name[0] == '.') {
            continue;
        }
        snprintf(device, sizeof device, "%s/%s", path, entry->d_name);
        found = file_read_line(device, "vendor", text, sizeof text) > 0 &&
                strcmp(text, "0x10de") == 0 &&
                file_read_line(device, "class", text, sizeof text) > 0 &&
                strncmp(text, "0x03", 4) == 0;
    }
    closedir(dir);
    return found;
}

static int probe_all(const struct nvml_api *api, struct wattle_channel_list *found,
                     bool *ret_usable)
{
    unsigned count = 0, i;
    int code = api->device_count(&count);

    if (code != NVML_OK) {
        char reason[WATTLE_REASON_MAX];

        snprintf(reason, sizeof reason, "nvmlDeviceGetCount: %s", nvml_words(api, code));
        return nvml_add_refused(found, "gpu", reason, nvml_remedy(code));
    }
    code = 0;
    for (i = 0; i < count && code == 0; i++) {
        code = nvml_probe_gpu(api, i, found, ret_usable);
    }
    return code;
}

int nvml_probe(const struct wattle_host *host, struct wattle_channel_list *found,
               struct wattle_error *err)
{
    struct wattle_error why = {0};
    char reason[WATTLE_REASON_MAX];
    struct nvml_api api;
    bool usable = false;
    int code;

    /* A fake machine has the GPUs of the library that it names, and no others. */
    if (host->nvml != NULL ? strcmp(host->nvml, "none") == 0 : host->fake) {
        return 0;
    }
    code = nvml_api_load(host->nvml, &api, &why);
    if (code != 0) {
        if (host->nvml == NULL && (code != WATTLE_E_NOENT || !board_present(host))) {
            return 0;
        }
        snprintf(reason, sizeof reason, "NVML cannot be opened: %.200s", why.text);
        code = nvml_add_refused(found, "gpu", reason,
                           host->nvml != NULL ? "correct WATTLE_NVML"
                                              : "install the NVIDIA driver's library "
                                                "libnvidia-ml.so.1 (Debian: libnvidia-ml1)");
        return code == 0 ? 0 : error_set(err, code, "nvml: out of memory");
    }
    code = api.init();
    if (code != NVML_OK) {
        snprintf(reason, sizeof reason, "nvmlInit: %s", nvml_words(&api, code));
        /* The library without driver or GPU is common on machines that have none. */
        if (host->nvml == NULL && code == NVML_DRIVER_NOT_LOADED && !board_present(host)) {
            code = 0;
        } else {
            code = nvml_add_refused(found, "gpu", reason, nvml_remedy(code));
        }
    } else {
        code = probe_all(&api, found, &usable);
        /* nvmlInit takes up to a second and counts its callers. With a GPU found, ours stays
         * counted until the process ends, so that open comes at once, the counter keeps its
         * zero, and nobody waits a second time. */
        if (!usable) {
            api.shutdown();
        }
    }
    nvml_api_unload(&api);
    return code == 0 ? 0 : error_set(err, code, "nvml: out of memory");
}
