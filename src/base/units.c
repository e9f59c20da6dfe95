/* SPDX-License-Identifier: MIT */
#include "base/units.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

const char *units_number(double value, int digits, char *ret, size_t size)
{
    double magnitude = fabs(value);
    int before = 1;
    int decimals;

    if (!isfinite(value)) {
        snprintf(ret, size, "unknown");
        return ret;
    }
    if (magnitude > 0) {
        before = (int)floor(log10(magnitude)) + 1;
        /* 9.996 with three digits is 10.0: rounding can add a digit. */
        if (magnitude >= pow(10, before) - 0.5 * pow(10, before - digits)) {
            before++;
        }
    }
    decimals = digits - before;
    if (decimals < 0) {
        decimals = 0;
    }
    if (decimals > 9) {
        decimals = 9;
    }
    snprintf(ret, size, "%.*f", decimals, value);
    return ret;
}

struct step {
    double from; /* use this unit for magnitudes from here on */
    double divisor;
    const char *unit;
};

static const char *scaled(double value, const struct step *steps, size_t count, char *ret,
                          size_t size)
{
    char number[48];
    size_t i = 0;

    if (!isfinite(value)) {
        snprintf(ret, size, "unknown");
        return ret;
    }
    while (i + 1 < count && fabs(value) >= steps[i + 1].from) {
        i++;
    }
    units_number(value / steps[i].divisor, 3, number, sizeof number);
    snprintf(ret, size, "%s %s", value == 0 ? "0" : number, steps[i].unit);
    return ret;
}

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

const char *units_energy(double joules, char *ret, size_t size)
{
    static const struct step steps[] = {{0, 1e-6, "uJ"},
                                        {0.9995e-3, 1e-3, "mJ"},
                                        {0.9995, 1, "J"},
                                        {9995, 1e3, "kJ"},
                                        {0.9995 * J_PER_KWH, J_PER_KWH, "kWh"},
                                        {999.5 * J_PER_KWH, 1e3 * J_PER_KWH, "MWh"}};

    if (joules == 0) {
        snprintf(ret, size, "0 J");
        return ret;
    }
    return scaled(joules, steps, COUNT(steps), ret, size);
}

const char *units_power(double watts, char *ret, size_t size)
{
    static const struct step steps[] = {
        {0, 1e-3, "mW"}, {0.9995, 1, "W"}, {9995, 1e3, "kW"}, {9995e3, 1e6, "MW"}};

    if (watts == 0) {
        snprintf(ret, size, "0 W");
        return ret;
    }
    return scaled(watts, steps, COUNT(steps), ret, size);
}

const char *units_mass(double grams, char *ret, size_t size)
{
    static const struct step steps[] = {
        {0, 1e-6, "ug"}, {0.9995e-3, 1e-3, "mg"}, {0.9995, 1, "g"}, {999.5, 1e3, "kg"},
        {999.5e3, 1e6, "t"}};

    if (grams == 0) {
        snprintf(ret, size, "0 g");
        return ret;
    }
    return scaled(grams, steps, COUNT(steps), ret, size);
}

const char *units_duration(double seconds, char *ret, size_t size)
{
    static const struct step steps[] = {
        {0, 1e-6, "us"}, {0.9995e-3, 1e-3, "ms"}, {0.9995, 1, "s"}};

    if (isnan(seconds) || seconds < 119.5) {
        return scaled(seconds, steps, COUNT(steps), ret, size);
    }
    if (seconds < 3600) {
        long whole = lround(seconds);

        snprintf(ret, size, "%ld min %02ld s", whole / 60, whole % 60);
    } else {
        double minutes = round(seconds / 60);

        snprintf(ret, size, "%.0f h %02.0f min", floor(minutes / 60), fmod(minutes, 60));
    }
    return ret;
}

struct unit {
    const char *name;
    double factor;
};

static bool parse_with_unit(const char *text, const struct unit *units, size_t count, double *ret)
{
    char number[64];
    size_t length = 0;
    size_t i;

    /* The number ends where a letter that is no exponent begins. */
    while (length < sizeof number - 1 && text[length] != '\0') {
        char c = text[length];
        bool exponent = (c == 'e' || c == 'E') &&
                        (isdigit((unsigned char)text[length + 1]) || text[length + 1] == '-' ||
                         text[length + 1] == '+');

        if (!isdigit((unsigned char)c) && c != '.' && c != '-' && c != '+' && !exponent) {
            break;
        }
        number[length] = c;
        length++;
    }
    number[length] = '\0';
    if (!parse_double(number, ret)) {
        return false;
    }
    text += length;
    while (*text == ' ') {
        text++;
    }
    for (i = 0; i < count; i++) {
        if (strcmp(text, units[i].name) == 0) {
            *ret *= units[i].factor;
            return isfinite(*ret);
        }
    }
    return false;
}

bool units_parse_duration(const char *text, double *ret_s)
{
    static const struct unit units[] = {{"", 1},     {"s", 1},   {"ms", 1e-3}, {"us", 1e-6},
                                        {"min", 60}, {"m", 60},  {"h", 3600},  {"d", 86400}};

    return parse_with_unit(text, units, COUNT(units), ret_s) && *ret_s >= 0;
}

bool units_parse_energy(const char *text, double *ret_j)
{
    static const struct unit units[] = {{"J", 1},      {"kJ", 1e3},   {"MJ", 1e6},
                                        {"GJ", 1e9},   {"mJ", 1e-3},  {"Wh", 3600},
                                        {"kWh", 3.6e6}, {"MWh", 3.6e9}, {"GWh", 3.6e12}};

    return parse_with_unit(text, units, COUNT(units), ret_j) && *ret_j >= 0;
}
