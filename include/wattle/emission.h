/* SPDX-License-Identifier: MIT */
/*
 * wattle/emission.h - the noun "emission": grams of CO2 equivalent of an energy.
 *
 * An emission exists only where a zone was named by the user or the config:
 * Wattle has no default country. `zone` is empty when there is none.
 */
#ifndef WATTLE_EMISSION_H
#define WATTLE_EMISSION_H

#include <wattle/energy.h>

#ifdef __cplusplus
extern "C" {
#endif

enum wattle_emission_of { WATTLE_OF_TASK = 0, WATTLE_OF_MACHINE = 1 };

struct wattle_emission {
    enum wattle_emission_of of;     /* the task and its share of idle, or the whole machine */
    struct wattle_bound co2e_g;     /* NaN: unknown */
    double intensity_g_kwh;         /* NaN: unknown */
    char zone[WATTLE_NAME_MAX];     /* "FR"; "": none named */
    int year;                       /* of the factor; 0 unknown */
    char basis[WATTLE_NAME_MAX];    /* "lifecycle", "direct" */
    char source[WATTLE_SOURCE_MAX]; /* publisher and table */
};

#ifdef __cplusplus
}
#endif
#endif
