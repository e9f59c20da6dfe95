/* SPDX-License-Identifier: MIT */
/*
 * What every subcommand is: a row of the table in main.c and a function of the
 * shape of main(). argv[0] is the subcommand's name. The result is the exit
 * status: 0, what the command documents, or CLI_USAGE.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/config.h"
#include "base/log.h"

/* Exit statuses. */
enum {
    CLI_OK = 0,
    CLI_FAILED = 1,  /* the command worked as asked, and the answer is no */
    CLI_USAGE = 2,   /* an option, an argument or a file that makes no sense */
    CLI_BROKEN = 125 /* Wattle itself could not do it; as env(1) and timeout(1) say it */
};

struct cli {
    struct log log;
    struct config config;
    const char *command; /* name of the subcommand, for messages */
};

struct command {
    const char *name;
    const char *summary; /* one line of `wattle --help` */
    int (*run)(struct cli *cli, int argc, char **argv);
};

int cmd_carbon(struct cli *cli, int argc, char **argv);
int cmd_calibrate(struct cli *cli, int argc, char **argv);
int cmd_config(struct cli *cli, int argc, char **argv);
int cmd_doctor(struct cli *cli, int argc, char **argv);
int cmd_load(struct cli *cli, int argc, char **argv);
int cmd_monitor(struct cli *cli, int argc, char **argv);
int cmd_run(struct cli *cli, int argc, char **argv);
int cmd_runs(struct cli *cli, int argc, char **argv);
int cmd_sensors(struct cli *cli, int argc, char **argv);
int cmd_show(struct cli *cli, int argc, char **argv);

/* ---- options (options.c) ------------------------------------------------------------------ */

/* Long options that every command takes; handled by option_next. */
enum { OPTION_HELP = 256, OPTION_LOG_LEVEL, OPTION_LOG_FORMAT, OPTION_OWN };
#define OPTIONS_COMMON                                                                             \
    {"help", no_argument, NULL, OPTION_HELP},                                                      \
        {"log-level", required_argument, NULL, OPTION_LOG_LEVEL},                                  \
        {"log-format", required_argument, NULL, OPTION_LOG_FORMAT}, {NULL, 0, NULL, 0}

enum { OPTION_END = -1, OPTION_BAD = -2, OPTION_DONE = -3 };

/*
 * getopt_long: options may stand among the arguments, and argv is sorted. With a "+" before
 * `short_options` the first word that is no option ends them, for commands whose arguments have
 * options of their own. Returns the option, or OPTION_END, OPTION_BAD after it has said what is
 * wrong (exit CLI_USAGE), OPTION_DONE after it has printed `help` (exit CLI_OK).
 */
int option_next(struct cli *cli, int argc, char **argv, const char *short_options,
                const struct option *long_options, const char *help);

/* The value of an option as text. On failure says so and returns false (exit CLI_USAGE). */
bool option_number(struct cli *cli, const char *name, const char *text, double low, double high,
                   double *ret);
bool option_integer(struct cli *cli, const char *name, const char *text, long low, long high,
                    long *ret);
bool option_seconds(struct cli *cli, const char *name, const char *text, double low, double high,
                    double *ret);
/* Sets a key of the config as a flag does: last and strongest. */
bool option_config(struct cli *cli, enum config_key key, const char *name, const char *text);
/* The factor of the zone that is configured; zone "" when there is none. */
struct carbon_factor;
bool option_zone(struct cli *cli, struct carbon_factor *ret);
/* No words may be left. */
bool option_no_arguments(struct cli *cli, int argc, char **argv);

/* One line on standard error; returns CLI_USAGE. */
__attribute__((format(printf, 2, 3))) int usage_error(struct cli *cli, const char *format, ...);

/*
 * Reads the config files and the environment below the flags set so far, and applies the log's
 * keys. 0, or CLI_USAGE after saying why.
 */
int cli_load_config(struct cli *cli);

#endif
