/* SPDX-License-Identifier: MIT */
/* The config's files and variables: which there are, and what each of them may say. */
#include "base/config.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/host.h"
#include "base/nearest.h"

#define FILE_MAX ((size_t)1 << 20)
#define SYSTEM_FILE "/etc/wattle/config.yaml"
#define PROJECT_FILE "wattle.yaml"

static char *join(const char *directory, const char *rest)
{
    size_t size = strlen(directory) + strlen(rest) + 1;
    char *path = malloc(size);

    if (path != NULL) {
        snprintf(path, size, "%s%s", directory, rest);
    }
    return path;
}

/* Most runs find no config at all, and must pay no more than one system call for each place. */
static bool exists(const char *path)
{
    return access(path, F_OK) == 0 || errno != ENOENT;
}

/* Keeps `path` (owned) if there is a file, or something that should be looked at. */
static char *keep_existing(char *path)
{
    if (path != NULL && !exists(path)) {
        free(path);
        return NULL;
    }
    return path;
}

static char *user_file(void)
{
    const char *named = host_getenv("WATTLE_CONFIG");
    const char *home;

    if (named != NULL) {
        return strdup(named);
    }
    if (getauxval(AT_SECURE) != 0) {
        /* The environment is a stranger's: the password file says where home is. */
        const struct passwd *entry = getpwuid(getuid());

        return entry != NULL ? join(entry->pw_dir, "/.config/wattle/config.yaml") : NULL;
    }
    home = getenv("XDG_CONFIG_HOME");
    if (home != NULL && home[0] == '/') {
        return join(home, "/wattle/config.yaml");
    }
    home = getenv("HOME");
    if (home != NULL && home[0] == '/') {
        return join(home, "/.config/wattle/config.yaml");
    }
    return NULL;
}

int config_files_find(struct config_files *ret, struct wattle_error *err)
{
    const char *named = host_getenv("WATTLE_CONFIG");

    memset(ret, 0, sizeof *ret);
    if (named != NULL && strcmp(named, "/dev/null") != 0) {
        /* A file that is named must be there. */
        ret->user = user_file();
        if (ret->user == NULL) {
            return error_set(err, WATTLE_E_NOMEM, "out of memory");
        }
    } else if (named == NULL) {
        ret->user = keep_existing(user_file());
    }
    ret->system = keep_existing(strdup(SYSTEM_FILE));
    ret->project = keep_existing(strdup(PROJECT_FILE));
    return 0;
}

void config_files_finish(struct config_files *files)
{
    free(files->system);
    free(files->user);
    free(files->project);
    memset(files, 0, sizeof *files);
}

struct loading {
    struct config *config;
    const char *path;
    enum config_origin origin;
    config_warning *warn;
    void *user;
};

__attribute__((format(printf, 2, 3))) static void warn(const struct loading *loading,
                                                       const char *format, ...)
{
    char text[512];
    va_list args;

    if (loading->warn == NULL) {
        return;
    }
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    loading->warn(loading->user, text);
}

static int find_key(const char *name)
{
    int i;

    for (i = 0; i < CONFIG_KEY_COUNT; i++) {
        if (strcmp(config_name((enum config_key)i), name) == 0) {
            return i;
        }
    }
    return -1;
}

static void warn_unknown(const struct loading *loading, const struct config_entry *entry)
{
    const char *nearest = NULL;
    int i;

    for (i = 0; i < CONFIG_KEY_COUNT; i++) {
        nearest = nearest_better(entry->key, nearest, config_name((enum config_key)i));
    }
    if (nearest != NULL) {
        warn(loading, "%s:%d: unknown key \"%s\" is ignored; did you mean \"%s\"?", loading->path,
             entry->line, entry->key, nearest);
    } else {
        warn(loading, "%s:%d: unknown key \"%s\" is ignored", loading->path, entry->line,
             entry->key);
    }
}

static int apply(const struct loading *loading, const struct config_entry *entry,
                 struct wattle_error *err)
{
    struct wattle_error why = {0};
    char where[512];
    int key = find_key(entry->key);
    int rc;

    if (key < 0) {
        warn_unknown(loading, entry);
        return 0;
    }
    if (loading->origin == CONFIG_PROJECT_FILE && !config_project_may((enum config_key)key)) {
        warn(loading,
             "%s:%d: \"%s\" is refused: a project file may set project, tags, zone and budgets "
             "only",
             loading->path, entry->line, entry->key);
        return 0;
    }
    snprintf(where, sizeof where, "%s:%d", loading->path, entry->line);
    rc = config_set(loading->config, (enum config_key)key, entry->value, loading->origin, where,
                    &why);
    if (rc != 0 && loading->origin == CONFIG_PROJECT_FILE) {
        warn(loading, "%s: ignored: %s", where, why.text);
        return 0;
    }
    return rc != 0 ? error_set(err, rc, "%s: %s", where, why.text) : 0;
}

static int load_file(struct loading *loading, struct wattle_error *err)
{
    struct config_entries entries = {0};
    struct wattle_error why = {0}, parse = {0};
    char *text = malloc(FILE_MAX + 2);
    ssize_t length;
    size_t i;
    int rc = 0;

    if (text == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    length = file_read(loading->path, text, FILE_MAX + 2);
    if (length < 0) {
        rc = length == -EINVAL
                 ? error_set(&why, WATTLE_E_INVALID, "%s: not a regular file", loading->path)
                 : error_errno(&why, (int)-length, "%s", loading->path);
    } else if ((rc = config_parse(text, (size_t)length, &entries, &parse)) != 0) {
        error_set(&why, rc, "%s: %s", loading->path, parse.text);
    }
    for (i = 0; rc == 0 && i < entries.count; i++) {
        rc = apply(loading, &entries.items[i], &why);
    }
    config_entries_finish(&entries);
    free(text);
    if (rc != 0 && loading->origin == CONFIG_PROJECT_FILE) {
        warn(loading, "%s; the file is ignored", why.text);
        return 0;
    }
    return rc != 0 ? error_set(err, rc, "%s", why.text) : 0;
}

static int load_environment(struct config *config, struct wattle_error *err)
{
    int i;

    for (i = 0; i < CONFIG_KEY_COUNT; i++) {
        const char *variable = config_variable((enum config_key)i);
        const char *text = host_getenv(variable);
        struct wattle_error why = {0};

        if (text != NULL &&
            config_set(config, (enum config_key)i, text, CONFIG_ENVIRONMENT, variable, &why) != 0) {
            return error_set(err, why.code, "%s: %s", variable, why.text);
        }
    }
    return 0;
}

int config_load(struct config *config, const struct config_files *files, config_warning *warning,
                void *user, struct wattle_error *err)
{
    const char *const paths[] = {files->system, files->user, files->project};
    int rc = 0;
    int i;

    for (i = 0; rc == 0 && i < 3; i++) {
        struct loading loading = {config, paths[i], (enum config_origin)(CONFIG_SYSTEM + i),
                                  warning, user};

        if (paths[i] != NULL) {
            rc = load_file(&loading, err);
        }
    }
    return rc == 0 ? load_environment(config, err) : rc;
}
