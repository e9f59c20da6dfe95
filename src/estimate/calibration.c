/* SPDX-License-Identifier: MIT */
#include "estimate/calibration.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

static const double z90 = 1.6449;
/* Errors of ln idle and ln full of one machine, over all servers of bench/power_model. */
static const double correlation = 0.4;
/* One true end leaves the curve between the ends off by about 5 % (2017-22 servers). */
static const double shape_error = 0.05;

static bool point_sane(const struct calibration_point *point)
{
    return point->load >= 0 && point->load <= 1 && point->watts > 0.05 && point->watts < 1e5 &&
           point->error > 0 && point->error < 1;
}

static bool parse_point(const char *line, struct calibration_point *ret)
{
    char load[32], watts[32], error[32];
    return sscanf(line, "point %31s %31s %31s", load, watts, error) == 3 &&
           parse_double(load, &ret->load) && parse_double(watts, &ret->watts) &&
           parse_double(error, &ret->error) && point_sane(ret);
}

bool calibration_parse(const char *text, size_t size, struct calibration *ret)
{
    char line[256];
    memset(ret, 0, sizeof(*ret));
    for (size_t at = 0; at < size;) {
        const char *newline = memchr(text + at, '\n', size - at);
        size_t length = newline != NULL ? (size_t)(newline - text) - at : size - at;
        size_t kept = length < sizeof(line) ? length : sizeof(line) - 1;
        struct calibration_point point;
        memcpy(line, text + at, kept);
        line[kept] = '\0';
        if (strncmp(line, "cpu ", 4) == 0) {
            snprintf(ret->cpu, sizeof(ret->cpu), "%.127s", line + 4);
        } else if (ret->count < CALIBRATION_POINTS_MAX && parse_point(line, &point)) {
            ret->points[ret->count++] = point;
        }
        at += length + 1;
    }
    return ret->count > 0;
}

int calibration_format(const struct calibration *calibration, char *ret, size_t size)
{
    int used = snprintf(ret, size, "cpu %s\n", calibration->cpu);
    for (size_t i = 0; i < calibration->count && used >= 0 && (size_t)used < size; i++) {
        const struct calibration_point *point = &calibration->points[i];
        used += snprintf(ret + used, size - (size_t)used, "point %.4f %.3f %.4f\n", point->load,
                         point->watts, point->error);
    }
    return used >= 0 && (size_t)used < size ? used : -1;
}

void calibration_add(struct calibration *calibration, const struct calibration_point *point)
{
    size_t kept = 0;
    for (size_t i = 0; i < calibration->count; i++) {
        if (fabs(calibration->points[i].load - point->load) > 0.05) {
            calibration->points[kept++] = calibration->points[i];
        }
    }
    if (kept == CALIBRATION_POINTS_MAX) {
        kept--;
        memmove(calibration->points, calibration->points + 1, kept * sizeof(*point));
    }
    calibration->points[kept] = *point;
    calibration->count = kept + 1;
}

static double deviation(struct wattle_bound bound)
{
    return fmax(log(bound.high / bound.low) / (2 * z90), 1e-3);
}

static struct wattle_bound bound_of(double value, double variance)
{
    double factor = exp(z90 * sqrt(variance));
    struct wattle_bound bound = {value, value / factor, value * factor};
    return bound;
}

/*
 * Bayes' rule for two numbers, ln idle and ln full, with correlated errors; each point is a
 * measured ln P(u), linear in both near the present estimate (a Kalman filter's update).
 */
void calibration_apply(const struct calibration *calibration, struct estimate_server *server)
{
    double idle_sd = deviation(server->idle_w), full_sd = deviation(server->max_w);
    double var_idle = idle_sd * idle_sd, var_full = full_sd * full_sd;
    double cov = correlation * idle_sd * full_sd;
    double idle = log(server->idle_w.value), full = log(server->max_w.value);
    for (size_t i = 0; i < calibration->count; i++) {
        const struct calibration_point *point = &calibration->points[i];
        double s = estimate_server_shape(server, point->load);
        double power = exp(idle) * (1 - s) + exp(full) * s;
        double on_idle = exp(idle) * (1 - s) / power, on_full = exp(full) * s / power;
        double noise = point->error / z90;
        double curve = shape_error * 4 * s * (1 - s);
        double to_idle = on_idle * var_idle + on_full * cov;
        double to_full = on_idle * cov + on_full * var_full;
        double total = on_idle * to_idle + on_full * to_full + noise * noise + curve * curve;
        double surprise = log(point->watts / power);
        idle += to_idle / total * surprise;
        full += to_full / total * surprise;
        var_idle -= to_idle * to_idle / total;
        var_full -= to_full * to_full / total;
        cov -= to_idle * to_full / total;
    }
    if (calibration->count == 0) {
        return;
    }
    full = fmax(full, idle);
    server->idle_w = bound_of(exp(idle), fmax(var_idle, 1e-6));
    server->max_w = bound_of(exp(full), fmax(var_full, 1e-6));
    server->idle_w.low = fmin(server->idle_w.low, server->max_w.low);
    server->max_w.high = fmax(server->max_w.high, server->idle_w.high);
    size_t used = strlen(server->basis);
    snprintf(server->basis + used, sizeof(server->basis) - used, "; calibrated at %zu load%s",
             calibration->count, calibration->count == 1 ? "" : "s");
}
