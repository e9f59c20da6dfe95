/* SPDX-License-Identifier: MIT */
#include "carbon/forecast.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "carbon/ridge.h"

enum {
    LAST = 48,      /* hours before the forecast that are features one by one */
    WEEK = 168,
    MONTH = 672,    /* the longest look back */
    CALENDAR = 11,  /* weekday, and the season in two harmonics */
    DRIVERS_MAX = 4,
    FEATURES = LAST + 24 + 3 + CALENDAR + DRIVERS_MAX,
    TRAIN_MIN = 42, /* days; below that, the profile */
    TRAIN_MAX = 1500
};

/* Chosen on 2020 and early 2021 of six zones; docs/measurements/forecast.md. */
#define RIDGE_STRENGTH 9.0
#define SEASON_STRENGTH 0.7

/* A history without holes, and where the holes were. */
struct filled {
    double *y;
    const double *raw;
    size_t count;
};

static int fill(const struct forecast_history *history, struct filled *ret)
{
    double last = NAN;
    size_t i;

    ret->raw = history->hourly;
    ret->count = history->count;
    ret->y = malloc(history->count * sizeof *ret->y);
    if (ret->y == NULL) {
        return WATTLE_E_NOMEM;
    }
    for (i = 0; i < history->count && isnan(last); i++) {
        last = history->hourly[i];
    }
    for (i = 0; i < history->count; i++) {
        double value = history->hourly[i];

        if (isnan(value)) {
            value = i >= 24 ? ret->y[i - 24] : last;
        }
        ret->y[i] = last = value;
    }
    return isnan(last) ? WATTLE_E_INVALID : 0;
}

static double mean(const double *x, size_t count)
{
    double sum = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        sum += x[i];
    }
    return sum / (double)count;
}

/* What is known at hour `at` (values before it). */
static void known_features(const double *y, size_t at, double *ret)
{
    size_t hour, day;

    memcpy(ret, y + at - LAST, LAST * sizeof *ret);
    for (hour = 0; hour < 24; hour++) {
        double sum = 0;

        for (day = 0; day < 7; day++) {
            sum += y[at - WEEK + day * 24 + hour];
        }
        ret[LAST + hour] = sum / 7;
    }
    ret[LAST + 24] = mean(y + at - 24, 24);
    ret[LAST + 25] = mean(y + at - WEEK, WEEK);
    ret[LAST + 26] = mean(y + at - MONTH, MONTH);
}

static void calendar_features(long hour, double *ret)
{
    /* 1970-01-01 was a Thursday. */
    long day = hour >= 0 ? hour / 24 : (hour - 23) / 24;
    long weekday = ((day + 3) % 7 + 7) % 7;
    double season = 2 * M_PI * fmod((double)day, 365.2425) / 365.2425;
    int i;

    for (i = 0; i < 7; i++) {
        ret[i] = i == weekday;
    }
    ret[7] = sin(season);
    ret[8] = cos(season);
    ret[9] = sin(2 * season);
    ret[10] = cos(2 * season);
}

struct work {
    struct filled filled;
    const struct forecast_history *history;
    size_t *issues;       /* hours at which a past forecast would have been made */
    size_t issue_count;
    double *known;        /* issue_count x (LAST + 27) */
    double now_known[LAST + 27];
    size_t features;
    double *rows;         /* issue_count x FEATURES of one horizon */
    double *targets, *weights, *errors, *error_weights;
    struct ridge ridge;
};

static void work_finish(struct work *work)
{
    free(work->filled.y);
    free(work->issues);
    free(work->known);
    free(work->rows);
    free(work->targets);
    free(work->weights);
    free(work->errors);
    free(work->error_weights);
    ridge_finish(&work->ridge);
}

static int work_init(struct work *work, const struct forecast_history *history)
{
    size_t days = history->count / 24;
    size_t most = days < TRAIN_MAX ? days : TRAIN_MAX;
    size_t day, i;

    work->history = history;
    work->features = LAST + 27 + CALENDAR + history->driver_count;
    work->issues = malloc((most + 1) * sizeof *work->issues);
    work->known = malloc((most + 1) * (LAST + 27) * sizeof *work->known);
    work->rows = malloc((most + 1) * FEATURES * sizeof *work->rows);
    work->targets = malloc((most + 1) * sizeof *work->targets);
    work->weights = malloc((most + 1) * sizeof *work->weights);
    work->errors = malloc((most + 1) * sizeof *work->errors);
    work->error_weights = malloc((most + 1) * sizeof *work->error_weights);
    if (work->issues == NULL || work->known == NULL || work->rows == NULL ||
        work->targets == NULL || work->weights == NULL || work->errors == NULL ||
        work->error_weights == NULL || ridge_init(&work->ridge, FEATURES) != 0) {
        return WATTLE_E_NOMEM;
    }
    for (day = most; day > 0; day--) {
        if (history->count >= day * 24 + MONTH) {
            work->issues[work->issue_count++] = history->count - day * 24;
        }
    }
    for (i = 0; i < work->issue_count; i++) {
        known_features(work->filled.y, work->issues[i], work->known + i * (LAST + 27));
    }
    return 0;
}

static bool driver_features(const struct work *work, size_t hour, double *ret)
{
    size_t i;

    for (i = 0; i < work->history->driver_count; i++) {
        ret[i] = work->history->drivers[i].hourly[hour];
        if (isnan(ret[i])) {
            return false;
        }
    }
    return true;
}

static void target_features(const struct work *work, const double *known, size_t hour, double *ret)
{
    memcpy(ret, known, (LAST + 27) * sizeof *ret);
    calendar_features(work->history->first_hour + (long)hour, ret + LAST + 27);
}

/* Past days with the same distance to their target; returns how many. */
static size_t gather(struct work *work, size_t ahead)
{
    size_t now = work->history->count;
    size_t used = 0;
    size_t i;

    for (i = 0; i < work->issue_count; i++) {
        size_t hour = work->issues[i] + ahead;
        double *row = work->rows + used * work->features;
        double value = hour < now ? work->filled.raw[hour] : NAN;
        double age_days = (double)(now - work->issues[i]) / 24;

        if (isnan(value) || !driver_features(work, hour, row + LAST + 27 + CALENDAR)) {
            continue;
        }
        target_features(work, work->known + i * (LAST + 27), hour, row);
        work->targets[used] = value;
        work->error_weights[used] =
            exp(SEASON_STRENGTH * (cos(2 * M_PI * age_days / 365.2425) - 1));
        work->weights[used] = work->error_weights[used] / fmax(value, 1);
        /* Errors change as a grid does: those of half a year ago count a third. */
        work->error_weights[used] *= exp(-age_days / 180);
        used++;
    }
    return used;
}

struct weighted {
    double error, weight;
};

static int by_error(const void *a, const void *b)
{
    const struct weighted *x = a;
    const struct weighted *y = b;

    return (x->error > y->error) - (x->error < y->error);
}

/* Weighted 5 and 95 % quantiles of relative errors. */
static int error_interval(const double *errors, const double *weights, size_t count,
                          double *ret_low, double *ret_high)
{
    struct weighted *sorted = malloc((count + 1) * sizeof *sorted);
    double total = 0, sum = 0;
    size_t i;

    if (sorted == NULL) {
        return WATTLE_E_NOMEM;
    }
    for (i = 0; i < count; i++) {
        sorted[i] = (struct weighted){errors[i], weights[i]};
        total += weights[i];
    }
    qsort(sorted, count, sizeof *sorted, by_error);
    *ret_low = sorted[0].error;
    *ret_high = sorted[count - 1].error;
    for (i = 0; i < count; i++) {
        sum += sorted[i].weight;
        if (sum <= 0.05 * total) {
            *ret_low = sorted[i].error;
        }
        if (sum >= 0.95 * total) {
            *ret_high = sorted[i].error;
            break;
        }
    }
    free(sorted);
    return 0;
}

static int one_hour(struct work *work, size_t ahead, struct forecast_hour *ret, bool *ret_done)
{
    size_t count = gather(work, ahead);
    double row[FEATURES];
    double inflation, low, high, smallest = INFINITY, largest = 0;
    size_t i;
    int code;

    *ret_done = false;
    if (count < TRAIN_MIN ||
        !driver_features(work, work->history->count + ahead, row + LAST + 27 + CALENDAR)) {
        return 0;
    }
    if (!ridge_fit(&work->ridge, work->rows, work->targets, work->weights, count, work->features,
                   RIDGE_STRENGTH)) {
        return 0;
    }
    target_features(work, work->now_known, work->history->count + ahead, row);
    /* As if each day had been left out: generalised cross-validation, Golub et al. 1979. */
    inflation = 1 / fmax(0.3, 1 - work->ridge.freedom / (double)count);
    for (i = 0; i < count; i++) {
        double fitted = ridge_predict(&work->ridge, work->rows + i * work->features);

        work->errors[i] = (work->targets[i] - fitted) / fmax(fitted, 1) * inflation;
        smallest = fmin(smallest, work->targets[i]);
        largest = fmax(largest, work->targets[i]);
    }
    code = error_interval(work->errors, work->error_weights, count, &low, &high);
    ret->g_kwh = fmin(fmax(ridge_predict(&work->ridge, row), 0.8 * smallest), 1.2 * largest);
    ret->low = fmax(0, ret->g_kwh * (1 + fmin(low, 0)));
    ret->high = ret->g_kwh * (1 + fmax(high, 0));
    *ret_done = true;
    return code;
}

/* Last week's mean day; what the last hours deviate from it fades within half a day. */
static double profile_at(const double *y, size_t now, size_t ahead)
{
    size_t days = now / 24 < 7 ? now / 24 : 7;
    double sum = 0, deviation = 0;
    size_t day;

    for (day = 1; day <= days; day++) {
        sum += y[now - day * 24 + ahead % 24];
    }
    for (day = 1; day <= days; day++) {
        deviation += y[now - (day - 1) * 24 - 1];
    }
    deviation = y[now - 1] - deviation / (double)days;
    return fmax(0, sum / (double)days + deviation * exp(-(double)(ahead + 1) / 12));
}

static int by_profile(struct work *work, size_t ahead, struct forecast_hour *ret)
{
    const double *y = work->filled.y;
    size_t now = work->history->count;
    double low = -0.5, high = 1.0; /* two days tell nothing of errors: very wide */
    double *errors = malloc((now + 1) * sizeof *errors);
    double *ones = malloc((now + 1) * sizeof *ones);
    size_t count = 0;
    size_t at;
    int code = errors == NULL || ones == NULL ? WATTLE_E_NOMEM : 0;

    for (at = 48; code == 0 && at + ahead < now; at++) {
        double guess = profile_at(y, at, ahead);

        if (!isnan(work->filled.raw[at + ahead])) {
            errors[count] = (work->filled.raw[at + ahead] - guess) / fmax(guess, 1);
            ones[count++] = 1;
        }
    }
    if (code == 0 && count >= 72) {
        code = error_interval(errors, ones, count, &low, &high);
    }
    free(errors);
    free(ones);
    ret->g_kwh = profile_at(y, now, ahead);
    ret->low = fmax(0, ret->g_kwh * (1 + fmin(low, 0)));
    ret->high = ret->g_kwh * (1 + fmax(high, 0));
    return code;
}

int forecast_make(const struct forecast_history *history, size_t hours, struct forecast_hour *ret,
                  struct wattle_error *err)
{
    struct work work;
    size_t ahead;
    int code;

    memset(&work, 0, sizeof work);
    if (hours < 1 || hours > FORECAST_HOURS_MAX || history->driver_count > DRIVERS_MAX) {
        return error_set(err, WATTLE_E_INVALID, "1 to %d hours can be told", FORECAST_HOURS_MAX);
    }
    if (history->count < 48) {
        return error_set(err, WATTLE_E_INVALID,
                         "two days of history are needed before the time asked for");
    }
    code = fill(history, &work.filled);
    if (code == WATTLE_E_INVALID) {
        error_set(err, code, "no value in the history");
        goto out;
    }
    if (code == 0) {
        code = work_init(&work, history);
    }
    if (code == 0 && work.issue_count > 0) {
        known_features(work.filled.y, history->count, work.now_known);
    }
    for (ahead = 0; ahead < hours && code == 0; ahead++) {
        bool done = false;

        code = one_hour(&work, ahead, &ret[ahead], &done);
        if (code == 0 && !done) {
            code = by_profile(&work, ahead, &ret[ahead]);
        }
    }
    if (code == WATTLE_E_NOMEM) {
        error_set(err, code, "out of memory");
    }
out:
    work_finish(&work);
    return code;
}
