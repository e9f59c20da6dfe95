/* SPDX-License-Identifier: MIT */
#include <wattle/record.h>

#include <stdlib.h>
#include <string.h>

#include "record/redact.h"

static const struct wattle_bound unknown_bound = {(double)NAN, (double)NAN, (double)NAN};

void wattle_record_init(struct wattle_record *record)
{
    memset(record, 0, sizeof *record);
    record->state = WATTLE_RUN_FINISHED;
    record->exit_status = -1;
    record->duration_s = WATTLE_UNKNOWN;
    record->energy.duration_s = WATTLE_UNKNOWN;
    record->energy.machine_j = unknown_bound;
    record->energy.task_j = unknown_bound;
    record->energy.other_j = unknown_bound;
    record->energy.idle_j = unknown_bound;
    record->energy.own_j = unknown_bound;
    record->energy.wall_j = unknown_bound;
    record->energy.repeat_error = WATTLE_UNKNOWN;
    record->energy.mean_w = WATTLE_UNKNOWN;
    record->energy.max_w = WATTLE_UNKNOWN;
    record->utilization_cpu = WATTLE_UNKNOWN;
    record->utilization_gpu = WATTLE_UNKNOWN;
    record->utilization_ram = WATTLE_UNKNOWN;
    record->ram_gb = WATTLE_UNKNOWN;
    record->emission.co2e_g = unknown_bound;
    record->emission.intensity_g_kwh = WATTLE_UNKNOWN;
}

static void free_command(char **command)
{
    size_t i;

    for (i = 0; command != NULL && command[i] != NULL; i++) {
        free(command[i]);
    }
    free(command);
}

void wattle_record_finish(struct wattle_record *record)
{
    if (record == NULL) {
        return;
    }
    free_command(record->command);
    free(record->project);
    free(record->tags);
    free(record->series);
    record->command = NULL;
    record->project = NULL;
    record->tags = NULL;
    record->series = NULL;
    record->series_count = 0;
}

int record_set_command(struct wattle_record *record, const char *const *argv)
{
    char **copy = redact_command(argv);

    if (copy == NULL) {
        return WATTLE_E_NOMEM;
    }
    free_command(record->command);
    record->command = copy;
    return 0;
}
