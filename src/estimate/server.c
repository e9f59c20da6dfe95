/* SPDX-License-Identifier: MIT */
#include "estimate/server.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "estimate/server_specs.h"
#include "estimate/server_table.h"

/* A 90 % interval of a normal error is 1.645 standard deviations to each side. */
static const double z90 = 1.6449;

/*
 * Without a microarchitecture the table's intervals held only 70 % of a new generation; log-width
 * times 1.6 mends that (2017-22 servers predicted from older ones; docs/estimation.md).
 */
static const double unknown_march_sd[2] = {0.36 * 1.6, 0.17 * 1.6};

/* Where the smooth part has no point near by, it knows nothing; below this closeness it says so. */
static const double near_enough = 0.3;

/* ---- ln power ------------------------------------------------------------------------------- */

static void linear_terms(const struct server_specs *specs, double ret[SERVER_LINEAR])
{
    const double *z = specs->z;
    ret[LINEAR_TDP] = z[SMOOTH_TDP];
    ret[LINEAR_SOCKETS] = z[SMOOTH_SOCKETS];
    ret[LINEAR_CORES] = z[SMOOTH_CORES];
    ret[LINEAR_MEMORY] = z[SMOOTH_MEMORY];
    ret[LINEAR_SMT] = specs->smt ? 0.5 : -0.5;
    ret[LINEAR_CLIENT] = specs->client ? 0.5 : -0.5;
    ret[LINEAR_AMD] = specs->amd ? 0.5 : -0.5;
    ret[LINEAR_YEAR] = z[SMOOTH_YEAR];
}

/* ret_near: closeness (0..1) of the nearest point of the table. */
static double smooth_term(const struct server_model *model, const double z[SERVER_SMOOTH],
                          double *ret_near)
{
    double sum = 0;
    *ret_near = 0;
    for (size_t j = 0; j < SERVER_CENTRES; j++) {
        double squares = 0;
        for (size_t k = 0; k < SERVER_SMOOTH; k++) {
            double d = (z[k] - (double)server_centres[j][k]) / model->length[k];
            squares += d * d;
        }
        if (squares < 60) {
            double close = exp(-0.5 * squares);
            sum += (double)model->weight[j] * close;
            *ret_near = fmax(*ret_near, close);
        }
    }
    return sum;
}

static double ln_power(enum server_target target, const struct server_specs *specs,
                       double *ret_near)
{
    const struct server_model *model = &server_models[target];
    double x[SERVER_LINEAR];
    linear_terms(specs, x);
    double sum = model->constant + smooth_term(model, specs->z, ret_near);
    for (size_t i = 0; i < SERVER_LINEAR; i++) {
        sum += model->linear[i] * x[i];
    }
    if (specs->march != NULL) {
        sum += (double)specs->march->offset[target];
    }
    if (specs->cpu != NULL) {
        sum += (double)specs->cpu->offset[target];
    }
    return sum;
}

/* What an assumed number may change: half the difference between one deviation up and down. */
static double assumed_variance(enum server_target target, const struct server_specs *specs)
{
    double variance = 0, unused;
    for (size_t k = 0; k < SERVER_SMOOTH; k++) {
        if (specs->unsure[k] > 0) {
            struct server_specs up = *specs, down = *specs;
            up.z[k] += specs->unsure[k];
            down.z[k] -= specs->unsure[k];
            double half = (ln_power(target, &up, &unused) - ln_power(target, &down, &unused)) / 2;
            variance += half * half;
        }
    }
    return variance;
}

static struct wattle_bound predict(enum server_target target, const struct server_specs *specs)
{
    double near;
    double mean = ln_power(target, specs, &near);
    double sd = specs->cpu != NULL     ? (double)specs->cpu->sd[target]
                : specs->march != NULL ? (double)specs->march->sd[target]
                                       : unknown_march_sd[target];
    double far = fmax(0.0, 1.0 - near / near_enough);
    double smooth_sd = server_models[target].smooth_sd;
    sd = sqrt(sd * sd + far * smooth_sd * smooth_sd + assumed_variance(target, specs));
    struct wattle_bound bound = {exp(mean), exp(mean - z90 * sd), exp(mean + z90 * sd)};
    return bound;
}

static void set_shape(const struct server_specs *specs, struct estimate_server *ret)
{
    for (int i = 0; i <= 10; i++) {
        ret->shape[i] = 0.1 * i;
        if (specs->march != NULL && i > 0 && i < 10) {
            ret->shape[i] = (double)specs->march->shape[i - 1];
        }
    }
}

static void from_specs(const struct server_specs *specs, struct estimate_server *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->confidence = 0.90;
    ret->idle_w = predict(SERVER_IDLE, specs);
    ret->max_w = predict(SERVER_FULL, specs);
    /* Idle above full power happens only far outside of the table. */
    ret->idle_w.value = fmin(ret->idle_w.value, 0.95 * ret->max_w.value);
    ret->idle_w.low = fmin(ret->idle_w.low, ret->idle_w.value);
    ret->idle_w.low = fmin(ret->idle_w.low, ret->max_w.low);
    ret->idle_w.high = fmax(ret->idle_w.value, fmin(ret->idle_w.high, ret->max_w.high));
    set_shape(specs, ret);
    if (specs->march != NULL) {
        snprintf(ret->microarchitecture, sizeof(ret->microarchitecture), "%s", specs->march->name);
    }
    server_specs_basis(specs, ret->basis, sizeof(ret->basis));
}

void estimate_server(const struct estimate_server_spec *spec, struct estimate_server *ret)
{
    struct server_specs specs;
    server_specs_resolve(spec, &specs);
    from_specs(&specs, ret);
}

/* ---- a part of a server --------------------------------------------------------------------- */

/*
 * Against a fair split by CPU time over all loads of the neighbours, a linear share spans
 * 0.62-1.32 with a perfect model of the host (simulated on SPECpower curves, 2026).
 */
static const double neighbours_log_below = 0.478; /* -ln 0.62 */
static const double neighbours_log_above = 0.278; /* ln 1.32 */
/* Cores and memory of a typical host against the real one, per thread, 90 %. */
static const double host_log = 0.30;

static struct wattle_bound bound_share(struct wattle_bound bound, double share, double more_log)
{
    double below = log(bound.value / bound.low);
    double above = log(bound.high / bound.value);
    below = sqrt(below * below + neighbours_log_below * neighbours_log_below + more_log * more_log);
    above = sqrt(above * above + neighbours_log_above * neighbours_log_above + more_log * more_log);
    struct wattle_bound part = {bound.value * share, bound.value * share * exp(-below),
                                bound.value * share * exp(above)};
    return part;
}

static void scale(struct estimate_server *server, double share, double more_log)
{
    server->idle_w = bound_share(server->idle_w, share, more_log);
    server->max_w = bound_share(server->max_w, share, more_log);
    for (int i = 0; i <= 10; i++) {
        server->shape[i] = 0.1 * i;
    }
}

static void basis_add(struct estimate_server *server, const char *text)
{
    size_t used = strlen(server->basis);
    snprintf(server->basis + used, sizeof(server->basis) - used, "; %s", text);
}

void estimate_server_scale(struct estimate_server *server, double share, const char *who)
{
    char text[64];
    scale(server, share, 0);
    snprintf(text, sizeof(text), "%.24s with %.3g of it", who, share);
    basis_add(server, text);
}

void estimate_server_share(const struct estimate_server_spec *spec, double cpus,
                           struct estimate_server *ret)
{
    struct server_specs specs;
    char text[64];
    server_specs_typical_host(spec, &specs);
    from_specs(&specs, ret);
    scale(ret, cpus / specs.threads, host_log);
    snprintf(text, sizeof(text), "guest with %.4g of %.0f threads of a typical host", cpus,
             specs.threads);
    basis_add(ret, text);
}

/* ---- load ----------------------------------------------------------------------------------- */

double estimate_server_shape(const struct estimate_server *server, double load)
{
    load = load >= 0 ? fmin(load, 1.0) : 0.0; /* NaN: no load known, none assumed */
    int i = (int)fmin(floor(load * 10), 9);
    double t = load * 10 - i;
    return server->shape[i] + t * (server->shape[i + 1] - server->shape[i]);
}

/* Standard deviation of s between two servers of one microarchitecture, at its widest: 0.05 of
 * what lies between idle and full (2017-22 servers of bench/power_model). */
static const double shape_sd = 0.05;

struct wattle_bound estimate_server_power(const struct estimate_server *server, double load)
{
    double s = estimate_server_shape(server, load);
    struct wattle_bound power = {
        server->idle_w.value + s * (server->max_w.value - server->idle_w.value),
        server->idle_w.low + s * (server->max_w.low - server->idle_w.low),
        server->idle_w.high + s * (server->max_w.high - server->idle_w.high),
    };
    double between = server->max_w.value - server->idle_w.value;
    double curve = z90 * shape_sd * 4 * s * (1 - s) * between / power.value;
    if (curve > 0) {
        double below = log(power.value / power.low), above = log(power.high / power.value);
        power.low = fmax(server->idle_w.low,
                         power.value * exp(-sqrt(below * below + curve * curve)));
        power.high = fmin(server->max_w.high,
                          power.value * exp(sqrt(above * above + curve * curve)));
    }
    return power;
}

/* ---- what it rests on ----------------------------------------------------------------------- */

static size_t term_add(struct estimate_term *ret, size_t max, size_t n, const char *name,
                       double value, const double factor[2], const char *source)
{
    if (n < max) {
        snprintf(ret[n].name, sizeof(ret[n].name), "%s", name);
        snprintf(ret[n].source, sizeof(ret[n].source), "%s", source);
        ret[n].value = value;
        ret[n].idle_factor = factor[0];
        ret[n].full_factor = factor[1];
    }
    return n + 1;
}

size_t estimate_server_terms(const struct estimate_server_spec *spec, struct estimate_term *ret,
                             size_t max)
{
    static const char *const names[SERVER_LINEAR] = {
        "TDP per socket, W", "sockets", "cores per socket", "memory, GB", "threads per core > 1",
        "client processor", "AMD", "year of microarchitecture"};
    static const int smooth_of[SERVER_LINEAR] = {SMOOTH_TDP, SMOOTH_SOCKETS, SMOOTH_CORES,
                                                 SMOOTH_MEMORY, -1, -1, -1, SMOOTH_YEAR};
    struct server_specs specs;
    double x[SERVER_LINEAR], near[2], factor[2];
    size_t n = 0;
    server_specs_resolve(spec, &specs);
    linear_terms(&specs, x);
    factor[0] = exp(server_models[0].constant);
    factor[1] = exp(server_models[1].constant);
    n = term_add(ret, max, n, "constant, W", WATTLE_UNKNOWN, factor,
                 "fitted, src/estimate/server_table.c");
    for (size_t i = 0; i < SERVER_LINEAR; i++) {
        double value = smooth_of[i] >= 0 ? server_specs_value(&specs, smooth_of[i]) : x[i] > 0;
        factor[0] = exp(server_models[0].linear[i] * x[i]);
        factor[1] = exp(server_models[1].linear[i] * x[i]);
        n = term_add(ret, max, n, names[i], value, factor,
                     smooth_of[i] >= 0 ? server_specs_source(&specs, smooth_of[i]) : "processor");
    }
    factor[0] = exp(smooth_term(&server_models[0], specs.z, &near[0]));
    factor[1] = exp(smooth_term(&server_models[1], specs.z, &near[1]));
    n = term_add(ret, max, n, "smooth part", WATTLE_UNKNOWN, factor,
                 "fitted, Gaussian process on 110 points");
    if (specs.march != NULL) {
        factor[0] = exp((double)specs.march->offset[0]);
        factor[1] = exp((double)specs.march->offset[1]);
        n = term_add(ret, max, n, specs.march->name, specs.march->measured, factor,
                     "microarchitecture; value: CPU models measured");
    }
    if (specs.cpu != NULL) {
        factor[0] = exp((double)specs.cpu->offset[0]);
        factor[1] = exp((double)specs.cpu->offset[1]);
        n = term_add(ret, max, n, specs.cpu->name, WATTLE_UNKNOWN, factor,
                     "this CPU model, from published SPECpower servers with it");
    }
    return n;
}
