/* SPDX-License-Identifier: MIT */
/*
 * The chips below <sysfs>/class/hwmon, and the files they share: what amdgpu, intel_gpu, hwmon
 * and acpi_power have in common. Files and units: Documentation/hwmon/sysfs-interface.rst.
 */
#ifndef SENSE_HWMON_TREE_H
#define SENSE_HWMON_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include <wattle/sys/sensor.h>

struct hwmon_chip {
    unsigned number;
    char dir[200];    /* where its attributes are */
    char name[32];    /* "amdgpu", "coretemp", "power_meter" */
    char device[128]; /* the folder name of its device: a PCI address, an I2C address; "" if none */
};

/*
 * Calls visit for each chip, by ascending number (hwmon10 after hwmon9), of those names (a list
 * that ends with NULL) or, if that is NULL, of all. Stops at the first nonzero answer and returns
 * it. A machine without hwmon has no chips: 0.
 */
int hwmon_each(const struct wattle_host *host, const char *const *names,
               int (*visit)(void *user, const struct hwmon_chip *chip), void *user);

enum hwmon_class {
    HWMON_POWER,
    HWMON_ENERGY,
    HWMON_IN,
    HWMON_CURR,
    HWMON_TEMP,
    HWMON_FAN,
    HWMON_OTHER
};

struct hwmon_attribute {
    enum hwmon_class class;
    unsigned number;
    char item[24]; /* "input", "average", "label" */
};

/* Pure: the parts of a file name like "power12_average"; false for any other name. */
bool hwmon_parse_attribute(const char *file, struct hwmon_attribute *ret);

/* For each class of attribute in the folder the highest number, plus 1; 0: none. */
struct hwmon_counts {
    unsigned of[HWMON_OTHER];
};
void hwmon_count(const char *dir, struct hwmon_counts *ret);
bool hwmon_has(const char *dir, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Reads e.g. "power1_label"; "" when there is none. Control characters become blanks. */
void hwmon_label(const char *dir, char *ret, size_t size, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A positive number of a file, scaled; NaN if it is not there or not positive. */
double hwmon_positive(const char *dir, const char *file, double scale);

/* Pure: what a rail's label says hangs on it. */
struct hwmon_rail {
    enum wattle_kind kind;
    enum wattle_domain domain; /* the part that it is when there is no total beside it */
    bool total;                /* the supply of the whole board */
};
struct hwmon_rail hwmon_classify_rail(const char *label);

#endif
