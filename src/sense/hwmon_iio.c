/* SPDX-License-Identifier: MIT */
/*
 * INA3221 as NVIDIA's kernel 4 shows it on Jetson TX1, TX2, Nano and Xavier:
 * <sysfs>/bus/i2c/drivers/ina3221x/1-0040/iio:device0/{rail_name_0,in_power0_input} in mW.
 */
#include "sense/hwmon.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/host.h"

enum { FOLDERS_MAX = 32, RAILS = 3 };

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Folder names of `dir` that begin with `prefix` ("": a digit, as an I2C address does). */
static size_t list_folders(const char *dir, const char *prefix, char (*ret)[64])
{
    struct dirent *entry;
    size_t count = 0;
    DIR *stream = opendir(dir);

    while (stream != NULL && count < FOLDERS_MAX && (entry = readdir(stream)) != NULL) {
        const char *name = entry->d_name;

        if ((prefix[0] != '\0' ? strncmp(name, prefix, strlen(prefix)) == 0
                               : name[0] >= '0' && name[0] <= '9') &&
            strlen(name) < sizeof ret[0]) {
            memcpy(ret[count++], name, strlen(name) + 1);
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
    qsort(ret, count, sizeof ret[0], compare_names);
    return count;
}

static int add_rails(struct hwmon_probe *probe, const char *dir, const char *address)
{
    int code = 0;
    unsigned i;

    for (i = 0; i < RAILS && code == 0; i++) {
        struct hwmon_place place = {.chip = "ina3221x", .device = address, .dir = dir,
                                    .number = i, .form = HWMON_FORM_IIO_POWER};

        if (!hwmon_has(dir, "in_power%u_input", i)) {
            if (!hwmon_has(dir, "in_voltage%u_input", i) ||
                !hwmon_has(dir, "in_current%u_input", i)) {
                continue;
            }
            place.form = HWMON_FORM_IIO_IN_CURR;
        }
        hwmon_label(dir, place.label, sizeof place.label, "rail_name_%u", i);
        if (strcmp(place.label, "NC") == 0) {
            continue; /* "not connected" */
        }
        snprintf(place.file, sizeof place.file, "in_power%u_input", i);
        code = hwmon_add_rail(probe, &place);
    }
    return code;
}

int hwmon_add_iio(struct hwmon_probe *probe)
{
    char chips[FOLDERS_MAX][64], devices[FOLDERS_MAX][64];
    char root[200];
    size_t chip_count, i;
    int code = 0;

    if (host_path(root, sizeof root, probe->host->sysfs, "bus/i2c/drivers/ina3221x") < 0) {
        return 0;
    }
    chip_count = list_folders(root, "", chips);
    for (i = 0; i < chip_count && code == 0; i++) {
        char dir[220], place[240];
        size_t device_count, j;

        if (host_path(dir, sizeof dir, root, "%s", chips[i]) < 0) {
            continue;
        }
        device_count = list_folders(dir, "iio", devices);
        for (j = 0; j < device_count && code == 0; j++) {
            if (host_path(place, sizeof place, dir, "%s", devices[j]) >= 0) {
                code = add_rails(probe, place, chips[i]);
            }
        }
    }
    return code;
}
