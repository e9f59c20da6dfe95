/* SPDX-License-Identifier: MIT */
#include "account/price.h"

#include <string.h>
#include <strings.h>

static const struct price *find_exactly(const char *zone, size_t length, const char *sector)
{
    size_t i;

    for (i = 0; i < price_count; i++) {
        if (strlen(prices[i].zone) == length && strncasecmp(prices[i].zone, zone, length) == 0 &&
            strcmp(prices[i].sector, sector) == 0) {
            return &prices[i];
        }
    }
    return NULL;
}

const struct price *price_find(const char *zone, const char *sector)
{
    const struct price *price = find_exactly(zone, strlen(zone), sector);

    if (price == NULL && strncasecmp(zone, "US-", 3) == 0) {
        price = find_exactly("US", 2, sector);
    }
    return price;
}
