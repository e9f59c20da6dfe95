/* SPDX-License-Identifier: MIT */
/*
 * bench_run - what `wattle run` adds to the shortest of commands.
 *
 *     bench_run WATTLE [PAIRS]
 *
 * Runs `true` and `wattle run -- true` in turn on a fake machine of two
 * sockets (four powercap zones) and prints the median of the paired
 * differences in time, and the difference of the largest resident sizes.
 * In C, because a child starts with its parent's peak size: an interpreter's
 * would drown ours.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { PAIRS_MAX = 2000 };

struct cost {
    double wall_ms;
    double cpu_ms;
    double rss_mb;
};

static char folder[] = "/tmp/wattle-bench-XXXXXX";

static void put(const char *zone, const char *name, const char *text)
{
    char path[512];
    FILE *file;

    snprintf(path, sizeof path, "%s/sys/devices/virtual/powercap/%s/%s", folder, zone, name);
    file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    fputs(text, file);
    fclose(file);
}

static void make_dir(const char *name)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (mkdir(path, 0700) != 0) {
        perror(path);
        exit(1);
    }
}

static void make_zone(const char *zone, const char *link_name, const char *name)
{
    char path[256], link_path[512], target[512];

    snprintf(path, sizeof path, "sys/devices/virtual/powercap/%s", zone);
    make_dir(path);
    put(zone, "name", name);
    put(zone, "energy_uj", "123456789\n");
    put(zone, "max_energy_range_uj", "262143328850\n");
    put(zone, "constraint_0_max_power_uw", "205000000\n");
    snprintf(target, sizeof target, "../../devices/virtual/powercap/%s", zone);
    snprintf(link_path, sizeof link_path, "%s/sys/class/powercap/%s", folder, link_name);
    if (symlink(target, link_path) != 0) {
        perror(link_path);
        exit(1);
    }
}

static void make_machine(void)
{
    static const char *const dirs[] = {"sys",
                                       "sys/class",
                                       "sys/class/powercap",
                                       "sys/devices",
                                       "sys/devices/virtual",
                                       "sys/devices/virtual/powercap",
                                       "sys/devices/virtual/powercap/intel-rapl",
                                       "home"};
    size_t i;

    if (mkdtemp(folder) == NULL) {
        perror(folder);
        exit(1);
    }
    for (i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
        make_dir(dirs[i]);
    }
    make_zone("intel-rapl/intel-rapl:0", "intel-rapl:0", "package-0\n");
    make_zone("intel-rapl/intel-rapl:0/intel-rapl:0:0", "intel-rapl:0:0", "dram\n");
    make_zone("intel-rapl/intel-rapl:1", "intel-rapl:1", "package-1\n");
    make_zone("intel-rapl/intel-rapl:1/intel-rapl:1:0", "intel-rapl:1:0", "dram\n");
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static double now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static double ms_of(struct timeval tv)
{
    return (double)tv.tv_sec * 1e3 + (double)tv.tv_usec / 1e3;
}

static struct cost run(char **argv)
{
    posix_spawn_file_actions_t actions;
    struct rusage usage;
    struct cost cost;
    double begin_ms;
    int status;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    begin_ms = now_ms();
    if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) != 0 ||
        wait4(pid, &status, 0, &usage) != pid) {
        perror(argv[0]);
        exit(1);
    }
    cost.wall_ms = now_ms() - begin_ms;
    posix_spawn_file_actions_destroy(&actions);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "%s %s: status %d\n", argv[0], argv[1] != NULL ? argv[1] : "", status);
        exit(1);
    }
    cost.cpu_ms = ms_of(usage.ru_utime) + ms_of(usage.ru_stime);
    cost.rss_mb = (double)usage.ru_maxrss * 1024 / 1e6;
    return cost;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static double wall_ms[PAIRS_MAX], cpu_ms[PAIRS_MAX], rss_mb[PAIRS_MAX];
    static char run_word[] = "run", dashes[] = "--", true_word[] = "true";
    char *bare[] = {true_word, NULL};
    char *measured[] = {argc > 1 ? argv[1] : NULL, run_word, dashes, true_word, NULL};
    int pairs = argc > 2 ? atoi(argv[2]) : 200;
    char path[512];
    int i;

    if (argc < 2 || pairs < 1 || pairs > PAIRS_MAX) {
        fprintf(stderr, "usage: bench_run WATTLE [PAIRS]\n");
        return 2;
    }
    make_machine();
    snprintf(path, sizeof path, "%s/sys", folder);
    setenv("WATTLE_SYSFS", path, 1);
    snprintf(path, sizeof path, "%s/home/wattle.db", folder);
    setenv("WATTLE_STORE", path, 1);
    setenv("WATTLE_SENSORS", "powercap", 1);
    for (i = -3; i < pairs; i++) {
        struct cost first = run(bare);
        struct cost second = run(measured);

        if (i >= 0) { /* the first three warm the caches and make the store */
            wall_ms[i] = second.wall_ms - first.wall_ms;
            cpu_ms[i] = second.cpu_ms - first.cpu_ms;
            rss_mb[i] = second.rss_mb - first.rss_mb;
        }
    }
    qsort(wall_ms, (size_t)pairs, sizeof(double), compare);
    qsort(cpu_ms, (size_t)pairs, sizeof(double), compare);
    qsort(rss_mb, (size_t)pairs, sizeof(double), compare);
    printf("wattle run -- true, two sockets, %d pairs: adds %.2f ms (5-95 %%: %.2f-%.2f; goal 3), "
           "%.2f ms of CPU, %.2f MB (goal 6)\n",
           pairs, wall_ms[pairs / 2], wall_ms[pairs / 20], wall_ms[pairs - 1 - pairs / 20],
           cpu_ms[pairs / 2], rss_mb[pairs / 2]);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
