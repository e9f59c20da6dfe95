/* SPDX-License-Identifier: MIT */
#include "fake_nvml.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct fake_machine fake = {.lock = PTHREAD_MUTEX_INITIALIZER, .fixed_s = NAN};

static double clock_now_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

double fake_elapsed_s(void)
{
    return isnan(fake.fixed_s) ? clock_now_s() - fake.zero_s : fake.fixed_s;
}

static void parse_power(struct nvml_device *gpu, const char *value)
{
    gpu->segment_count = 0;
    while (gpu->segment_count < SEGMENTS_MAX) {
        char *end;
        double power_w = strtod(value, &end), from_s = 0;

        if (end == value) {
            return;
        }
        if (*end == '@') {
            from_s = strtod(end + 1, &end);
        }
        gpu->segments[gpu->segment_count].power_w = power_w;
        gpu->segments[gpu->segment_count++].from_s = from_s;
        if (*end != ',') {
            return;
        }
        value = end + 1;
    }
}

static void parse_process(struct nvml_device *gpu, const char *value)
{
    struct nvml_process_sample *process = &gpu->processes[gpu->process_count];
    double utilization = 0;
    unsigned pid = 0, mb = 0;

    if (gpu->process_count < PROCESSES_MAX &&
        sscanf(value, "%u:%lf:%u", &pid, &utilization, &mb) >= 1) {
        process->pid = pid;
        process->sm_percent = (unsigned)lround(utilization * 100);
        gpu->process_mb[gpu->process_count++] = mb;
    }
}

static void set_option(struct nvml_device *gpu, const char *key, const char *value)
{
    const struct {
        const char *key;
        double *number;
    } numbers[] = {{"period", &gpu->period_s}, {"base_mj", &gpu->base_mj},
                   {"limit", &gpu->limit_w},   {"lost", &gpu->lost_s},
                   {"reset", &gpu->reset_s},   {"utilization", &gpu->utilization}};
    const struct {
        const char *key;
        unsigned *number;
    } counts[] = {{"arch", &gpu->architecture},
                  {"temperature", &gpu->temperature_c},
                  {"fan", &gpu->fan_rpm},
                  {"no_energy", &gpu->no_energy},
                  {"no_instant", &gpu->no_instant},
                  {"no_average", &gpu->no_average},
                  {"no_power", &gpu->no_power},
                  {"no_utilization", &gpu->no_utilization},
                  {"module", &gpu->module},
                  {"superchip", &gpu->superchip},
                  {"mig", &gpu->mig},
                  {"denied", &gpu->denied},
                  {"bad_type", &gpu->bad_type},
                  {"call_us", &gpu->call_us}};
    size_t i;

    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(key, numbers[i].key) == 0) {
            *numbers[i].number = strtod(value, NULL);
        }
    }
    for (i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (strcmp(key, counts[i].key) == 0) {
            *counts[i].number = *value == '\0' ? 1 : (unsigned)strtoul(value, NULL, 0);
        }
    }
    if (strcmp(key, "power") == 0) {
        parse_power(gpu, value);
    } else if (strcmp(key, "process") == 0) {
        parse_process(gpu, value);
    } else if (strcmp(key, "pci") == 0) {
        gpu->pci_device = (unsigned)strtoul(value, NULL, 16);
    } else if (strcmp(key, "uuid") == 0) {
        snprintf(gpu->uuid, sizeof gpu->uuid, "%s", value);
    } else if (strcmp(key, "energy_fails") == 0) { /* "3" or "3-7" */
        gpu->energy_fail_to = 0;
        sscanf(value, "%llu-%llu", &gpu->energy_fail_from, &gpu->energy_fail_to);
        if (gpu->energy_fail_to == 0) {
            gpu->energy_fail_to = gpu->energy_fail_from;
        }
    } else if (strcmp(key, "name") == 0) {
        char *space;

        snprintf(gpu->name, sizeof gpu->name, "%s", value);
        while ((space = strchr(gpu->name, '_')) != NULL) {
            *space = ' ';
        }
    }
}

static void set_defaults(struct nvml_device *gpu, unsigned index)
{
    memset(gpu, 0, sizeof *gpu);
    gpu->index = index;
    snprintf(gpu->name, sizeof gpu->name, "NVIDIA H100 PCIe");
    snprintf(gpu->uuid, sizeof gpu->uuid, "GPU-00000000-0000-0000-0000-%012u", index);
    gpu->architecture = NVML_ARCH_HOPPER;
    gpu->pci_device = 0x2331;
    gpu->segments[0].power_w = 100;
    gpu->segment_count = 1;
    gpu->period_s = 0.1;
    gpu->base_mj = 1e9;
    gpu->limit_w = 350;
    gpu->lost_s = gpu->reset_s = (double)INFINITY;
    gpu->temperature_c = 45;
}

/* "key=value" separated by white space or ';'; "N:key=value" for GPU N alone; '#' to line end. */
static void parse_options(const char *text)
{
    char copy[TEXT_MAX], *rest = copy, *line, *word;
    unsigned i;

    snprintf(copy, sizeof copy, "%s", text);
    fake.count = 1;
    fake.slow_init_ms = fake.init_error = 0;
    for (i = 0; i < GPUS_MAX; i++) {
        set_defaults(&fake.gpus[i], i);
    }
    while ((line = strsep(&rest, "\n")) != NULL) {
        line[strcspn(line, "#")] = '\0';
        while ((word = strsep(&line, " \t\r;")) != NULL) {
            char *value = strchr(word, '=');
            char *key = word;
            char *colon = strchr(word, ':');
            long only = -1;

            if (*word == '\0') {
                continue;
            }
            if (value != NULL) {
                *value++ = '\0';
            } else {
                value = word + strlen(word);
            }
            if (colon != NULL && colon < value) {
                only = strtol(word, NULL, 10);
                key = colon + 1;
            }
            if (strcmp(key, "gpus") == 0) {
                fake.count = (unsigned)strtoul(value, NULL, 10);
                fake.count = fake.count > GPUS_MAX ? GPUS_MAX : fake.count;
            } else if (strcmp(key, "slow_init_ms") == 0) {
                fake.slow_init_ms = (unsigned)strtoul(value, NULL, 10);
            } else if (strcmp(key, "init_error") == 0) {
                fake.init_error = (unsigned)strtoul(value, NULL, 10);
            }
            for (i = 0; i < GPUS_MAX; i++) {
                if (only < 0 || only == (long)i) {
                    set_option(&fake.gpus[i], key, value);
                }
            }
        }
    }
}

/* The exact integral of the power from 0 to t, in mJ. */
static double integral_mj(const struct nvml_device *gpu, double t_s)
{
    double sum = 0;
    int i;

    for (i = 0; i < gpu->segment_count; i++) {
        double from = gpu->segments[i].from_s;
        double to = i + 1 < gpu->segment_count ? gpu->segments[i + 1].from_s : t_s;

        from = fmax(from, 0);
        to = fmin(to, t_s);
        if (to > from) {
            sum += gpu->segments[i].power_w * (to - from);
        }
    }
    return sum * 1e3;
}

static double quantized_s(const struct nvml_device *gpu, double t_s)
{
    /* 1e-9: a fixed clock set to a multiple of the period has reached it. */
    return gpu->period_s > 0 ? floor(t_s / gpu->period_s + 1e-9) * gpu->period_s : t_s;
}

static double exact_energy_mj(const struct nvml_device *gpu, double t_s)
{
    if (t_s >= gpu->reset_s) {
        return integral_mj(gpu, t_s) - integral_mj(gpu, gpu->reset_s);
    }
    return gpu->base_mj + integral_mj(gpu, t_s);
}

double fake_energy_mj(const struct nvml_device *gpu, double t_s)
{
    return exact_energy_mj(gpu, quantized_s(gpu, t_s));
}

double fake_power_mw(const struct nvml_device *gpu, double t_s)
{
    double power_w = 0;
    int i;

    t_s = quantized_s(gpu, t_s);
    for (i = 0; i < gpu->segment_count && gpu->segments[i].from_s <= t_s; i++) {
        power_w = gpu->segments[i].power_w;
    }
    return power_w * 1e3;
}

double fake_mean_power_mw(const struct nvml_device *gpu, double t_s)
{
    t_s = quantized_s(gpu, t_s);
    if (t_s < 1) {
        return t_s > 0 ? integral_mj(gpu, t_s) / t_s : fake_power_mw(gpu, 0);
    }
    return integral_mj(gpu, t_s) - integral_mj(gpu, t_s - 1);
}

/* Takes the options from WATTLE_FAKE_NVML, or from the file it names, again when they changed.
 * A change sets time 0 anew, and every counter goes on from where it was. */
void fake_reload(void)
{
    const char *options = getenv("WATTLE_FAKE_NVML");
    char text[TEXT_MAX] = "";
    struct stat st;

    memset(&st, 0, sizeof st);
    if (options != NULL && options[0] == '@') {
        FILE *file;
        size_t n = 0;

        if (stat(options + 1, &st) != 0 ||
            (fake.loaded && st.st_mtim.tv_sec == fake.changed.tv_sec &&
             st.st_mtim.tv_nsec == fake.changed.tv_nsec)) {
            return;
        }
        file = fopen(options + 1, "re");
        if (file == NULL) {
            return;
        }
        n = fread(text, 1, sizeof text - 1, file);
        text[n] = '\0';
        fclose(file);
    } else if (options != NULL) {
        snprintf(text, sizeof text, "%s", options);
    }
    if (!fake.loaded || strcmp(text, fake.text) != 0) {
        double counters[GPUS_MAX] = {0};
        unsigned i;

        for (i = 0; fake.loaded && i < GPUS_MAX; i++) {
            counters[i] = exact_energy_mj(&fake.gpus[i], fake_elapsed_s());
        }
        parse_options(text);
        for (i = 0; fake.loaded && i < GPUS_MAX && strstr(text, "base_mj") == NULL; i++) {
            fake.gpus[i].base_mj = counters[i];
        }
        memcpy(fake.text, text, sizeof text);
        fake.zero_s = clock_now_s();
    }
    fake.changed = st.st_mtim;
    fake.loaded = 1;
}

/* For tests in one process: the clock stands at `s` after time 0 (NaN: it runs again); all is
 * forgotten. */
API void fake_nvml_set_time(double s);
API void fake_nvml_set_time(double s)
{
    pthread_mutex_lock(&fake.lock);
    fake.fixed_s = s;
    pthread_mutex_unlock(&fake.lock);
}

API void fake_nvml_reset(void);
API void fake_nvml_reset(void)
{
    pthread_mutex_lock(&fake.lock);
    fake.loaded = 0;
    fake.references = 0;
    fake.fixed_s = (double)NAN;
    pthread_mutex_unlock(&fake.lock);
}

API int fake_nvml_references(void);
API int fake_nvml_references(void)
{
    return fake.references;
}
