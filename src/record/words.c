/* SPDX-License-Identifier: MIT */
#include "record/words.h"

#include <stddef.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const char *const qualities[] = {"measured", "integrated", "modelled", "gap"};
static const char *const kinds[] = {"cpu", "dram", "gpu", "board", "battery", "other"};
static const char *const scopes[] = {"components", "wall"};
static const char *const states[] = {"finished", "running", "interrupted"};
static const char *const targets[] = {"task", "machine"};

static const char *word(const char *const *words, size_t count, unsigned value)
{
    return value < count ? words[value] : "unknown";
}

static int find(const char *const *words, size_t count, const char *text)
{
    size_t i;

    for (i = 0; text != NULL && i < count; i++) {
        if (strcmp(words[i], text) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const char *words_quality(enum wattle_quality quality)
{
    return word(qualities, COUNT(qualities), (unsigned)quality);
}

const char *words_kind(enum wattle_kind kind)
{
    return word(kinds, COUNT(kinds), (unsigned)kind);
}

const char *words_scope(enum wattle_scope scope)
{
    return word(scopes, COUNT(scopes), (unsigned)scope);
}

const char *words_state(enum wattle_run_state state)
{
    return word(states, COUNT(states), (unsigned)state);
}

const char *words_emission_of(enum wattle_emission_of of)
{
    return word(targets, COUNT(targets), (unsigned)of);
}

bool words_parse_quality(const char *text, enum wattle_quality *ret)
{
    int i = find(qualities, COUNT(qualities), text);

    if (i >= 0) {
        *ret = (enum wattle_quality)i;
    }
    return i >= 0;
}

bool words_parse_kind(const char *text, enum wattle_kind *ret)
{
    int i = find(kinds, COUNT(kinds), text);

    if (i >= 0) {
        *ret = (enum wattle_kind)i;
    }
    return i >= 0;
}

bool words_parse_scope(const char *text, enum wattle_scope *ret)
{
    int i = find(scopes, COUNT(scopes), text);

    if (i >= 0) {
        *ret = (enum wattle_scope)i;
    }
    return i >= 0;
}

bool words_parse_state(const char *text, enum wattle_run_state *ret)
{
    int i = find(states, COUNT(states), text);

    if (i >= 0) {
        *ret = (enum wattle_run_state)i;
    }
    return i >= 0;
}

bool words_parse_emission_of(const char *text, enum wattle_emission_of *ret)
{
    int i = find(targets, COUNT(targets), text);

    if (i >= 0) {
        *ret = (enum wattle_emission_of)i;
    }
    return i >= 0;
}
