/* SPDX-License-Identifier: MIT */
/* Weighted ridge regression by normal equations and Cholesky, for a hundred features at most. */
#ifndef CARBON_RIDGE_H
#define CARBON_RIDGE_H

#include <stdbool.h>
#include <stddef.h>

struct ridge {
    size_t features;
    double *mean, *scale, *centre; /* of the columns; of the scaled columns under weights */
    double *coefficients;
    double intercept;
    double freedom;  /* effective degrees of freedom of the last fit */
    double *gram, *factor, *row; /* scratch */
};

/* 0 or WATTLE_E_NOMEM; ridge_finish takes the result of either. */
int ridge_init(struct ridge *ridge, size_t features_max);
void ridge_finish(struct ridge *ridge);

/*
 * rows: count x features, row by row. Columns are standardised, weights scaled to mean 1, so
 * that `strength` means the same everywhere. False if the equations cannot be solved.
 */
bool ridge_fit(struct ridge *ridge, const double *rows, const double *targets,
               const double *weights, size_t count, size_t features, double strength);
double ridge_predict(const struct ridge *ridge, const double *row);

#endif
