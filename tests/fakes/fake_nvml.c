/* SPDX-License-Identifier: MIT */
/*
 * A shared library with NVML's symbols and no GPU behind them: what README.md here says.
 *
 * It is opened by the path that opens the real one (WATTLE_NVML), so that loading, symbol
 * versions and layouts are tested too. FAKE_NVML_OLD builds a driver of 2017: plain names only,
 * no energy counter, no fields, no MIG.
 */
#include "fake_nvml.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void sleep_us(unsigned us)
{
    struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};

    nanosleep(&pause, NULL);
}

/* Locks; every call of a device begins so. */
static int enter(struct nvml_device *device)
{
    pthread_mutex_lock(&fake.lock);
    if (fake.references == 0) {
        return NVML_UNINITIALIZED;
    }
    fake_reload();
    if (device == NULL || device->index >= fake.count) {
        return NVML_INVALID_ARGUMENT;
    }
    if (fake_elapsed_s() >= device->lost_s) {
        return NVML_GPU_IS_LOST;
    }
    return device->denied ? NVML_NO_PERMISSION : NVML_OK;
}

static int leave(int code)
{
    pthread_mutex_unlock(&fake.lock);
    return code;
}

static int give_unsigned(struct nvml_device *device, double value, int code, unsigned *ret)
{
    int entered = enter(device);

    if (entered == NVML_OK && code == NVML_OK) {
        *ret = (unsigned)value;
    }
    return leave(entered != NVML_OK ? entered : code);
}

static int init(void)
{
    int code;

    pthread_mutex_lock(&fake.lock);
    if (fake.references == 0) {
        fake_reload();
        sleep_us(fake.slow_init_ms * 1000);
    }
    code = (int)fake.init_error;
    fake.references += code == NVML_OK;
    return leave(code);
}

API int nvmlInit(void);
API int nvmlInit(void)
{
    return init();
}

API int nvmlShutdown(void);
API int nvmlShutdown(void)
{
    pthread_mutex_lock(&fake.lock);
    if (fake.references == 0) {
        return leave(NVML_UNINITIALIZED);
    }
    fake.references--;
    return leave(NVML_OK);
}

API const char *nvmlErrorString(int code);
API const char *nvmlErrorString(int code)
{
    switch (code) {
    case NVML_OK:
        return "Success";
    case NVML_NOT_SUPPORTED:
        return "Not Supported";
    case NVML_NO_PERMISSION:
        return "Insufficient Permissions";
    case NVML_DRIVER_NOT_LOADED:
        return "Driver Not Loaded";
    case NVML_FUNCTION_NOT_FOUND:
        return "Function Not Found";
    case NVML_GPU_IS_LOST:
        return "GPU is lost";
    default:
        return "Unknown Error";
    }
}

API int nvmlDeviceGetCount(unsigned *ret);
API int nvmlDeviceGetCount(unsigned *ret)
{
    pthread_mutex_lock(&fake.lock);
    if (fake.references == 0) {
        return leave(NVML_UNINITIALIZED);
    }
    *ret = fake.count;
    return leave(NVML_OK);
}

API int nvmlDeviceGetHandleByIndex(unsigned index, struct nvml_device **ret);
API int nvmlDeviceGetHandleByIndex(unsigned index, struct nvml_device **ret)
{
    int code;

    if (index >= GPUS_MAX) {
        return NVML_INVALID_ARGUMENT;
    }
    *ret = &fake.gpus[index];
    code = enter(*ret);
    return leave(code);
}

API int nvmlDeviceGetHandleByUUID(const char *uuid, struct nvml_device **ret);
API int nvmlDeviceGetHandleByUUID(const char *uuid, struct nvml_device **ret)
{
    unsigned i;

    for (i = 0; i < fake.count; i++) {
        if (strcmp(fake.gpus[i].uuid, uuid) == 0) {
            return nvmlDeviceGetHandleByIndex(i, ret);
        }
    }
    return NVML_NOT_FOUND;
}

static int give_text(struct nvml_device *device, const char *text, char *ret, unsigned size)
{
    int code = enter(device);

    if (code == NVML_OK && strlen(text) >= size) {
        code = NVML_INSUFFICIENT_SIZE;
    }
    if (code == NVML_OK) {
        memcpy(ret, text, strlen(text) + 1);
    }
    return leave(code);
}

API int nvmlDeviceGetName(struct nvml_device *device, char *ret, unsigned size);
API int nvmlDeviceGetName(struct nvml_device *device, char *ret, unsigned size)
{
    return give_text(device, device->name, ret, size);
}

API int nvmlDeviceGetUUID(struct nvml_device *device, char *ret, unsigned size);
API int nvmlDeviceGetUUID(struct nvml_device *device, char *ret, unsigned size)
{
    return give_text(device, device->uuid, ret, size);
}

API int nvmlDeviceGetPowerUsage(struct nvml_device *device, unsigned *ret);
API int nvmlDeviceGetPowerUsage(struct nvml_device *device, unsigned *ret)
{
    double t_s = fake_elapsed_s();
    bool mean = device->architecture >= NVML_ARCH_AMPERE && device->pci_device >> 8 != 0x20;

    return give_unsigned(device,
                         mean ? fake_mean_power_mw(device, t_s) : fake_power_mw(device, t_s),
                         device->no_power ? NVML_NOT_SUPPORTED : NVML_OK, ret);
}

API int nvmlDeviceGetPowerManagementDefaultLimit(struct nvml_device *device, unsigned *ret);
API int nvmlDeviceGetPowerManagementDefaultLimit(struct nvml_device *device, unsigned *ret)
{
    return give_unsigned(device, device->limit_w * 1e3,
                         device->limit_w > 0 ? NVML_OK : NVML_NOT_SUPPORTED, ret);
}

API int nvmlDeviceGetTemperature(struct nvml_device *device, int sensor, unsigned *ret);
API int nvmlDeviceGetTemperature(struct nvml_device *device, int sensor, unsigned *ret)
{
    return give_unsigned(device, device->temperature_c,
                         sensor == NVML_TEMPERATURE_GPU ? NVML_OK : NVML_INVALID_ARGUMENT, ret);
}

API int nvmlDeviceGetUtilizationRates(struct nvml_device *device, struct nvml_utilization *ret);
API int nvmlDeviceGetUtilizationRates(struct nvml_device *device, struct nvml_utilization *ret)
{
    ret->memory = 0;
    return give_unsigned(
        device, round(device->utilization * 100),
        device->mig || device->no_utilization ? NVML_NOT_SUPPORTED : NVML_OK, &ret->gpu);
}

API int nvmlDeviceGetComputeRunningProcesses(struct nvml_device *device, unsigned *count,
                                             struct nvml_process_v1 *ret);
API int nvmlDeviceGetComputeRunningProcesses(struct nvml_device *device, unsigned *count,
                                             struct nvml_process_v1 *ret)
{
    int code = enter(device);
    unsigned i;

    if (code == NVML_OK && *count < device->process_count) {
        code = NVML_INSUFFICIENT_SIZE;
    }
    for (i = 0; code == NVML_OK && i < device->process_count; i++) {
        ret[i].pid = device->processes[i].pid;
        ret[i].memory_bytes = (unsigned long long)device->process_mb[i] << 20;
    }
    *count = device->process_count;
    return leave(code);
}

#ifndef FAKE_NVML_OLD
API int nvmlInit_v2(void);
API int nvmlInit_v2(void)
{
    return init();
}

API int nvmlDeviceGetCount_v2(unsigned *ret);
API int nvmlDeviceGetCount_v2(unsigned *ret)
{
    return nvmlDeviceGetCount(ret);
}

API int nvmlDeviceGetHandleByIndex_v2(unsigned index, struct nvml_device **ret);
API int nvmlDeviceGetHandleByIndex_v2(unsigned index, struct nvml_device **ret)
{
    return nvmlDeviceGetHandleByIndex(index, ret);
}

API int nvmlDeviceGetPciInfo_v3(struct nvml_device *device, struct nvml_pci_info *ret);
API int nvmlDeviceGetPciInfo_v3(struct nvml_device *device, struct nvml_pci_info *ret)
{
    int code = enter(device);

    memset(ret, 0, sizeof *ret);
    ret->bus = device->index + 1;
    ret->pci_device_id = device->pci_device << 16 | 0x10de;
    snprintf(ret->bus_id, sizeof ret->bus_id, "00000000:%02X:00.0", ret->bus);
    return leave(code);
}

API int nvmlDeviceGetArchitecture(struct nvml_device *device, unsigned *ret);
API int nvmlDeviceGetArchitecture(struct nvml_device *device, unsigned *ret)
{
    return give_unsigned(device, device->architecture, NVML_OK, ret);
}

API int nvmlDeviceGetMigMode(struct nvml_device *device, unsigned *ret, unsigned *ret_pending);
API int nvmlDeviceGetMigMode(struct nvml_device *device, unsigned *ret, unsigned *ret_pending)
{
    *ret_pending = device->mig;
    return give_unsigned(device, device->mig, NVML_OK, ret);
}

API int nvmlDeviceGetPowerManagementLimitConstraints(struct nvml_device *device, unsigned *ret_min,
                                                     unsigned *ret_max);
API int nvmlDeviceGetPowerManagementLimitConstraints(struct nvml_device *device, unsigned *ret_min,
                                                     unsigned *ret_max)
{
    *ret_min = 100000;
    return nvmlDeviceGetPowerManagementDefaultLimit(device, ret_max);
}

API int nvmlDeviceGetFanSpeedRPM(struct nvml_device *device, struct nvml_fan_speed *ret);
API int nvmlDeviceGetFanSpeedRPM(struct nvml_device *device, struct nvml_fan_speed *ret)
{
    if (ret->version != NVML_STRUCT_VERSION(struct nvml_fan_speed, 1)) {
        return 25; /* NVML_ERROR_ARGUMENT_VERSION_MISMATCH */
    }
    return give_unsigned(device, device->fan_rpm, device->fan_rpm ? NVML_OK : NVML_NOT_SUPPORTED,
                         &ret->speed);
}

API int nvmlDeviceGetTotalEnergyConsumption(struct nvml_device *device, unsigned long long *ret);
API int nvmlDeviceGetTotalEnergyConsumption(struct nvml_device *device, unsigned long long *ret)
{
    int code = enter(device);

    if (code == NVML_OK && device->no_energy) {
        code = NVML_NOT_SUPPORTED;
    }
    if (code == NVML_OK) {
        device->energy_calls++;
        sleep_us(device->call_us);
        if (device->energy_calls >= device->energy_fail_from &&
            device->energy_calls <= device->energy_fail_to) {
            code = NVML_UNKNOWN;
        } else {
            *ret = (unsigned long long)fake_energy_mj(device, fake_elapsed_s());
        }
    }
    return leave(code);
}

static void fill_field(struct nvml_device *device, struct nvml_field_value *value)
{
    bool instant = value->field_id == NVML_FIELD_POWER_INSTANT;
    bool average = value->field_id == NVML_FIELD_POWER_AVERAGE;
    bool module = value->scope_id == NVML_SCOPE_MODULE;
    double t_s = fake_elapsed_s();
    double power = instant ? fake_power_mw(device, t_s) : fake_mean_power_mw(device, t_s);

    value->timestamp_us = (long long)(fake_elapsed_s() * 1e6);
    value->latency_us = 0;
    value->status = NVML_OK;
    value->value.ull = 0xdeadbeefdeadbeefULL;
    if ((!instant && !average) || (instant && device->no_instant) ||
        (average && (device->no_average || device->architecture < NVML_ARCH_AMPERE)) ||
        value->scope_id > NVML_SCOPE_MODULE || (module && !device->module && !device->superchip) ||
        (!module && device->module)) {
        value->status = NVML_NOT_SUPPORTED;
        return;
    }
    value->value_type = NVML_TYPE_UINT;
    /* A superchip's GPU draws three quarters of its module here. */
    value->value.u = (unsigned)(device->superchip && !module ? power * 0.75 : power);
    if (device->bad_type) {
        value->value_type = NVML_TYPE_USHORT;
    }
}

API int nvmlDeviceGetFieldValues(struct nvml_device *device, int count,
                                 struct nvml_field_value *values);
API int nvmlDeviceGetFieldValues(struct nvml_device *device, int count,
                                 struct nvml_field_value *values)
{
    int code = enter(device);
    int i;

    for (i = 0; code == NVML_OK && i < count; i++) {
        fill_field(device, &values[i]);
    }
    return leave(code);
}

API int nvmlDeviceGetProcessUtilization(struct nvml_device *device, struct nvml_process_sample *ret,
                                        unsigned *count, unsigned long long last_seen_us);
API int nvmlDeviceGetProcessUtilization(struct nvml_device *device, struct nvml_process_sample *ret,
                                        unsigned *count, unsigned long long last_seen_us)
{
    int code = enter(device);
    struct timespec now;
    unsigned i, n = 0;

    clock_gettime(CLOCK_REALTIME, &now);
    if (code == NVML_OK && (device->mig || device->no_utilization)) {
        code = NVML_NOT_SUPPORTED;
    }
    for (i = 0; code == NVML_OK && i < device->process_count; i++) {
        if (device->processes[i].sm_percent == 0 || n >= *count) {
            continue;
        }
        ret[n] = device->processes[i];
        ret[n].timestamp_us =
            (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000;
        if (ret[n].timestamp_us <= last_seen_us) {
            ret[n].timestamp_us = last_seen_us + 1;
        }
        n++;
    }
    *count = n;
    return leave(code == NVML_OK && n == 0 ? NVML_NOT_FOUND : code);
}

API int nvmlDeviceGetComputeRunningProcesses_v3(struct nvml_device *device, unsigned *count,
                                                struct nvml_process_v2 *ret);
API int nvmlDeviceGetComputeRunningProcesses_v3(struct nvml_device *device, unsigned *count,
                                                struct nvml_process_v2 *ret)
{
    int code = enter(device);
    unsigned i;

    if (code == NVML_OK && *count < device->process_count) {
        code = NVML_INSUFFICIENT_SIZE;
    }
    for (i = 0; code == NVML_OK && i < device->process_count; i++) {
        ret[i].pid = device->processes[i].pid;
        ret[i].memory_bytes = (unsigned long long)device->process_mb[i] << 20;
        ret[i].gpu_instance = ret[i].compute_instance = 0xffffffff;
    }
    *count = device->process_count;
    return leave(code);
}
#endif
