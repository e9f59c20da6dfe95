/* SPDX-License-Identifier: MIT */
#include "base/nearest.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define WORD_MAX 63

static int lower(char c)
{
    return tolower((unsigned char)c);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t nearest_distance(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1];
    size_t na = strlen(a), nb = strlen(b);
    size_t i, j;

    if (na > WORD_MAX || nb > WORD_MAX) {
        return SIZE_MAX;
    }
    for (j = 0; j <= nb; j++) {
        rows[0][j] = j;
    }
    for (i = 1; i <= na; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];

        row[0] = i;
        for (j = 1; j <= nb; j++) {
            size_t cost = lower(a[i - 1]) != lower(b[j - 1]);

            row[j] = least(above[j - 1] + cost, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1])) {
                row[j] = least(row[j], above2[j - 2] + 1);
            }
        }
    }
    return rows[na % 3][nb];
}

const char *nearest_better(const char *wanted, const char *best, const char *candidate)
{
    size_t length = strlen(wanted);
    size_t distance = nearest_distance(wanted, candidate);
    /* A third of the word may be wrong: "montior" is monitor, "xyz" is nothing. */
    size_t limit = length <= 3 ? 1 : (length + 2) / 3;

    /* An abbreviation is what was meant, however much is missing. */
    if (length >= 3 && strncmp(wanted, candidate, length) == 0) {
        distance = 1;
    }
    if (distance > limit) {
        return best;
    }
    if (best != NULL && nearest_distance(wanted, best) <= distance) {
        return best;
    }
    return candidate;
}
