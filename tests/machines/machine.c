/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define POWERCAP "sys/class/powercap"
#define DEVICES "sys/devices/virtual/powercap"

/* ---- the manifest --------------------------------------------------------------------------- */

static double number(const json_t *object, const char *key, double otherwise)
{
    const json_t *value = json_object_get(object, key);

    return json_is_number(value) ? json_number_value(value) : otherwise;
}

static const char *word(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));

    return value != NULL ? value : "";
}

static void parse_power(const json_t *value, struct machine_counter *ret)
{
    size_t i;
    json_t *step;

    if (!json_is_array(value)) {
        ret->step_count = 1;
        ret->step_w[0] = json_number_value(value);
        return;
    }
    json_array_foreach(value, i, step) {
        if (i < STEPS_MAX) {
            ret->step_s[i] = json_number_value(json_array_get(step, 0));
            ret->step_w[i] = json_number_value(json_array_get(step, 1));
            ret->step_count = i + 1;
        }
    }
}

static bool parse_fault(const json_t *value, struct machine_counter *counter)
{
    static const char *const kinds[] = {
        [FAULT_EMPTY] = "empty", [FAULT_GARBAGE] = "garbage", [FAULT_MISSING] = "missing",
        [FAULT_ZERO] = "zero",   [FAULT_SET] = "set",
    };
    struct machine_fault *fault = &counter->faults[counter->fault_count];
    size_t i;

    for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(word(value, "as"), kinds[i]) == 0 && counter->fault_count < FAULTS_MAX) {
            fault->kind = (enum machine_fault_kind)i;
            fault->from_s = number(value, "from_s", number(value, "at_s", 0));
            fault->to_s = number(value, "to_s", HUGE_VAL);
            fault->set_uj = (uint64_t)number(value, "uj", 0);
            counter->fault_count++;
            return true;
        }
    }
    return false;
}

static bool parse_counter(struct machine *machine, const json_t *value, const char *file)
{
    struct machine_counter *counter = &machine->counters[machine->counter_count];
    json_t *fault;
    size_t i;

    if (machine->counter_count == COUNTERS_MAX || strlen(file) >= sizeof counter->file) {
        snprintf(machine->why, sizeof machine->why, "%s: too many counters", file);
        return false;
    }
    memcpy(counter->file, file, strlen(file) + 1);
    counter->gauge = json_is_true(json_object_get(value, "gauge"));
    counter->stuck = json_is_true(json_object_get(value, "stuck"));
    counter->denied = json_is_true(json_object_get(value, "denied"));
    counter->start_uj = (uint64_t)number(value, "start_uj", 98765432100.0);
    counter->range_uj = (uint64_t)number(value, "range_uj", 262143328850.0);
    parse_power(json_object_get(value, "power_w"), counter);
    json_array_foreach(json_object_get(value, "faults"), i, fault) {
        if (!parse_fault(fault, counter)) {
            snprintf(machine->why, sizeof machine->why, "%s: fault %zu", file, i);
            return false;
        }
    }
    machine->counter_count++;
    return true;
}

/* "intel-rapl:0:1" -> its folder below the root, by layout. */
static void zone_dir(const struct machine *machine, const char *zone, char *ret, size_t size)
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

static bool parse_lists(struct machine *machine)
{
    char file[300];
    json_t *value;
    size_t i;

    json_array_foreach(json_object_get(machine->manifest, "zones"), i, value) {
        size_t length;

        zone_dir(machine, word(value, "zone"), file, sizeof file - 16);
        length = strlen(file);
        snprintf(file + length, sizeof file - length, "/energy_uj");
        if (!parse_counter(machine, value, file)) {
            return false;
        }
    }
    json_array_foreach(json_object_get(machine->manifest, "counters"), i, value) {
        if (!parse_counter(machine, value, word(value, "file"))) {
            return false;
        }
    }
    return true;
}

bool machine_load(struct machine *ret, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    json_error_t error;
    const char *text;

    memset(ret, 0, sizeof *ret);
    snprintf(ret->name, sizeof ret->name, "%.*s", (int)strcspn(base, "."), base);
    ret->manifest = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (ret->manifest == NULL) {
        snprintf(ret->why, sizeof ret->why, "line %d: %s", error.line, error.text);
        return false;
    }
    ret->seconds = number(ret->manifest, "seconds", 1);
    text = word(ret->manifest, "layout");
    ret->layout = strcmp(text, "kernel") == 0   ? LAYOUT_KERNEL
                  : strcmp(text, "nested") == 0 ? LAYOUT_NESTED
                                                : LAYOUT_FLAT;
    text = word(ret->manifest, "writing");
    ret->writing = strcmp(text, "rename") == 0       ? WRITE_RENAME
                   : strcmp(text, "no-newline") == 0 ? WRITE_NO_NEWLINE
                                                     : WRITE_TRUNCATE;
    if (json_object_get(ret->manifest, "expect") == NULL) {
        snprintf(ret->why, sizeof ret->why, "no 'expect'");
        return false;
    }
    return parse_lists(ret);
}

void machine_finish(struct machine *machine)
{
    json_decref(machine->manifest);
    machine->manifest = NULL;
}

bool machine_wants(const struct machine *machine, const char *way)
{
    const char *only = word(machine->manifest, "only");

    return only[0] == '\0' || strcmp(only, way) == 0;
}

/* ---- motion --------------------------------------------------------------------------------- */

static double energy_between(const struct machine_counter *counter, double from_s, double to_s)
{
    double sum_j = 0;
    size_t i;

    for (i = 0; i < counter->step_count; i++) {
        double begin_s = fmax(from_s, counter->step_s[i]);
        double end_s = i + 1 < counter->step_count ? fmin(to_s, counter->step_s[i + 1]) : to_s;

        if (end_s > begin_s) {
            sum_j += (end_s - begin_s) * counter->step_w[i];
        }
    }
    return sum_j;
}

double machine_true_j(const struct machine_counter *counter, double t_s)
{
    return energy_between(counter, 0, t_s);
}

static double power_at(const struct machine_counter *counter, double t_s)
{
    double power_w = 0;
    size_t i;

    for (i = 0; i < counter->step_count; i++) {
        if (t_s >= counter->step_s[i]) {
            power_w = counter->step_w[i];
        }
    }
    return power_w;
}

uint64_t machine_count_uj(const struct machine_counter *counter, double t_s)
{
    uint64_t start_uj = counter->start_uj;
    double from_s = 0;
    uint64_t count;
    size_t i;

    if (counter->gauge) {
        return (uint64_t)llround(power_at(counter, t_s) * 1e6);
    }
    for (i = 0; i < counter->fault_count; i++) {
        if (counter->faults[i].kind == FAULT_SET && t_s >= counter->faults[i].from_s) {
            start_uj = counter->faults[i].set_uj;
            from_s = counter->faults[i].from_s;
        }
    }
    count = start_uj;
    if (!counter->stuck) {
        count += (uint64_t)llround(energy_between(counter, from_s, t_s) * 1e6);
    }
    return counter->range_uj > 0 ? count % counter->range_uj : count;
}

/* ---- files ---------------------------------------------------------------------------------- */

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
    const char *range = word(zone, "range");
    char dir[300], file[360], text[64];
    bool ok;

    zone_dir(machine, word(zone, "zone"), dir, sizeof dir);
    snprintf(file, sizeof file, "%s/name", dir);
    snprintf(text, sizeof text, "%s\n", word(zone, "name"));
    ok = put_text(root, file, text);
    if (strcmp(range, "missing") != 0) {
        snprintf(file, sizeof file, "%s/max_energy_range_uj", dir);
        snprintf(text, sizeof text, "%.0f\n", number(zone, "range_uj", 262143328850.0));
        ok = put_text(root, file, range[0] != '\0' ? range : text) && ok;
    }
    if (number(zone, "max_power_w", 0) > 0) {
        snprintf(file, sizeof file, "%s/constraint_0_max_power_uw", dir);
        snprintf(text, sizeof text, "%.0f\n", number(zone, "max_power_w", 0) * 1e6);
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
    zone_dir(machine, zone, dir, sizeof dir);
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
        ok = link_zone(machine, word(value, "zone"), root) && ok;
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
