/* SPDX-License-Identifier: MIT */
/*
 * The null driver: an ideal device that draws a constant power, on the host's
 * clock, and fails exactly when told to. For tests and demonstrations; used
 * only when WATTLE_SENSORS names it.
 *
 * Hardware: none. Counter: microjoules, exact. Wrap, resolution: as told.
 * Privilege: none. Source: this file.
 *
 * WATTLE_NULL (host->null_options) is a comma list; times are seconds after open:
 *   power=W        the power it draws (50)
 *   update=S       the counter moves every so often (0.001; 0: always)
 *   start=UJ       the count at open (0)
 *   wrap=UJ        the counter wraps to 0 at so many microjoules (never)
 *   gap=A..B       reads fail in between; up to eight times
 *   backwards=T    from T on its clock is one second behind
 *   frozen=T       from T on the counter stands still
 *   lost=T         from T on the device is gone
 *   reset=T        at T the counter restarts from 0, as after a driver reload
 *   jump=T:UJ      at T the counter jumps ahead, as after a move of a virtual machine
 *   count=N        so many devices, all alike (1)
 *   as=power       shows watts instead of counting joules
 *   domain=D       what it claims to see: wall platform package dram gpu rail (package)
 */
#include "sense/null.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "sense/sense.h"

#define DRIVER "null"
#define COUNT_MAX 64

void null_options_init(struct null_options *options)
{
    memset(options, 0, sizeof *options);
    options->power_w = 50;
    options->update_s = 0.001;
    options->backwards_s = WATTLE_UNKNOWN;
    options->frozen_s = WATTLE_UNKNOWN;
    options->lost_s = WATTLE_UNKNOWN;
    options->reset_s = WATTLE_UNKNOWN;
    options->jump_s = WATTLE_UNKNOWN;
    options->count = 1;
    options->domain = WATTLE_D_PACKAGE;
}

static bool parse_domain(const char *text, enum wattle_domain *ret)
{
    static const struct {
        const char *word;
        enum wattle_domain domain;
    } words[] = {
        {"wall", WATTLE_D_WALL}, {"platform", WATTLE_D_PLATFORM}, {"package", WATTLE_D_PACKAGE},
        {"dram", WATTLE_D_DRAM}, {"gpu", WATTLE_D_GPU},           {"rail", WATTLE_D_RAIL},
    };
    size_t i;

    for (i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text, words[i].word) == 0) {
            *ret = words[i].domain;
            return true;
        }
    }
    return false;
}

static bool parse_amount(const char *text, double limit, double *ret)
{
    return parse_double(text, ret) && *ret >= 0 && *ret <= limit;
}

static bool parse_gap(char *text, struct null_options *options)
{
    char *dots = strstr(text, "..");
    struct null_gap *gap = &options->gaps[options->gap_count];

    if (dots == NULL || options->gap_count == NULL_GAPS_MAX) {
        return false;
    }
    *dots = '\0';
    if (!parse_amount(text, 1e9, &gap->from_s) || !parse_amount(dots + 2, 1e9, &gap->to_s) ||
        gap->to_s < gap->from_s) {
        return false;
    }
    options->gap_count++;
    return true;
}

static bool parse_jump(char *text, struct null_options *options)
{
    char *colon = strchr(text, ':');

    if (colon == NULL) {
        return false;
    }
    *colon = '\0';
    return parse_amount(text, 1e9, &options->jump_s) &&
           parse_u64(colon + 1, strlen(colon + 1), &options->jump_uj);
}

static bool set_option(struct null_options *options, const char *key, char *value)
{
    const struct {
        const char *key;
        double *field;
        double limit;
    } amounts[] = {
        {"power", &options->power_w, 1e6},         {"update", &options->update_s, 1e6},
        {"backwards", &options->backwards_s, 1e9}, {"frozen", &options->frozen_s, 1e9},
        {"lost", &options->lost_s, 1e9},           {"reset", &options->reset_s, 1e9},
    };
    uint64_t count;
    size_t i;

    for (i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
        if (strcmp(key, amounts[i].key) == 0) {
            return parse_amount(value, amounts[i].limit, amounts[i].field);
        }
    }
    if (strcmp(key, "start") == 0) {
        return parse_u64(value, strlen(value), &options->start_uj);
    }
    if (strcmp(key, "wrap") == 0) {
        return parse_u64(value, strlen(value), &options->wrap_uj) && options->wrap_uj > 0;
    }
    if (strcmp(key, "gap") == 0) {
        return parse_gap(value, options);
    }
    if (strcmp(key, "jump") == 0) {
        return parse_jump(value, options);
    }
    if (strcmp(key, "count") == 0) {
        if (!parse_u64(value, strlen(value), &count) || count < 1 || count > COUNT_MAX) {
            return false;
        }
        options->count = (int)count;
        return true;
    }
    if (strcmp(key, "as") == 0) {
        options->as_power = strcmp(value, "power") == 0;
        return options->as_power;
    }
    return strcmp(key, "domain") == 0 && parse_domain(value, &options->domain);
}

int null_options_parse(const char *text, struct null_options *ret, struct wattle_error *err)
{
    null_options_init(ret);
    while (text != NULL && *text != '\0') {
        char word[96];
        size_t length = strcspn(text, ",");
        char *equals;

        if (length >= sizeof word) {
            return error_set(err, WATTLE_E_INVALID, "WATTLE_NULL: '%.40s...' is too long", text);
        }
        memcpy(word, text, length);
        word[length] = '\0';
        equals = strchr(word, '=');
        if (length > 0 && equals == NULL) {
            return error_set(err, WATTLE_E_INVALID, "WATTLE_NULL: '%s' has no value", word);
        }
        if (length > 0) {
            *equals = '\0';
            if (!set_option(ret, word, equals + 1)) {
                return error_set(err, WATTLE_E_INVALID, "WATTLE_NULL: '%.*s' means nothing",
                                 (int)length, text);
            }
        }
        text += length;
        text += *text == ',';
    }
    return 0;
}

enum wattle_reading_status null_count_uj(const struct null_options *options, double elapsed_s,
                                         uint64_t *ret_uj)
{
    double start_uj = (double)options->start_uj;
    double from_s = 0;
    double at_s = elapsed_s;
    double uj;
    size_t i;

    *ret_uj = 0;
    if (elapsed_s >= options->lost_s) {
        return WATTLE_READ_LOST;
    }
    for (i = 0; i < options->gap_count; i++) {
        if (elapsed_s >= options->gaps[i].from_s && elapsed_s < options->gaps[i].to_s) {
            return WATTLE_READ_FAILED;
        }
    }
    if (at_s > options->frozen_s) {
        at_s = options->frozen_s;
    }
    if (at_s >= options->reset_s) {
        from_s = options->reset_s;
        start_uj = 0;
    }
    if (options->update_s > 0) {
        /* The small addition keeps 0.3 / 0.1 from being 2.9999. */
        at_s = floor((at_s - from_s) / options->update_s + 1e-6) * options->update_s + from_s;
    }
    uj = start_uj + (at_s - from_s) * options->power_w * 1e6;
    if (at_s >= options->jump_s) {
        uj += (double)options->jump_uj;
    }
    if (options->wrap_uj > 0) {
        uj = fmod(uj, (double)options->wrap_uj);
    }
    *ret_uj = uj >= 1.8e19 ? UINT64_MAX : (uint64_t)(uj + 0.5);
    if (options->wrap_uj > 0 && *ret_uj >= options->wrap_uj) {
        *ret_uj = 0;
    }
    return WATTLE_READ_OK;
}

static int probe(const struct wattle_host *host, struct wattle_channel_list *found,
                 struct wattle_error *err)
{
    struct null_options options;
    struct wattle_channel channel;
    int code = null_options_parse(host->null_options, &options, err);
    int i;

    for (i = 0; code == 0 && i < options.count; i++) {
        wattle_channel_init(&channel, DRIVER);
        snprintf(channel.name, sizeof channel.name, DRIVER "-%d", i);
        snprintf(channel.source, sizeof channel.source, DRIVER ":%d", i);
        channel.kind = options.domain == WATTLE_D_DRAM      ? WATTLE_DRAM
                       : options.domain == WATTLE_D_GPU     ? WATTLE_GPU
                       : options.domain == WATTLE_D_PACKAGE ? WATTLE_CPU
                                                            : WATTLE_BOARD;
        channel.quantity = options.as_power ? WATTLE_Q_POWER : WATTLE_Q_ENERGY;
        channel.quality = options.as_power ? WATTLE_INTEGRATED : WATTLE_MEASURED;
        channel.domain = options.domain;
        channel.unit_index = i;
        channel.unit = options.as_power ? 1 : 1e-6;
        channel.range = options.wrap_uj;
        channel.update_period_s = options.update_s;
        channel.error_relative = 0;
        channel.error_w = 0;
        channel.usable = true;
        code = wattle_channel_add(found, &channel);
    }
    return code;
}

struct null_device {
    const struct wattle_host *host;
    struct null_options options;
    int64_t opened_ns;
    size_t count;
};

static int null_open(const struct wattle_host *host, const struct wattle_channel *channels,
                     size_t n, void **ret_state, struct wattle_error *err)
{
    struct null_device *device = calloc(1, sizeof *device);
    int code;

    (void)channels;
    *ret_state = NULL;
    if (device == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    code = null_options_parse(host->null_options, &device->options, err);
    if (code < 0) {
        free(device);
        return code;
    }
    device->host = host;
    device->opened_ns = clock_monotonic_ns(host);
    device->count = n;
    *ret_state = device;
    return 0;
}

static int null_read(void *state, struct wattle_reading *readings)
{
    struct null_device *device = state;
    const struct null_options *options = &device->options;
    int64_t now_ns = clock_monotonic_ns(device->host);
    double elapsed_s = clock_s(now_ns - device->opened_ns);
    size_t i;

    for (i = 0; i < device->count; i++) {
        struct wattle_reading *reading = &readings[i];

        reading->status = null_count_uj(options, elapsed_s, &reading->count);
        reading->t_ns = elapsed_s >= options->backwards_s ? now_ns - NS_PER_S : now_ns;
        reading->value = elapsed_s >= options->frozen_s ? 0 : options->power_w;
        reading->low = WATTLE_UNKNOWN;
        reading->high = WATTLE_UNKNOWN;
    }
    return 0;
}

static void null_close(void *state) { free(state); }

extern const struct wattle_sensor_driver sense_null;
const struct wattle_sensor_driver sense_null = {
    .abi = WATTLE_SENSOR_ABI,
    .name = DRIVER,
    .summary = "an ideal device without hardware, with faults on demand (WATTLE_NULL)",
    .flags = WATTLE_DRIVER_EXPLICIT,
    .probe = probe,
    .open = null_open,
    .read = null_read,
    .close = null_close,
};
