/* SPDX-License-Identifier: MIT */
/* "Did you mean ...?": the name nearest to a mistyped one. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

/* Edits (insert, delete, replace, swap of neighbours) between two words, case ignored; words
 * longer than 63 bytes are infinitely far. */
size_t nearest_distance(const char *a, const char *b);

/*
 * Keeps the better of two candidates: feed every name through it, starting from NULL.
 * A name that is too far to be what was meant is never kept.
 */
const char *nearest_better(const char *wanted, const char *best, const char *candidate);

#endif
