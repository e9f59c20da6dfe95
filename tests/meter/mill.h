/* SPDX-License-Identifier: MIT */
/* A machine for tests: a table of sensors whose counts, powers and clock the test turns by hand. */
#ifndef TESTS_METER_MILL_H
#define TESTS_METER_MILL_H

#include <stdatomic.h>

#include "meter/state.h"

#define MILL_CHANNELS_MAX 8

struct mill_channel {
    enum wattle_domain domain;
    enum wattle_quantity quantity;
    enum wattle_quality quality;
    int unit_index;
    double max_power_w;
    double period_s;
    double averaging_s;
    bool unusable;
    /* now */
    uint64_t count; /* microjoules */
    double value;
    enum wattle_reading_status status;
};

/* The one thing that must be global: a driver's functions get no user pointer before open. It is
 * reached through host.time_user. */
struct mill {
    struct wattle_host host;
    int64_t t_ns;
    int64_t asleep_ns;
    int64_t driver_clock_ns; /* the driver's clock is so much ahead */
    bool real_time;
    struct mill_channel channels[MILL_CHANNELS_MAX];
    size_t count;
    atomic_int reads;
    bool refuse_open;
    char procfs[128];
};

extern const struct wattle_sensor_driver mill_driver;      /* channels of domain != GPU */
extern const struct wattle_sensor_driver mill_slow_driver; /* those of domain GPU */

void mill_init(struct mill *mill);
size_t mill_add(struct mill *mill, enum wattle_domain domain, int unit_index,
                enum wattle_quantity quantity);
int mill_open(struct mill *mill, struct wattle_meter **ret, const char *memory_path);
/* Time goes on by dt_s, counters by watts[i] x dt_s, powers become watts[i]; then a round. */
void mill_turn(struct mill *mill, struct wattle_meter *meter, double dt_s, const double *watts);

#endif
