/* SPDX-License-Identifier: MIT */
/* A record with everything in it, for the tests of this room and of the reports. */
#ifndef TESTS_RECORD_SAMPLE_H
#define TESTS_RECORD_SAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wattle/record.h>

#include "record/redact.h"

static inline struct wattle_bound sample_bound(double value, double low, double high)
{
    struct wattle_bound bound = {value, low, high};

    return bound;
}

static inline struct wattle_component *sample_component(struct wattle_record *record,
                                                        const char *name, enum wattle_kind kind,
                                                        const char *source, double energy_j)
{
    struct wattle_energy *energy = &record->energy;
    struct wattle_component *component = &energy->components[energy->component_count++];

    memset(component, 0, sizeof *component);
    snprintf(component->name, sizeof component->name, "%s", name);
    snprintf(component->source, sizeof component->source, "%s", source);
    component->kind = kind;
    component->quality = WATTLE_MEASURED;
    component->counted = true;
    component->energy_j = sample_bound(energy_j, energy_j * 0.99, energy_j * 1.01);
    component->task_j = WATTLE_UNKNOWN;
    component->max_w = WATTLE_UNKNOWN;
    component->samples = 123;
    return component;
}

static inline void sample_note(struct wattle_record *record, const char *note)
{
    struct wattle_energy *energy = &record->energy;

    snprintf(energy->notes[energy->note_count++], sizeof energy->notes[0], "%s", note);
}

/* 41.3 J over 2 s, two packages and DRAM by powercap, psys beside them. */
static inline void sample_record(struct wattle_record *record)
{
    const char *argv[] = {"python3", "train.py", "--token", "abc", NULL};
    struct wattle_component *component;

    wattle_record_init(record);
    snprintf(record->id, sizeof record->id, "%s", "0123456789abcdef");
    snprintf(record->parent_id, sizeof record->parent_id, "%s", "fedcba9876543210");
    snprintf(record->machine_id, sizeof record->machine_id, "%s", "00112233445566ff");
    record_set_command(record, argv);
    record->project = strdup("digits");
    record->tags = strdup("small,night");
    record->started_unix_ns = 1790000000123000000;
    record->duration_s = 2.000125;
    record->exit_status = 0;
    record->energy.duration_s = record->duration_s;
    record->energy.machine_j = sample_bound(41.3, 40.9, 41.7);
    record->energy.task_j = sample_bound(30.1, 29.5, 30.6);
    record->energy.other_j = sample_bound(1.2, 0.9, 1.6);
    record->energy.idle_j = sample_bound(9.98, 9.5, 10.4);
    record->energy.own_j = sample_bound(0.02, 0.01, 0.03);
    record->energy.repeat_error = 0.004;
    record->energy.mean_w = 20.648709;
    record->energy.max_w = 25.5;
    snprintf(record->energy.idle_source, sizeof record->energy.idle_source, "%s", "remembered");
    component = sample_component(record, "package-0", WATTLE_CPU, "powercap:intel-rapl:0", 20.2);
    component->task_j = 15.1;
    component->max_w = 12.5;
    component = sample_component(record, "package-1", WATTLE_CPU, "powercap:intel-rapl:1", 17.1);
    component->task_j = 13.0;
    component = sample_component(record, "dram-0", WATTLE_DRAM, "powercap:intel-rapl:0:0", 4.0);
    component->task_j = 2.0;
    component = sample_component(record, "psys", WATTLE_BOARD, "powercap:intel-rapl:2", 60.5);
    component->counted = false;
    record->energy.wall_j = sample_bound(70, 55, 90);
    snprintf(record->energy.wall_source, sizeof record->energy.wall_source, "%s", "modelled");
    record->utilization_cpu = 0.35;
    record->utilization_ram = 0.125;
    record->ram_gb = 4.2;
    record->device_count = 1;
    snprintf(record->devices[0].name, sizeof record->devices[0].name, "%s", "package-0");
    record->devices[0].temperature_c = 61.5;
    record->devices[0].fan_rpm = WATTLE_UNKNOWN;
    record->emission.co2e_g = sample_bound(0.0005, 0.0004, 0.0006);
    record->emission.intensity_g_kwh = 44.2;
    snprintf(record->emission.zone, sizeof record->emission.zone, "%s", "FR");
    record->emission.year = 2025;
    snprintf(record->emission.basis, sizeof record->emission.basis, "%s", "lifecycle");
    snprintf(record->emission.source, sizeof record->emission.source, "%s", "Ember");
    sample_note(record, "psys is shown, not counted: packages are");
    record->series = calloc(3, sizeof *record->series);
    record->series_count = 3;
    record->series_origin_ns = 5000000000;
    record->series[0].t_ns = 5000000000;
    record->series[0].energy_j = 100;
    record->series[1].t_ns = 6000000000;
    record->series[1].energy_j = 120;
    record->series[2].t_ns = 7000000000;
    record->series[2].energy_j = 141.3;
}

#endif
