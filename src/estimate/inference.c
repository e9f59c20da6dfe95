/* SPDX-License-Identifier: MIT */
/*
 * Inference. Language models: a regression on 838 measured configurations (ML.ENERGY v3), batch
 * known; inside the range of its data it is used as it is, outside (batch 1, small models, other
 * accelerators) its nearest point is scaled by the ratio of two rooflines, and the interval is
 * widened. Everything else: the roofline alone.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "estimate/inference_table.h"
#include "estimate/workload.h"

struct serving {
    double active, total; /* 10^9 parameters */
    double batch, count;
    double bytes;         /* per weight */
    double output_tokens;
    double flops_peak, bandwidth, watts_tdp;
    bool newer;           /* as the B200 in the table */
};

/* Bytes of weights that one decoding step of a batch touches; experts chosen at random. */
static double touched_bytes(const struct serving *s)
{
    double share = s->total > s->active ? 1 - pow(1 - s->active / s->total, s->batch) : 1;

    return s->total * 1e9 * s->bytes * fmax(share, s->active / s->total);
}

/* J per output token of a decoding step that is bound by bandwidth or by arithmetic. */
static double roofline_j(const struct serving *s)
{
    double memory_s = touched_bytes(s) / (s->bandwidth * s->count);
    double compute_s = 2 * s->active * 1e9 * s->batch / (s->flops_peak * s->count * 0.5);

    return 0.70 * s->watts_tdp * s->count * fmax(memory_s, compute_s) / s->batch;
}

static double regression_j(const struct serving *s, const char *workload, bool hybrid)
{
    double n = log(s->active), t = log(s->total), b = log(s->batch), g = log(s->count);
    double out = log(s->output_tokens);
    double touched = touched_bytes(s) / 1e9;
    double newer = s->newer;
    const double features[INFERENCE_FEATURES] = {
        1, n, t, b, b * b, g, log(touched), log(s->bytes), newer, s->total > s->active, hybrid,
        strcmp(workload, "image") == 0, strcmp(workload, "video") == 0,
        strcmp(workload, "reasoning") == 0, strcmp(workload, "code") == 0, b * t, b * n, b * g,
        out, b * out, newer * b, newer * t,
        log(touched / s->batch / s->count + 0.01 * s->active)};
    double sum = 0;
    int i;

    for (i = 0; i < INFERENCE_FEATURES; i++) {
        sum += features[i] * inference_table.coefficients[i].value;
    }
    return exp(sum);
}

static double clamp(double x, const double range[2]) { return fmax(range[0], fmin(range[1], x)); }

/* The nearest configuration that was measured: H100 or B200, inside every fitted range. */
static struct serving nearest(const struct serving *s, const struct accelerator *accelerator)
{
    struct serving near = *s;

    near.active = clamp(s->active, inference_table.active_range);
    near.total = fmax(near.active, clamp(s->total, inference_table.total_range));
    near.batch = clamp(s->batch, inference_table.batch_range);
    near.count = clamp(s->count, inference_table.gpus_range);
    near.output_tokens = clamp(s->output_tokens, inference_table.output_range);
    near.bytes = s->bytes >= 2 ? 2 : s->bytes >= 1 ? 1 : 4.25 / 8;
    /* Generations since 2024 (8 TB/s and up) are nearer to the B200. */
    near.newer = accelerator->bandwidth_gb_s >= 5000;
    near.bandwidth = near.newer ? 8000e9 : 3350e9;
    near.flops_peak = near.newer ? 2250e12 : 989e12;
    near.watts_tdp = near.newer ? 1000 : 700;
    return near;
}

static bool was_measured(const struct serving *s, const struct serving *near)
{
    return fabs(log(s->bandwidth / near->bandwidth)) < 0.01 &&
           fabs(log(s->watts_tdp / near->watts_tdp)) < 0.01 && s->batch == near->batch &&
           s->active == near->active && s->total == near->total;
}

static void describe(const struct estimate_work *work, struct serving *s,
                     struct estimate_result *ret, double *log_spread)
{
    const struct accelerator *a = work->accelerator;
    const char *precision = work->precision != NULL ? work->precision : "bf16";
    const char *assumption;

    s->total = work->parameters / 1e9;
    s->active = (isnan(work->active_parameters) ? work->parameters : work->active_parameters) / 1e9;
    s->count = isnan(work->count) ? 1 : work->count;
    s->bytes = precision_bytes(precision);
    s->flops_peak = accelerator_peak(a, precision, &assumption);
    s->bandwidth = a->bandwidth_gb_s * 1e9;
    s->watts_tdp = a->tdp_w;
    s->output_tokens = work->output_tokens;
    s->batch = work->batch;
    if (assumption != NULL) {
        estimate_assume(ret, "%s", assumption);
    }
    if (isnan(s->output_tokens)) {
        s->output_tokens = 500;
        estimate_assume(ret, "output tokens per request not named: 500");
    }
    if (isnan(s->watts_tdp)) {
        struct wattle_bound power = accelerator_power(a, NAN);

        s->watts_tdp = power.value / 0.70;
        *log_spread += pow(log(power.high / power.value), 2);
        estimate_assume(ret, "%s: the vendor publishes no power; %.0f to %.0f W assumed", a->device,
                        power.low, power.high);
    }
    if (isnan(s->batch)) {
        s->batch = strcmp(a->class_name, "server") == 0 ? 32 : 1;
        *log_spread += pow(log(4), 2);
        estimate_assume(ret, "requests served at once not named: %g; energy per token falls almost "
                             "in proportion to it (x/: 4)", s->batch);
    }
}

static int language_model(const struct estimate_work *work, struct estimate_result *ret,
                          struct estimate_device_work *device, struct wattle_error *err)
{
    const char *workload = work->workload != NULL ? work->workload : "chat";
    double log_spread = 0;
    struct serving s = {0};
    struct serving near;
    double token_j, prompt_flops;

    describe(work, &s, ret, &log_spread);
    if (isnan(s.flops_peak) || isnan(s.bandwidth) || isnan(s.bytes)) {
        return error_set(err, WATTLE_E_INVALID, "%s: peak or bandwidth unknown; name another one",
                         work->accelerator->device);
    }
    if (work->accelerator->memory_gb * 1e9 * s.count < s.total * 1e9 * s.bytes) {
        estimate_assume(ret, "the weights (%.3g GB) do not fit into %g x %.3g GB: an "
                             "underestimate, they would be moved or more devices used",
                        s.total * s.bytes, s.count, work->accelerator->memory_gb);
    }
    near = nearest(&s, work->accelerator);
    token_j = regression_j(&near, workload, work->hybrid);
    estimate_use(ret, "regression_j_per_token", token_j, token_j * inference_table.ratio_low,
                 token_j * inference_table.ratio_high, "J",
                 "ML.ENERGY v3, leave one model out; nearest measured point");
    if (!was_measured(&s, &near)) {
        double ratio = estimate_use(ret, "roofline_ratio", roofline_j(&s) / roofline_j(&near), NAN,
                                    NAN, "", "this configuration over the nearest measured one");

        token_j *= ratio;
        log_spread += pow(log(1.5), 2) + pow(0.25 * log(ratio), 2);
        estimate_assume(ret, "outside the measured H100 and B200 configurations: scaled from the "
                             "nearest by bandwidth, arithmetic and TDP");
    }
    if (isnan(ret->units)) {
        double requests = isnan(work->requests) ? 1 : work->requests;

        ret->units = isnan(work->tokens) ? requests * s.output_tokens : work->tokens;
    }
    device->energy_j = token_j * ret->units;
    /* The measurements hold prompts typical of their workload; longer ones come on top. */
    if (!isnan(work->input_tokens) && work->input_tokens > 1000) {
        prompt_flops = 2 * s.active * 1e9 * (work->input_tokens - 1000) * ret->units /
                       s.output_tokens;
        device->energy_j += prompt_flops / (s.flops_peak * 0.40) * 0.80 * s.watts_tdp;
        estimate_assume(ret, "prompt beyond 1000 tokens: 2 FLOPs per parameter and token at "
                             "MFU 0.40");
    }
    device->low_ratio = exp(-sqrt(log_spread + pow(log(inference_table.ratio_low), 2)));
    device->high_ratio = exp(sqrt(log_spread + pow(log(inference_table.ratio_high), 2)));
    device->duration_s = device->energy_j / (0.70 * s.watts_tdp * s.count);
    device->bytes_moved = touched_bytes(&s) * ret->units / s.batch;
    device->operations = s.active * 1e9 * ret->units;
    return 0;
}

/* A forward pass of known FLOPs: arithmetic or weights through memory, whichever is longer. */
static int forward_pass(const struct estimate_work *work, struct estimate_result *ret,
                        struct estimate_device_work *device, struct wattle_error *err)
{
    const char *precision = work->precision != NULL ? work->precision : "bf16";
    const char *assumption;
    double peak = accelerator_peak(work->accelerator, precision, &assumption);
    double count = isnan(work->count) ? 1 : work->count;
    double batch = work->batch;
    double utilization = work->utilization;
    double log_spread = 0;
    double compute_s, memory_s = 0;
    struct wattle_bound power = accelerator_power(work->accelerator, NAN);

    if (isnan(peak)) {
        return error_set(err, WATTLE_E_INVALID, "%s: no peak known", work->accelerator->device);
    }
    if (assumption != NULL) {
        estimate_assume(ret, "%s", assumption);
    }
    if (isnan(batch)) {
        batch = 1;
        estimate_assume(ret, "batch not named: 1");
    }
    if (isnan(utilization)) {
        utilization = estimate_use(ret, "utilization", 0.30, 0.12, 0.55, "",
                                   "inference of convolutional and encoder networks");
        estimate_assume(ret, "utilisation not named: 0.30 (0.12 to 0.55)");
        log_spread += pow(log(2.2), 2);
    }
    if (!isnan(work->power_w)) {
        power.value = power.low = power.high = work->power_w;
        device->host_included = true;
    } else {
        estimate_use(ret, "power", power.value, power.low, power.high, "W",
                     "0.70 of TDP (0.42-0.96), ML.ENERGY v3; or a range where none is published");
        log_spread += pow(log(sqrt(power.high / power.low)), 2);
    }
    compute_s = work->flops_per_sample / (peak * utilization);
    device->bytes_moved = NAN;
    if (!isnan(work->parameters) && !isnan(work->accelerator->bandwidth_gb_s)) {
        double bytes = work->parameters * precision_bytes(precision) / batch;

        memory_s = bytes / (work->accelerator->bandwidth_gb_s * 1e9 * 0.7);
        device->bytes_moved = bytes * work->samples;
    }
    ret->units = work->samples;
    device->duration_s = fmax(compute_s, memory_s) * work->samples / count;
    device->energy_j = power.value * count * device->duration_s;
    device->spread = exp(sqrt(log_spread + pow(log(1.1), 2)));
    device->operations = work->flops_per_sample / 2 * work->samples;
    return 0;
}

int estimate_infer(const struct estimate_work *work, struct estimate_result *ret,
                   struct wattle_error *err)
{
    struct estimate_device_work device = {.spread = 1, .low_ratio = NAN, .high_ratio = NAN};
    static const char *const workloads[] = {"chat", "reasoning", "code", "image", "video"};
    bool known = work->workload == NULL;
    struct estimate_work filled = *work;
    size_t i;
    int code = estimate_check(work, err);

    memset(ret, 0, sizeof *ret);
    for (i = 0; i < sizeof workloads / sizeof workloads[0] && !known; i++) {
        known = strcmp(work->workload, workloads[i]) == 0;
    }
    if (code == 0 && !known) {
        code = error_set(err, WATTLE_E_INVALID,
                         "workload \"%.20s\" is none of chat reasoning code image video",
                         work->workload);
    }
    if (code != 0) {
        return code;
    }
    ret->units = NAN;
    if (!isnan(work->flops_per_sample)) {
        snprintf(ret->unit, sizeof ret->unit, "sample");
        if (isnan(filled.samples)) {
            filled.samples = isnan(work->requests) ? 1 : work->requests;
        }
        code = forward_pass(&filled, ret, &device, err);
    } else if (!isnan(work->parameters)) {
        snprintf(ret->unit, sizeof ret->unit, "token");
        code = language_model(&filled, ret, &device, err);
    } else {
        code = error_set(err, WATTLE_E_INVALID,
                         "inference needs parameters (language models) or FLOPs per sample");
    }
    if (code == 0) {
        estimate_settle(&filled, &device, ret);
    }
    return code;
}
