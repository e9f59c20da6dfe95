/* SPDX-License-Identifier: MIT */
#include "carbon/table.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/units.h"
#include "carbon/countries.h"

enum { WORD_MAX = 48, NEAREST = 3 };

/* What people also call them. */
static const struct {
    const char *name;
    const char *zone;
} aliases[] = {
    {"UK", "GB"},
    {"Great Britain", "GB"},
    {"England", "GB"},
    {"Scotland", "GB"},
    {"Wales", "GB"},
    {"Northern Ireland", "GB"},
    {"EL", "GR"},
    {"United States of America", "US"},
    {"Czech Republic", "CZ"},
    {"Holland", "NL"},
    {"The Netherlands", "NL"},
    {"Republic of Korea", "KR"},
    {"Korea", "KR"},
    {"Russian Federation", "RU"},
    {"Viet Nam", "VN"},
    {"Ivory Coast", "CI"},
    {"DR Congo", "CD"},
    {"Burma", "MM"},
    {"Macedonia", "MK"},
    {"Swaziland", "SZ"},
    {"Turkiye", "TR"},
    {"T\xc3\xbcrkiye", "TR"},
    {"Cabo Verde", "CV"},
    {"Timor-Leste", "TL"},
    {"EU27", "EU"},
    {"EU-27", "EU"},
    {"Deutschland", "DE"},
    {"UAE", "AE"},
};

size_t carbon_table_count(void) { return carbon_country_count; }

const struct carbon_factor *carbon_table_get(size_t i)
{
    return i < carbon_country_count ? &carbon_countries[i] : NULL;
}

/* Lower case, and everything that is no letter or digit one space: "Cote-d'Ivoire" is found. */
static void fold(char ret[WORD_MAX], const char *text)
{
    size_t used = 0;

    for (; *text != '\0' && used < WORD_MAX - 1; text++) {
        unsigned char c = (unsigned char)*text;

        if (isalnum(c) || c >= 0x80) {
            ret[used++] = (char)(c < 0x80 ? tolower(c) : c);
        } else if (used > 0 && ret[used - 1] != ' ') {
            ret[used++] = ' ';
        }
    }
    while (used > 0 && ret[used - 1] == ' ') {
        used--;
    }
    ret[used] = '\0';
}

static bool same(const char *folded, const char *name)
{
    char other[WORD_MAX];

    fold(other, name);
    return strcmp(folded, other) == 0;
}

static const struct carbon_factor *find(const char *folded)
{
    const char *wanted = folded;
    size_t i;

    for (i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (same(folded, aliases[i].name)) {
            wanted = aliases[i].zone;
        }
    }
    for (i = 0; i < carbon_country_count; i++) {
        if (strcasecmp(wanted, carbon_countries[i].zone) == 0 ||
            strcasecmp(wanted, carbon_alpha3[i]) == 0 || same(wanted, carbon_countries[i].name)) {
            return &carbon_countries[i];
        }
    }
    return NULL;
}

/* Levenshtein's distance: insertions, deletions and substitutions, one each. */
static int distance(const char *a, const char *b)
{
    int row[WORD_MAX];
    int length = (int)strlen(b);
    int i, j;

    for (j = 0; j <= length; j++) {
        row[j] = j;
    }
    for (i = 1; a[i - 1] != '\0'; i++) {
        int diagonal = row[0];

        row[0] = i;
        for (j = 1; j <= length; j++) {
            int best = diagonal + (a[i - 1] != b[j - 1]);

            diagonal = row[j];
            if (row[j] + 1 < best) {
                best = row[j] + 1;
            }
            if (row[j - 1] + 1 < best) {
                best = row[j - 1] + 1;
            }
            row[j] = best;
        }
    }
    return row[length];
}

/* How far a country is from what was typed; names that begin with it or hold it come first. */
static int far(const char *folded, size_t i)
{
    char name[WORD_MAX], code[WORD_MAX];
    size_t length = strlen(folded);

    fold(name, carbon_countries[i].name);
    fold(code, carbon_countries[i].zone);
    if (length >= 2 && strncmp(name, folded, length) == 0) {
        return 0;
    }
    if (length >= 3 && strstr(name, folded) != NULL) {
        return 1;
    }
    if (length <= 3) {
        return 10 * distance(folded, code); /* a mistyped code */
    }
    /* "US-CA", "de_1": the country a longer code begins with. */
    if (folded[2] == ' ' && strlen(code) == 2 && strncmp(folded, code, 2) == 0) {
        return 0;
    }
    return 2 + distance(folded, name);
}

static void nearest(const char *folded, char *ret, size_t size)
{
    size_t best[NEAREST];
    int distances[NEAREST];
    size_t count = 0;
    size_t used = 0;
    size_t i, k;

    for (i = 0; i < carbon_country_count; i++) {
        int d = far(folded, i);
        size_t at = count;

        while (at > 0 && distances[at - 1] > d) {
            at--;
        }
        if (at >= NEAREST) {
            continue;
        }
        if (count < NEAREST) {
            count++;
        }
        for (k = count - 1; k > at; k--) {
            best[k] = best[k - 1];
            distances[k] = distances[k - 1];
        }
        best[at] = i;
        distances[at] = d;
    }
    ret[0] = '\0';
    for (k = 0; k < count && used < size; k++) {
        const struct carbon_factor *factor = &carbon_countries[best[k]];
        int n = snprintf(ret + used, size - used, "%s%s (%s)", k == 0 ? "" : ", ", factor->zone,
                         factor->name);

        used += n > 0 ? (size_t)n : 0;
    }
}

int carbon_table_find(const char *zone, struct carbon_factor *ret, struct wattle_error *err)
{
    const struct carbon_factor *found;
    char folded[WORD_MAX];
    char names[160];

    fold(folded, zone);
    found = folded[0] != '\0' && strlen(zone) < WORD_MAX ? find(folded) : NULL;
    if (found != NULL) {
        *ret = *found;
        return 0;
    }
    nearest(folded, names, sizeof names);
    return error_set(err, WATTLE_E_NOENT, "no zone \"%.40s\"; nearest: %s", zone, names);
}

/*
 * The idle energy is everybody's who used the machine: the task bears it in proportion to its
 * part of the energy above idle. A machine that did nothing else gives it all to the task.
 */
static struct wattle_bound task_with_idle(const struct wattle_energy *energy)
{
    double active = energy->task_j.value + energy->other_j.value + energy->own_j.value;
    double share = active > 0 ? energy->task_j.value / active : 0;
    struct wattle_bound sum = {
        energy->task_j.value + share * energy->idle_j.value,
        energy->task_j.low + share * energy->idle_j.low,
        energy->task_j.high + share * energy->idle_j.high,
    };

    if (sum.high > energy->machine_j.high) {
        sum.high = energy->machine_j.high;
    }
    return sum;
}

void carbon_convert(const struct wattle_energy *energy, const struct carbon_factor *factor,
                    enum wattle_emission_of of, struct wattle_emission *ret)
{
    struct wattle_bound joules =
        of == WATTLE_OF_MACHINE ? energy->machine_j : task_with_idle(energy);
    double g_per_j = factor->intensity_g_kwh / J_PER_KWH;

    memset(ret, 0, sizeof *ret);
    ret->of = of;
    ret->intensity_g_kwh = factor->intensity_g_kwh;
    ret->year = factor->year;
    snprintf(ret->zone, sizeof ret->zone, "%s", factor->zone);
    snprintf(ret->basis, sizeof ret->basis, "%s", factor->basis);
    snprintf(ret->source, sizeof ret->source, "%s", factor->source);
    ret->co2e_g.value = joules.value * g_per_j;
    ret->co2e_g.low = joules.low * g_per_j;
    ret->co2e_g.high = joules.high * g_per_j;
    if (isnan(ret->co2e_g.value)) {
        ret->co2e_g.low = WATTLE_UNKNOWN;
        ret->co2e_g.high = WATTLE_UNKNOWN;
    }
}
