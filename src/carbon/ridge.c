/* SPDX-License-Identifier: MIT */
#include "carbon/ridge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wattle/error.h>

int ridge_init(struct ridge *ridge, size_t features_max)
{
    size_t square = features_max * features_max;

    memset(ridge, 0, sizeof *ridge);
    ridge->mean = calloc(features_max, sizeof *ridge->mean);
    ridge->scale = calloc(features_max, sizeof *ridge->scale);
    ridge->centre = calloc(features_max, sizeof *ridge->centre);
    ridge->coefficients = calloc(features_max, sizeof *ridge->coefficients);
    ridge->row = calloc(features_max * 2, sizeof *ridge->row);
    ridge->gram = calloc(square, sizeof *ridge->gram);
    ridge->factor = calloc(square, sizeof *ridge->factor);
    return ridge->mean != NULL && ridge->scale != NULL && ridge->centre != NULL &&
                   ridge->coefficients != NULL && ridge->row != NULL && ridge->gram != NULL &&
                   ridge->factor != NULL
               ? 0
               : WATTLE_E_NOMEM;
}

void ridge_finish(struct ridge *ridge)
{
    free(ridge->mean);
    free(ridge->scale);
    free(ridge->centre);
    free(ridge->coefficients);
    free(ridge->row);
    free(ridge->gram);
    free(ridge->factor);
    memset(ridge, 0, sizeof *ridge);
}

static void standardise(struct ridge *ridge, const double *rows, size_t count)
{
    size_t n = ridge->features;
    size_t i, j;

    memset(ridge->mean, 0, n * sizeof *ridge->mean);
    memset(ridge->scale, 0, n * sizeof *ridge->scale);
    for (i = 0; i < count; i++) {
        for (j = 0; j < n; j++) {
            ridge->mean[j] += rows[i * n + j];
        }
    }
    for (j = 0; j < n; j++) {
        ridge->mean[j] /= (double)count;
    }
    for (i = 0; i < count; i++) {
        for (j = 0; j < n; j++) {
            double d = rows[i * n + j] - ridge->mean[j];

            ridge->scale[j] += d * d;
        }
    }
    for (j = 0; j < n; j++) {
        ridge->scale[j] = sqrt(ridge->scale[j] / (double)count);
        if (!(ridge->scale[j] > 1e-12)) {
            ridge->scale[j] = 1; /* a constant column: its coefficient comes out as 0 */
        }
    }
}

static void scale_row(const struct ridge *ridge, const double *row, double *ret)
{
    size_t j;

    for (j = 0; j < ridge->features; j++) {
        ret[j] = (row[j] - ridge->mean[j]) / ridge->scale[j];
    }
}

/* Upper triangle of Z'WZ and Z'Wy of two rows at a time: half the traffic to the triangle. */
static void accumulate(double *restrict gram, double *restrict moment, const double *restrict a,
                       const double *restrict b, double wa, double wb, double ya, double yb,
                       size_t n)
{
    size_t i, j;

    for (i = 0; i < n; i++) {
        double pa = wa * a[i];
        double pb = wb * b[i];
        double *restrict line = gram + i * n;

        for (j = i; j < n; j++) {
            line[j] += pa * a[j] + pb * b[j];
        }
        moment[i] += pa * ya + pb * yb;
    }
}

/* factor (lower) of the upper triangle `gram` + strength on the diagonal. */
static bool cholesky(const double *gram, double strength, double *factor, size_t n)
{
    size_t i, j, k;

    for (i = 0; i < n; i++) {
        for (j = 0; j <= i; j++) {
            double sum = gram[j * n + i] + (i == j ? strength : 0);

            for (k = 0; k < j; k++) {
                sum -= factor[i * n + k] * factor[j * n + k];
            }
            if (i != j) {
                factor[i * n + j] = sum / factor[j * n + j];
            } else if (sum > 0) {
                factor[i * n + i] = sqrt(sum);
            } else {
                return false;
            }
        }
    }
    return true;
}

static void solve(const double *factor, double *x, size_t n)
{
    size_t i, k;

    for (i = 0; i < n; i++) {
        for (k = 0; k < i; k++) {
            x[i] -= factor[i * n + k] * x[k];
        }
        x[i] /= factor[i * n + i];
    }
    for (i = n; i-- > 0;) {
        for (k = i + 1; k < n; k++) {
            x[i] -= factor[k * n + i] * x[k];
        }
        x[i] /= factor[i * n + i];
    }
}

/* trace((G + s)^-1 G) = n - s trace((G + s)^-1) = n - s |L^-1|^2, columns of L^-1 one by one. */
static double freedom(const double *factor, double strength, double *column, size_t n)
{
    double squares = 0;
    size_t i, j, k;

    for (j = 0; j < n; j++) {
        for (i = j; i < n; i++) {
            double sum = i == j ? 1 : 0;

            for (k = j; k < i; k++) {
                sum -= factor[i * n + k] * column[k];
            }
            column[i] = sum / factor[i * n + i];
            squares += column[i] * column[i];
        }
    }
    return (double)n - strength * squares;
}

bool ridge_fit(struct ridge *ridge, const double *rows, const double *targets,
               const double *weights, size_t count, size_t features, double strength)
{
    size_t n = features;
    double *a = ridge->row;
    double *b = ridge->row + n;
    double total = 0, target = 0;
    size_t i, j;

    ridge->features = n;
    standardise(ridge, rows, count);
    memset(ridge->gram, 0, n * n * sizeof *ridge->gram);
    memset(ridge->coefficients, 0, n * sizeof *ridge->coefficients);
    memset(ridge->centre, 0, n * sizeof *ridge->centre);
    for (i = 0; i < count; i++) {
        total += weights[i];
        target += weights[i] * targets[i];
        scale_row(ridge, rows + i * n, a);
        for (j = 0; j < n; j++) {
            ridge->centre[j] += weights[i] * a[j];
        }
    }
    if (!(total > 0)) {
        return false;
    }
    ridge->intercept = target / total;
    for (j = 0; j < n; j++) {
        ridge->centre[j] /= total;
        ridge->mean[j] += ridge->centre[j] * ridge->scale[j]; /* centred under the weights */
    }
    for (i = 0; i < count; i += 2) {
        bool pair = i + 1 < count;

        scale_row(ridge, rows + i * n, a);
        scale_row(ridge, rows + (pair ? i + 1 : i) * n, b);
        accumulate(ridge->gram, ridge->coefficients, a, b, weights[i],
                   pair ? weights[i + 1] : 0, targets[i] - ridge->intercept,
                   pair ? targets[i + 1] - ridge->intercept : 0, n);
    }
    {
        double unit = (double)count / total;

        for (i = 0; i < n * n; i++) {
            ridge->gram[i] *= unit;
        }
        for (i = 0; i < n; i++) {
            ridge->coefficients[i] *= unit;
        }
    }
    if (!cholesky(ridge->gram, strength, ridge->factor, n)) {
        return false;
    }
    solve(ridge->factor, ridge->coefficients, n);
    ridge->freedom = freedom(ridge->factor, strength, a, n);
    for (j = 0; j < n; j++) {
        if (!isfinite(ridge->coefficients[j])) {
            return false;
        }
    }
    return true;
}

double ridge_predict(const struct ridge *ridge, const double *row)
{
    double sum = ridge->intercept;
    size_t j;

    for (j = 0; j < ridge->features; j++) {
        sum += ridge->coefficients[j] * (row[j] - ridge->mean[j]) / ridge->scale[j];
    }
    return sum;
}
