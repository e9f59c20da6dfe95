/* SPDX-License-Identifier: MIT */
/* getopt_long with messages that say what was meant. */
#include "cli/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/host.h"
#include "base/nearest.h"
#include "base/units.h"

int usage_error(struct cli *cli, const char *format, ...)
{
    char words[512];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    if (cli->command != NULL) {
        log_write(&cli->log, LOG_LEVEL_ERROR, "%s: %s", cli->command, words);
    } else {
        log_write(&cli->log, LOG_LEVEL_ERROR, "%s", words);
    }
    return CLI_USAGE;
}

static void say_unknown_option(struct cli *cli, const char *word, const struct option *options)
{
    const char *nearest = NULL;
    char name[64];
    size_t i;

    if (strncmp(word, "--", 2) != 0) {
        usage_error(cli, "unknown option \"-%c\"; see `wattle %s --help`", optopt, cli->command);
        return;
    }
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    for (i = 0; options[i].name != NULL; i++) {
        nearest = nearest_better(name, nearest, options[i].name);
    }
    if (nearest != NULL) {
        usage_error(cli, "unknown option \"--%s\"; did you mean \"--%s\"?", name, nearest);
    } else {
        usage_error(cli, "unknown option \"--%s\"; see `wattle %s --help`", name, cli->command);
    }
}

/* getopt_long found something wrong with argv[optind - 1]. */
static int say_bad_option(struct cli *cli, int code, char **argv, const char *shorts,
                          const struct option *options)
{
    const char *word = argv[optind - 1];
    size_t i, length, matches = 0, exact = 0;

    if (code == '?' && optopt > 0 && optopt < OPTION_HELP && strchr(shorts, optopt) == NULL) {
        word = ""; /* one letter of a word that getopt has not left yet */
    }

    if (code == ':') {
        usage_error(cli, "option \"%.80s\" needs a value; see `wattle %s --help`", word,
                    cli->command);
        return OPTION_BAD;
    }
    length = strncmp(word, "--", 2) == 0 ? strcspn(word + 2, "=") : 0;
    for (i = 0; length > 0 && options[i].name != NULL; i++) {
        if (strncmp(options[i].name, word + 2, length) == 0) {
            matches++;
            exact += options[i].name[length] == '\0';
        }
    }
    if (exact > 0 || matches == 1) {
        usage_error(cli, "option \"%.*s\" takes no value", (int)length + 2, word);
    } else if (matches > 1) {
        usage_error(cli, "option \"%.80s\" could be one of several; see `wattle %s --help`", word,
                    cli->command);
    } else {
        say_unknown_option(cli, word, options);
    }
    return OPTION_BAD;
}

int option_next(struct cli *cli, int argc, char **argv, const char *short_options,
                const struct option *long_options, const char *help)
{
    bool stops = short_options[0] == '+';
    char shorts[64];

    /* The plus comes first; the colon after it tells a missing value apart. */
    snprintf(shorts, sizeof shorts, "%s:h%s", stops ? "+" : "", short_options + stops);
    opterr = 0;
    for (;;) {
        int code = getopt_long(argc, argv, shorts, long_options, NULL);

        switch (code) {
        case -1:
            return OPTION_END;
        case '?':
        case ':':
            return say_bad_option(cli, code, argv, shorts, long_options);
        case 'h':
        case OPTION_HELP:
            fputs(help, stdout);
            return OPTION_DONE;
        case OPTION_LOG_LEVEL:
            if (!option_config(cli, CONFIG_LOG_LEVEL, "--log-level", optarg)) {
                return OPTION_BAD;
            }
            log_level_parse(optarg, &cli->log.level);
            break;
        case OPTION_LOG_FORMAT:
            if (!option_config(cli, CONFIG_LOG_FORMAT, "--log-format", optarg)) {
                return OPTION_BAD;
            }
            log_format_parse(optarg, &cli->log.format);
            break;
        default:
            return code;
        }
    }
}

bool option_number(struct cli *cli, const char *name, const char *text, double low, double high,
                   double *ret)
{
    if (!parse_double(text, ret)) {
        usage_error(cli, "%s needs a number, not \"%.80s\"", name, text);
        return false;
    }
    if (*ret < low || *ret > high) {
        usage_error(cli, "%s must be between %g and %g, not %.80s", name, low, high, text);
        return false;
    }
    return true;
}

bool option_integer(struct cli *cli, const char *name, const char *text, long low, long high,
                    long *ret)
{
    int64_t value;

    if (!parse_i64(text, strlen(text), &value)) {
        usage_error(cli, "%s needs a whole number, not \"%.80s\"", name, text);
        return false;
    }
    if (value < low || value > high) {
        usage_error(cli, "%s must be between %ld and %ld, not %.80s", name, low, high, text);
        return false;
    }
    *ret = (long)value;
    return true;
}

bool option_seconds(struct cli *cli, const char *name, const char *text, double low, double high,
                    double *ret)
{
    if (!units_parse_duration(text, ret)) {
        usage_error(cli, "%s needs a duration, as 5s or 250ms, not \"%.80s\"", name, text);
        return false;
    }
    if (*ret < low || *ret > high) {
        usage_error(cli, "%s must be between %g s and %g s, not %.80s", name, low, high, text);
        return false;
    }
    return true;
}

bool option_config(struct cli *cli, enum config_key key, const char *name, const char *text)
{
    struct wattle_error err = {0};

    if (config_set(&cli->config, key, text, CONFIG_FLAG, name, &err) != 0) {
        usage_error(cli, "%s: %s", name, err.text);
        return false;
    }
    return true;
}

bool option_no_arguments(struct cli *cli, int argc, char **argv)
{
    if (optind < argc) {
        usage_error(cli, "takes no argument \"%.80s\"; see `wattle %s --help`", argv[optind],
                    cli->command);
        return false;
    }
    return true;
}

static void warn(void *user, const char *text)
{
    struct cli *cli = user;

    log_write(&cli->log, LOG_LEVEL_WARNING, "%s", text);
}

int cli_load_config(struct cli *cli)
{
    struct config_files files;
    struct wattle_error err = {0};
    const char *text;
    int rc;

    rc = config_files_find(&files, &err);
    if (rc == 0) {
        rc = config_load(&cli->config, &files, warn, cli, &err);
        config_files_finish(&files);
    }
    if (rc != 0) {
        return usage_error(cli, "%s", err.text);
    }
    text = config_text(&cli->config, CONFIG_LOG_LEVEL);
    if (text != NULL) {
        log_level_parse(text, &cli->log.level);
    }
    text = config_text(&cli->config, CONFIG_LOG_FORMAT);
    if (text != NULL) {
        log_format_parse(text, &cli->log.format);
    }
    return 0;
}
