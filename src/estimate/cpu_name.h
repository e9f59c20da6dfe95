/* SPDX-License-Identifier: MIT */
/* Processor names with their noise taken off, and patterns on them. Pure. */
#ifndef ESTIMATE_CPU_NAME_H
#define ESTIMATE_CPU_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define CPU_NAME_MAX 64

/*
 * "Intel(R) Xeon(R) Gold 6136 CPU @ 3.00GHz" -> "xeon gold 6136": lower case, no maker, no marks,
 * no clock, no remarks, single spaces. Too long names are cut. Returns ret.
 */
const char *cpu_name_clean(const char *name, char ret[CPU_NAME_MAX]);

/* A cleaned name without its tier ("xeon gold 6136" -> "xeon 6136"). */
const char *cpu_name_without_tier(const char *cleaned, char ret[CPU_NAME_MAX]);

/* One key for variants of the same part that differ in memory capacity only. */
const char *cpu_name_group(const char *cleaned, char ret[CPU_NAME_MAX]);

/* '#' a digit, '?' any character, '*' any run, [..] one of (ranges too), the rest itself. */
bool cpu_name_matches(const char *pattern, const char *name);

#endif
