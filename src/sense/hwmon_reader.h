/* SPDX-License-Identifier: MIT */
/* Reading channels that are one file, or the product of two, in a folder of /sys. */
#ifndef SENSE_HWMON_READER_H
#define SENSE_HWMON_READER_H

#include <wattle/sys/sensor.h>

/* Which files a channel reads; channel.driver_data[HWMON_DATA_FORM]. */
enum hwmon_form {
    HWMON_FORM_ENERGY = 0,    /* energyN_input, uJ */
    HWMON_FORM_POWER_AVERAGE, /* powerN_average, uW */
    HWMON_FORM_POWER_INPUT,   /* powerN_input, uW */
    HWMON_FORM_IN_CURR,       /* inN_input mV * currN_input mA */
    HWMON_FORM_TEMP,          /* tempN_input, 0.001 degree */
    HWMON_FORM_FAN,           /* fanN_input, rpm */
    HWMON_FORM_BUSY,          /* gpu_busy_percent */
    HWMON_FORM_ZONE,          /* temp of a thermal zone, 0.001 degree */
    HWMON_FORM_IIO_POWER,     /* in_powerN_input, mW */
    HWMON_FORM_IIO_IN_CURR,   /* in_voltageN_input mV * in_currentN_input mA */
    HWMON_FORM_COUNT
};

/* channel.driver_data: form, number N, and whether 0 is a refusal rather than a power. */
enum { HWMON_DATA_FORM = 0, HWMON_DATA_NUMBER = 1, HWMON_DATA_ZERO_REFUSED = 2 };

/*
 * Fills what the form decides: quantity, quality, unit, range, driver_path and driver_data, and
 * tries one reading: a channel that cannot be read is unusable with reason and remedy. `dir` is
 * the folder of the files.
 */
void hwmon_channel_fill(const struct wattle_host *host, struct wattle_channel *channel,
                        const char *dir, enum hwmon_form form, unsigned number,
                        bool zero_refused);

/* Three members of a driver table. */
int hwmon_open(const struct wattle_host *host, const struct wattle_channel *channels, size_t n,
               void **ret_state, struct wattle_error *err);
int hwmon_read(void *state, struct wattle_reading *readings);
void hwmon_close(void *state);

#endif
