/* SPDX-License-Identifier: MIT */
/*
 * bench_forecast DIR: day-ahead error of the carbon forecast on hourly traces (2020-01-01 to
 * 2021-12-31, ZONE.csv with ci_direct_g and ci_lifecycle_g), issued at 00:00 UTC of each day of
 * July to December 2021 from the past alone, beside naive methods in the same run and the
 * published figures of DACF (Maji et al. 2022), whose forecasts use weather and generation data.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "carbon/forecast.h"
#include "carbon/trace.h"

enum { DAYS_AHEAD = 4, HOURS = 24 * DAYS_AHEAD };

struct zone {
    const char *file, *column;
    double target, dacf; /* NaN: none */
};

static const struct zone zones[] = {
    {"CISO", "ci_direct_g", 9.0, 7.41},  {"PJM", "ci_direct_g", 3.1, 3.30},
    {"ERCO", "ci_direct_g", 12.3, 8.05}, {"ISNE", "ci_direct_g", 4.6, 4.44},
    {"SE", "ci_direct_g", 6.8, 6.47},    {"DE", "ci_lifecycle_g", 12.5, 9.08},
    {"BPAT", "ci_direct_g", NAN, NAN},   {"ES", "ci_direct_g", NAN, NAN},
    {"FPL", "ci_direct_g", NAN, NAN},    {"NL", "ci_direct_g", NAN, NAN},
    {"NYISO", "ci_direct_g", NAN, NAN},  {"PL", "ci_direct_g", NAN, NAN},
    {"AUS_QLD", "ci_direct_g", NAN, NAN}};

struct score {
    double error[DAYS_AHEAD];
    double naive, week, holt_winters;
    double covered, width;
    double count[DAYS_AHEAD];
    double seconds, forecasts;
};

/* Additive Holt-Winters with a day's season, the usual fixed constants. */
static double holt_winters(const double *y, size_t now, size_t ahead)
{
    const double alpha = 0.3, gamma = 0.3;
    double season[24], level = 0;
    size_t from = now - 28 * 24, i;

    for (i = 0; i < 24; i++) {
        level += y[from + i] / 24;
    }
    for (i = 0; i < 24; i++) {
        season[i] = y[from + i] - level;
    }
    for (i = 24; i < 28 * 24; i++) {
        double old = level;

        level = alpha * (y[from + i] - season[i % 24]) + (1 - alpha) * level;
        season[i % 24] = gamma * (y[from + i] - old) + (1 - gamma) * season[i % 24];
    }
    return level + season[ahead % 24];
}

static void judge(const double *y, size_t now, size_t count, const struct forecast_hour *told,
                  struct score *score)
{
    size_t ahead, day;

    for (ahead = 0; ahead < HOURS && now + ahead < count; ahead++) {
        double truth = y[now + ahead];
        double week = 0;

        if (isnan(truth) || truth <= 0) {
            continue;
        }
        score->error[ahead / 24] += fabs(told[ahead].g_kwh - truth) / truth;
        score->count[ahead / 24] += 1;
        if (ahead >= 24) {
            continue;
        }
        for (day = 1; day <= 7; day++) {
            week += y[now - day * 24 + ahead] / 7;
        }
        score->naive += fabs(y[now - 24 + ahead] - truth) / truth;
        score->week += fabs(week - truth) / truth;
        score->holt_winters += fabs(holt_winters(y, now, ahead) - truth) / truth;
        score->covered += truth >= told[ahead].low && truth <= told[ahead].high;
        score->width += (told[ahead].high - told[ahead].low) / told[ahead].g_kwh;
    }
}

static int run_zone(const char *folder, const struct zone *zone)
{
    struct carbon_trace trace;
    struct wattle_error err;
    struct score s;
    struct forecast_hour told[HOURS];
    char path[512];
    double *y;
    size_t count, now, i;
    int64_t july;

    snprintf(path, sizeof path, "%s/%s.csv", folder, zone->file);
    if (carbon_trace_read(path, zone->column, &trace, &err) != 0) {
        fprintf(stderr, "bench_forecast: %s\n", err.text);
        return 1;
    }
    count = (size_t)((trace.start_s[trace.count - 1] - trace.start_s[0]) / 3600) + 1;
    y = malloc(count * sizeof *y);
    if (y == NULL) {
        return 1;
    }
    carbon_trace_hourly(&trace, trace.start_s[0], INT64_MAX, y, count);
    for (i = 24; i < count; i++) {
        y[i] = isnan(y[i]) ? y[i - 24] : y[i];
    }
    clock_parse_rfc3339("2021-07-01T00:00:00Z", &july);
    memset(&s, 0, sizeof s);
    for (now = (size_t)((july / NS_PER_S - trace.start_s[0]) / 3600); now + 24 <= count;
         now += 24) {
        struct forecast_history history = {
            .hourly = y, .count = now, .first_hour = (long)(trace.start_s[0] / 3600)};
        int64_t before = clock_monotonic_ns(NULL);

        if (forecast_make(&history, HOURS, told, &err) != 0) {
            fprintf(stderr, "bench_forecast: %s: %s\n", zone->file, err.text);
            return 1;
        }
        s.seconds += clock_s(clock_monotonic_ns(NULL) - before);
        s.forecasts += 1;
        judge(y, now, count, told, &s);
    }
    printf("%-8s %6.2f %6.1f %6.2f %6.2f %6.2f %6.2f | %5.1f %5.1f %5.1f | %5.0f %6.0f | %6.0f\n",
           zone->file, 100 * s.error[0] / s.count[0], zone->target, 100 * s.naive / s.count[0],
           100 * s.week / s.count[0], 100 * s.holt_winters / s.count[0], zone->dacf,
           100 * s.error[1] / s.count[1], 100 * s.error[2] / s.count[2],
           100 * s.error[3] / s.count[3], 100 * s.covered / s.count[0],
           100 * s.width / s.count[0], 1e3 * s.seconds / s.forecasts);
    free(y);
    carbon_trace_finish(&trace);
    return 0;
}

int main(int argc, char **argv)
{
    size_t i;
    int failed = 0;

    if (argc < 2) {
        fprintf(stderr, "usage: bench_forecast FOLDER [ZONE]\n");
        return 2;
    }
    printf("day-1 MAPE %%, July to December 2021, issued 00:00 UTC; days 2 to 4; 90 %% interval;"
           " one fit and forecast of 96 h\n");
    printf("%-8s %6s %6s %6s %6s %6s %6s | %5s %5s %5s | %5s %6s | %6s\n", "zone", "wattle",
           "target", "naive", "7-day", "HoltW", "DACF", "day2", "day3", "day4", "cover", "width",
           "ms");
    for (i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        if (argc < 3 || strcmp(argv[2], zones[i].file) == 0) {
            failed |= run_zone(argv[1], &zones[i]);
            fflush(stdout);
        }
    }
    return failed;
}
