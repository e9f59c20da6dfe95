/* SPDX-License-Identifier: MIT */
/*
 * What the meter costs: one sample of 4 RAPL zones, the share of a core at 10 Hz and 1 kHz,
 * a window's ends, opening. On a fake powercap tree, so that it runs anywhere; WATTLE_SYSFS
 * names another one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <wattle/wattle.h>

#include "base/clock.h"
#include "base/host.h"
#include "meter/meter.h"

static char root[64] = "/tmp/wattle-bench-XXXXXX";

static void put(const char *dir, const char *name, const char *text)
{
    char path[512];
    FILE *file;

    snprintf(path, sizeof path, "%s%s/%s", root, dir, name);
    file = fopen(path, "w");
    if (file != NULL) {
        fputs(text, file);
        fclose(file);
    }
}

static void make_dirs(const char *dir)
{
    char path[512];
    char *slash;

    snprintf(path, sizeof path, "%s%s", root, dir);
    for (slash = path + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    mkdir(path, 0700);
}

static void zone(const char *dir, const char *name, uint64_t energy_uj)
{
    char text[32];

    make_dirs(dir);
    put(dir, "name", name);
    put(dir, "max_energy_range_uj", "262143328850\n");
    snprintf(text, sizeof text, "%llu\n", (unsigned long long)energy_uj);
    put(dir, "energy_uj", text);
}

static void make_machine(void)
{
    zone("/class/powercap/intel-rapl:0", "package-0\n", 1234567890);
    zone("/class/powercap/intel-rapl:0:0", "dram\n", 234567890);
    zone("/class/powercap/intel-rapl:1", "package-1\n", 3234567890);
    zone("/class/powercap/intel-rapl:1:0", "dram\n", 534567890);
}

static double now_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void sleep_s(double s)
{
    struct timespec ts = {(time_t)s, (long)((s - (double)(time_t)s) * 1e9)};

    while (nanosleep(&ts, &ts) != 0 && errno == EINTR) {
    }
}

/* As on a real /sys, where descriptors are kept; false: files may change, each is opened anew. */
static bool kept = true;

static struct wattle_meter *open_meter(double hz, double *ret_s)
{
    static struct wattle_host host;
    struct wattle_meter_options options = {.size = sizeof options, .hz = hz,
                                           .drivers = "powercap", .host = &host};
    struct wattle_error err = {0};
    struct wattle_meter *meter;
    double before_s;

    host_from_environment(&host);
    host.fake = !kept;
    before_s = now_s();
    if (wattle_meter_open(&meter, &options, &err) != 0) {
        fprintf(stderr, "bench_meter: %s\n", err.text);
        exit(1);
    }
    *ret_s = now_s() - before_s;
    return meter;
}

/* What the machine charges for waking a thread that does nothing. */
static void bench_empty(double hz)
{
    enum { ROUNDS = 1000 };
    int rounds = hz > 100 ? ROUNDS : 20;
    int64_t next_ns = clock_monotonic_ns(NULL);
    int64_t cpu_ns = clock_thread_cpu_ns();
    double before_s = now_s();
    int i;

    for (i = 0; i < rounds; i++) {
        struct timespec until;

        next_ns += (int64_t)(1e9 / hz);
        until.tv_sec = next_ns / NS_PER_S;
        until.tv_nsec = next_ns % NS_PER_S;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    }
    printf("an idle thread at %4.0f Hz%8.4f %% of one core\n", hz,
           (double)(clock_thread_cpu_ns() - cpu_ns) / 1e7 / (now_s() - before_s));
}

static void bench_share(double hz)
{
    double open_s;
    struct wattle_meter *meter = open_meter(hz, &open_s);
    double before_s, cpu_s;

    sleep_s(1.2); /* the counters of this tree stand still: judged by now */
    cpu_s = wattle_meter_own_cpu_s(meter);
    before_s = now_s();
    sleep_s(hz > 100 ? 2 : 5);
    cpu_s = wattle_meter_own_cpu_s(meter) - cpu_s;
    printf("sampler at %4.0f Hz       %8.4f %% of one core\n", hz,
           100 * cpu_s / (now_s() - before_s));
    wattle_meter_close(meter);
}

static void bench_sample(void)
{
    enum { ROUNDS = 300 };
    double open_s, cpu_s;
    struct wattle_meter *meter = open_meter(0.1, &open_s);
    int i;

    sleep_s(1.2);
    meter_sample_now(meter, 0);
    cpu_s = wattle_meter_own_cpu_s(meter);
    for (i = 0; i < ROUNDS; i++) {
        sleep_s(0.0015);
        meter_sample_now(meter, 0);
    }
    cpu_s = wattle_meter_own_cpu_s(meter) - cpu_s;
    printf("one sample of %zu zones  %8.2f us CPU, %s\n", wattle_meter_channel_count(meter),
           1e6 * cpu_s / ROUNDS, kept ? "descriptors kept" : "files opened anew");
    wattle_meter_close(meter);
}

static void bench_window(void)
{
    enum { PAIRS = 1000000 };
    double open_s, before_s;
    struct wattle_meter *meter = open_meter(10, &open_s);
    struct wattle_window window;
    int64_t sum = 0;
    int i;

    before_s = now_s();
    for (i = 0; i < PAIRS; i++) {
        wattle_window_begin(meter, &window);
        wattle_window_end(meter, &window);
        sum += window.end_ns - window.begin_ns;
    }
    printf("window begin or end     %8.1f ns\n", (now_s() - before_s) / PAIRS / 2 * 1e9);
    if (sum < 0) {
        puts("the clock ran backwards");
    }
    wattle_meter_close(meter);
}

static void bench_open(void)
{
    enum { TIMES = 50 };
    double best_open_s = 1e9, best_start_s = 1e9, best_stop_s = 1e9, best_close_s = 1e9;
    static struct wattle_energy energy;
    int i;

    for (i = 0; i < TIMES; i++) {
        struct wattle_session *session;
        double open_s, t_s;
        struct wattle_meter *meter = open_meter(10, &open_s);

        best_open_s = open_s < best_open_s ? open_s : best_open_s;
        t_s = now_s();
        wattle_session_start(&session, meter, NULL);
        best_start_s = now_s() - t_s < best_start_s ? now_s() - t_s : best_start_s;
        t_s = now_s();
        wattle_session_stop(session, &energy, NULL);
        best_stop_s = now_s() - t_s < best_stop_s ? now_s() - t_s : best_stop_s;
        wattle_session_destroy(session);
        t_s = now_s();
        wattle_meter_close(meter);
        best_close_s = now_s() - t_s < best_close_s ? now_s() - t_s : best_close_s;
    }
    printf("open, with powercap     %8.1f us (best of %d)\n", 1e6 * best_open_s, TIMES);
    printf("session start           %8.1f us\n", 1e6 * best_start_s);
    printf("session stop            %8.1f us\n", 1e6 * best_stop_s);
    printf("close                   %8.1f us\n", 1e6 * best_close_s);
}

int main(void)
{
    char command[128];

    if (getenv("WATTLE_SYSFS") == NULL) {
        if (mkdtemp(root) == NULL) {
            return 1;
        }
        make_machine();
        setenv("WATTLE_SYSFS", root, 1);
    }
    bench_open();
    bench_window();
    bench_sample();
    kept = false;
    bench_sample();
    kept = true;
    bench_empty(10);
    bench_share(10);
    bench_empty(1000);
    bench_share(1000);
    snprintf(command, sizeof command, "rm -r %s", root);
    return strstr(root, "XXXXXX") == NULL && system(command) != 0;
}
