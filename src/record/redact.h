/* SPDX-License-Identifier: MIT */
/*
 * Secrets out of a command line, before it is kept anywhere.
 *
 * A copy is changed; the program's own arguments are not. Too much is hidden
 * rather than too little: a record that lost a harmless word is a nuisance, a
 * token in a shared report is an incident. Doing it twice changes nothing.
 */
#ifndef RECORD_REDACT_H
#define RECORD_REDACT_H

#include <wattle/record.h>

#define REDACTED "[redacted]"

/*
 * A NULL-terminated copy of the NULL-terminated argv (cast a char ** to const), on the heap with
 * all its words; NULL when out of memory. Hidden: the word after --token, --password and the
 * like, and after -u or --user what follows the colon; the value in --token=X, PASSWORD=X,
 * "api_key": "X"; user:password@ in URLs; secret query parameters; "Bearer X"; words of known
 * shapes (hf_, sk-, ghp_, AKIA, eyJ...).
 */
char **redact_command(const char *const *argv);

/* One word by itself, without what the word before it says. On the heap; NULL out of memory. */
char *redact_word(const char *word);

/* Replaces the record's command by the redacted copy of argv. 0 or WATTLE_E_NOMEM. */
int record_set_command(struct wattle_record *record, const char *const *argv);

#endif
