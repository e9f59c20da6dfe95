/* SPDX-License-Identifier: MIT */
/*
 * Settings and where each one came from.
 *
 * Later wins: /etc/wattle/config.yaml, the user's config.yaml, ./wattle.yaml,
 * WATTLE_* in the environment, flags. ./wattle.yaml comes with whatever
 * repository one happens to stand in, so it may set only what cannot do harm:
 * project, tags, zone and budgets. docs/config.md lists every key.
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include <wattle/error.h>

enum config_key {
    CONFIG_ZONE = 0,
    CONFIG_PROJECT,
    CONFIG_TAGS,
    CONFIG_HZ,
    CONFIG_SENSORS,
    CONFIG_IDLE,
    CONFIG_STORE,
    CONFIG_KEEP,
    CONFIG_QUIET,
    CONFIG_VERBOSE,
    CONFIG_LIVE,
    CONFIG_EMISSIONS_OF,
    CONFIG_HOST_NAME,
    CONFIG_LOG_LEVEL,
    CONFIG_LOG_FORMAT,
    CONFIG_CLOUD_METADATA,
    CONFIG_BUDGET_ENERGY,
    CONFIG_BUDGET_CARBON,
    CONFIG_KEY_COUNT
};

/* In the order in which they win. */
enum config_origin {
    CONFIG_DEFAULT = 0,
    CONFIG_SYSTEM,      /* /etc/wattle/config.yaml */
    CONFIG_USER,        /* $XDG_CONFIG_HOME/wattle/config.yaml */
    CONFIG_PROJECT_FILE, /* ./wattle.yaml */
    CONFIG_ENVIRONMENT, /* WATTLE_* */
    CONFIG_FLAG         /* the command line */
};

struct config_value {
    char *text; /* NULL: not set; owned */
    enum config_origin origin;
    char *where; /* "/etc/wattle/config.yaml:3", "WATTLE_ZONE", "--zone"; NULL: default; owned */
};

struct config {
    struct config_value values[CONFIG_KEY_COUNT];
};

void config_init(struct config *config); /* the defaults */
void config_finish(struct config *config);

/* "budgets.energy"; static. */
const char *config_name(enum config_key key);
/* "WATTLE_ZONE"; static. */
const char *config_variable(enum config_key key);
const char *config_summary(enum config_key key);
/* May ./wattle.yaml set it? */
bool config_project_may(enum config_key key);
const char *config_origin_name(enum config_origin origin);

/* NULL when not set. Borrowed until the key is set again. */
const char *config_text(const struct config *config, enum config_key key);
/* NaN when not set. */
double config_number(const struct config *config, enum config_key key);
bool config_flag(const struct config *config, enum config_key key);

/* Checks the value and keeps it unless a stronger origin has set the key. WATTLE_E_INVALID. */
int config_set(struct config *config, enum config_key key, const char *text,
               enum config_origin origin, const char *where, struct wattle_error *err);

/* ---- reading ------------------------------------------------------------------------------ */

/* Something that is not fatal: an unknown key, a key that ./wattle.yaml may not set. One line. */
typedef void config_warning(void *user, const char *text);

/* NULL for a file: there is none. */
struct config_files {
    char *system, *user, *project;
};
/* The usual three; WATTLE_CONFIG names another user file. Release with config_files_finish. */
int config_files_find(struct config_files *ret, struct wattle_error *err);
void config_files_finish(struct config_files *files);

/*
 * Files and environment into `config`. A file that is not there is nothing; one that cannot be
 * read or understood is an error, except ./wattle.yaml, which then only earns a warning.
 */
int config_load(struct config *config, const struct config_files *files, config_warning *warn,
                void *user, struct wattle_error *err);

/* ---- the pure part (config_yaml.c) -------------------------------------------------------- */

/* One scalar: nested keys are joined by dots, a list of scalars by commas. */
struct config_entry {
    char key[96];
    char *value; /* owned by the list */
    int line;    /* 1.. */
};
struct config_entries {
    struct config_entry *items;
    size_t count;
};

/* YAML text to entries, in order. WATTLE_E_INVALID with the line in the text; WATTLE_E_LIMIT for
 * more than 1 MiB, 1024 entries or 8 levels. Anchors and aliases are refused. */
int config_parse(const char *text, size_t size, struct config_entries *ret,
                 struct wattle_error *err);
void config_entries_finish(struct config_entries *entries);

#endif
