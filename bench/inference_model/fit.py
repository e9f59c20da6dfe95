#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fits Wattle's model of joules per output token of a served language model.

    bench/inference_model/fit.py --data DIR [--write src/estimate/inference_table.c]

DIR holds mlenergy_v3_configs.csv, a flattened copy of the ML.ENERGY benchmark v3
(H100 and B200, measured GPU energy). Prints leave-one-model-out errors beside the
usual formulas on the same rows, and writes coefficients only. Needs numpy.

Method: ln(J/token) is linear in logarithms of parameters, batch, GPUs, bytes of
weights touched per step and their products; least absolute deviations (so that a few
odd configurations do not bend the line) with a ridge whose strength is chosen inside
each fold. A model is never in its own training set; rows are never split.
"""
import argparse
import collections
import csv
import os
import sys

import numpy as np

BANDWIDTH = {"H100": 3350e9, "B200": 8000e9}
FLOPS = {"H100": 989e12, "B200": 2250e12}
TDP = {"H100": 700.0, "B200": 1000.0}
BYTES = {"bfloat16": 2.0, "fp8": 1.0, "mxfp4": 4.25 / 8}
WORKLOADS = {"lm-arena-chat": "chat", "gpqa": "reasoning", "sourcegraph-fim": "code",
             "image-chat": "image", "video-chat": "video"}
FEATURES = ["1", "ln_active", "ln_total", "ln_batch", "ln_batch^2", "ln_gpus", "ln_touched",
            "ln_bytes", "generation", "moe", "hybrid", "image", "video", "reasoning", "code",
            "ln_batch*ln_total", "ln_batch*ln_active", "ln_batch*ln_gpus", "ln_output",
            "ln_batch*ln_output", "generation*ln_batch", "generation*ln_total", "ln_step"]
RIDGES = (0.3, 1.0, 3.0)


def spec(row):
    n = float(row["activated_params_billions"])
    t = float(row["total_params_billions"])
    b = float(row["avg_batch_size"])
    width = BYTES[row["weight_precision"]]
    # Experts that a batch of b tokens touches, were each token to choose at random.
    share = 1 - (1 - n / t) ** b if t > n else 1.0
    return dict(n=n, t=t, b=b, g=float(row["num_gpus"]), bytes=width, gpu=row["gpu_model"],
                touched=t * 1e9 * width * share, moe=row["architecture"] == "MoE",
                hybrid=row["architecture"].startswith("Mamba"),
                work=WORKLOADS[row["task"]], out=float(row["avg_output_len"]),
                y=np.log(float(row["energy_per_token_joules"])), model=row["model_id"],
                tps=float(row["output_throughput_tokens_per_sec"]))


def features(s):
    ln = np.log
    lb, ln_n, ln_t, lg = ln(s["b"]), ln(s["n"]), ln(s["t"]), ln(s["g"])
    gen = float(s["gpu"] == "B200")
    return [1, ln_n, ln_t, lb, lb * lb, lg, ln(s["touched"] / 1e9), ln(s["bytes"]), gen,
            s["moe"], s["hybrid"], s["work"] == "image", s["work"] == "video",
            s["work"] == "reasoning", s["work"] == "code", lb * ln_t, lb * ln_n, lb * lg,
            ln(s["out"]), lb * ln(s["out"]), gen * lb, gen * ln_t,
            ln(s["touched"] / 1e9 / s["b"] / s["g"] + 0.01 * s["n"])]


def fit(x, y, models, ridge):
    counts = collections.Counter(models)
    base = np.array([counts[m] ** -0.5 for m in models])
    mean, scale = x.mean(0), x.std(0)
    mean[0], scale[0] = 0, 1
    scale[scale == 0] = 1
    z = (x - mean) / scale
    penalty = ridge * np.diag([0] + [1] * (z.shape[1] - 1))
    weight = base
    for _ in range(25):
        c = np.linalg.solve(z.T @ (z * weight[:, None]) + penalty, z.T @ (weight * y))
        weight = base / np.maximum(np.abs(y - z @ c), 0.05)
    c = c / scale
    c[0] -= (c * mean)[1:].sum()
    return c


def held_out(x, y, models, ridge):
    out = np.zeros(len(y))
    for m in sorted(set(models)):
        train = models != m
        out[~train] = x[~train] @ fit(x[train], y[train], models[train], ridge)
    return out


def nested(x, y, models):
    out = np.zeros(len(y))
    for m in sorted(set(models)):
        train = models != m
        best = min(RIDGES, key=lambda r: np.median(np.abs(np.expm1(
            held_out(x[train], y[train], models[train], r) - y[train]))))
        out[~train] = x[~train] @ fit(x[train], y[train], models[train], best)
    return out


def roofline(s, batch=None):
    b = batch or s["b"]
    memory = s["touched"] / (BANDWIDTH[s["gpu"]] * s["g"])
    compute = 2 * s["n"] * 1e9 * b / (FLOPS[s["gpu"]] * s["g"] * 0.5)
    return 0.70 * TDP[s["gpu"]] * s["g"] * max(memory, compute) / b


def line(name, estimate, truth):
    ratio = estimate / truth
    error = np.abs(ratio - 1)
    low, high = np.quantile(ratio, [0.05, 0.95])
    print(f"{name:<44} {100 * np.median(error):7.1f} {100 * error.mean():7.1f}"
          f"   {low:5.2f}-{high:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--write")
    args = parser.parse_args()
    path = args.data
    for name in ("mlenergy/mlenergy_v3_configs.csv", "mlenergy_v3_configs.csv"):
        if os.path.exists(os.path.join(args.data, name)):
            path = os.path.join(args.data, name)
    with open(path, newline="") as f:
        rows = [spec(r) for r in csv.DictReader(f) if r["energy_per_token_joules"]]
    x = np.array([features(s) for s in rows], float)
    y = np.array([s["y"] for s in rows])
    models = np.array([s["model"] for s in rows])
    truth = np.exp(y)
    guess = nested(x, y, models)

    print(f"{len(rows)} configurations, {len(set(models))} models; J per output token, GPUs only")
    print(f"{'estimator':<44} {'median%':>7} {'mean%':>7}   5-95 % of estimate/truth")
    line("2N FLOPs at peak and TDP",
         np.array([2 * s["n"] * 1e9 / FLOPS[s["gpu"]] * TDP[s["gpu"]] for s in rows]), truth)
    line("2N FLOPs, MFU 0.35, 0.75 TDP",
         np.array([2 * s["n"] * 1e9 / FLOPS[s["gpu"]] / 0.35 * 0.75 * TDP[s["gpu"]]
                   for s in rows]), truth)
    line("EcoLogits (batch 64)",
         np.array([3600 * (1.17e-6 * np.exp(-1.12e-2 * 64) * s["n"] + 4.05e-5) for s in rows]),
         truth)
    line("bandwidth roofline, batch known", np.array([roofline(s) for s in rows]), truth)
    line("measured tokens/s x 0.75 TDP",
         np.array([0.75 * TDP[s["gpu"]] * s["g"] / s["tps"] for s in rows]), truth)
    line("Wattle, batch known, leave one model out", np.exp(guess), truth)

    # The interval: quantiles of what held-out models did, each model with the same weight,
    # each model judged by an interval that was made without it.
    residual = y - guess

    def quantiles(mask):
        counts = collections.Counter(models[mask])
        w = np.array([1 / counts[m] for m in models[mask]])
        order = np.argsort(residual[mask])
        c = np.cumsum(w[order]) / w.sum()
        r = residual[mask][order]
        return r[np.searchsorted(c, 0.05)], r[min(np.searchsorted(c, 0.95), len(r) - 1)]

    inside = np.zeros(len(y), bool)
    for m in sorted(set(models)):
        low, high = quantiles(models != m)
        own = models == m
        inside[own] = (residual[own] >= low) & (residual[own] <= high)
    low, high = quantiles(np.ones(len(y), bool))
    print(f"90 % interval: x{np.exp(low):.2f} to x{np.exp(high):.2f}; measured coverage "
          f"{100 * inside.mean():.0f} % of rows")

    ridge = min(RIDGES, key=lambda r: np.median(np.abs(np.expm1(held_out(x, y, models, r) - y))))
    final = fit(x, y, models, ridge)
    line("Wattle, fitted on all rows (for reference)", np.exp(x @ final), truth)
    if args.write:
        write(args.write, final, low, high, rows, np.median(np.abs(np.expm1(guess - y))))
    return 0


def write(path, c, low, high, rows, error):
    def span(key):
        values = [s[key] for s in rows]
        return f"{{{min(values):.6g}, {max(values):.6g}}}"

    with open(path, "w") as f:
        f.write("/* SPDX-License-Identifier: MIT */\n"
                "/* Made by bench/inference_model/fit.py from the ML.ENERGY benchmark v3"
                " (Chung et al., NeurIPS\n * 2025 Datasets and Benchmarks; Apache-2.0)."
                " Coefficients only; do not edit. */\n"
                '#include "estimate/inference_table.h"\n\n'
                "const struct inference_table inference_table = {\n"
                "    .coefficients = {\n")
        for name, value in zip(FEATURES, c):
            f.write(f'        {{"{name}", {value:.9g}}},\n')
        f.write("    },\n"
                f"    .ratio_low = {np.exp(low):.4f},\n    .ratio_high = {np.exp(high):.4f},\n"
                f"    .median_error = {error:.4f},\n"
                f"    .rows = {len(rows)},\n"
                f"    .active_range = {span('n')},\n    .total_range = {span('t')},\n"
                f"    .batch_range = {span('b')},\n    .gpus_range = {span('g')},\n"
                f"    .output_range = {span('out')},\n"
                "};\n")


if __name__ == "__main__":
    sys.exit(main())
