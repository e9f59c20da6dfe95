/* SPDX-License-Identifier: MIT */
/*
 * A fake machine: a manifest (NAME.json, see README.md) that says what its /sys
 * looks like, how its counters move, and what energy is true.
 */
#ifndef TESTS_MACHINES_MACHINE_H
#define TESTS_MACHINES_MACHINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STEPS_MAX 8
#define FAULTS_MAX 8
#define COUNTERS_MAX 64

enum machine_layout { LAYOUT_FLAT = 0, LAYOUT_NESTED, LAYOUT_KERNEL };
enum machine_writing { WRITE_TRUNCATE = 0, WRITE_RENAME, WRITE_NO_NEWLINE };
enum machine_fault_kind { FAULT_EMPTY = 0, FAULT_GARBAGE, FAULT_MISSING, FAULT_ZERO, FAULT_SET };

struct machine_fault {
    enum machine_fault_kind kind;
    double from_s, to_s; /* FAULT_SET: at from_s */
    uint64_t set_uj;
};

struct machine_counter {
    char file[256]; /* below the root */
    bool gauge;     /* microwatts instead of microjoules */
    bool stuck;
    bool denied;
    uint64_t start_uj;
    uint64_t range_uj; /* 0: never wraps */
    size_t step_count;
    double step_s[STEPS_MAX], step_w[STEPS_MAX];
    size_t fault_count;
    struct machine_fault faults[FAULTS_MAX];
};

struct machine {
    json_t *manifest;
    char name[64];
    char why[256]; /* what is wrong with the manifest; "" nothing */
    double seconds;
    enum machine_layout layout;
    enum machine_writing writing;
    size_t counter_count;
    struct machine_counter counters[COUNTERS_MAX];
};

/* False with `why` filled. */
bool machine_load(struct machine *ret, const char *path);
void machine_finish(struct machine *machine);

/* Is this way of running ("library", "run") wanted? */
bool machine_wants(const struct machine *machine, const char *way);

/* "intel-rapl:0:1" -> its folder below the root, by layout. */
void machine_zone_dir(const struct machine *machine, const char *zone, char *ret, size_t size);

/* A number or a word of a manifest's object. */
double manifest_number(const json_t *object, const char *key, double otherwise);
const char *manifest_word(const json_t *object, const char *key);

/* Makes the tree below `root` as it is at time 0. */
bool machine_build(const struct machine *machine, const char *root);
/* Writes every counter as it is at `t_s`. */
void machine_write(const struct machine *machine, const char *root, double t_s);

/* Joules that the thing behind the counter really used by `t_s`; its raw count then. */
double machine_true_j(const struct machine_counter *counter, double t_s);
uint64_t machine_count_uj(const struct machine_counter *counter, double t_s);

/* rm -r */
void machine_remove(const char *root);

#endif
