/* SPDX-License-Identifier: MIT */
/* Coefficients of the model of served language models; made by bench/inference_model/fit.py. */
#ifndef ESTIMATE_INFERENCE_TABLE_H
#define ESTIMATE_INFERENCE_TABLE_H

#define INFERENCE_FEATURES 23

struct inference_table {
    struct {
        const char *name;
        double value;
    } coefficients[INFERENCE_FEATURES];
    double ratio_low, ratio_high; /* truth/estimate, 5 and 95 %, models held out */
    double median_error;          /* leave one model out */
    int rows;
    /* The fitted range of each input, {least, most}: outside it physics takes over. */
    double active_range[2], total_range[2]; /* 10^9 parameters */
    double batch_range[2], gpus_range[2], output_range[2];
};

extern const struct inference_table inference_table;

#endif
