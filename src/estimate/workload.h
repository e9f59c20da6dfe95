/* SPDX-License-Identifier: MIT */
/*
 * Joules of training or serving a model, before anything runs.
 *
 * Pure: specifications in, energies with a 90 % interval out, every assumption said in
 * words and every coefficient listed. Energies are at the plug: IT equipment plus cooling.
 *
 *   energy = compute + memory + network + storage + overhead + cooling, exactly
 *
 * compute and memory are the accelerators' own energy, split by the bytes that move;
 * overhead is the rest of the host; cooling is (PUE - 1) of everything before it.
 */
#ifndef ESTIMATE_WORKLOAD_H
#define ESTIMATE_WORKLOAD_H

#include <stddef.h>

#include <wattle/energy.h>
#include <wattle/error.h>

#include "estimate/accelerator.h"

#define ESTIMATE_ASSUMPTIONS_MAX 20
#define ESTIMATE_COEFFICIENTS_MAX 48

struct estimate_coefficient {
    char name[40];
    double value, low, high; /* NaN: no range */
    char unit[16];
    char source[112];
};

struct estimate_result {
    struct wattle_bound energy_j;
    double duration_s; /* NaN unknown */
    struct {
        double compute_j, memory_j, network_j, storage_j, cooling_j, overhead_j;
    } breakdown;
    char unit[16]; /* of the work: "token", "sample", "request" */
    double units;  /* how many of them */
    double per_unit_j;
    double floor_j; /* what the arithmetic alone would cost: a lower bound; NaN unknown */
    size_t assumption_count;
    char assumptions[ESTIMATE_ASSUMPTIONS_MAX][200];
    size_t coefficient_count;
    struct estimate_coefficient coefficients[ESTIMATE_COEFFICIENTS_MAX];
};

/* Counts and quantities are NaN when not given. */
struct estimate_work {
    const struct accelerator *accelerator;
    double count;             /* accelerators; NaN: 1 */
    const char *precision;    /* "bf16"; NULL: bf16 */
    double parameters;        /* all of the model's */
    double active_parameters; /* used for one token; NaN: all */
    double batch;             /* sequences or samples served or trained together */
    double tokens;            /* training tokens, or output tokens in all */
    double samples;           /* training samples (over all epochs), or inferences in all */
    double input_tokens;      /* inference: prompt tokens of one request */
    double output_tokens;     /* inference: generated tokens of one request */
    double requests;          /* inference: how many */
    double flops;             /* of the whole work, if known: takes precedence */
    double flops_per_sample;  /* one forward pass */
    double utilization;       /* MFU 0..1: useful FLOPs over peak */
    double power_w;           /* measured mean per accelerator, its share of the host included */
    double network_gb;        /* moved over wide-area networks, 10^9 bytes */
    double storage_gb;        /* kept for the duration */
    double pue;
    const char *workload;     /* inference: "chat", "reasoning", "code", "image", "video" */
    bool training;            /* set by estimate_train */
    bool hybrid;              /* Mamba and transformer layers mixed */
};

void estimate_work_init(struct estimate_work *work);

/* WATTLE_E_INVALID when neither FLOPs nor parameters and tokens or samples are given, or a value
 * means nothing (a utilisation above 1, a PUE below 1). */
int estimate_train(const struct estimate_work *work, struct estimate_result *ret,
                   struct wattle_error *err);
int estimate_infer(const struct estimate_work *work, struct estimate_result *ret,
                   struct wattle_error *err);

/* ---- shared by the two ---------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) void estimate_assume(struct estimate_result *result,
                                                           const char *format, ...);
/* Lists a coefficient and returns its value, so that using it is naming it. */
double estimate_use(struct estimate_result *result, const char *name, double value, double low,
                    double high, const char *unit, const char *source);

/* What the accelerators did; the rest of the plug's energy is added around it. */
struct estimate_device_work {
    double energy_j;      /* of all accelerators */
    double spread;        /* its 90 % interval is energy / spread .. energy * spread */
    double low_ratio, high_ratio; /* or these, where the interval is lopsided; NaN: spread */
    double duration_s;
    double bytes_moved;   /* through the accelerators' memory; NaN unknown */
    double operations;    /* multiply-accumulates; NaN unknown */
    bool host_included;   /* energy_j holds the host's share already */
};
void estimate_settle(const struct estimate_work *work, const struct estimate_device_work *device,
                     struct estimate_result *result);
int estimate_check(const struct estimate_work *work, struct wattle_error *err);

#endif
