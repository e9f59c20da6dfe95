/* SPDX-License-Identifier: MIT */
/*
 * Coefficients and facts that bench/power_model writes. What they mean: docs/estimation.md.
 *
 * ln P = constant + linear . x + offset of the microarchitecture
 *        + sum of weight_j exp(-|(z - centre_j) / length|^2 / 2) + offset of the CPU model
 * with z = (ln TDP per socket, ln cores per socket, ln sockets, ln GB, year), each minus
 * scale.centre over scale.width.
 */
#ifndef ESTIMATE_SERVER_TABLE_H
#define ESTIMATE_SERVER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERVER_CENTRES 110

enum server_target { SERVER_IDLE = 0, SERVER_FULL = 1 };
enum server_linear {
    LINEAR_TDP, LINEAR_SOCKETS, LINEAR_CORES, LINEAR_MEMORY, LINEAR_SMT, LINEAR_CLIENT,
    LINEAR_AMD, LINEAR_YEAR, SERVER_LINEAR
};
enum server_smooth {
    SMOOTH_TDP, SMOOTH_CORES, SMOOTH_SOCKETS, SMOOTH_MEMORY, SMOOTH_YEAR, SERVER_SMOOTH
};

struct server_model {
    double constant;
    double linear[SERVER_LINEAR];
    double length[SERVER_SMOOTH];
    double smooth_sd; /* prior standard deviation of the smooth part */
    float weight[SERVER_CENTRES];
};

struct server_scale {
    double centre, width;
};

struct server_march {
    char name[20];
    char family[12];
    int year, cores; /* typical, per socket */
    double tdp_w;    /* typical, per socket */
    bool client, amd;
    int measured;    /* CPU models behind the offsets */
    float offset[2], sd[2];
    float shape[9];
};

struct server_cpu {
    char name[24];
    float offset[2], sd[2];
    int cores; /* per socket */
};

struct march_pattern {
    char pattern[26];
    uint8_t march;
};

struct march_x86 {
    char vendor[16];
    int family, first_model, last_model;
    uint8_t march;
};

struct tdp_entry {
    char name[30];
    uint16_t tenth_w;
};

extern const struct server_model server_models[2];
extern const struct server_scale server_scales[SERVER_SMOOTH];
extern const float server_centres[SERVER_CENTRES][SERVER_SMOOTH];
extern const struct server_march server_marches[];
extern const size_t server_march_count;
extern const struct server_cpu server_cpus[]; /* sorted by name */
extern const size_t server_cpu_count;
extern const struct march_pattern march_patterns[];
extern const size_t march_pattern_count;
extern const struct march_x86 march_x86s[];
extern const size_t march_x86_count;
extern const struct tdp_entry tdp_entries[]; /* sorted by name */
extern const size_t tdp_entry_count;

#endif
