/* SPDX-License-Identifier: MIT */
#include "base/config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/units.h"

enum kind { TEXT, PATH, NUMBER, SECONDS, FLAG, LEVEL, FORMAT, OF, ENERGY, MASS };

struct key {
    const char *name;
    const char *variable;
    enum kind kind;
    double low, high;
    const char *standard; /* the default; NULL: not set */
    bool project;         /* ./wattle.yaml may set it */
    const char *summary;
};

static const struct key keys[CONFIG_KEY_COUNT] = {
    [CONFIG_ZONE] = {"zone", "WATTLE_ZONE", TEXT, 0, 0, NULL, true,
                     "country whose electricity is used, as FR or France; none: no CO2e"},
    [CONFIG_PROJECT] = {"project", "WATTLE_PROJECT", TEXT, 0, 0, NULL, true,
                        "name under which runs are kept"},
    [CONFIG_TAGS] = {"tags", "WATTLE_TAGS", TEXT, 0, 0, NULL, true, "labels of runs, a list"},
    [CONFIG_HZ] = {"hz", "WATTLE_HZ", NUMBER, 0.1, 1000, "10", false, "samples per second"},
    [CONFIG_SENSORS] = {"sensors", "WATTLE_SENSORS", TEXT, 0, 0, NULL, false,
                        "drivers to use, a list; none: all that work here"},
    [CONFIG_IDLE] = {"idle", "WATTLE_IDLE", SECONDS, 0, 3600, "0", false,
                     "how long idle power is measured before a run"},
    [CONFIG_STORE] = {"store", "WATTLE_STORE", PATH, 0, 0, NULL, false, "file that keeps the runs"},
    [CONFIG_KEEP] = {"keep", "WATTLE_KEEP", FLAG, 0, 0, "true", false, "keep runs in the store"},
    [CONFIG_QUIET] = {"quiet", "WATTLE_QUIET", FLAG, 0, 0, "false", false,
                      "print no summary after a run"},
    [CONFIG_VERBOSE] = {"verbose", "WATTLE_VERBOSE", FLAG, 0, 0, "false", false,
                        "show every component and note"},
    [CONFIG_LIVE] = {"live", "WATTLE_LIVE", FLAG, 0, 0, "false", false,
                     "one-line display while a run goes on"},
    [CONFIG_EMISSIONS_OF] = {"emissions_of", "WATTLE_EMISSIONS_OF", OF, 0, 0, "task", false,
                             "task (with its share of idle) or machine"},
    [CONFIG_HOST_NAME] = {"host_name", "WATTLE_HOST_NAME", FLAG, 0, 0, "false", false,
                          "write this machine's name into records"},
    [CONFIG_LOG_LEVEL] = {"log_level", "WATTLE_LOG_LEVEL", LEVEL, 0, 0, "warning", false,
                          "error, warning, info or debug"},
    [CONFIG_LOG_FORMAT] = {"log_format", "WATTLE_LOG_FORMAT", FORMAT, 0, 0, NULL, false,
                           "text, json or journald; none: what standard error is"},
    [CONFIG_CLOUD_METADATA] = {"cloud_metadata", "WATTLE_CLOUD_METADATA", FLAG, 0, 0, "false",
                               false,
                               "ask the cloud's metadata service for the instance type"},
    [CONFIG_BUDGET_ENERGY] = {"budgets.energy", "WATTLE_BUDGET_ENERGY", ENERGY, 0, 0, NULL, true,
                              "energy that a run may use, as 0.2kWh"},
    [CONFIG_BUDGET_CARBON] = {"budgets.carbon", "WATTLE_BUDGET_CARBON", MASS, 0, 0, NULL, true,
                              "CO2e that a run may cause, as 50g"},
};

static const char *const origin_names[] = {"default", "system",      "user",
                                           "project", "environment", "flag"};

const char *config_name(enum config_key key)
{
    return keys[key].name;
}

const char *config_variable(enum config_key key)
{
    return keys[key].variable;
}

const char *config_summary(enum config_key key)
{
    return keys[key].summary;
}

bool config_project_may(enum config_key key)
{
    return keys[key].project;
}

const char *config_origin_name(enum config_origin origin)
{
    return origin_names[origin];
}

void config_init(struct config *config)
{
    memset(config, 0, sizeof *config);
}

void config_finish(struct config *config)
{
    int i;

    for (i = 0; i < CONFIG_KEY_COUNT; i++) {
        free(config->values[i].text);
        free(config->values[i].where);
    }
    memset(config, 0, sizeof *config);
}

const char *config_text(const struct config *config, enum config_key key)
{
    const char *text = config->values[key].text;

    /* An empty value takes back what a weaker origin said. */
    if (text == NULL || text[0] == '\0') {
        return keys[key].standard;
    }
    return text;
}

static bool parse_flag(const char *text, bool *ret)
{
    static const char *const yes[] = {"true", "yes", "on", "1"};
    static const char *const no[] = {"false", "no", "off", "0"};
    size_t i;

    for (i = 0; i < 4; i++) {
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *ret = strcmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}

double config_number(const struct config *config, enum config_key key)
{
    const char *text = config_text(config, key);
    double number;

    if (text == NULL) {
        return NAN;
    }
    if (keys[key].kind == SECONDS ? units_parse_duration(text, &number)
                                  : parse_double(text, &number)) {
        return number;
    }
    return NAN;
}

bool config_flag(const struct config *config, enum config_key key)
{
    const char *text = config_text(config, key);
    bool flag = false;

    return text != NULL && parse_flag(text, &flag) && flag;
}

/* "50g", "1.5kg", "2t" */
static bool parse_mass(const char *text, double *ret_g)
{
    static const struct {
        const char *unit;
        double g;
    } units[] = {{"mg", 1e-3}, {"kg", 1e3}, {"g", 1}, {"t", 1e6}};
    char number[64];
    size_t length = strlen(text), i;

    for (i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t n = strlen(units[i].unit);

        if (length > n && length - n < sizeof number &&
            strcmp(text + length - n, units[i].unit) == 0) {
            memcpy(number, text, length - n);
            number[length - n] = '\0';
            if (!parse_double(number, ret_g)) {
                return false;
            }
            *ret_g *= units[i].g;
            return *ret_g >= 0;
        }
    }
    return false;
}

static int check_range(const struct key *key, double number, const char *text,
                       struct wattle_error *err)
{
    if (number < key->low || number > key->high) {
        return error_set(err, WATTLE_E_INVALID, "%s must be between %g and %g, not \"%.60s\"",
                         key->name, key->low, key->high, text);
    }
    return 0;
}

static int check(const struct key *key, const char *text, struct wattle_error *err)
{
    const char *wanted = NULL;
    enum log_format format;
    enum log_level level;
    double number = 0;
    bool flag;

    if (text[0] == '\0') {
        return 0;
    }
    switch (key->kind) {
    case NUMBER:
        if (parse_double(text, &number)) {
            return check_range(key, number, text, err);
        }
        wanted = "a number";
        break;
    case SECONDS:
        if (units_parse_duration(text, &number)) {
            return check_range(key, number, text, err);
        }
        wanted = "a duration, as 5s";
        break;
    case FLAG:
        wanted = parse_flag(text, &flag) ? NULL : "true or false";
        break;
    case LEVEL:
        wanted = log_level_parse(text, &level) ? NULL : "error, warning, info or debug";
        break;
    case FORMAT:
        wanted = log_format_parse(text, &format) ? NULL : "text, json or journald";
        break;
    case OF:
        wanted =
            strcmp(text, "task") == 0 || strcmp(text, "machine") == 0 ? NULL : "task or machine";
        break;
    case ENERGY:
        wanted = units_parse_energy(text, &number) ? NULL : "an energy, as 0.2kWh";
        break;
    case MASS:
        wanted = parse_mass(text, &number) ? NULL : "a mass, as 50g";
        break;
    case TEXT:
    case PATH:
        break;
    }
    if (wanted != NULL) {
        return error_set(err, WATTLE_E_INVALID, "%s must be %s, not \"%.60s\"", key->name, wanted,
                         text);
    }
    return 0;
}

int config_set(struct config *config, enum config_key key, const char *text,
               enum config_origin origin, const char *where, struct wattle_error *err)
{
    struct config_value *value = &config->values[key];
    char *new_text, *new_where;
    int rc = check(&keys[key], text, err);

    if (rc != 0) {
        return rc;
    }
    if (value->text != NULL && value->origin > origin) {
        return 0;
    }
    new_text = strdup(text);
    new_where = where != NULL ? strdup(where) : NULL;
    if (new_text == NULL || (where != NULL && new_where == NULL)) {
        free(new_text);
        free(new_where);
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    free(value->text);
    free(value->where);
    value->text = new_text;
    value->where = new_where;
    value->origin = origin;
    return 0;
}
