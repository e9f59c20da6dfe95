/* SPDX-License-Identifier: MIT */
/* A table of servers in one call: comma-separated text in, the same rows with watts out. Pure. */
#ifndef ESTIMATE_SERVER_CSV_H
#define ESTIMATE_SERVER_CSV_H

#include <stddef.h>

#include <wattle/error.h>

/*
 * `text` (RFC 4180; LF or CRLF; a byte-order mark is skipped) has a header with the column "cpu"
 * and any of sockets, cores, threads_per_core, memory_gb, tdp_w, load, vcpus (a guest with so
 * many virtual CPUs of a host that is not seen). Empty cells are unknown; other columns pass
 * through. *ret_text gets the rows in their order with power_w, low_w, high_w, confidence, idle_w,
 * max_w, microarchitecture and basis appended; release it with free(). The three powers are empty
 * where no load is given. Errors name the line.
 */
int server_csv_estimate(const char *text, size_t size, char **ret_text, size_t *ret_size,
                        struct wattle_error *err);

#endif
