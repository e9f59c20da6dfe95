/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "machine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

double manifest_number(const json_t *object, const char *key, double otherwise)
{
    const json_t *value = json_object_get(object, key);

    return json_is_number(value) ? json_number_value(value) : otherwise;
}

const char *manifest_word(const json_t *object, const char *key)
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
    const char *as = manifest_word(value, "as");
    size_t i;

    for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(as, kinds[i]) == 0 && counter->fault_count < FAULTS_MAX) {
            fault->kind = (enum machine_fault_kind)i;
            fault->from_s = manifest_number(value, "from_s", manifest_number(value, "at_s", 0));
            fault->to_s = manifest_number(value, "to_s", HUGE_VAL);
            fault->set_uj = (uint64_t)manifest_number(value, "uj", 0);
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
    counter->start_uj = (uint64_t)manifest_number(value, "start_uj", 98765432100.0);
    counter->range_uj = (uint64_t)manifest_number(value, "range_uj", 262143328850.0);
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

static bool parse_lists(struct machine *machine)
{
    char file[300];
    json_t *value;
    size_t i;

    json_array_foreach(json_object_get(machine->manifest, "zones"), i, value) {
        size_t length;

        machine_zone_dir(machine, manifest_word(value, "zone"), file, sizeof file - 16);
        length = strlen(file);
        snprintf(file + length, sizeof file - length, "/energy_uj");
        if (!parse_counter(machine, value, file)) {
            return false;
        }
    }
    json_array_foreach(json_object_get(machine->manifest, "counters"), i, value) {
        if (!parse_counter(machine, value, manifest_word(value, "file"))) {
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
    ret->seconds = manifest_number(ret->manifest, "seconds", 1);
    text = manifest_word(ret->manifest, "layout");
    ret->layout = strcmp(text, "kernel") == 0   ? LAYOUT_KERNEL
                  : strcmp(text, "nested") == 0 ? LAYOUT_NESTED
                                                : LAYOUT_FLAT;
    text = manifest_word(ret->manifest, "writing");
    ret->writing = strcmp(text, "truncate") == 0     ? WRITE_TRUNCATE
                   : strcmp(text, "no-newline") == 0 ? WRITE_NO_NEWLINE
                                                     : WRITE_RENAME;
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
    const char *only = manifest_word(machine->manifest, "only");

    return only[0] == '\0' || strcmp(only, way) == 0;
}
