/* SPDX-License-Identifier: MIT */
/* The machine behind the fake NVML: its options, its clock and its energy. */
#ifndef FAKES_FAKE_NVML_H
#define FAKES_FAKE_NVML_H

#include <stdbool.h>
#include <pthread.h>
#include <time.h>

#include "sense/nvml_abi.h"

#define API __attribute__((visibility("default")))

enum { GPUS_MAX = 16, SEGMENTS_MAX = 32, PROCESSES_MAX = 16, TEXT_MAX = 8192 };

struct nvml_device {
    unsigned index;
    char name[64], uuid[64];
    unsigned architecture, pci_device;
    struct {
        double from_s, power_w;
    } segments[SEGMENTS_MAX];
    int segment_count;
    double period_s, base_mj, limit_w, lost_s, reset_s, utilization;
    unsigned temperature_c, fan_rpm;
    unsigned no_energy, no_instant, no_average, no_power, module, superchip, mig, denied, bad_type,
        no_utilization, call_us;
    unsigned long long energy_fail_from, energy_fail_to; /* calls that fail, counted from 1 */
    unsigned long long energy_calls;
    struct nvml_process_sample processes[PROCESSES_MAX];
    unsigned process_mb[PROCESSES_MAX];
    unsigned process_count;
};

struct fake_machine {
    pthread_mutex_t lock;
    int references;
    int loaded;
    char text[TEXT_MAX];
    struct timespec changed;
    double zero_s, fixed_s; /* fixed_s: NaN while the clock runs */
    unsigned count, slow_init_ms, init_error;
    struct nvml_device gpus[GPUS_MAX];
};

extern struct fake_machine fake;

double fake_elapsed_s(void);
double fake_energy_mj(const struct nvml_device *gpu, double t_s);
double fake_power_mw(const struct nvml_device *gpu, double t_s);
double fake_mean_power_mw(const struct nvml_device *gpu, double t_s);
/* Takes the options again if they changed. Locked by the caller. */
void fake_reload(void);

#endif
