/* SPDX-License-Identifier: MIT */
/* A small embedded table of yearly mean carbon intensity by country. No default country exists. */
#ifndef CARBON_TABLE_H
#define CARBON_TABLE_H

#include <stddef.h>

#include <wattle/emission.h>
#include <wattle/error.h>

struct carbon_factor {
    char zone[8];          /* ISO 3166-1 alpha-2 */
    const char *name;      /* static */
    double intensity_g_kwh;
    int year;
    const char *basis;     /* static: "lifecycle" */
    const char *source;    /* static */
};

/* Zone by ISO code (2 or 3 letters, any case) or English name. WATTLE_E_NOENT with the nearest
 * names in the text. */
int carbon_table_find(const char *zone, struct carbon_factor *ret, struct wattle_error *err);
size_t carbon_table_count(void);
const struct carbon_factor *carbon_table_get(size_t i);

/* energy -> emission. For WATTLE_OF_TASK: the task and its share of idle (idle in proportion
 * to the task's part of the energy above idle). */
void carbon_convert(const struct wattle_energy *energy, const struct carbon_factor *factor,
                    enum wattle_emission_of of, struct wattle_emission *ret);

#endif
