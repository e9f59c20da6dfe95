/* SPDX-License-Identifier: MIT */
/*
 * Accelerators and their published figures (data/accelerators.csv, one source per row).
 * A power that no vendor publishes is a range, never a number.
 */
#ifndef ESTIMATE_ACCELERATOR_H
#define ESTIMATE_ACCELERATOR_H

#include <stdbool.h>
#include <stddef.h>

#include <wattle/energy.h>
#include <wattle/error.h>

struct accelerator {
    const char *vendor;
    const char *device;
    const char *class_name;  /* "server", "desktop", "edge" (the power is the whole module's) */
    const char *memory;      /* "hbm", "gddr", "lpddr", "other" */
    const char *power_note;
    const char *source;
    const char *confidence;  /* "high", "medium", "low", "no power published" */
    double tdp_w;            /* NaN: not published */
    double power_low_w, power_high_w; /* what it may draw when tdp_w is not published; NaN */
    double bf16_tflops;      /* dense; NaN unknown */
    double int8_tops;        /* dense; NaN unknown */
    double memory_gb;
    double bandwidth_gb_s;
};

extern const struct accelerator accelerators[];
extern const size_t accelerator_count;

/*
 * By name with the noise that people and drivers add: "NVIDIA H100 80GB HBM3" and "h100" are
 * the H100 SXM. Vendor words, "GPU", "Tensor Core" and case do not count; the first row of the
 * table that has every remaining word wins. WATTLE_E_NOENT with near names in the text.
 */
int accelerator_find(const char *name, const struct accelerator **ret, struct wattle_error *err);

/*
 * Power of one while it works. With a TDP: 0.70 of it, 90 % in 0.42..0.96 (median and 5-95 %
 * of 838 served language models on H100 and B200, ML.ENERGY v3). `busy` 0..1 scales between an
 * idle of a tenth of TDP and that; NaN: busy all the time. Without a TDP the published or
 * derived range.
 */
struct wattle_bound accelerator_power(const struct accelerator *accelerator, double busy);

/* Peak operations per second at a precision: "fp32", "tf32", "bf16", "fp16", "fp8", "int8",
 * "int4"... NaN unknown. What is not in the table is derived and *ret_assumption says how. */
double accelerator_peak(const struct accelerator *accelerator, const char *precision,
                        const char **ret_assumption);

/* Bytes per weight of a precision; NaN: no such precision. */
double precision_bytes(const char *precision);

#endif
