/* SPDX-License-Identifier: MIT */
/* The words that stand for enums in JSON, in the store and in reports. Stable: docs/record.md. */
#ifndef RECORD_WORDS_H
#define RECORD_WORDS_H

#include <stdbool.h>

#include <wattle/record.h>

/* Static strings; "unknown" for a value outside the enum. */
const char *words_quality(enum wattle_quality quality);
const char *words_kind(enum wattle_kind kind);
const char *words_scope(enum wattle_scope scope);
const char *words_state(enum wattle_run_state state);
const char *words_emission_of(enum wattle_emission_of of);

/* The inverse; false for a word that is none (a later version's), ret untouched. */
bool words_parse_quality(const char *word, enum wattle_quality *ret);
bool words_parse_kind(const char *word, enum wattle_kind *ret);
bool words_parse_scope(const char *word, enum wattle_scope *ret);
bool words_parse_state(const char *word, enum wattle_run_state *ret);
bool words_parse_emission_of(const char *word, enum wattle_emission_of *ret);

#endif
