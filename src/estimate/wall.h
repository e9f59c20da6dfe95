/* SPDX-License-Identifier: MIT */
/* Where sensors see a part of the machine: what its plug sees; and a GPU that none sees. Pure. */
#ifndef ESTIMATE_WALL_H
#define ESTIMATE_WALL_H

#include "estimate/server.h"

/* Mean watts that sensors measured; value NaN: not measured. */
struct estimate_parts {
    struct wattle_bound cpu_w;      /* all packages */
    struct wattle_bound dram_w;
    struct wattle_bound gpu_w;      /* all GPUs */
    struct wattle_bound platform_w; /* psys or a battery: everything behind the supply */
};

/*
 * The machine at its plug. Two ways, weighed by how sure each is: measured parts plus the rest
 * (fans, disks, board) over the supply's efficiency; and the whole server by its specifications
 * plus measured GPUs. `server` may be calibrated; NULL: only the first way. NaN where nothing
 * is measured and there is no server.
 */
struct wattle_bound estimate_wall(const struct estimate_parts *parts,
                                  const struct estimate_server_spec *spec,
                                  const struct estimate_server *server, double load);

/* The same where the server's power at its present load is known already; value NaN: it is not. */
struct wattle_bound estimate_wall_beside(const struct estimate_parts *parts,
                                         const struct estimate_server_spec *spec,
                                         struct wattle_bound server_w);

/* A GPU that no sensor reads, at 0..1 of its time busy; NaN: busy, how much is unknown. */
struct wattle_bound estimate_gpu(double tdp_w, double utilization);

#endif
