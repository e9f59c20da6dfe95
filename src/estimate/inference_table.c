/* SPDX-License-Identifier: MIT */
/* Made by bench/inference_model/fit.py from the ML.ENERGY benchmark v3 (Chung et al., NeurIPS
 * 2025 Datasets and Benchmarks; Apache-2.0). Coefficients only; do not edit. */
#include "estimate/inference_table.h"

const struct inference_table inference_table = {
    .coefficients = {
        {"1", -3.84662174},
        {"ln_active", 0.301409153},
        {"ln_total", -0.174078077},
        {"ln_batch", -0.543696647},
        {"ln_batch^2", 0.055932894},
        {"ln_gpus", 0.222500301},
        {"ln_touched", 0.812819948},
        {"ln_bytes", -0.720665882},
        {"generation", 0.128367072},
        {"moe", 0.456595097},
        {"hybrid", 0.335103159},
        {"image", 0.202759462},
        {"video", 0.633944565},
        {"reasoning", -0.515813074},
        {"code", 0.865654929},
        {"ln_batch*ln_total", -0.0895783177},
        {"ln_batch*ln_active", 0.0191621808},
        {"ln_batch*ln_gpus", 0.0478187399},
        {"ln_output", 0.375552141},
        {"ln_batch*ln_output", -0.0254750999},
        {"generation*ln_batch", -0.0269730345},
        {"generation*ln_total", 0.00110577142},
        {"ln_step", 0.0812580219},
    },
    .ratio_low = 0.5457,
    .ratio_high = 1.7602,
    .median_error = 0.1587,
    .rows = 838,
    .active_range = {3, 405},
    .total_range = {8, 671},
    .batch_range = {7.45316, 4095.02},
    .gpus_range = {1, 8},
    .output_range = {213.578, 11860.9},
};
