/* SPDX-License-Identifier: MIT */
/* `wattle load`: a known load, to try the meter on. */
#define _GNU_SOURCE
#include "cli/command.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/units.h"
#include "cli/burn.h"
#include "cli/terminal.h"

enum {
    OPTION_CPU = OPTION_OWN,
    OPTION_THREADS,
    OPTION_MEMORY,
    OPTION_DURATION,
    OPTION_STRESS,
    OPTION_INTERACTIVE
};

static const struct option long_options[] = {
    {"cpu", required_argument, NULL, OPTION_CPU},
    {"threads", required_argument, NULL, OPTION_THREADS},
    {"memory", required_argument, NULL, OPTION_MEMORY},
    {"duration", required_argument, NULL, OPTION_DURATION},
    {"stress", no_argument, NULL, OPTION_STRESS},
    {"interactive", no_argument, NULL, OPTION_INTERACTIVE},
    OPTIONS_COMMON,
};

static const char help[] =
    "Make a known load, to try the meter on: as in `wattle run -- wattle load --cpu 50`.\n"
    "\n"
    "Usage: wattle load [OPTIONS]\n"
    "\n"
    "      --cpu PERCENT    how busy each thread is, 0 to 100 (100)\n"
    "      --threads N      how many threads (one for each CPU)\n"
    "      --memory SIZE    memory to hold and sweep, as 512M or 1G (none)\n"
    "      --duration TIME  how long, as 10s or 2min (until ^C)\n"
    "      --stress         wide arithmetic: more watts for the same load\n"
    "      --interactive    keys change the level: + - 0..9, s stress level, q quits\n"
    "\n"
    "At the end it says how much CPU time was really used.\n"
    "Exit status: 0, also after ^C; 2 for bad options; 125 when the load cannot be made.\n";

struct load {
    struct burn_options burn;
    double duration_s; /* 0: until a signal */
    bool interactive;
    bool raw; /* the terminal is ours */
    struct termios old_terminal;
    sigset_t taken;
};

/* "512M", "1.5GiB", "4096": bytes; both k and Ki are 1024, as everywhere where RAM is meant. */
static bool parse_size(const char *text, double *ret_bytes)
{
    static const char letters[] = "kmgt";
    char number[32];
    size_t digits = strspn(text, "0123456789.");
    const char *suffix = text + digits;
    double factor = 1;

    if (digits == 0 || digits >= sizeof number) {
        return false;
    }
    memcpy(number, text, digits);
    number[digits] = '\0';
    if (suffix[0] != '\0' && suffix[0] != 'B') {
        char letter = (char)(suffix[0] | 0x20);
        const char *found = strchr(letters, letter);
        const char *c;

        if (found == NULL) {
            return false;
        }
        for (c = letters; c <= found; c++) {
            factor *= 1024;
        }
        suffix++;
        suffix += suffix[0] == 'i';
    }
    if (strcmp(suffix, "") != 0 && strcmp(suffix, "B") != 0) {
        return false;
    }
    return parse_double(number, ret_bytes) && (*ret_bytes *= factor) >= 0;
}

static bool take_option(struct load *load, struct cli *cli, int code)
{
    double number = 0;
    long whole = 0;

    switch (code) {
    case OPTION_CPU:
        if (!option_number(cli, "--cpu", optarg, 0, 100, &number)) {
            return false;
        }
        load->burn.level = number / 100;
        return true;
    case OPTION_THREADS:
        if (!option_integer(cli, "--threads", optarg, 1, 4096, &whole)) {
            return false;
        }
        load->burn.threads = (int)whole;
        return true;
    case OPTION_MEMORY:
        if (!parse_size(optarg, &number) || number > 0x1p46) {
            usage_error(cli, "--memory needs a size, as 512M or 1G, not \"%.80s\"", optarg);
            return false;
        }
        load->burn.memory_bytes = (size_t)number;
        return true;
    case OPTION_DURATION:
        return option_seconds(cli, "--duration", optarg, 0.001, 1e8, &load->duration_s);
    case OPTION_STRESS:
        load->burn.stress = true;
        return true;
    default:
        load->interactive = true;
        return true;
    }
}

/* ---- keys --------------------------------------------------------------------------------- */

static void take_terminal(struct load *load)
{
    struct termios raw;

    if (!load->interactive || tcgetattr(STDIN_FILENO, &load->old_terminal) != 0) {
        return;
    }
    raw = load->old_terminal;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO); /* ISIG stays: ^C and ^Z mean what they mean */
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    load->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static void give_terminal_back(struct load *load)
{
    if (load->raw) {
        tcsetattr(STDIN_FILENO, TCSANOW, &load->old_terminal);
        load->raw = false;
    }
}

/* False: quit. */
static bool take_key(struct burn *burn, char key)
{
    double level = burn_level(burn);

    if (key == 'q' || key == 'Q') {
        return false;
    }
    if (key == '+' || key == '=' || key == 'A') { /* A, B: the end of an arrow's sequence */
        burn_set_level(burn, level + 0.05);
    } else if (key == '-' || key == 'B') {
        burn_set_level(burn, level - 0.05);
    } else if (key >= '0' && key <= '9') {
        burn_set_level(burn, (key - '0') / 10.0);
    } else if (key == 's') {
        burn_set_level(burn, 1);
    }
    return true;
}

static bool take_keys(struct burn *burn)
{
    char keys[32];
    ssize_t n = read(STDIN_FILENO, keys, sizeof keys);
    ssize_t i;

    for (i = 0; i < n; i++) {
        if (!take_key(burn, keys[i])) {
            return false;
        }
    }
    return true;
}

static void draw(const struct burn *burn, double elapsed_s, double cpu_s, double step_s)
{
    char took[32];

    units_duration(elapsed_s, took, sizeof took);
    fprintf(stderr, "\r\033[Kload: %d thread%s at %.0f %% (now %.0f %%)  %s  + - 0..9 s q",
            burn_threads(burn), burn_threads(burn) == 1 ? "" : "s", 100 * burn_level(burn),
            step_s > 0 ? 100 * cpu_s / step_s / burn_threads(burn) : 0, took);
    fflush(stderr);
}

/* ---- the run ------------------------------------------------------------------------------ */

static void block_signals(struct load *load)
{
    sigemptyset(&load->taken);
    sigaddset(&load->taken, SIGINT);
    sigaddset(&load->taken, SIGTERM);
    sigaddset(&load->taken, SIGHUP);
    if (load->interactive) {
        sigaddset(&load->taken, SIGTSTP);
    }
    sigprocmask(SIG_BLOCK, &load->taken, NULL);
}

/* Waits `ns` for a signal, or for keys. True: it is time to end. */
static bool wait_some(struct load *load, struct burn *burn, int64_t ns)
{
    struct timespec timeout = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};
    int taken;

    if (load->raw) {
        struct pollfd input = {STDIN_FILENO, POLLIN, 0};

        if (poll(&input, 1, (int)(ns / 1000000)) > 0 &&
            ((input.revents & POLLIN) == 0 || !take_keys(burn))) {
            return true;
        }
        timeout.tv_sec = timeout.tv_nsec = 0;
    }
    taken = sigtimedwait(&load->taken, NULL, &timeout);
    if (taken == SIGTSTP) {
        give_terminal_back(load);
        raise(SIGSTOP);
        take_terminal(load);
        return false;
    }
    return taken > 0;
}

static void go(struct load *load, struct burn *burn)
{
    int64_t start_ns = clock_monotonic_ns(NULL), now_ns = start_ns;
    int64_t end_ns =
        load->duration_s > 0 ? start_ns + (int64_t)(load->duration_s * 1e9) : INT64_MAX;
    int64_t drawn_ns = start_ns;
    double drawn_cpu_s = 0;

    while (now_ns < end_ns) {
        int64_t step_ns = load->raw ? NS_PER_S / 10 : NS_PER_S;

        if (wait_some(load, burn, end_ns - now_ns < step_ns ? end_ns - now_ns : step_ns)) {
            return;
        }
        now_ns = clock_monotonic_ns(NULL);
        if (load->raw && now_ns - drawn_ns >= NS_PER_S / 2) {
            double cpu_s = burn_cpu_s(burn);

            draw(burn, clock_s(now_ns - start_ns), cpu_s - drawn_cpu_s, clock_s(now_ns - drawn_ns));
            drawn_ns = now_ns;
            drawn_cpu_s = cpu_s;
        }
    }
}

static void tell(const struct load *load, double elapsed_s, double cpu_s, int threads)
{
    char took[32];

    units_duration(elapsed_s, took, sizeof took);
    printf("load: %d thread%s, %s, %.2f CPU s used (%.1f %% of each)", threads,
           threads == 1 ? "" : "s", took, cpu_s, 100 * cpu_s / elapsed_s / threads);
    if (load->burn.memory_bytes > 0) {
        printf(", %.0f MiB held", (double)load->burn.memory_bytes / 0x1p20);
    }
    printf("\n");
}

int cmd_load(struct cli *cli, int argc, char **argv)
{
    struct load load = {.burn = {.level = 1}};
    struct wattle_error err = {0};
    struct burn *burn;
    int64_t start_ns;
    double elapsed_s, cpu_s;
    int code, threads;

    while ((code = option_next(cli, argc, argv, "", long_options, help)) >= 0) {
        if (!take_option(&load, cli, code)) {
            return CLI_USAGE;
        }
    }
    if (code != OPTION_END) {
        return code == OPTION_DONE ? CLI_OK : CLI_USAGE;
    }
    if (!option_no_arguments(cli, argc, argv) || cli_load_config(cli) != 0) {
        return CLI_USAGE;
    }
    if (load.interactive && (isatty(STDIN_FILENO) != 1 || !terminal_redraws(STDERR_FILENO))) {
        return usage_error(cli, "--interactive needs a terminal");
    }
    block_signals(&load);
    if (burn_start(&burn, &load.burn, &err) != 0) {
        log_write(&cli->log, LOG_LEVEL_ERROR, "load: %s", err.text);
        return CLI_BROKEN;
    }
    start_ns = clock_monotonic_ns(NULL);
    take_terminal(&load);
    go(&load, burn);
    if (load.raw) {
        fputs("\r\033[K", stderr);
    }
    give_terminal_back(&load);
    threads = burn_threads(burn);
    elapsed_s = clock_s(clock_monotonic_ns(NULL) - start_ns);
    cpu_s = burn_stop(burn);
    tell(&load, elapsed_s, cpu_s, threads);
    return CLI_OK;
}
