/* SPDX-License-Identifier: MIT */
#include "sense/hwmon_reader.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

/* Temperatures and fans change slowly, and some chips take a millisecond to ask. */
enum { GAUGE_PERIOD_NS = 1000000000 };

struct form {
    enum wattle_quantity quantity;
    double unit; /* of the file, or of the product of the two */
    const char *first, *second;
};

static const struct form forms[HWMON_FORM_COUNT] = {
    [HWMON_FORM_ENERGY] = {WATTLE_Q_ENERGY, 1e-6, "energy%u_input", NULL},
    [HWMON_FORM_POWER_AVERAGE] = {WATTLE_Q_POWER, 1e-6, "power%u_average", NULL},
    [HWMON_FORM_POWER_INPUT] = {WATTLE_Q_POWER, 1e-6, "power%u_input", NULL},
    [HWMON_FORM_IN_CURR] = {WATTLE_Q_POWER, 1e-6, "in%u_input", "curr%u_input"},
    [HWMON_FORM_TEMP] = {WATTLE_Q_TEMPERATURE, 1e-3, "temp%u_input", NULL},
    [HWMON_FORM_FAN] = {WATTLE_Q_FAN, 1, "fan%u_input", NULL},
    [HWMON_FORM_BUSY] = {WATTLE_Q_UTILIZATION, 1e-2, "gpu_busy_percent", NULL},
    [HWMON_FORM_ZONE] = {WATTLE_Q_TEMPERATURE, 1e-3, "temp", NULL},
    [HWMON_FORM_IIO_POWER] = {WATTLE_Q_POWER, 1e-3, "in_power%u_input", NULL},
    [HWMON_FORM_IIO_IN_CURR] = {WATTLE_Q_POWER, 1e-6, "in_voltage%u_input",
                                "in_current%u_input"},
};

struct reader {
    enum hwmon_form form;
    bool zero_refused;
    bool lost;
    char path[256]; /* of a gauge, which is opened anew: it may be negative */
    struct counter_file files[2];
    double last_value;
    int64_t last_ns;
};

struct state {
    const struct wattle_host *host;
    size_t count;
    struct reader readers[];
};

/* The N of a file name is the only thing that varies, so the formats above are constants. */
static int file_path(char *ret, size_t size, const char *dir, const char *format, unsigned number)
{
    char name[40];
    const char *mark = strstr(format, "%u");
    int n;

    if (mark == NULL) {
        n = snprintf(ret, size, "%s/%s", dir, format);
    } else {
        snprintf(name, sizeof name, "%.*s%u%s", (int)(mark - format), format, number, mark + 2);
        n = snprintf(ret, size, "%s/%s", dir, name);
    }
    return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static bool is_gauge(enum hwmon_form form)
{
    return forms[form].quantity != WATTLE_Q_ENERGY && forms[form].quantity != WATTLE_Q_POWER;
}

static void reader_close(struct reader *reader)
{
    counter_file_close(&reader->files[0]);
    counter_file_close(&reader->files[1]);
}

static int reader_open(struct reader *reader, const struct wattle_host *host,
                       const struct wattle_channel *channel)
{
    unsigned number = (unsigned)channel->driver_data[HWMON_DATA_NUMBER];
    const struct form *form;
    char path[256];
    int failed;

    memset(reader, 0, sizeof *reader);
    reader->files[0].fd = reader->files[1].fd = -1;
    if (channel->driver_data[HWMON_DATA_FORM] >= HWMON_FORM_COUNT) {
        return -EINVAL;
    }
    reader->form = (enum hwmon_form)channel->driver_data[HWMON_DATA_FORM];
    reader->zero_refused = channel->driver_data[HWMON_DATA_ZERO_REFUSED] != 0;
    form = &forms[reader->form];
    failed = file_path(reader->path, sizeof reader->path, channel->driver_path, form->first,
                       number);
    if (failed != 0 || is_gauge(reader->form)) {
        return failed;
    }
    failed = counter_file_open(&reader->files[0], reader->path, !host->fake);
    if (failed == 0 && form->second != NULL) {
        failed = file_path(path, sizeof path, channel->driver_path, form->second, number);
        if (failed == 0) {
            failed = counter_file_open(&reader->files[1], path, !host->fake);
        }
    }
    if (failed != 0) {
        reader_close(reader);
    }
    return failed;
}

static int read_gauge(const struct reader *reader, double *ret)
{
    char text[32];
    int64_t value;
    ssize_t n = file_read(reader->path, text, sizeof text);

    if (n < 0) {
        return (int)n;
    }
    if (!parse_i64(text, (size_t)n, &value)) {
        return -EINVAL;
    }
    *ret = (double)value * forms[reader->form].unit;
    return 0;
}

/* A fan that says -1, or 10000 degrees, is a sensor that is not connected. */
static bool gauge_believable(enum wattle_quantity quantity, double value)
{
    switch (quantity) {
    case WATTLE_Q_TEMPERATURE:
        return value > -100 && value < 200;
    case WATTLE_Q_FAN:
        return value >= 0 && value < 100000;
    case WATTLE_Q_UTILIZATION:
        return value >= 0 && value <= 1;
    default:
        return true;
    }
}

/* 0 or -errno. */
static int reader_value(struct reader *reader, uint64_t *ret_count, double *ret_value)
{
    const struct form *form = &forms[reader->form];
    uint64_t first, second = 1;
    int failed;

    if (is_gauge(reader->form)) {
        failed = read_gauge(reader, ret_value);
        return failed == 0 && !gauge_believable(form->quantity, *ret_value) ? -ERANGE : failed;
    }
    failed = counter_file_read(&reader->files[0], &first);
    if (failed == 0 && form->second != NULL) {
        failed = counter_file_read(&reader->files[1], &second);
    }
    if (failed != 0) {
        return failed;
    }
    if (reader->zero_refused && (first == 0 || second == 0)) {
        return -EDOM;
    }
    *ret_count = first;
    *ret_value = (double)first * (double)second * form->unit;
    return 0;
}

static void read_one(const struct state *state, struct reader *reader, struct wattle_reading *ret)
{
    int failed;

    memset(ret, 0, sizeof *ret);
    ret->t_ns = clock_monotonic_ns(state->host);
    ret->value = ret->low = ret->high = WATTLE_UNKNOWN;
    if (reader->lost) {
        ret->status = WATTLE_READ_LOST;
        return;
    }
    if (is_gauge(reader->form) && reader->last_ns != 0 &&
        ret->t_ns - reader->last_ns < GAUGE_PERIOD_NS) {
        ret->t_ns = reader->last_ns;
        ret->value = reader->last_value;
        return;
    }
    failed = reader_value(reader, &ret->count, &ret->value);
    if (failed == 0) {
        reader->last_ns = ret->t_ns;
        reader->last_value = ret->value;
        if (forms[reader->form].quantity == WATTLE_Q_ENERGY) {
            ret->value = WATTLE_UNKNOWN;
        }
        return;
    }
    /* An open file of /sys says ENODEV for ever once its device is gone. A path that is not
     * there may come back. */
    reader->lost = failed == -ENODEV;
    ret->status = reader->lost ? WATTLE_READ_LOST : WATTLE_READ_FAILED;
    ret->count = 0;
    ret->value = WATTLE_UNKNOWN;
}

int hwmon_read(void *opaque, struct wattle_reading *readings)
{
    struct state *state = opaque;
    size_t lost = 0;
    size_t i;

    for (i = 0; i < state->count; i++) {
        read_one(state, &state->readers[i], &readings[i]);
        lost += state->readers[i].lost;
    }
    return lost > 0 && lost == state->count ? WATTLE_E_GONE : 0;
}

int hwmon_open(const struct wattle_host *host, const struct wattle_channel *channels, size_t n,
               void **ret_state, struct wattle_error *err)
{
    struct state *state = calloc(1, sizeof *state + n * sizeof state->readers[0]);
    size_t opened = 0;
    size_t i;

    *ret_state = NULL;
    if (state == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    state->host = host;
    state->count = n;
    for (i = 0; i < n; i++) {
        /* One that went away since probe is lost, the others are not. */
        state->readers[i].lost = reader_open(&state->readers[i], host, &channels[i]) != 0;
        opened += !state->readers[i].lost;
    }
    if (n > 0 && opened == 0) {
        hwmon_close(state);
        return error_set(err, WATTLE_E_GONE, "%s: the device is gone", channels[0].driver_path);
    }
    *ret_state = state;
    return 0;
}

void hwmon_close(void *opaque)
{
    struct state *state = opaque;
    size_t i;

    for (i = 0; state != NULL && i < state->count; i++) {
        reader_close(&state->readers[i]);
    }
    free(state);
}

static void explain(struct wattle_channel *channel, int failed)
{
    switch (failed) {
    case -EACCES:
    case -EPERM:
        snprintf(channel->reason, sizeof channel->reason, "permission denied");
        /* Like energy_uj of powercap: a group's, never everybody's (PLATYPUS). */
        snprintf(channel->remedy, sizeof channel->remedy,
                 "measure as root, or until the next boot: cd %.100s && chgrp wattle *_input && "
                 "chmod 0440 *_input",
                 channel->driver_path);
        break;
    case -EDOM:
        snprintf(channel->reason, sizeof channel->reason, "reads 0, which no live part draws");
        break;
    case -EINVAL:
        snprintf(channel->reason, sizeof channel->reason, "its file does not hold a number");
        break;
    default:
        snprintf(channel->reason, sizeof channel->reason, "cannot be read: %s",
                 strerror(-failed));
        break;
    }
    if (channel->remedy[0] == '\0') {
        snprintf(channel->remedy, sizeof channel->remedy,
                 "none known; see the kernel's log for its driver");
    }
}

void hwmon_channel_fill(const struct wattle_host *host, struct wattle_channel *channel,
                        const char *dir, enum hwmon_form form, unsigned number, bool zero_refused)
{
    struct reader reader;
    uint64_t count;
    double value;
    int n = snprintf(channel->driver_path, sizeof channel->driver_path, "%s", dir);
    int failed = n < 0 || (size_t)n >= sizeof channel->driver_path ? -ENAMETOOLONG : 0;

    channel->quantity = forms[form].quantity;
    channel->quality =
        channel->quantity == WATTLE_Q_POWER ? WATTLE_INTEGRATED : WATTLE_MEASURED;
    channel->unit = channel->quantity == WATTLE_Q_ENERGY ? forms[form].unit : 1;
    /* The kernel extends what the chip counts to 64 bits of microjoules: 584 000 years of 1 W. */
    channel->range = channel->quantity == WATTLE_Q_ENERGY ? UINT64_MAX : 0;
    channel->driver_data[HWMON_DATA_FORM] = form;
    channel->driver_data[HWMON_DATA_NUMBER] = number;
    channel->driver_data[HWMON_DATA_ZERO_REFUSED] = zero_refused;
    if (failed == 0) {
        failed = reader_open(&reader, host, channel);
        if (failed == 0) {
            failed = reader_value(&reader, &count, &value);
            reader_close(&reader);
        }
    }
    channel->usable = failed == 0;
    if (failed != 0) {
        explain(channel, failed);
    }
}
