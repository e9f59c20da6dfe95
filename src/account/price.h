/* SPDX-License-Identifier: MIT */
/* What a kilowatt-hour costs: yearly means by country and US state. No default zone exists. */
#ifndef ACCOUNT_PRICE_H
#define ACCOUNT_PRICE_H

#include <stddef.h>

struct price {
    const char *zone;     /* "FR", "US", "US-CA" */
    const char *sector;   /* "household" or "business" */
    const char *currency; /* ISO 4217 */
    double per_kwh;       /* taxes included where the source includes them */
    int year;
    const char *source;
};

extern const struct price prices[];
extern const size_t price_count;

/* The price of a zone and sector; a US state falls back to its country. NULL: not known. */
const struct price *price_find(const char *zone, const char *sector);

#endif
