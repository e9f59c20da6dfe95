/* SPDX-License-Identifier: MIT */
/* What a battery's files mean; pure. */
#ifndef SENSE_BATTERY_H
#define SENSE_BATTERY_H

#include <stdbool.h>
#include <stdint.h>

/* The files of one power_supply, in their microunits; INT64_MIN where absent. */
#define BATTERY_ABSENT INT64_MIN
struct battery_values {
    int64_t power_now_uw;
    int64_t current_now_ua;
    int64_t voltage_now_uv;
    int64_t voltage_design_uv;
    int64_t energy_now_uwh;
    int64_t charge_now_uah;
};

enum battery_status {
    BATTERY_UNKNOWN = 0,
    BATTERY_DISCHARGING,
    BATTERY_CHARGING,
    BATTERY_RESTING /* "Full" or "Not charging" */
};

enum battery_status battery_parse_status(const char *text);
/* What leaves (or enters) the battery in W, sign dropped; NaN if the files do not say or say 0. */
double battery_power_w(const struct battery_values *values);
/* What is in it, in J; NaN unknown. */
double battery_charge_j(const struct battery_values *values);

#endif
