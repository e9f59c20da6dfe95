/* SPDX-License-Identifier: MIT */
/* The command's table and its door; each subcommand is a file cmd_*.c. */
#include "cli/command.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <wattle/wattle.h>

#include "base/nearest.h"
#include "cli/estimate.h"

static const struct command commands[] = {
    {"run", "measure a command, or processes that run already", cmd_run},
    {"monitor", "show the machine's power until ^C", cmd_monitor},
    {"runs", "list the runs that were kept", cmd_runs},
    {"show", "show one run again", cmd_show},
    {"sensors", "list what can be read here, and why the rest cannot", cmd_sensors},
    {"doctor", "say what each missing sensor needs; --fix installs it", cmd_doctor},
    {"load", "make a known CPU and memory load to try the meter on", cmd_load},
    {"calibrate", "tell what a plug meter reads", cmd_calibrate},
    {"estimate", "power and energy before anything runs", cmd_estimate},
    {"accelerators", "what estimates know of each accelerator", cmd_accelerators},
    {"carbon", "what electricity emits, and will", cmd_carbon},
    {"config", "show every setting and where it came from", cmd_config},
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static const struct command *find_command(const char *name)
{
    size_t i;

    for (i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static int unknown_command(struct cli *cli, const char *name)
{
    const char *nearest = NULL;
    size_t i;

    for (i = 0; i < COMMAND_COUNT; i++) {
        nearest = nearest_better(name, nearest, commands[i].name);
    }
    if (nearest != NULL) {
        return usage_error(cli, "there is no command \"%.80s\"; did you mean \"%s\"?", name,
                           nearest);
    }
    return usage_error(cli,
                       "there is no command \"%.80s\"; `wattle --help` lists them, "
                       "`wattle run -- %.80s` measures it",
                       name, name);
}

static int print_help(void)
{
    size_t i;

    printf("Measure the energy and carbon of machine-learning work.\n\n"
           "Usage: wattle COMMAND [OPTIONS] [ARGUMENTS]\n\n"
           "  wattle run -- python train.py   what did this cost?\n"
           "  wattle sensors                  what can be measured here?\n\n"
           "Commands:\n");
    for (i = 0; i < COMMAND_COUNT; i++) {
        printf("  %-13s %s\n", commands[i].name, commands[i].summary);
    }
    printf("\n`wattle COMMAND --help` says more, as does wattle(1). `wattle --version` prints the "
           "version.\n");
    return CLI_OK;
}

static int help_on(struct cli *cli, const char *name)
{
    const struct command *command = find_command(name);
    char word[32], option[] = "--help";
    char *argv[] = {word, option, NULL};

    if (command == NULL) {
        return unknown_command(cli, name);
    }
    snprintf(word, sizeof word, "%s", name);
    cli->command = command->name;
    return command->run(cli, 2, argv);
}

static int dispatch(struct cli *cli, int argc, char **argv)
{
    const struct command *command;

    if (argc < 2) {
        return usage_error(cli, "which command? `wattle --help` lists them");
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        return print_help();
    }
    if (strcmp(argv[1], "help") == 0) {
        return argc > 2 ? help_on(cli, argv[2]) : print_help();
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("wattle %s\n", wattle_version());
        return CLI_OK;
    }
    if (argv[1][0] == '-') {
        return usage_error(cli, "unknown option \"%.80s\" before the command; see `wattle --help`",
                           argv[1]);
    }
    command = find_command(argv[1]);
    if (command == NULL) {
        return unknown_command(cli, argv[1]);
    }
    cli->command = command->name;
    return command->run(cli, argc - 1, argv + 1);
}

/*
 * With a standard descriptor closed, the next file that is opened would take its place, and the
 * summary would be written into a spool. The command still finds it closed.
 */
static void fill_standard_descriptors(void)
{
    int fd;

    for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_CLOEXEC) != fd) {
            return;
        }
    }
}

int main(int argc, char **argv)
{
    struct cli cli;
    int status;

    /* Large blocks come from mmap, which need not be cleared page by page before they are used: a
     * third of all page faults of a short run. Nothing is given back only to be asked for again. */
    mallopt(M_MMAP_THRESHOLD, 16 * 1024);
    mallopt(M_TRIM_THRESHOLD, 64 * 1024 * 1024);
    fill_standard_descriptors();
    memset(&cli, 0, sizeof cli);
    log_init(&cli.log, STDERR_FILENO);
    config_init(&cli.config);
    status = dispatch(&cli, argc, argv);
    config_finish(&cli.config);
    /* What could not be written was not said: a full disk or a closed pipe behind `>`. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        log_write(&cli.log, LOG_LEVEL_ERROR, "standard output cannot be written");
        return status == CLI_OK ? CLI_FAILED : status;
    }
    return status;
}
