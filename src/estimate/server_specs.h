/* SPDX-License-Identifier: MIT */
/* What a specification leaves out is looked up or assumed here, and how unsure that is. */
#ifndef ESTIMATE_SERVER_SPECS_H
#define ESTIMATE_SERVER_SPECS_H

#include "estimate/server.h"
#include "estimate/server_table.h"

enum specs_source { SPECS_GIVEN = 0, SPECS_TABLE, SPECS_TYPICAL };

struct server_specs {
    const struct server_march *march; /* NULL: unknown */
    const struct server_cpu *cpu;     /* NULL: this CPU model was not measured */
    double z[SERVER_SMOOTH];          /* scaled, as server_table.h says */
    double unsure[SERVER_SMOOTH];     /* standard deviation of an assumed z; 0: known */
    enum specs_source source[SERVER_SMOOTH];
    bool smt, client, amd;
    double threads; /* of the whole server */
};

void server_specs_resolve(const struct estimate_server_spec *spec, struct server_specs *ret);

/* The host of a guest: only the processor of `spec` is believed. */
void server_specs_typical_host(const struct estimate_server_spec *spec, struct server_specs *ret);

/* In watts, counts, gigabytes, years. */
double server_specs_value(const struct server_specs *specs, int k);
const char *server_specs_source(const struct server_specs *specs, int k);

/* One line: what was known, what was assumed. */
void server_specs_basis(const struct server_specs *specs, char *ret, size_t size);

#endif
