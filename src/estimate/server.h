/* SPDX-License-Identifier: MIT */
/*
 * Specifications in, watts out: the power of a whole server at its plug.
 *
 * Pure: no files, no clocks. Always three numbers: an estimate and the 90 %
 * interval around it. docs/estimation.md explains the method and its limits.
 */
#ifndef ESTIMATE_SERVER_H
#define ESTIMATE_SERVER_H

#include <stddef.h>

#include <wattle/energy.h>
#include <wattle/error.h>

/* Unknown numbers are 0 (counts) or NaN (quantities). */
struct estimate_server_spec {
    char cpu[128];        /* model name, with whatever noise it comes with */
    char vendor[16];      /* cpuinfo vendor_id, or "" */
    int family, model;    /* x86, -1 unknown */
    int sockets;
    int cores;            /* physical, all sockets */
    int threads_per_core;
    double memory_gb;     /* 10^9 bytes, all sockets */
    double tdp_w;         /* per socket */
};

struct estimate_server {
    struct wattle_bound idle_w;
    struct wattle_bound max_w;
    char microarchitecture[48]; /* "Zen 3", or "" when unknown */
    char basis[128];            /* which rung of the ladder: what was known, what was assumed */
    double shape[11];           /* P(u) = idle + (max - idle) * shape(u) at u = 0, 0.1 .. 1 */
    double confidence;          /* nominal coverage of the interval, 0.90 */
};

/* Never fails: with nothing known the interval is as wide as all servers. */
void estimate_server(const struct estimate_server_spec *spec, struct estimate_server *ret);

/*
 * A guest of a host that is not seen: `cpus` virtual CPUs of a typical host with this processor.
 * Cores and memory of `spec` are the guest's and say nothing about the host. Linear in the
 * guest's own utilisation; the interval holds unknown neighbours and an unknown host.
 */
void estimate_server_share(const struct estimate_server_spec *spec, double cpus,
                           struct estimate_server *ret);

/* A part (0..1) of a server that is known, say a container's: made linear, widened for unknown
 * neighbours; `who` goes into the basis. */
void estimate_server_scale(struct estimate_server *server, double share, const char *who);

/* The curve between idle (0) and full power (1) at load 0..1 (clamped; NaN: 0). */
double estimate_server_shape(const struct estimate_server *server, double load);

/* Power at load 0..1 (clamped). */
struct wattle_bound estimate_server_power(const struct estimate_server *server, double load);


/* ---- what it rests on --------------------------------------------------------------------- */

#define ESTIMATE_TERMS_MAX 12

/* One factor of idle and of full power; the product of all is the estimate. */
struct estimate_term {
    char name[40];
    double value; /* of the specification; NaN: none */
    double idle_factor, full_factor;
    char source[72];
};

/* Every coefficient that was used, at most `max`. Returns how many there are. */
size_t estimate_server_terms(const struct estimate_server_spec *spec, struct estimate_term *ret,
                             size_t max);

#endif
