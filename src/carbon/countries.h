/* SPDX-License-Identifier: MIT */
/* The table that tools/countries-to-c makes from data/carbon-countries.csv. */
#ifndef CARBON_COUNTRIES_H
#define CARBON_COUNTRIES_H

#include "carbon/table.h"

#define CARBON_BASIS "lifecycle"
#define CARBON_SOURCE "Ember and Energy Institute via Our World in Data, yearly mean, generation"

/* Sorted by zone. */
extern const struct carbon_factor carbon_countries[];
extern const char carbon_alpha3[][4]; /* "" where there is none */
extern const size_t carbon_country_count;

#endif
