/* SPDX-License-Identifier: MIT */
#include "report/lines.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "record/utf8.h"

__attribute__((format(printf, 2, 0))) static void add(struct line *line, const char *format,
                                                      va_list args)
{
    size_t left = sizeof line->text - line->used;
    int n = vsnprintf(line->text + line->used, left, format, args);

    if (n > 0) {
        line->used += (size_t)n < left ? (size_t)n : left - 1;
    }
}

void line_add(struct line *line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(line, format, args);
    va_end(args);
}

void line_item(struct line *line, const char *format, ...)
{
    va_list args;

    if (line->used > 0) {
        line_add(line, ", ");
    }
    va_start(args, format);
    add(line, format, args);
    va_end(args);
}

struct scale {
    const char *unit;
    double divisor;
};

static const struct scale energies[] = {{"uJ", 1e-6},     {"mJ", 1e-3},
                                        {"J", 1},         {"kJ", 1e3},
                                        {"kWh", J_PER_KWH}, {"MWh", 1e3 * J_PER_KWH}};
static const struct scale masses[] = {
    {"ug", 1e-6}, {"mg", 1e-3}, {"g", 1}, {"kg", 1e3}, {"t", 1e6}};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* Three digits, and more where the interval is too narrow to show in three. */
static int digits(const struct wattle_bound *bound)
{
    double width = (bound->high - bound->low) / fabs(bound->value);

    return !(width > 0) || width > 0.01 ? 3 : width > 0.001 ? 4 : 5;
}

/* base/units chooses the prefix; its words "41.3 J" are taken apart for it, so that it is chosen
 * in one place. */
static const struct scale *scale_of(const char *words, const struct scale *scales, size_t count)
{
    const char *space = strchr(words, ' ');
    size_t i;

    for (i = 0; space != NULL && i < count; i++) {
        if (strcmp(space + 1, scales[i].unit) == 0) {
            return &scales[i];
        }
    }
    return NULL;
}

static void end(double value, const struct scale *scale, int count, char *ret, size_t size)
{
    if (value == 0) {
        snprintf(ret, size, "0");
    } else {
        units_number(value / scale->divisor, count, ret, size);
    }
}

const char *lines_energy(const struct wattle_bound *bound, char *ret_number, size_t size)
{
    char words[48];
    const struct scale *scale =
        scale_of(units_energy(bound->value, words, sizeof words), energies, COUNT(energies));

    if (scale == NULL) {
        snprintf(ret_number, size, "unknown");
        return "";
    }
    end(bound->value, scale, digits(bound), ret_number, size);
    return scale->unit;
}

static const char *interval(const struct wattle_bound *bound, const struct scale *scale,
                            const char *(*words)(double value, char *ret, size_t size), char *ret,
                            size_t size)
{
    char low[40], high[40], number[40];
    int count = digits(bound);

    ret[0] = '\0';
    if (scale == NULL || !isfinite(bound->low) || !isfinite(bound->high)) {
        return ret;
    }
    if (bound->value == 0 && bound->low == 0 && bound->high > 0) {
        snprintf(ret, size, "0-%s", words(bound->high, high, sizeof high));
        return ret;
    }
    end(bound->value, scale, count, number, sizeof number);
    end(bound->low, scale, count, low, sizeof low);
    end(bound->high, scale, count, high, sizeof high);
    if (bound->high >= 999.5 * scale->divisor && bound->high > 20 * bound->value) {
        /* Orders above the value: each end in its own unit. */
        words(bound->high, high, sizeof high);
        if (bound->low != 0) {
            words(bound->low, low, sizeof low);
        }
    }
    if (strcmp(low, number) != 0 || strcmp(high, number) != 0) {
        snprintf(ret, size, "%s-%s", low, high);
    }
    return ret;
}

const char *lines_interval(const struct wattle_bound *bound, char *ret, size_t size)
{
    char words[48];

    return interval(bound,
                    scale_of(units_energy(bound->value, words, sizeof words), energies,
                             COUNT(energies)),
                    units_energy, ret, size);
}

const char *lines_mass_interval(const struct wattle_bound *bound, char *ret, size_t size)
{
    char words[48];

    return interval(bound,
                    scale_of(units_mass(bound->value, words, sizeof words), masses, COUNT(masses)),
                    units_mass, ret, size);
}

const char *lines_share(double part, double whole, char *ret, size_t size)
{
    double percent = 100 * part / whole;

    ret[0] = '\0';
    if (!isfinite(percent)) {
        return ret;
    }
    if (percent == 0) {
        snprintf(ret, size, "0 %%");
    } else if (percent < 0.005) {
        snprintf(ret, size, "<0.01 %%");
    } else {
        snprintf(ret, size, "%.*f %%", percent >= 9.95 ? 0 : percent >= 0.095 ? 1 : 2, percent);
    }
    return ret;
}

const char *lines_driver(const char *source, char *ret, size_t size)
{
    snprintf(ret, size, "%.*s", (int)strcspn(source, ":"), source);
    return ret;
}

size_t lines_trim(const char *text, size_t length)
{
    while (length > 0 && text[length - 1] == ' ') {
        length--;
    }
    return length;
}

size_t lines_fit(const char *text, size_t columns)
{
    size_t left = strlen(text);
    size_t used = 0;

    while (columns > 0 && left > 0) {
        size_t length = utf8_length(text + used, left);

        length = length > 0 ? length : 1;
        used += length;
        left -= length;
        columns--;
    }
    return used;
}
