/* SPDX-License-Identifier: MIT */
/*
 * The part of NVIDIA's management library (NVML) that Wattle calls.
 *
 * NVML is opened at run time, so its header is not needed to build; what its
 * binary interface fixes (numbers, layouts, signatures) is declared again here.
 * Source: "NVML API Reference Guide", docs.nvidia.com/deploy/nvml-api, read
 * November 2026; names of its objects are kept in the comments.
 */
#ifndef SENSE_NVML_ABI_H
#define SENSE_NVML_ABI_H

/* nvmlReturn_t */
enum {
    NVML_OK = 0,
    NVML_UNINITIALIZED = 1,
    NVML_INVALID_ARGUMENT = 2,
    NVML_NOT_SUPPORTED = 3,
    NVML_NO_PERMISSION = 4,
    NVML_NOT_FOUND = 6,
    NVML_INSUFFICIENT_SIZE = 7,
    NVML_INSUFFICIENT_POWER = 8,
    NVML_DRIVER_NOT_LOADED = 9,
    NVML_TIMEOUT = 10,
    NVML_IRQ_ISSUE = 11,
    NVML_FUNCTION_NOT_FOUND = 13,
    NVML_GPU_IS_LOST = 15,
    NVML_RESET_REQUIRED = 16,
    NVML_OPERATING_SYSTEM = 17,
    NVML_VERSION_MISMATCH = 18, /* NVML_ERROR_LIB_RM_VERSION_MISMATCH */
    NVML_NO_DATA = 21,
    NVML_UNKNOWN = 999
};

/* nvmlFieldValue_t's fieldId and scopeId, nvmlValueType_t */
enum {
    NVML_FIELD_POWER_AVERAGE = 185, /* mW, mean of 1 s; Ampere and newer, but not GA100 */
    NVML_FIELD_POWER_INSTANT = 186, /* mW */
    NVML_SCOPE_GPU = 0,
    NVML_SCOPE_MODULE = 1, /* CPU and GPU of a superchip */
    NVML_SCOPE_MEMORY = 2,
    NVML_TYPE_DOUBLE = 0,
    NVML_TYPE_UINT = 1,
    NVML_TYPE_ULONG = 2,
    NVML_TYPE_ULLONG = 3,
    NVML_TYPE_LLONG = 4,
    NVML_TYPE_INT = 5,
    NVML_TYPE_USHORT = 6
};

/* nvmlDeviceArchitecture_t */
enum { NVML_ARCH_VOLTA = 5, NVML_ARCH_AMPERE = 7, NVML_ARCH_HOPPER = 9 };

/* nvmlTemperatureSensors_t, and sizes of text buffers (NVML_DEVICE_NAME_V2_BUFFER_SIZE,
 * NVML_DEVICE_UUID_V2_BUFFER_SIZE) */
enum { NVML_TEMPERATURE_GPU = 0, NVML_NAME_SIZE = 96, NVML_UUID_SIZE = 96 };

/* Structures end in the version in their lowest 24 bits: size | version << 24. */
#define NVML_STRUCT_VERSION(type, version) ((unsigned)sizeof(type) | (unsigned)(version) << 24)

struct nvml_device; /* *nvmlDevice_t, opaque */

union nvml_value { /* nvmlValue_t */
    double d;
    int i;
    unsigned u;
    unsigned long ul;
    unsigned long long ull;
    long long ll;
    unsigned short us;
};

struct nvml_field_value { /* nvmlFieldValue_t */
    unsigned field_id;
    unsigned scope_id;
    long long timestamp_us;
    long long latency_us;
    int value_type;
    int status; /* must be looked at before the value */
    union nvml_value value;
};

struct nvml_pci_info { /* nvmlPciInfo_t as of version 3; older calls fill its beginning */
    char bus_id_legacy[16];
    unsigned domain;
    unsigned bus;
    unsigned device;
    unsigned pci_device_id; /* device << 16 | vendor */
    unsigned pci_subsystem_id;
    char bus_id[32];
};

struct nvml_utilization { /* nvmlUtilization_t: percent of the last sample period */
    unsigned gpu;
    unsigned memory;
};

struct nvml_fan_speed { /* nvmlFanSpeedInfo_v1_t */
    unsigned version;
    unsigned fan;
    unsigned speed; /* rpm */
};

struct nvml_process_v1 { /* nvmlProcessInfo_v1_t */
    unsigned pid;
    unsigned long long memory_bytes;
};

struct nvml_process_v2 { /* nvmlProcessInfo_v2_t, also what _v3 fills */
    unsigned pid;
    unsigned long long memory_bytes; /* all ones: not available */
    unsigned gpu_instance;
    unsigned compute_instance;
};

struct nvml_process_sample { /* nvmlProcessUtilizationSample_t */
    unsigned pid;
    unsigned long long timestamp_us; /* since 1970 */
    unsigned sm_percent;
    unsigned memory_percent;
    unsigned encoder_percent;
    unsigned decoder_percent;
};

#endif
