/* SPDX-License-Identifier: MIT */
/*
 * wattle/sys/sensor.h - what the author of a sensor driver implements.
 *
 * The model. A driver is a const table. `probe` looks at a host and adds the
 * channels it finds: a channel is one readable thing (an energy counter, a
 * power, a temperature). Channels it sees but cannot use are added too, with
 * the reason and what a person can do about it. `open` prepares some of those
 * channels; `read` fills one reading for each, as raw as possible.
 *
 * A driver never integrates, never judges wraps or gaps, never prints, keeps
 * no globals, and takes every path, clock and vendor library from the host.
 * Integration, wrap and gap rules and overlap are the meter's (src/meter/).
 */
#ifndef WATTLE_SYS_SENSOR_H
#define WATTLE_SYS_SENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <wattle/energy.h>
#include <wattle/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WATTLE_SENSOR_ABI 1

/*
 * Where a machine's facts are read: the real one, or a folder in a test.
 * Borrowed by everything that takes it; it outlives the meter.
 */
struct wattle_host {
    const char *sysfs;  /* "/sys", or WATTLE_SYSFS */
    const char *procfs; /* "/proc", or WATTLE_PROCFS: machine facts only */
    const char *cgroup; /* "/sys/fs/cgroup", or WATTLE_CGROUP */
    const char *dev;    /* "/dev", or WATTLE_DEV */
    const char *nvml;   /* library to open; NULL: the system's; "none": do not try */
    const char *ipmi;   /* FreeIPMI to open, the same way */
    const char *replay; /* CSV for the replay driver; NULL: none */
    const char *null_options; /* "power=50,wrap=..." for the null driver; NULL: defaults */
    bool fake; /* sysfs is not this kernel's: leave the real perf, MSR, IPMI alone */

    /* Time. NULL functions mean the real clocks. Nanoseconds. */
    int64_t (*monotonic_ns)(void *user); /* CLOCK_MONOTONIC: stops in suspend */
    int64_t (*boottime_ns)(void *user);  /* CLOCK_BOOTTIME: does not */
    void *time_user;

    /*
     * perf and MSR, injectable so that discovery and arithmetic are tested
     * without hardware. NULL means the real system calls, unless `fake`, when
     * NULL means "there is none".
     * perf_open: a descriptor (or handle) or -errno. perf_read: 0 or -errno.
     * msr_open: a handle or -errno for the CPU. msr_read: 0 or -errno.
     */
    int (*perf_open)(void *user, uint32_t type, uint64_t config, int cpu);
    int (*perf_read)(void *user, int handle, uint64_t *ret_count);
    int (*msr_open)(void *user, int cpu);
    int (*msr_read)(void *user, int handle, uint32_t reg, uint64_t *ret_value);
    void (*handle_close)(void *user, int handle);
    void *io_user;

    const char *instance; /* type of the rented machine where DMI does not say it; NULL: unknown */

    const char *calibration; /* what `wattle calibrate` kept for the modelled driver; NULL: none */
};

enum wattle_quantity {
    WATTLE_Q_ENERGY = 0,      /* monotone counter, J after `unit` */
    WATTLE_Q_POWER = 1,       /* W */
    WATTLE_Q_TEMPERATURE = 2, /* degrees Celsius */
    WATTLE_Q_FAN = 3,         /* revolutions per minute */
    WATTLE_Q_UTILIZATION = 4, /* 0..1 */
    WATTLE_Q_CHARGE = 5       /* remaining energy of a battery, J */
};

/*
 * Which part of the machine a channel sees; decides what overlaps what.
 * Containment, outermost first: WALL > PLATFORM > (PACKAGE > CORE, UNCORE), DRAM, GPU, RAIL.
 * MODULE is a CPU and GPU on one board (GH200): it contains PACKAGE and GPU
 * of the same `unit_index`.
 */
enum wattle_domain {
    WATTLE_D_WALL = 0,     /* at the plug: BMC, ACPI power meter, PDU */
    WATTLE_D_PLATFORM = 1, /* after the supply: psys, battery discharge */
    WATTLE_D_MODULE = 2,
    WATTLE_D_PACKAGE = 3,
    WATTLE_D_CORE = 4,
    WATTLE_D_UNCORE = 5,
    WATTLE_D_DRAM = 6,
    WATTLE_D_GPU = 7,
    WATTLE_D_RAIL = 8, /* one supply rail, with no claim about what hangs on it */
    WATTLE_D_NONE = 9  /* temperatures, fans: nothing to add up */
};

struct wattle_channel {
    char name[WATTLE_NAME_MAX];     /* unique among the counted: "package-0", "dram-0", "gpu-0" */
    char source[WATTLE_SOURCE_MAX]; /* "powercap:intel-rapl:0" */
    char device[WATTLE_NAME_MAX];   /* model name or UUID; "" if unknown */
    char key[WATTLE_SOURCE_MAX];    /* physical identity (a realpath, a UUID, a PCI id); a key
                                       seen twice is one thing reached twice. "" = none */
    const char *driver;             /* the driver table's name */
    enum wattle_kind kind;
    enum wattle_quantity quantity;
    enum wattle_domain domain;
    enum wattle_quality quality; /* of a good reading: measured, integrated or modelled */
    int unit_index;              /* socket, die-linear or GPU number inside the domain; 0.. */
    double unit;                 /* J (or W, C, rpm) per count */
    uint64_t range;              /* count at which the counter wraps to 0 (the modulus); 0 unknown,
                                    UINT64_MAX never in practice */
    double update_period_s;      /* nominal time between two updates; the sampler reads a driver
                                    no more often than its fastest channel changes */
    double averaging_s;          /* WATTLE_Q_POWER: the value is a mean over so many seconds; 0: an
                                    instant; < 0: since the previous read */
    double max_power_w;          /* nothing real draws more; NaN unknown */
    double idle_share;           /* power at rest over power at full use, where the driver knows;
                                    NaN unknown */
    double error_relative;       /* 90 % half width of a good reading, relative; source in driver */
    double error_w;              /* the same, absolute, added */
    bool usable;
    char reason[WATTLE_REASON_MAX]; /* why not, when not usable; else "" or a remark */
    char remedy[WATTLE_REASON_MAX]; /* what a person can do: a rule, a group, a setcap line */
    uint64_t driver_data[4];        /* the driver's own: indices, config codes, CPU number */
    char driver_path[WATTLE_REASON_MAX]; /* the driver's own: path to read */
};

enum wattle_reading_status {
    WATTLE_READ_OK = 0,
    WATTLE_READ_FAILED = 1, /* this time; may work again */
    WATTLE_READ_LOST = 2    /* the device is gone; the driver need not be asked again */
};

struct wattle_reading {
    int64_t t_ns;     /* host monotonic time at which the value was taken */
    uint64_t count;   /* WATTLE_Q_ENERGY: raw count */
    double value;     /* every other quantity: in W, C, rpm, 0..1, J */
    double low, high; /* WATTLE_Q_POWER: 90 % bounds if better known than the channel's
                         error_relative; else NaN */
    enum wattle_reading_status status;
};

/* What start-up calibration found about one open channel; NaN where unknown. */
struct wattle_calibration {
    double call_s;          /* median cost of one read */
    double update_period_s; /* observed */
    double step;            /* smallest observed step, in J or W */
};

/* Energy use of one process as a device sees it. */
struct wattle_device_process {
    pid_t pid;
    double utilization; /* 0..1 of the device since the last call; NaN unknown */
    uint64_t memory_bytes;
};

struct wattle_channel_list; /* grown by wattle_channel_add */

/*
 * Copies `channel` into the list. Returns 0 or WATTLE_E_NOMEM.
 * Unset strings may be "", unset doubles must be NaN (start from wattle_channel_init).
 */
WATTLE_API int wattle_channel_add(struct wattle_channel_list *list,
                                  const struct wattle_channel *channel);
WATTLE_API void wattle_channel_init(struct wattle_channel *channel, const char *driver);

enum {
    WATTLE_DRIVER_EXPLICIT = 1, /* used only when WATTLE_SENSORS names it (null, replay) */
    WATTLE_DRIVER_SLOW = 2      /* probe or open may take over a millisecond: do it off-thread */
};

struct wattle_sensor_driver {
    int abi; /* WATTLE_SENSOR_ABI */
    const char *name;
    const char *summary; /* one line for people */
    unsigned flags;

    /* Mandatory. Adds every channel seen. Nothing found is success. Must not block on hardware
     * that may hang for more than 200 ms. Thread: any, one at a time for a host. */
    int (*probe)(const struct wattle_host *host, struct wattle_channel_list *found,
                 struct wattle_error *err);

    /* Mandatory. Opens `n` channels that probe returned as usable. *ret_state is the driver's. */
    int (*open)(const struct wattle_host *host, const struct wattle_channel *channels, size_t n,
                void **ret_state, struct wattle_error *err);

    /* Mandatory. Fills n readings in the order of open. Hot: no allocation, no lock. Returns 0,
     * also when single readings failed (their status says so); < 0 if none can ever work again. */
    int (*read)(void *state, struct wattle_reading *readings);

    /* Mandatory. Takes NULL. */
    void (*close)(void *state);

    /* Optional. Measures call cost, update period and step; at most `budget_s` long. `ret` holds
     * one entry for each open channel, in the order of open. */
    int (*calibrate)(void *state, double budget_s, struct wattle_calibration *ret);

    /* Optional. Processes on the device of open channel `i` since the last call. Returns the
     * number written (<= max) or a negative code (WATTLE_E_UNSUPPORTED on MIG, say). */
    int (*processes)(void *state, size_t i, struct wattle_device_process *ret, size_t max);
};

#ifdef __cplusplus
}
#endif
#endif
