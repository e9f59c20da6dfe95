/* SPDX-License-Identifier: MIT */
/* The inside of the nvml driver, shared by its own nvml_*.c files and their tests alone. */
#ifndef SENSE_NVML_H
#define SENSE_NVML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wattle/sys/sensor.h>

#include "sense/nvml_abi.h"

/* The library's functions; NULL where this version lacks one. All but the first five are optional.
 * Every int returned is an nvmlReturn_t. */
struct nvml_api {
    void *handle;
    int (*init)(void);
    int (*shutdown)(void);
    const char *(*error_string)(int code);
    int (*device_count)(unsigned *ret);
    int (*device_by_index)(unsigned index, struct nvml_device **ret);
    int (*device_by_uuid)(const char *uuid, struct nvml_device **ret);
    int (*name)(struct nvml_device *device, char *ret, unsigned size);
    int (*uuid)(struct nvml_device *device, char *ret, unsigned size);
    int (*pci_info)(struct nvml_device *device, struct nvml_pci_info *ret);
    int (*architecture)(struct nvml_device *device, unsigned *ret);
    int (*mig_mode)(struct nvml_device *device, unsigned *ret_current, unsigned *ret_pending);
    int (*energy_mj)(struct nvml_device *device, unsigned long long *ret);
    int (*field_values)(struct nvml_device *device, int count, struct nvml_field_value *values);
    int (*power_mw)(struct nvml_device *device, unsigned *ret);
    int (*limit_range_mw)(struct nvml_device *device, unsigned *ret_min, unsigned *ret_max);
    int (*default_limit_mw)(struct nvml_device *device, unsigned *ret);
    int (*limit_mw)(struct nvml_device *device, unsigned *ret);
    int (*temperature_c)(struct nvml_device *device, int sensor, unsigned *ret);
    int (*fan_rpm)(struct nvml_device *device, struct nvml_fan_speed *ret);
    int (*utilization)(struct nvml_device *device, struct nvml_utilization *ret);
    int (*process_utilization)(struct nvml_device *device, struct nvml_process_sample *ret,
                               unsigned *count, unsigned long long last_seen_us);
    int (*compute_processes)(struct nvml_device *device, unsigned *count, void *ret);
    bool compute_processes_v1; /* the array holds nvml_process_v1, not _v2 */
};

/* What one channel reads; channel.driver_data[NVML_DATA_READING]. */
enum nvml_reading {
    NVML_READ_ENERGY = 0,
    NVML_READ_FIELD = 1, /* nvmlDeviceGetFieldValues */
    NVML_READ_POWER_USAGE = 2,
    NVML_READ_TEMPERATURE = 3,
    NVML_READ_FAN = 4,
    NVML_READ_UTILIZATION = 5
};

/* channel.driver_data; the GPU's UUID is in driver_path. */
enum { NVML_DATA_GPU = 0, NVML_DATA_READING = 1, NVML_DATA_FIELD = 2, NVML_DATA_MIG = 3 };
#define NVML_FIELD_WITH_SCOPE(field, scope) ((uint64_t)(field) | (uint64_t)(scope) << 32)

/* Opens the library and finds its functions; does not call nvmlInit. */
int nvml_api_load(const char *path, struct nvml_api *ret, struct wattle_error *err);
void nvml_api_unload(struct nvml_api *api);

/* Words for an nvmlReturn_t, from the library where it has them. */
const char *nvml_words(const struct nvml_api *api, int code);

/* Watts of a field, or NaN if the driver does not answer with a number of a type that fits. */
double nvml_field_w(const struct nvml_field_value *value);
/* Asks for one power field: NVML_OK and a power, or why not. */
int nvml_read_field_w(const struct nvml_api *api, struct nvml_device *device, unsigned field,
                      unsigned scope, double *ret_w);
/* The same by nvmlDeviceGetPowerUsage. */
int nvml_read_power_w(const struct nvml_api *api, struct nvml_device *device, double *ret_w);

/* What a person can do about an nvmlReturn_t. */
const char *nvml_remedy(int code);
/* Adds an unusable channel: a GPU, or all of them, that cannot be read. */
int nvml_add_refused(struct wattle_channel_list *found, const char *name, const char *reason,
                     const char *remedy);
/* Adds all channels of one GPU; *ret_usable becomes true if there is a usable one. */
int nvml_probe_gpu(const struct nvml_api *api, unsigned index, struct wattle_channel_list *found,
                   bool *ret_usable);
int nvml_probe(const struct wattle_host *host, struct wattle_channel_list *found,
               struct wattle_error *err);

struct nvml_gpu {
    struct nvml_device *device;
    unsigned index;
    char uuid[NVML_UUID_SIZE];
    bool lost;
    bool mig;
    unsigned long long last_seen_us; /* newest process sample handed out */
};

struct nvml_reader {
    size_t gpu; /* in nvml_state.gpus */
    enum nvml_reading reading;
    unsigned field, scope;
    bool gauge;
    double last_value; /* of a gauge, which is refreshed once a second only */
    int64_t last_ns;
};

struct nvml_state {
    const struct wattle_host *host;
    struct nvml_api api;
    bool initialized;
    struct nvml_gpu *gpus;
    size_t gpu_count;
    struct nvml_reader *readers;
    size_t reader_count;
};

/* One reading of one channel; the value goes to count (energy) or value (the rest). */
void nvml_read_one(struct nvml_state *state, struct nvml_reader *reader,
                   struct wattle_reading *ret);
int nvml_calibrate(void *state, double budget_s, struct wattle_calibration *ret);
int nvml_processes(void *state, size_t i, struct wattle_device_process *ret, size_t max);

#endif
