/* SPDX-License-Identifier: MIT */
/* Numbers for people: three or four significant digits, the right prefix, the unit. */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>

#define J_PER_KWH 3.6e6
/* International Table BTU, ISO 31-4. */
#define J_PER_BTU 1055.05585262

/* "41.3 J", "2.05 kJ", "1.42 kWh" (from 3.6 MJ on); "unknown" for NaN. Returns ret. */
const char *units_energy(double joules, char *ret, size_t size);
/* "12.4 W", "1.2 kW", "350 mW" */
const char *units_power(double watts, char *ret, size_t size);
/* "1.23 s", "450 ms", "2 min 03 s", "1 h 02 min" */
const char *units_duration(double seconds, char *ret, size_t size);
/* "0.42 g", "1.3 kg", "2.1 t" */
const char *units_mass(double grams, char *ret, size_t size);

/* A number with `digits` significant digits and no exponent: 0.0123, 4.57, 1230. */
const char *units_number(double value, int digits, char *ret, size_t size);

/* "5s", "250ms", "2min", "1h" to seconds; a bare number is seconds. */
bool units_parse_duration(const char *text, double *ret_s);
/* "0.2kWh", "50J", "3.5MJ", "12Wh" to joules; a unit is required. */
bool units_parse_energy(const char *text, double *ret_j);

#endif
