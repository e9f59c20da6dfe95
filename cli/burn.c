/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "cli/burn.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

#define PERIOD_NS (20LL * 1000 * 1000) /* shorter than a meter's sample, longer than a tick */
#define STACK_SIZE ((size_t)64 * 1024)
#define SWEEP_SIZE ((size_t)64 * 1024)
#define LANES 4
#define CHAINS 8 /* independent sums: enough to keep two multiply-add units busy */

struct burn {
    _Atomic int level_permille;
    _Atomic bool stop;
    bool stress;
    int thread_count; /* started */
    size_t memory_bytes;
    unsigned char *memory;
    struct burner *burners;
};

struct burner {
    struct burn *burn;
    pthread_t thread;
    int cpu; /* where it should stay; -1: anywhere */
    unsigned char *slice;
    size_t slice_size, at;
    _Atomic int64_t cpu_ns;
};

int burn_cpus(void)
{
    cpu_set_t set;
    long online;

    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        return CPU_COUNT(&set);
    }
    online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

/* ---- what a busy thread does, some ten microseconds at a time ----------------------------- */

static void plain_work(void)
{
    volatile uint64_t sink;
    uint64_t x = 88172645463325252ULL; /* xorshift64, Marsaglia 2003 */
    int i;

    for (i = 0; i < 5000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    sink = x;
    (void)sink;
}

static void wide_work(void)
{
    typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));
    volatile double sink;
    lanes sums[CHAINS];
    lanes factor = {0.999999, 1.000001, 0.999998, 1.000002};
    int i, k;

    for (k = 0; k < CHAINS; k++) {
        sums[k] = factor + (double)k;
    }
    for (i = 0; i < 1000; i++) {
        for (k = 0; k < CHAINS; k++) {
            sums[k] = sums[k] * factor + factor;
        }
    }
    for (k = 1; k < CHAINS; k++) {
        sums[0] += sums[k];
    }
    sink = sums[0][0];
    (void)sink;
}

static void sweep(struct burner *burner)
{
    size_t left = burner->slice_size - burner->at;
    size_t n = left < SWEEP_SIZE ? left : SWEEP_SIZE;
    uint64_t *words = (uint64_t *)(void *)(burner->slice + burner->at);
    size_t i;

    for (i = 0; i < n / sizeof *words; i++) {
        words[i] += i;
    }
    burner->at = left <= SWEEP_SIZE ? 0 : burner->at + n;
}

/* ---- the thread --------------------------------------------------------------------------- */

static void pin(const struct burner *burner)
{
    cpu_set_t set;

    if (burner->cpu >= 0) {
        CPU_ZERO(&set);
        CPU_SET((unsigned)burner->cpu, &set);
        pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    }
}

static void sleep_until(int64_t t_ns)
{
    struct timespec until = {(time_t)(t_ns / NS_PER_S), (long)(t_ns % NS_PER_S)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
}

static void *burn_main(void *argument)
{
    struct burner *burner = argument;
    struct burn *burn = burner->burn;
    int64_t last_ns = clock_monotonic_ns(NULL);
    double wanted_ns = 0; /* CPU time that the level has asked for so far */

    pin(burner);
    wanted_ns = (double)clock_thread_cpu_ns();
    while (!atomic_load(&burn->stop)) {
        int64_t now_ns = clock_monotonic_ns(NULL);
        int64_t end_ns = now_ns + PERIOD_NS, used_ns;
        double level = atomic_load(&burn->level_permille) / 1000.0;

        wanted_ns += level * (double)(end_ns - last_ns);
        last_ns = end_ns;
        used_ns = clock_thread_cpu_ns();
        if (wanted_ns > (double)used_ns + (double)NS_PER_S) {
            wanted_ns = (double)used_ns + level * (double)PERIOD_NS;
        }
        while ((double)used_ns < wanted_ns && clock_monotonic_ns(NULL) < end_ns) {
            if (burn->stress) {
                wide_work();
            } else {
                plain_work();
            }
            if (burner->slice_size > 0) {
                sweep(burner);
            }
            used_ns = clock_thread_cpu_ns();
        }
        atomic_store(&burner->cpu_ns, used_ns);
        if (level < 1) {
            sleep_until(end_ns);
        }
    }
    atomic_store(&burner->cpu_ns, clock_thread_cpu_ns());
    return NULL;
}

/* ---- starting and stopping ---------------------------------------------------------------- */

static int get_memory(struct burn *burn, size_t size, struct wattle_error *err)
{
    size_t page = 4096, i;

    if (size == 0) {
        return 0;
    }
    burn->memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (burn->memory == MAP_FAILED) {
        burn->memory = NULL;
        return error_errno(err, errno, "%zu bytes of memory", size);
    }
    burn->memory_bytes = size;
    for (i = 0; i < size; i += page) {
        burn->memory[i] = 1;
    }
    return 0;
}

static int start_thread(struct burn *burn, int i, int cpu, size_t slice, struct wattle_error *err)
{
    struct burner *burner = &burn->burners[i];
    pthread_attr_t attributes;
    int rc;

    burner->burn = burn;
    burner->cpu = cpu;
    burner->slice_size = slice;
    burner->slice = slice > 0 ? burn->memory + (size_t)i * slice : NULL;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    rc = pthread_create(&burner->thread, &attributes, burn_main, burner);
    pthread_attr_destroy(&attributes);
    if (rc != 0) {
        return error_errno(err, rc, "thread %d", i + 1);
    }
    burn->thread_count++;
    return 0;
}

/* The i-th CPU that we may use, round and round; -1 if that is not known. */
static int nth_cpu(const cpu_set_t *set, int i)
{
    int count = CPU_COUNT(set), cpu;

    i = count > 0 ? i % count : -1;
    for (cpu = 0; i >= 0 && cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET((unsigned)cpu, set) && i-- == 0) {
            return cpu;
        }
    }
    return -1;
}

int burn_start(struct burn **ret, const struct burn_options *options, struct wattle_error *err)
{
    int threads = options->threads > 0 ? options->threads : burn_cpus();
    struct burn *burn = calloc(1, sizeof *burn);
    size_t slice;
    cpu_set_t set;
    int rc, i;

    *ret = NULL;
    if (burn == NULL || (burn->burners = calloc((size_t)threads, sizeof *burn->burners)) == NULL) {
        free(burn);
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    burn->stress = options->stress;
    burn_set_level(burn, options->level);
    rc = get_memory(burn, options->memory_bytes, err);
    slice = options->memory_bytes / (size_t)threads & ~(size_t)63;
    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        CPU_ZERO(&set);
    }
    for (i = 0; rc == 0 && i < threads; i++) {
        rc = start_thread(burn, i, nth_cpu(&set, i), slice, err);
    }
    if (rc != 0) {
        burn_stop(burn);
        return rc;
    }
    *ret = burn;
    return 0;
}

void burn_set_level(struct burn *burn, double level)
{
    level = level < 0 ? 0 : level > 1 ? 1 : level;
    atomic_store(&burn->level_permille, (int)(level * 1000 + 0.5));
}

double burn_level(const struct burn *burn)
{
    return atomic_load(&burn->level_permille) / 1000.0;
}

int burn_threads(const struct burn *burn)
{
    return burn->thread_count;
}

double burn_cpu_s(const struct burn *burn)
{
    int64_t sum_ns = 0;
    int i;

    for (i = 0; i < burn->thread_count; i++) {
        sum_ns += atomic_load(&burn->burners[i].cpu_ns);
    }
    return clock_s(sum_ns);
}

double burn_stop(struct burn *burn)
{
    double cpu_s;
    int i;

    if (burn == NULL) {
        return 0;
    }
    atomic_store(&burn->stop, true);
    for (i = 0; i < burn->thread_count; i++) {
        pthread_join(burn->burners[i].thread, NULL);
    }
    cpu_s = burn_cpu_s(burn);
    if (burn->memory != NULL) {
        munmap(burn->memory, burn->memory_bytes);
    }
    free(burn->burners);
    free(burn);
    return cpu_s;
}
