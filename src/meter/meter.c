/* SPDX-License-Identifier: MIT */
/* What a meter tells about itself, and what downstream rooms may ask of it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "meter/state.h"

size_t wattle_meter_channel_count(const struct wattle_meter *meter)
{
    return atomic_load_explicit(&meter->slot_count, memory_order_acquire);
}

const struct wattle_channel *wattle_meter_channel(const struct wattle_meter *meter, size_t i)
{
    return i < wattle_meter_channel_count(meter) ? &meter->slots[i]->channel : NULL;
}

double wattle_meter_own_cpu_s(const struct wattle_meter *meter)
{
    double own_s = clock_s(atomic_load_explicit(&meter->own_ns, memory_order_relaxed));
    struct timespec ts;

    if (meter_ours(meter) && meter->thread_timed &&
        clock_gettime(meter->thread_clock, &ts) == 0) {
        own_s += (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
    }
    return own_s;
}

void meter_set_observer(struct wattle_meter *meter, meter_observer *observer, void *user)
{
    pthread_mutex_lock(&meter->lock);
    meter->observer = observer;
    meter->observer_user = user;
    if (observer != NULL) {
        struct meter_round round = {atomic_load(&meter->last_round_ns),
                                    wattle_meter_channel_count(meter), meter->round_energy_j};

        observer(user, &round);
    }
    pthread_mutex_unlock(&meter->lock);
}

int meter_sample_now(struct wattle_meter *meter, int64_t max_age_ns)
{
    int64_t last_ns;

    if (!meter_ours(meter)) {
        return WATTLE_E_INVALID;
    }
    last_ns = atomic_load_explicit(&meter->last_round_ns, memory_order_acquire);
    if (meter_now_ns(meter) - last_ns > max_age_ns) {
        round_take(meter, ROUND_FORCED);
    }
    return 0;
}

const struct wattle_host *meter_host(const struct wattle_meter *meter) { return meter->host; }

int meter_device_processes(struct wattle_meter *meter, size_t i,
                           struct wattle_device_process *ret, size_t max)
{
    struct group *group;
    struct slot *slot;
    int n;

    if (!meter_ours(meter) || i >= wattle_meter_channel_count(meter)) {
        return WATTLE_E_INVALID;
    }
    slot = meter->slots[i];
    group = slot->group;
    if (group->driver->processes == NULL) {
        return WATTLE_E_UNSUPPORTED;
    }
    pthread_mutex_lock(group->slow ? &group->reading : &meter->round);
    n = group->ended ? WATTLE_E_GONE
                     : group->driver->processes(group->state, slot->index, ret, max);
    pthread_mutex_unlock(group->slow ? &group->reading : &meter->round);
    return n;
}

double meter_remembered_idle_w(const struct wattle_meter *meter, size_t i)
{
    struct wattle_meter *self = (struct wattle_meter *)(uintptr_t)meter; /* for its lock */
    double idle_w;

    if (!meter_ours(meter) || i >= wattle_meter_channel_count(meter)) {
        return WATTLE_UNKNOWN;
    }
    pthread_mutex_lock(&self->lock);
    idle_w = meter->slots[i]->idle_w;
    pthread_mutex_unlock(&self->lock);
    return idle_w;
}

void meter_remember_idle_w(struct wattle_meter *meter, size_t i, double idle_w)
{
    if (!meter_ours(meter) || i >= wattle_meter_channel_count(meter)) {
        return;
    }
    pthread_mutex_lock(&meter->lock);
    meter->slots[i]->idle_w = idle_w;
    meter->slots[i]->idle_set = true;
    pthread_mutex_unlock(&meter->lock);
}

bool meter_counted(const struct wattle_meter *meter, size_t i)
{
    struct wattle_meter *self = (struct wattle_meter *)(uintptr_t)meter;
    bool counted;

    if (!meter_ours(meter) || i >= wattle_meter_channel_count(meter)) {
        return false;
    }
    pthread_mutex_lock(&self->lock);
    counted = meter->slots[i]->counted;
    pthread_mutex_unlock(&self->lock);
    return counted;
}

static void fill_gauge(const struct slot *slot, struct wattle_gauge *ret)
{
    const struct wattle_channel *channel = &slot->channel;
    double span_s = clock_s(slot->last_ns - slot->first_ns);

    memset(ret, 0, sizeof *ret);
    snprintf(ret->name, sizeof ret->name, "%s", channel->name);
    snprintf(ret->source, sizeof ret->source, "%s", channel->source);
    snprintf(ret->device, sizeof ret->device, "%s", channel->device);
    ret->kind = channel->kind;
    ret->quantity = channel->quantity;
    ret->unit_index = channel->unit_index;
    ret->value = slot->failing ? WATTLE_UNKNOWN : slot->last;
    ret->mean = span_s > 0 ? slot->integral / span_s : slot->last;
    ret->max = slot->max;
}

size_t wattle_meter_gauges(struct wattle_meter *meter, struct wattle_gauge *ret, size_t max)
{
    size_t count = wattle_meter_channel_count(meter);
    size_t n = 0;
    size_t i;

    if (!meter_ours(meter)) {
        return 0;
    }
    pthread_mutex_lock(&meter->lock);
    for (i = 0; i < count && n < max; i++) {
        const struct slot *slot = meter->slots[i];

        if (!slot->energy && slot->channel.quantity != WATTLE_Q_ENERGY &&
            slot->channel.quantity != WATTLE_Q_POWER) {
            fill_gauge(slot, &ret[n++]);
        }
    }
    pthread_mutex_unlock(&meter->lock);
    return n;
}
