/* SPDX-License-Identifier: MIT */
/*
 * Training: FLOPs over what the accelerators achieve, times what they draw meanwhile.
 *
 * FLOPs: 6 per parameter and token (2 forward, 4 backward; Kaplan et al. 2020) or three
 * forward passes per sample. With the published efficiency and system power of T5, GPT-3,
 * GShard, Switch and XLM (Patterson et al. 2021) this gives their energy within 4 % in the
 * mean; with an MFU of 0.35 and TDP it is 58 % off: hence the wide default interval.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "estimate/workload.h"

static int total_flops(const struct estimate_work *work, struct estimate_result *ret,
                       double *ret_flops, struct wattle_error *err)
{
    double active = isnan(work->active_parameters) ? work->parameters : work->active_parameters;

    if (!isnan(work->tokens)) {
        snprintf(ret->unit, sizeof ret->unit, "token");
        ret->units = work->tokens;
    } else if (!isnan(work->samples)) {
        snprintf(ret->unit, sizeof ret->unit, "sample");
        ret->units = work->samples;
    }
    if (!isnan(work->flops)) {
        *ret_flops = work->flops;
        if (ret->unit[0] == '\0') {
            snprintf(ret->unit, sizeof ret->unit, "EFLOP");
            ret->units = work->flops / 1e18;
        }
    } else if (!isnan(work->tokens) && !isnan(active)) {
        *ret_flops = estimate_use(ret, "flops_per_parameter_and_token", 6, 6, 8, "FLOP",
                                  "Kaplan et al. 2020; 8 with recomputation") *
                     active * work->tokens;
        estimate_assume(ret, "attention over the context is not in 6ND: a few percent more for "
                             "contexts of some thousand tokens");
    } else if (!isnan(work->samples) && !isnan(work->flops_per_sample)) {
        *ret_flops = estimate_use(ret, "passes_per_training_sample", 3, 3, 4, "",
                                  "one forward, twice that backward") *
                     work->flops_per_sample * work->samples;
    } else if (!isnan(work->samples) && !isnan(active)) {
        *ret_flops = 6 * active * work->samples;
        estimate_assume(ret, "FLOPs per sample unknown: every parameter used once per sample "
                             "(convolutions use theirs many times: give --flops-per-sample)");
    } else {
        return error_set(err, WATTLE_E_INVALID,
                         "training needs FLOPs, or parameters and tokens, or samples and FLOPs "
                         "per sample");
    }
    return 0;
}

/* Weights, gradients and the optimiser's state: 16 bytes a parameter with Adam in mixed precision
 * (Rajbhandari et al., ZeRO, 2020). */
static void say_if_too_large(const struct estimate_work *work, double count,
                             struct estimate_result *ret)
{
    double needed_gb = work->parameters * 16 / 1e9;

    if (needed_gb > work->accelerator->memory_gb * count) {
        estimate_assume(ret, "training state (%.3g GB, 16 bytes a parameter) does not fit into "
                             "%g x %.3g GB: an underestimate, it would be moved or more devices "
                             "used",
                        needed_gb, count, work->accelerator->memory_gb);
    }
}

/* Bytes through the accelerators' memory: half of what their bandwidth allows, the middle of
 * what profiles of training steps show; it only moves energy between two lines. */
static double bytes_moved(const struct estimate_work *work, double count, double duration_s)
{
    return work->accelerator->bandwidth_gb_s * 1e9 * 0.5 * count * duration_s;
}

int estimate_train(const struct estimate_work *work, struct estimate_result *ret,
                   struct wattle_error *err)
{
    struct estimate_device_work device = {.low_ratio = NAN, .high_ratio = NAN};
    struct estimate_work filled = *work;
    const char *assumption;
    double count = isnan(work->count) ? 1 : work->count;
    double flops = NAN;
    double peak, mfu, watts;
    double log_spread = 0;
    int code;

    memset(ret, 0, sizeof *ret);
    code = estimate_check(work, err);
    if (code != 0) {
        return code;
    }
    code = total_flops(work, ret, &flops, err);
    if (code != 0) {
        return code;
    }
    peak = accelerator_peak(work->accelerator, work->precision != NULL ? work->precision : "bf16",
                            &assumption);
    if (isnan(peak)) {
        return error_set(err, WATTLE_E_INVALID, "%s: no peak known; give --flops and --utilization",
                         work->accelerator->device);
    }
    if (assumption != NULL) {
        estimate_assume(ret, "%s", assumption);
    }
    say_if_too_large(work, count, ret);
    estimate_use(ret, "peak_flops", peak, NAN, NAN, "FLOP/s", work->accelerator->source);
    mfu = work->utilization;
    if (isnan(mfu)) {
        mfu = estimate_use(ret, "mfu", 0.35, 0.35 / 1.6, 0.35 * 1.6, "",
                           "published large runs: 0.2 to 0.55");
        estimate_assume(ret, "utilisation (MFU) not named: 0.35, x/: 1.6");
        log_spread += pow(log(1.6), 2);
    } else {
        log_spread += pow(log(1.03), 2);
    }
    if (!isnan(work->power_w)) {
        watts = work->power_w;
        device.host_included = true;
        log_spread += pow(log(1.05), 2);
    } else if (!isnan(work->accelerator->tdp_w)) {
        watts = estimate_use(ret, "training_power_of_tdp", 0.80, 0.70, 0.90, "of TDP",
                             "dense training runs, published board powers") *
                work->accelerator->tdp_w;
        log_spread += pow(log(1.15), 2);
    } else {
        struct wattle_bound power = accelerator_power(work->accelerator, NAN);

        watts = estimate_use(ret, "power_prior", power.value, power.low, power.high, "W",
                             work->accelerator->power_note);
        estimate_assume(ret, "%s: the vendor publishes no power; %.0f to %.0f W assumed",
                        work->accelerator->device, power.low, power.high);
        log_spread += pow(log(power.high / power.value), 2);
    }
    device.spread = exp(sqrt(log_spread));
    device.duration_s = flops / (peak * mfu * count);
    device.energy_j = watts * count * device.duration_s;
    device.bytes_moved = bytes_moved(work, count, device.duration_s);
    device.operations = flops / 2;
    filled.training = true;
    estimate_settle(&filled, &device, ret);
    return 0;
}
