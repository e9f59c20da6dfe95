/* SPDX-License-Identifier: MIT */
/*
 * The next hours of a carbon intensity, from its history and the calendar. No service needed.
 *
 * Model: one ridge regression for each hour ahead, trained on the same hour of day of every past
 * day: the last 48 hours, the mean day of the last week, three means, the weekday and the season
 * of the target. Days of the same season weigh more, errors are relative (weights 1/value). With
 * less than ten weeks of history: the profile of the last week plus a deviation that fades.
 *
 * The interval holds 90 % of past errors at that distance, enlarged for having been fitted; the
 * measured coverage is in docs/measurements/forecast.md (bench/forecast).
 */
#ifndef CARBON_FORECAST_H
#define CARBON_FORECAST_H

#include <stddef.h>

#include <wattle/error.h>

#define FORECAST_HOURS_MAX 168

struct forecast_hour {
    double g_kwh, low, high;
};

/* A column that is known ahead (a wind or solar forecast): history and the hours to come. */
struct forecast_driver {
    const double *hourly; /* history_count + hours values, NaN unknown */
};

struct forecast_history {
    const double *hourly;  /* g/kWh, oldest first, NaN where unknown; the last is the hour before
                              the first one to be told */
    size_t count;
    long first_hour;       /* of the history: hours since 1970-01-01T00:00Z */
    const struct forecast_driver *drivers;
    size_t driver_count;   /* at most 4 */
};

/* Writes `hours` (at most FORECAST_HOURS_MAX). WATTLE_E_INVALID with less than two days. */
int forecast_make(const struct forecast_history *history, size_t hours, struct forecast_hour *ret,
                  struct wattle_error *err);

#endif
