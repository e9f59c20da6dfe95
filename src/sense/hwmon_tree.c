/* SPDX-License-Identifier: MIT */
#include "sense/hwmon_tree.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/host.h"

/* Far above any machine; a bound, so that a folder full of nonsense ends. */
enum { CHIPS_MAX = 512 };

static int compare_unsigned(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

    return (x > y) - (x < y);
}

static bool parse_digits(const char **text, unsigned *ret)
{
    unsigned value = 0;
    int digits = 0;

    while (isdigit((unsigned char)**text) && digits < 6) {
        value = value * 10 + (unsigned)(*(*text)++ - '0');
        digits++;
    }
    *ret = value;
    return digits > 0;
}

static size_t list_numbers(const char *dir, unsigned *ret, size_t max)
{
    struct dirent *entry;
    size_t count = 0;
    DIR *stream = opendir(dir);

    if (stream == NULL) {
        return 0;
    }
    while (count < max && (entry = readdir(stream)) != NULL) {
        const char *rest = entry->d_name + 5;

        if (strncmp(entry->d_name, "hwmon", 5) == 0 && parse_digits(&rest, &ret[count]) &&
            *rest == '\0') {
            count++;
        }
    }
    closedir(stream);
    qsort(ret, count, sizeof ret[0], compare_unsigned);
    return count;
}

static void blank_controls(char *text)
{
    for (; *text != '\0'; text++) {
        if (iscntrl((unsigned char)*text)) {
            *text = ' ';
        }
    }
}

/* The last part of where <dir>/device leads: in a fake machine it may be a plain folder. */
static void device_name(const char *dir, char *ret, size_t size)
{
    char path[PATH_MAX], real[PATH_MAX];
    const char *slash;

    ret[0] = '\0';
    if (host_path(path, sizeof path, dir, "device") < 0 || realpath(path, real) == NULL) {
        return;
    }
    slash = strrchr(real, '/');
    if (slash != NULL && strcmp(slash, "/device") != 0) {
        snprintf(ret, size, "%s", slash + 1);
    }
}

static bool chip_at(const char *root, unsigned number, struct hwmon_chip *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->number = number;
    if (host_path(ret->dir, sizeof ret->dir, root, "hwmon%u", number) < 0) {
        return false;
    }
    /* Drivers of before 2013, and the ACPI power meter until Linux 6.x, keep their files one
     * folder further. */
    if (file_read_line(ret->dir, "name", ret->name, sizeof ret->name) <= 0) {
        size_t length = strlen(ret->dir);

        if (length + sizeof "/device" > sizeof ret->dir) {
            return false;
        }
        memcpy(ret->dir + length, "/device", sizeof "/device");
        if (file_read_line(ret->dir, "name", ret->name, sizeof ret->name) <= 0) {
            return false;
        }
    }
    blank_controls(ret->name);
    return true;
}

static bool in_list(const char *name, const char *const *names)
{
    if (names == NULL) {
        return true;
    }
    while (*names != NULL && strcmp(name, *names) != 0) {
        names++;
    }
    return *names != NULL;
}

int hwmon_each(const struct wattle_host *host, const char *const *names,
               int (*visit)(void *user, const struct hwmon_chip *chip), void *user)
{
    unsigned numbers[CHIPS_MAX];
    char root[PATH_MAX], link[PATH_MAX];
    size_t count, i;
    int code = 0;

    if (host_path(root, sizeof root, host->sysfs, "class/hwmon") < 0) {
        return 0;
    }
    count = list_numbers(root, numbers, CHIPS_MAX);
    for (i = 0; i < count && code == 0; i++) {
        struct hwmon_chip chip;

        if (chip_at(root, numbers[i], &chip) && in_list(chip.name, names) &&
            host_path(link, sizeof link, root, "hwmon%u", numbers[i]) >= 0) {
            device_name(link, chip.device, sizeof chip.device);
            code = visit(user, &chip);
        }
    }
    return code;
}

bool hwmon_parse_attribute(const char *file, struct hwmon_attribute *ret)
{
    static const struct {
        const char *prefix;
        enum hwmon_class class;
    } classes[] = {{"power", HWMON_POWER}, {"energy", HWMON_ENERGY}, {"in", HWMON_IN},
                   {"curr", HWMON_CURR},   {"temp", HWMON_TEMP},     {"fan", HWMON_FAN}};
    size_t i;

    for (i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        size_t length = strlen(classes[i].prefix);
        const char *rest = file + length;

        if (strncmp(file, classes[i].prefix, length) == 0 && parse_digits(&rest, &ret->number) &&
            *rest == '_' && rest[1] != '\0' && strlen(rest + 1) < sizeof ret->item) {
            ret->class = classes[i].class;
            memcpy(ret->item, rest + 1, strlen(rest + 1) + 1);
            return true;
        }
    }
    return false;
}

void hwmon_count(const char *dir, struct hwmon_counts *ret)
{
    struct hwmon_attribute attribute;
    struct dirent *entry;
    DIR *stream = opendir(dir);

    memset(ret, 0, sizeof *ret);
    if (stream == NULL) {
        return;
    }
    while ((entry = readdir(stream)) != NULL) {
        if (hwmon_parse_attribute(entry->d_name, &attribute) &&
            attribute.number >= ret->of[attribute.class]) {
            ret->of[attribute.class] = attribute.number + 1;
        }
    }
    closedir(stream);
}

bool hwmon_has(const char *dir, const char *format, ...)
{
    char name[64], path[PATH_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    return host_path(path, sizeof path, dir, "%s", name) >= 0 && access(path, F_OK) == 0;
}

void hwmon_label(const char *dir, char *ret, size_t size, const char *format, ...)
{
    char name[64];
    va_list args;

    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    if (file_read_line(dir, name, ret, size) < 0) {
        ret[0] = '\0';
    }
    blank_controls(ret);
}

double hwmon_positive(const char *dir, const char *file, double scale)
{
    uint64_t value;

    return file_read_u64(dir, file, &value) == 0 && value > 0 ? (double)value * scale
                                                              : WATTLE_UNKNOWN;
}

static bool contains(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (; *text != '\0'; text++) {
        size_t i;

        for (i = 0; i < length && toupper((unsigned char)text[i]) == word[i]; i++) {
        }
        if (i == length) {
            return true;
        }
    }
    return false;
}

/*
 * Labels of NVIDIA's Jetson boards (Jetson Linux Developer Guide, "Power monitor"): POM_5V_IN and
 * VDD_IN are the module's input; CPU, GPU and memory rails go by their names, and a rail with two
 * of them belongs to neither. "Total System Power" is Apple's (macsmc-hwmon), "System" OpenPOWER's
 * (ibmpowernv).
 */
struct hwmon_rail hwmon_classify_rail(const char *label)
{
    struct hwmon_rail rail = {.kind = WATTLE_BOARD, .domain = WATTLE_D_RAIL, .total = false};
    bool cpu = contains(label, "CPU"), gpu = contains(label, "GPU");
    bool memory = contains(label, "DDR") || contains(label, "VDDQ") || contains(label, "DRAM");

    if (contains(label, "VDD_IN") || contains(label, "5V_IN") ||
        contains(label, "TOTAL SYSTEM POWER") || strcmp(label, "System") == 0) {
        rail.domain = WATTLE_D_PLATFORM;
        rail.total = true;
    } else if (cpu + gpu + memory != 1) {
        return rail;
    } else if (cpu) {
        rail.kind = WATTLE_CPU;
        rail.domain = WATTLE_D_PACKAGE;
    } else if (gpu) {
        rail.kind = WATTLE_GPU;
        rail.domain = WATTLE_D_GPU;
    } else {
        rail.kind = WATTLE_DRAM;
        rail.domain = WATTLE_D_DRAM;
    }
    return rail;
}
