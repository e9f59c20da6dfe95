/* SPDX-License-Identifier: MIT */
/* The folders and files of a machine. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine.h"

#define POWERCAP "sys/class/powercap"
#define DEVICES "sys/devices/virtual/powercap"

void machine_zone_dir(const struct machine *machine, const char *zone, char *ret, size_t size)
{
    size_t used;
    const char *p = strchr(zone, ':');

    if (machine->layout == LAYOUT_FLAT || p == NULL) {
        snprintf(ret, size, POWERCAP "/%s", zone);
        return;
    }
    used = (size_t)snprintf(ret, size, "%s/%.*s",
                            machine->layout == LAYOUT_KERNEL ? DEVICES : POWERCAP,
                            (int)(p - zone), zone);
    while (p != NULL && used < size) {
        p = strchr(p + 1, ':');
        used += (size_t)snprintf(ret + used, size - used, "/%.*s",
                                 p != NULL ? (int)(p - zone) : (int)strlen(zone), zone);
    }
}

static bool make_parents(char *path)
{
    char *p;

    for (p = path + 1; *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            if (mkdir(path, 0755) != 0 && errno != EEXIST) {
                return false;
            }
            *p = '/';
        }
    }
    return true;
}

static bool put(const char *root, const char *file, const char *text, size_t size,
                enum machine_writing writing)
{
    char path[700], temporary[720];
    bool renamed = writing == WRITE_RENAME;
    bool ok;
    int fd;

    snprintf(path, sizeof path, "%s/%s", root, file);
    snprintf(temporary, sizeof temporary, "%s.new", path);
    fd = open(renamed ? temporary : path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 && errno == ENOENT && make_parents(path)) {
        fd = open(renamed ? temporary : path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    }
    if (fd < 0) {
        return false;
    }
    ok = write(fd, text, size) == (ssize_t)size;
    close(fd);
    return ok && (!renamed || rename(temporary, path) == 0);
}

static bool put_text(const char *root, const char *file, const char *text)
{
    return put(root, file, text, strlen(text), WRITE_TRUNCATE);
}

static void write_counter(const struct machine *machine, const struct machine_counter *counter,
                          const char *root, double t_s)
{
    char text[48], path[700];
    int n = snprintf(text, sizeof text, "%llu%s",
                     (unsigned long long)machine_count_uj(counter, t_s),
                     machine->writing == WRITE_NO_NEWLINE ? "" : "\n");
    size_t i;

    for (i = 0; i < counter->fault_count; i++) {
        const struct machine_fault *fault = &counter->faults[i];

        if (fault->kind == FAULT_SET || t_s < fault->from_s || t_s >= fault->to_s) {
            continue;
        }
        if (fault->kind == FAULT_MISSING) {
            snprintf(path, sizeof path, "%s/%s", root, counter->file);
            unlink(path);
            return;
        }
        n = snprintf(text, sizeof text, "%s",
                     fault->kind == FAULT_EMPTY  ? ""
                     : fault->kind == FAULT_ZERO ? "0\n"
                                                 : "Input/output error\n");
    }
    put(root, counter->file, text, (size_t)n, machine->writing);
}

void machine_write(const struct machine *machine, const char *root, double t_s)
{
    size_t i;

    for (i = 0; i < machine->counter_count; i++) {
        write_counter(machine, &machine->counters[i], root, t_s);
    }
}

static bool build_zone(const struct machine *machine, const json_t *zone, const char *root)
{
    const char *range = manifest_word(zone, "range");
    char dir[300], file[360], text[64];
    bool ok;

    machine_zone_dir(machine, manifest_word(zone, "zone"), dir, sizeof dir);
    snprintf(file, sizeof file, "%s/name", dir);
    snprintf(text, sizeof text, "%s\n", manifest_word(zone, "name"));
    ok = put_text(root, file, text);
    if (strcmp(range, "missing") != 0) {
        snprintf(file, sizeof file, "%s/max_energy_range_uj", dir);
        snprintf(text, sizeof text, "%.0f\n", manifest_number(zone, "range_uj", 262143328850.0));
        ok = put_text(root, file, range[0] != '\0' ? range : text) && ok;
    }
    if (manifest_number(zone, "max_power_w", 0) > 0) {
        snprintf(file, sizeof file, "%s/constraint_0_max_power_uw", dir);
        snprintf(text, sizeof text, "%.0f\n", manifest_number(zone, "max_power_w", 0) * 1e6);
        ok = put_text(root, file, text) && ok;
    }
    return ok;
}

static bool make_link(const char *root, const char *file, const char *target)
{
    char path[700];

    snprintf(path, sizeof path, "%s/%s", root, file);
    return make_parents(path) && symlink(target, path) == 0;
}

/* What the kernel puts into class/powercap: a flat link for each control type and zone. */
static bool link_zone(const struct machine *machine, const char *zone, const char *root)
{
    char dir[300], file[360], target[360];
    size_t control = strcspn(zone, ":");

    if (machine->layout != LAYOUT_KERNEL) {
        return true;
    }
    machine_zone_dir(machine, zone, dir, sizeof dir);
    snprintf(file, sizeof file, POWERCAP "/%s", zone);
    snprintf(target, sizeof target, "../../%s", dir + strlen("sys/"));
    if (!make_link(root, file, target)) {
        return false;
    }
    snprintf(file, sizeof file, POWERCAP "/%.*s", (int)control, zone);
    snprintf(target, sizeof target, "../../devices/virtual/powercap/%.*s", (int)control, zone);
    return make_link(root, file, target) || errno == EEXIST;
}

bool machine_build(const struct machine *machine, const char *root)
{
    char path[700];
    const char *key;
    json_t *value;
    bool ok = true;
    size_t i;

    snprintf(path, sizeof path, "%s/sys/.", root);
    ok = make_parents(path);
    json_object_foreach(json_object_get(machine->manifest, "files"), key, value) {
        ok = put_text(root, key, json_string_value(value)) && ok;
    }
    json_array_foreach(json_object_get(machine->manifest, "zones"), i, value) {
        ok = build_zone(machine, value, root) && ok;
        ok = link_zone(machine, manifest_word(value, "zone"), root) && ok;
    }
    json_object_foreach(json_object_get(machine->manifest, "links"), key, value) {
        ok = make_link(root, key, json_string_value(value)) && ok;
    }
    machine_write(machine, root, 0);
    for (i = 0; i < machine->counter_count; i++) {
        snprintf(path, sizeof path, "%s/%s", root, machine->counters[i].file);
        if (machine->counters[i].denied) {
            ok = chmod(path, 0200) == 0 && ok;
        }
    }
    return ok;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void machine_remove(const char *root) { nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS); }
