/* SPDX-License-Identifier: MIT */
#include "sense/ipmi.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wattle/energy.h>

#include "base/clock.h"

enum {
    DRIVER_OPENIPMI = 7, /* ipmi_driver_type_t: /dev/ipmiN; never a raw port */
    MODE_SYSTEM_POWER = 1,
    PERIOD_NS = 1000000000
};
#define STALE_NS 2500000000LL

struct ipmi_poller {
    struct ipmi_api api;
    char device[128];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int owners; /* the reader and the thread; the last one frees */
    bool stop;
    unsigned long answers; /* readings and failures so far */
    double power_w;        /* NaN: failed, see words */
    int64_t taken_ns;
    char words[WATTLE_ERROR_TEXT_MAX];
};

double ipmi_power_w(uint64_t current_power, uint64_t measuring, const char **ret_reason)
{
    if (measuring == 0) {
        *ret_reason = "the BMC says that it does not measure power now";
        return WATTLE_UNKNOWN;
    }
    if (current_power == 0 || current_power > 65535) {
        *ret_reason = "the BMC says 0 W, which no running machine draws";
        return WATTLE_UNKNOWN;
    }
    return (double)current_power;
}

/* Drops one owner; the lock is held, and is gone afterwards if it was the last. */
static void release(struct ipmi_poller *poller)
{
    bool last = --poller->owners == 0;

    pthread_mutex_unlock(&poller->lock);
    if (last) {
        pthread_cond_destroy(&poller->changed);
        pthread_mutex_destroy(&poller->lock);
        ipmi_api_unload(&poller->api);
        free(poller);
    }
}

static double ask(const struct ipmi_api *api, struct ipmi_context *context, char *ret_words)
{
    struct ipmi_object *response = api->object_create(api->power_template);
    const char *reason = "FreeIPMI: out of memory";
    uint64_t current = 0, measuring = 0;
    double power_w = WATTLE_UNKNOWN;

    if (response != NULL) {
        if (api->get_power_reading(context, MODE_SYSTEM_POWER, 0, response) < 0) {
            reason = api->context_errormsg(context);
        } else if (api->object_get(response, "current_power", &current) < 0 ||
                   api->object_get(response, "power_reading_state.power_measurement",
                                   &measuring) < 0) {
            reason = "the BMC's answer has no power in it";
        } else {
            power_w = ipmi_power_w(current, measuring, &reason);
        }
        api->object_destroy(response);
    }
    if (isnan(power_w)) {
        snprintf(ret_words, WATTLE_ERROR_TEXT_MAX, "%s", reason != NULL ? reason : "no answer");
    }
    return power_w;
}

/* The lock is held. */
static void publish(struct ipmi_poller *poller, double power_w, const char *words)
{
    poller->power_w = power_w;
    poller->taken_ns = clock_monotonic_ns(NULL);
    snprintf(poller->words, sizeof poller->words, "%s", words);
    poller->answers++;
    pthread_cond_broadcast(&poller->changed);
}

static void deadline_in(int64_t ns, struct timespec *ret)
{
    int64_t end_ns = clock_monotonic_ns(NULL) + ns;

    ret->tv_sec = (time_t)(end_ns / NS_PER_S);
    ret->tv_nsec = (long)(end_ns % NS_PER_S);
}

static void poll_until_stopped(struct ipmi_poller *poller, struct ipmi_context *context)
{
    pthread_mutex_lock(&poller->lock);
    while (!poller->stop) {
        char words[WATTLE_ERROR_TEXT_MAX] = "";
        struct timespec deadline;
        double power_w;

        deadline_in(PERIOD_NS, &deadline);
        pthread_mutex_unlock(&poller->lock);
        power_w = ask(&poller->api, context, words);
        pthread_mutex_lock(&poller->lock);
        publish(poller, power_w, words);
        while (!poller->stop &&
               pthread_cond_timedwait(&poller->changed, &poller->lock, &deadline) != ETIMEDOUT) {
        }
    }
    pthread_mutex_unlock(&poller->lock);
}

static void *run(void *opaque)
{
    struct ipmi_poller *poller = opaque;
    struct ipmi_context *context = poller->api.context_create();
    char words[WATTLE_ERROR_TEXT_MAX] = "FreeIPMI: out of memory";

    if (context != NULL &&
        poller->api.open_inband(context, DRIVER_OPENIPMI, 1, 0, 0, poller->device, 0, 0) >= 0) {
        poll_until_stopped(poller, context);
        poller->api.close(context);
    } else {
        if (context != NULL) {
            snprintf(words, sizeof words, "%s", poller->api.context_errormsg(context));
        }
        pthread_mutex_lock(&poller->lock);
        publish(poller, WATTLE_UNKNOWN, words);
        pthread_mutex_unlock(&poller->lock);
    }
    if (context != NULL) {
        poller->api.context_destroy(context);
    }
    pthread_mutex_lock(&poller->lock);
    release(poller);
    return NULL;
}

static int start_thread(struct ipmi_poller *poller)
{
    pthread_attr_t attributes;
    sigset_t all, previous;
    pthread_t thread;
    int failed;

    /* Signals are for the program that uses this library, never for its threads. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &previous);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    failed = pthread_create(&thread, &attributes, run, poller);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
    return failed;
}

struct ipmi_poller *ipmi_poller_start(const struct ipmi_api *api, const char *device)
{
    struct ipmi_poller *poller = calloc(1, sizeof *poller);
    pthread_condattr_t attributes;

    if (poller == NULL) {
        return NULL;
    }
    poller->api = *api;
    poller->owners = 2;
    poller->power_w = WATTLE_UNKNOWN;
    snprintf(poller->device, sizeof poller->device, "%s", device);
    pthread_mutex_init(&poller->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&poller->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (start_thread(poller) != 0) {
        pthread_mutex_lock(&poller->lock);
        poller->owners = 1;
        poller->api.handle = NULL; /* the caller's again */
        release(poller);
        return NULL;
    }
    return poller;
}

void ipmi_poller_wait(struct ipmi_poller *poller, int wait_ms)
{
    struct timespec deadline;

    deadline_in((int64_t)wait_ms * 1000000, &deadline);
    pthread_mutex_lock(&poller->lock);
    while (poller->answers == 0 &&
           pthread_cond_timedwait(&poller->changed, &poller->lock, &deadline) != ETIMEDOUT) {
    }
    pthread_mutex_unlock(&poller->lock);
}

double ipmi_poller_power_w(struct ipmi_poller *poller, char *ret_words)
{
    const char *words;
    double power_w;

    pthread_mutex_lock(&poller->lock);
    power_w = poller->power_w;
    words = poller->words;
    if (poller->answers == 0 || clock_monotonic_ns(NULL) - poller->taken_ns > STALE_NS) {
        power_w = WATTLE_UNKNOWN;
        words = "the BMC does not answer";
    }
    if (ret_words != NULL) {
        snprintf(ret_words, WATTLE_ERROR_TEXT_MAX, "%s", words);
    }
    pthread_mutex_unlock(&poller->lock);
    return power_w;
}

void ipmi_poller_stop(struct ipmi_poller *poller)
{
    if (poller == NULL) {
        return;
    }
    pthread_mutex_lock(&poller->lock);
    poller->stop = true;
    pthread_cond_broadcast(&poller->changed);
    release(poller);
}
