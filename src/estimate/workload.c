/* SPDX-License-Identifier: MIT */
#include "estimate/workload.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/units.h"

void estimate_work_init(struct estimate_work *work)
{
    memset(work, 0, sizeof *work);
    work->count = NAN;
    work->parameters = NAN;
    work->active_parameters = NAN;
    work->batch = NAN;
    work->tokens = NAN;
    work->samples = NAN;
    work->input_tokens = NAN;
    work->output_tokens = NAN;
    work->requests = NAN;
    work->flops = NAN;
    work->flops_per_sample = NAN;
    work->utilization = NAN;
    work->power_w = NAN;
    work->network_gb = NAN;
    work->storage_gb = NAN;
    work->pue = NAN;
}

static const char *work_precision(const struct estimate_work *work)
{
    return work->precision != NULL ? work->precision : "bf16";
}

void estimate_assume(struct estimate_result *result, const char *format, ...)
{
    if (result->assumption_count < ESTIMATE_ASSUMPTIONS_MAX) {
        va_list args;

        va_start(args, format);
        vsnprintf(result->assumptions[result->assumption_count++], sizeof result->assumptions[0],
                  format, args);
        va_end(args);
    }
}

double estimate_use(struct estimate_result *result, const char *name, double value, double low,
                    double high, const char *unit, const char *source)
{
    if (result->coefficient_count < ESTIMATE_COEFFICIENTS_MAX) {
        struct estimate_coefficient *c = &result->coefficients[result->coefficient_count++];

        snprintf(c->name, sizeof c->name, "%s", name);
        snprintf(c->unit, sizeof c->unit, "%s", unit);
        snprintf(c->source, sizeof c->source, "%s", source);
        c->value = value;
        c->low = low;
        c->high = high;
    }
    return value;
}

int estimate_check(const struct estimate_work *work, struct wattle_error *err)
{
    const struct {
        const char *name;
        double value;
        double least, most;
    } limits[] = {{"count", work->count, 1, 1e7},
                  {"parameters", work->parameters, 1, 1e16},
                  {"active parameters", work->active_parameters, 1, 1e16},
                  {"batch", work->batch, 1e-3, 1e9},
                  {"tokens", work->tokens, 0, 1e18},
                  {"samples", work->samples, 0, 1e18},
                  {"input tokens", work->input_tokens, 0, 1e9},
                  {"output tokens", work->output_tokens, 0, 1e9},
                  {"requests", work->requests, 0, 1e15},
                  {"FLOPs", work->flops, 0, 1e35},
                  {"FLOPs per sample", work->flops_per_sample, 0, 1e25},
                  {"utilisation", work->utilization, 1e-4, 1},
                  {"power", work->power_w, 0.01, 1e6},
                  {"network", work->network_gb, 0, 1e12},
                  {"storage", work->storage_gb, 0, 1e12},
                  {"PUE", work->pue, 1, 5}};
    size_t i;

    for (i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        if (!isnan(limits[i].value) &&
            !(limits[i].value >= limits[i].least && limits[i].value <= limits[i].most)) {
            return error_set(err, WATTLE_E_INVALID, "%s of %g is not in %g..%g", limits[i].name,
                             limits[i].value, limits[i].least, limits[i].most);
        }
    }
    if (work->accelerator == NULL) {
        return error_set(err, WATTLE_E_INVALID, "an accelerator is needed");
    }
    if (work->precision != NULL && isnan(precision_bytes(work->precision))) {
        return error_set(err, WATTLE_E_INVALID,
                         "precision \"%.20s\" is none of fp32 tf32 bf16 fp16 fp8 int8 int4 mxfp4",
                         work->precision);
    }
    if (!isnan(work->active_parameters) && !isnan(work->parameters) &&
        work->active_parameters > work->parameters) {
        return error_set(err, WATTLE_E_INVALID, "more active parameters than parameters");
    }
    return 0;
}

/* Joules per byte through each kind of memory, from 64-bit accesses. */
static double memory_j_per_byte(const struct accelerator *accelerator,
                                struct estimate_result *result)
{
    if (strcmp(accelerator->memory, "hbm") == 0) {
        return estimate_use(result, "memory_pj_per_64_bits", 350, 250, 450, "pJ",
                            "HBM2, Jouppi et al., ISCA 2021") * 1e-12 / 8;
    }
    return estimate_use(result, "memory_pj_per_64_bits", 415, 350, 480, "pJ",
                        "GDDR6, Jouppi et al., ISCA 2021 (also used for LPDDR)") * 1e-12 / 8;
}

/* Accelerator energy into arithmetic and memory traffic. */
static void split_device(const struct estimate_work *work,
                         const struct estimate_device_work *device, double device_j,
                         struct estimate_result *result)
{
    double memory_j = 0;

    if (!isnan(device->bytes_moved)) {
        memory_j = device->bytes_moved * memory_j_per_byte(work->accelerator, result);
        /* The memory itself is never most of a board; a claim above 60 % means that the bytes
         * were overestimated (caches). */
        memory_j = fmin(memory_j, 0.6 * device_j);
    } else {
        estimate_assume(result, "memory traffic unknown: all accelerator energy is in compute");
    }
    result->breakdown.memory_j = memory_j;
    result->breakdown.compute_j = device_j - memory_j;
}

static void add_network(const struct estimate_work *work,
                        const struct estimate_device_work *device, double *variance,
                        struct estimate_result *result)
{
    double count = isnan(work->count) ? 1 : work->count;
    double fabric_j = 0;
    double wide_j = 0;

    if (count > 8 && !device->host_included) {
        /* Eight to a node is how servers are built; a port and its share of a switch each.
         * Watts that somebody measured for the system hold them (Patterson et al. 2021 do). */
        double port_w = estimate_use(result, "fabric_w_per_accelerator", 20, 15, 25, "W",
                                     "100G NIC and switch port, vendor data sheets");

        fabric_j = port_w * count * device->duration_s;
        *variance += pow(fabric_j * 0.25, 2);
    }
    if (!isnan(work->network_gb) && work->network_gb > 0) {
        /* 0.06 kWh/GB in 2015, halving about every two years: 2026 gives 0.0013. Marginal
         * energy is lower, mobile access higher: hence the range. */
        double kwh_gb = estimate_use(result, "network_kwh_per_gb", 0.0013, 0.0003, 0.01, "kWh/GB",
                                     "Aslan et al. 2018, extrapolated to 2026");

        wide_j = kwh_gb * J_PER_KWH * work->network_gb;
        *variance += pow(wide_j * 6.7, 2);
    } else {
        estimate_assume(result, "no transfer over networks was named: none is counted");
    }
    result->breakdown.network_j = fabric_j + wide_j;
}

static void add_storage(const struct estimate_work *work, double duration_s, double *variance,
                        struct estimate_result *result)
{
    double gb = work->storage_gb;
    double w_tb;

    if (isnan(gb)) {
        /* Training keeps checkpoints: weights, master copy and two moments of the optimiser. */
        double bytes = work->training ? 16 : precision_bytes(work_precision(work));

        gb = isnan(work->parameters) ? 0 : work->parameters * bytes / 1e9;
        estimate_assume(result, "storage not named: %.3g GB, %g bytes a parameter", gb, bytes);
    }
    w_tb = estimate_use(result, "storage_w_per_tb", 1.52, 0.89, 3, "W/TB",
                        "SSD, Etsy Cloud Jewels; 0.89 for disks");
    result->breakdown.storage_j = gb / 1000 * w_tb * duration_s;
    *variance += pow(result->breakdown.storage_j * 0.7, 2);
}

static void add_overhead(const struct estimate_work *work,
                         const struct estimate_device_work *device, double device_j,
                         double *variance, struct estimate_result *result)
{
    double share;

    if (device->host_included) {
        estimate_assume(result, "the power given holds the accelerator's share of host and fabric");
        return;
    }
    if (strcmp(work->accelerator->class_name, "edge") == 0) {
        estimate_assume(result, "edge module: its power holds processor and memory");
        return;
    }
    share = estimate_use(result, "host_share", 0.30, 0.15, 0.55, "of device",
                         "CPUs, fans, supplies; DGX H100: 10.2 kW for 8 x 700 W at most");
    result->breakdown.overhead_j = device_j * share;
    *variance += pow(device_j * 0.20, 2);
}

static double pue_of(const struct estimate_work *work, double *ret_spread,
                     struct estimate_result *result)
{
    *ret_spread = 1;
    if (!isnan(work->pue)) {
        return work->pue;
    }
    if (strcmp(work->accelerator->class_name, "server") != 0) {
        estimate_assume(result, "not a data centre: PUE 1");
        return 1;
    }
    *ret_spread = 1.25;
    estimate_assume(result, "PUE not named: 1.56, the world's mean data centre (1.1 to 1.9)");
    return estimate_use(result, "pue", 1.56, 1.1, 1.9, "", "Uptime Institute survey mean");
}

/* What the multiply-accumulates alone would cost in 7 nm silicon. */
static double arithmetic_floor(const struct estimate_work *work,
                               const struct estimate_device_work *device)
{
    double bytes = precision_bytes(work_precision(work));
    /* pJ of a multiplication and an addition: Jouppi et al., ISCA 2021. */
    double pj = bytes >= 4 ? 1.31 + 0.38 : bytes > 1 ? 0.21 + 0.11 : 0.07 + 0.03;

    return isnan(device->operations) ? NAN : device->operations * pj * 1e-12;
}

void estimate_settle(const struct estimate_work *work, const struct estimate_device_work *device,
                     struct estimate_result *result)
{
    double device_j = device->energy_j;
    double low = device_j / device->spread;
    double high = device_j * device->spread;
    double variance = 0;
    double it_j, pue, pue_spread;

    if (!isnan(device->low_ratio)) {
        low = device_j * device->low_ratio;
        high = device_j * device->high_ratio;
    }
    result->duration_s = device->duration_s;
    split_device(work, device, device_j, result);
    add_overhead(work, device, device_j, &variance, result);
    add_network(work, device, &variance, result);
    add_storage(work, device->duration_s, &variance, result);
    it_j = device_j + result->breakdown.overhead_j + result->breakdown.network_j +
           result->breakdown.storage_j;
    pue = pue_of(work, &pue_spread, result);
    result->breakdown.cooling_j = (pue - 1) * it_j;
    result->energy_j.value = it_j + result->breakdown.cooling_j;
    /* Independent errors add in quadrature; the host follows its devices. */
    {
        double scale = result->energy_j.value / it_j;
        double with_host = (device_j + result->breakdown.overhead_j) / device_j;
        double down = (device_j - low) * with_host;
        double up = (high - device_j) * with_host;
        double pue_down = it_j * (1 - 1 / pue_spread);
        double pue_up = it_j * (pue_spread - 1);

        result->energy_j.low =
            fmax(it_j * 0.01, it_j - sqrt(down * down + variance + pue_down * pue_down)) * scale;
        result->energy_j.high = (it_j + sqrt(up * up + variance + pue_up * pue_up)) * scale;
    }
    if (pue_spread > 1) {
        result->energy_j.low = fmax(result->energy_j.low, 0);
    }
    result->floor_j = arithmetic_floor(work, device);
    if (!isnan(result->floor_j)) {
        result->energy_j.low = fmax(result->energy_j.low, fmin(result->floor_j,
                                                                result->energy_j.value));
    }
    result->per_unit_j = result->units > 0 ? result->energy_j.value / result->units : NAN;
}
