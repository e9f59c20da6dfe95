/* SPDX-License-Identifier: MIT */
#include "estimate/server_specs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "estimate/cpu_name.h"

/* ---- look-up -------------------------------------------------------------------------------- */

static int compare_cpu(const void *key, const void *entry)
{
    return strcmp(key, ((const struct server_cpu *)entry)->name);
}

static int compare_tdp(const void *key, const void *entry)
{
    return strcmp(key, ((const struct tdp_entry *)entry)->name);
}

static double tdp_exact(const char *name)
{
    const struct tdp_entry *entry =
        bsearch(name, tdp_entries, tdp_entry_count, sizeof(tdp_entries[0]), compare_tdp);
    return entry != NULL ? entry->tenth_w / 10.0 : WATTLE_UNKNOWN;
}

/* Makers and machines do not agree on whether the tier belongs to the name. */
static double tdp_find(const char *cleaned)
{
    static const char *const tiers[] = {"platinum", "gold", "silver", "bronze"};
    char bare[CPU_NAME_MAX], name[CPU_NAME_MAX + 16];
    double watts = tdp_exact(cleaned);
    if (wattle_known(watts)) {
        return watts;
    }
    cpu_name_without_tier(cleaned, bare);
    watts = tdp_exact(bare);
    if (strncmp(bare, "xeon ", 5) != 0) {
        return watts;
    }
    for (size_t i = 0; i < sizeof(tiers) / sizeof(tiers[0]) && !wattle_known(watts); i++) {
        snprintf(name, sizeof(name), "xeon %s %s", tiers[i], bare + 5);
        watts = tdp_exact(name);
    }
    return watts;
}

static const struct server_march *march_find(const struct estimate_server_spec *spec,
                                             const char *cleaned)
{
    for (size_t i = 0; i < march_pattern_count; i++) {
        if (cpu_name_matches(march_patterns[i].pattern, cleaned)) {
            return &server_marches[march_patterns[i].march];
        }
    }
    for (size_t i = 0; i < march_x86_count; i++) {
        const struct march_x86 *x86 = &march_x86s[i];
        if (spec->family == x86->family && spec->model >= x86->first_model &&
            spec->model <= x86->last_model && strcmp(spec->vendor, x86->vendor) == 0) {
            return &server_marches[x86->march];
        }
    }
    return NULL;
}

/* ---- filling in ----------------------------------------------------------------------------- */

static void put(struct server_specs *specs, int k, double value, enum specs_source source,
                double unsure_ln)
{
    const struct server_scale *scale = &server_scales[k];
    specs->z[k] = ((k == SMOOTH_YEAR ? value : log(value)) - scale->centre) / scale->width;
    specs->unsure[k] = unsure_ln / scale->width;
    specs->source[k] = source;
}

/* Two threads per core: Intel since 2009, AMD since Zen; not Arm, not Intel's E-cores. */
static bool usually_smt(const struct server_march *march)
{
    if (march == NULL) {
        return true;
    }
    if (strcmp(march->family, "arm") == 0 || strcmp(march->name, "Sierra Forest") == 0) {
        return false;
    }
    return march->year >= (march->amd ? 2017 : 2009);
}

static bool contains(const char *text, const char *word) { return strstr(text, word) != NULL; }

/* Cores per socket, then TDP: given, of this CPU model, or typical of the microarchitecture. */
static double put_cores_and_tdp(const struct estimate_server_spec *spec, const char *cleaned,
                                int sockets, struct server_specs *ret)
{
    const struct server_march *march = ret->march;
    double typical = march != NULL ? march->cores : 12;
    double cores = typical;
    if (spec->cores > 0) {
        cores = fmax(1.0, (double)spec->cores / sockets);
        put(ret, SMOOTH_CORES, cores, SPECS_GIVEN, 0);
    } else if (ret->cpu != NULL) {
        cores = ret->cpu->cores;
        put(ret, SMOOTH_CORES, cores, SPECS_TABLE, 0);
    } else {
        put(ret, SMOOTH_CORES, cores, SPECS_TYPICAL, march != NULL ? 0.4 : 0.8);
    }
    double tdp_w = spec->tdp_w;
    enum specs_source source = SPECS_GIVEN;
    double unsure = 0;
    if (!(tdp_w > 0) || !isfinite(tdp_w)) {
        tdp_w = tdp_find(cleaned);
        source = SPECS_TABLE;
    }
    if (!wattle_known(tdp_w)) {
        source = SPECS_TYPICAL;
        /* Within a microarchitecture TDP grows about as the root of the cores (makers' lists). */
        tdp_w = march != NULL ? march->tdp_w * sqrt(cores / typical) : 20 + 4.5 * cores;
        unsure = march != NULL ? 0.3 : 0.5;
    }
    put(ret, SMOOTH_TDP, fmax(tdp_w, 1.0), source, unsure);
    return cores;
}

void server_specs_resolve(const struct estimate_server_spec *spec, struct server_specs *ret)
{
    char cleaned[CPU_NAME_MAX], group[CPU_NAME_MAX];
    memset(ret, 0, sizeof(*ret));
    cpu_name_clean(spec->cpu, cleaned);
    cpu_name_group(cleaned, group);
    ret->march = march_find(spec, cleaned);
    ret->cpu = bsearch(group, server_cpus, server_cpu_count, sizeof(server_cpus[0]), compare_cpu);
    const struct server_march *march = ret->march;
    ret->client = march != NULL ? march->client : contains(cleaned, "core i");
    ret->amd = march != NULL ? march->amd
                             : contains(spec->vendor, "AMD") || contains(cleaned, "epyc") ||
                                   contains(cleaned, "ryzen");
    ret->smt = spec->threads_per_core > 0 ? spec->threads_per_core > 1 : usually_smt(march);
    put(ret, SMOOTH_YEAR, march != NULL ? march->year : 2020, march != NULL ? SPECS_TABLE
        : SPECS_TYPICAL, march != NULL ? 0 : 2.5);

    int sockets = spec->sockets;
    if (sockets <= 0) {
        /* A name that ends in "p" fits one socket only; other servers mostly have two. */
        size_t n = strlen(group);
        bool one = ret->client || (n > 0 && ret->amd && group[n - 1] == 'p') ||
                   (march != NULL && spec->cores > 0 && spec->cores <= march->cores);
        sockets = one ? 1 : 2;
        put(ret, SMOOTH_SOCKETS, sockets, SPECS_TYPICAL, ret->client ? 0 : 0.45);
    } else {
        put(ret, SMOOTH_SOCKETS, sockets, SPECS_GIVEN, 0);
    }
    double cores = put_cores_and_tdp(spec, cleaned, sockets, ret);
    if (spec->memory_gb > 0 && isfinite(spec->memory_gb)) {
        put(ret, SMOOTH_MEMORY, spec->memory_gb, SPECS_GIVEN, 0);
    } else {
        /* Published servers since 2017: 16-18 GB times the root of the cores, per socket. */
        put(ret, SMOOTH_MEMORY, 17 * sqrt(cores) * sockets, SPECS_TYPICAL, 0.5);
    }
    ret->threads = cores * sockets * (ret->smt ? 2 : 1);
}

void server_specs_typical_host(const struct estimate_server_spec *spec, struct server_specs *ret)
{
    struct estimate_server_spec host = *spec;
    host.sockets = 0;
    host.cores = 0;
    host.threads_per_core = 0;
    host.memory_gb = WATTLE_UNKNOWN;
    server_specs_resolve(&host, ret);
    if (ret->march == NULL) {
        /* "AMD EPYC" and no more: what clouds have bought most in the last years. */
        host.sockets = 2;
        host.cores = 64;
        server_specs_resolve(&host, ret);
    }
    /* Watts per thread hardly depend on how many sockets and gigabytes the host has. */
    for (int k = 0; k < SERVER_SMOOTH; k++) {
        if (k != SMOOTH_TDP && k != SMOOTH_YEAR) {
            ret->unsure[k] = 0;
        }
    }
}

/* ---- words ---------------------------------------------------------------------------------- */

double server_specs_value(const struct server_specs *specs, int k)
{
    double value = specs->z[k] * server_scales[k].width + server_scales[k].centre;
    return k == SMOOTH_YEAR ? value : exp(value);
}

const char *server_specs_source(const struct server_specs *specs, int k)
{
    switch (specs->source[k]) {
    case SPECS_GIVEN:
        return "given";
    case SPECS_TABLE:
        return k == SMOOTH_TDP ? "maker's number, src/estimate/tdp_table.c" : "table";
    default:
        return "assumed: typical";
    }
}

void server_specs_basis(const struct server_specs *specs, char *ret, size_t size)
{
    static const char *const names[SERVER_SMOOTH] = {"TDP", "cores", "sockets", "memory", ""};
    char assumed[64] = "";
    for (int k = 0; k < SMOOTH_YEAR; k++) {
        if (specs->source[k] == SPECS_TYPICAL) {
            size_t used = strlen(assumed);
            snprintf(assumed + used, sizeof(assumed) - used, "%s%s", used > 0 ? ", " : "",
                     names[k]);
        }
    }
    snprintf(ret, size, "%s%s%s",
             specs->cpu != NULL     ? "this CPU model measured in other servers"
             : specs->march != NULL ? "microarchitecture known, CPU model not"
                                    : "microarchitecture unknown",
             assumed[0] != '\0' ? "; assumed: " : "", assumed);
}
