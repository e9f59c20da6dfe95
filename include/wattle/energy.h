/* SPDX-License-Identifier: MIT */
/*
 * wattle/energy.h - the noun "energy": joules that know where they come from.
 *
 * A number never travels alone. Every energy has a 90 % interval [low, high]
 * and a quality; an unknown number is WATTLE_UNKNOWN (a NaN), never 0. Test
 * with isnan() or wattle_known().
 *
 * Machine energy is the sum of the *counted* components, which never overlap:
 * a joule has one owner. Components that are shown but not counted (psys beside
 * package, a modelled rest beside a measured part) say so in `counted`.
 */
#ifndef WATTLE_ENERGY_H
#define WATTLE_ENERGY_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WATTLE_UNKNOWN ((double)NAN)

static inline bool wattle_known(double x) { return !isnan(x); }

/* From best to worst; the quality of a sum is the worst of its parts. */
enum wattle_quality {
    WATTLE_MEASURED = 0,   /* difference of a hardware energy counter */
    WATTLE_INTEGRATED = 1, /* measured power, summed over time */
    WATTLE_MODELLED = 2,   /* computed from utilisation and specifications */
    WATTLE_GAP = 3         /* part of the interval could not be read and was estimated */
};

enum wattle_kind {
    WATTLE_CPU = 0,
    WATTLE_DRAM = 1,
    WATTLE_GPU = 2,
    WATTLE_BOARD = 3, /* a platform, a rail, a supply, a wall socket */
    WATTLE_BATTERY = 4,
    WATTLE_OTHER = 5
};

/* A number with its 90 % interval. value is NaN when unknown; low <= value <= high otherwise. */
struct wattle_bound {
    double value;
    double low;
    double high;
};

#define WATTLE_NAME_MAX 64
#define WATTLE_SOURCE_MAX 128
#define WATTLE_REASON_MAX 256

/* The energy of one component over one interval. */
struct wattle_component {
    char name[WATTLE_NAME_MAX];     /* "package-0", "dram-1", "gpu-0" */
    char source[WATTLE_SOURCE_MAX]; /* "powercap:intel-rapl:0" */
    char device[WATTLE_NAME_MAX];   /* model or UUID where known, else "" */
    enum wattle_kind kind;
    enum wattle_quality quality;    /* WATTLE_GAP if and only if gap_s > 0 */
    bool counted;                   /* part of the machine's total */
    struct wattle_bound energy_j;
    double task_j;                  /* the task's share; NaN when not attributed */
    double gap_s;                   /* seconds not covered by a trusted reading */
    uint64_t samples;               /* trusted readings inside the interval */
    double max_w;                   /* highest mean power between two readings; NaN unknown */
};

enum wattle_scope {
    WATTLE_SCOPE_COMPONENTS = 0, /* CPU, DRAM, GPU... as their sensors see them */
    WATTLE_SCOPE_WALL = 1        /* the whole machine at its supply */
};

#define WATTLE_COMPONENTS_MAX 64
#define WATTLE_NOTES_MAX 24

/*
 * Totals of one interval. A plain value: copy it, keep it, no destroy.
 * machine_j = task_j + other_j + idle_j + own_j, exactly, in whole microjoules,
 * wherever the four are known; machine_j = sum of counted components, exactly.
 */
struct wattle_energy {
    enum wattle_scope scope;
    enum wattle_quality quality; /* the worst counted */
    double duration_s;
    struct wattle_bound machine_j;
    struct wattle_bound task_j;  /* the measured command or processes; NaN if none was named */
    struct wattle_bound other_j; /* other processes of the machine */
    struct wattle_bound idle_j;  /* what the machine would have drawn doing nothing */
    struct wattle_bound own_j;   /* Wattle itself */
    double repeat_error;         /* relative error between two runs, same machine and source */
    char idle_source[WATTLE_SOURCE_MAX]; /* "measured just before", "remembered", "modelled" */
    struct wattle_bound wall_j;  /* the machine at the plug; NaN if unknown */
    char wall_source[WATTLE_SOURCE_MAX];
    double mean_w; /* machine_j / duration_s */
    double max_w;  /* highest mean between two samples of the counted sum; NaN unknown */
    size_t component_count;
    struct wattle_component components[WATTLE_COMPONENTS_MAX];
    size_t note_count; /* what was refused, missing or guessed, one line each */
    char notes[WATTLE_NOTES_MAX][WATTLE_REASON_MAX];
};

#ifdef __cplusplus
}
#endif
#endif
