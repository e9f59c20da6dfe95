/* SPDX-License-Identifier: MIT */
/* Time through the host, so that tests own it. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <wattle/sys/sensor.h>

#define NS_PER_S 1000000000LL

int64_t clock_monotonic_ns(const struct wattle_host *host);
int64_t clock_boottime_ns(const struct wattle_host *host);
int64_t clock_realtime_ns(void);
/* CPU time of this process, or of the calling thread. */
int64_t clock_process_cpu_ns(void);
int64_t clock_thread_cpu_ns(void);

static inline double clock_s(int64_t ns) { return (double)ns / 1e9; }

/* RFC 3339 in UTC with milliseconds, "2026-11-21T03:04:05.678Z"; size >= 25. */
void clock_format_rfc3339(int64_t unix_ns, char *ret, int size);
/* The inverse; also takes no fraction and offsets. Returns false for anything else. */
bool clock_parse_rfc3339(const char *text, int64_t *ret_unix_ns);

#endif
