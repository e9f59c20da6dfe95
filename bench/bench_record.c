/* SPDX-License-Identifier: MIT */
/*
 * What keeping a run costs: its JSON, the first write of its spool, and opening the store with one
 * put; then lists of a thousand runs. CPU time, since what a disk adds depends on the disk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "record/redact.h"
#include "record/store.h"

enum { ROUNDS = 1000 };

static double times_us[ROUNDS];

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static void report(const char *what, const char *target)
{
    qsort(times_us, ROUNDS, sizeof times_us[0], by_value);
    printf("%-34s median %7.1f us, 90 %% %7.1f us, most %7.1f us   %s\n", what,
           times_us[ROUNDS / 2], times_us[ROUNDS * 9 / 10], times_us[ROUNDS - 1], target);
}

static void make_record(struct wattle_record *record)
{
    const char *argv[] = {"python3", "train.py", "--epochs", "10", NULL};
    size_t i;

    wattle_record_init(record);
    record_set_command(record, argv);
    record->state = WATTLE_RUN_FINISHED;
    record->started_unix_ns = clock_realtime_ns();
    record->duration_s = 2.125;
    record->energy.machine_j = (struct wattle_bound){41.3, 40.9, 41.7};
    record->energy.task_j = (struct wattle_bound){30.1, 29.5, 30.6};
    record->energy.component_count = 4;
    for (i = 0; i < record->energy.component_count; i++) {
        struct wattle_component *component = &record->energy.components[i];

        memset(component, 0, sizeof *component);
        snprintf(component->name, sizeof component->name, "package-%zu", i);
        snprintf(component->source, sizeof component->source, "powercap:intel-rapl:%zu", i);
        component->counted = true;
        component->energy_j = (struct wattle_bound){10.325, 10.225, 10.425};
        component->task_j = 7.525;
        component->max_w = 12.5;
        component->samples = 21;
    }
}

static void fail(const char *what, const struct wattle_error *err)
{
    fprintf(stderr, "bench_record: %s: %s\n", what, err->text);
    exit(1);
}

static void bench_json(const struct wattle_record *record)
{
    int i;

    for (i = 0; i < ROUNDS; i++) {
        int64_t start_ns = clock_process_cpu_ns();

        free(wattle_record_to_json(record, false));
        times_us[i] = (double)(clock_process_cpu_ns() - start_ns) / 1e3;
    }
    report("JSON of a run", "");
}

static void bench_spool(struct wattle_record *record, const char *path)
{
    struct wattle_error err;
    int i;

    for (i = 0; i < ROUNDS; i++) {
        int64_t start_ns = clock_process_cpu_ns();
        struct spool *spool;

        snprintf(record->id, sizeof record->id, "spool-%06d", i);
        if (spool_open(&spool, path, record->id, &err) != 0 ||
            spool_write(spool, record, &err) != 0) {
            fail("spool", &err);
        }
        times_us[i] = (double)(clock_process_cpu_ns() - start_ns) / 1e3;
        spool_close(spool, true);
    }
    report("spool: open and first write", "target 100 us");
}

static void bench_put(struct wattle_record *record, const char *path)
{
    struct wattle_error err;
    int i;

    for (i = 0; i < ROUNDS; i++) {
        int64_t start_ns = clock_process_cpu_ns();
        struct store *store;

        snprintf(record->id, sizeof record->id, "%08x%08d", (unsigned)rand(), i);
        if (store_open(&store, path, STORE_NO_COLLECT, &err) < 0 ||
            store_put(store, record, &err) < 0) {
            fail("store", &err);
        }
        store_close(store);
        times_us[i] = (double)(clock_process_cpu_ns() - start_ns) / 1e3;
    }
    report("store: open, one put, close", "target 1000 us");
}

static bool count_row(void *user, const struct store_row *row)
{
    (void)row;
    ++*(int *)user;
    return true;
}

static void bench_list(const char *path)
{
    struct wattle_error err;
    int i;

    for (i = 0; i < ROUNDS; i++) {
        int64_t start_ns = clock_process_cpu_ns();
        const struct store_filter filter = {.limit = 1000};
        struct store *store;
        int rows = 0;

        if (store_open(&store, path, STORE_READ_ONLY, &err) < 0 ||
            store_list(store, &filter, count_row, &rows, &err) != 0) {
            fail("list", &err);
        }
        store_close(store);
        times_us[i] = (double)(clock_process_cpu_ns() - start_ns) / 1e3;
    }
    report("store: open, list 1000 runs, close", "target 50000 us");
}

int main(void)
{
    char directory[] = "/tmp/wattle-bench-XXXXXX";
    char path[64], command[64];
    struct wattle_record *record = malloc(sizeof *record);

    if (record == NULL || mkdtemp(directory) == NULL) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/wattle.db", directory);
    make_record(record);
    bench_json(record);
    bench_spool(record, path);
    bench_put(record, path);
    bench_list(path);
    wattle_record_finish(record);
    free(record);
    snprintf(command, sizeof command, "rm -rf %s", directory);
    return system(command) == 0 ? 0 : 1;
}
