/* SPDX-License-Identifier: MIT */
#include "attribute/accounts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "machine/cpu.h"
#include "machine/usage.h"

void accounts_init(struct accounts *accounts, struct wattle_meter *meter, struct tracker *tracker,
                   const struct measurement_options *options)
{
    memset(accounts, 0, sizeof *accounts);
    accounts->meter = meter;
    accounts->tracker = tracker;
    accounts->task = options->target != MEASURE_MACHINE;
    accounts->own_is_meter = options->target == MEASURE_PID && options->pid == getpid();
    accounts->cpus = WATTLE_UNKNOWN;
    accounts->before_use = WATTLE_UNKNOWN;
}

void accounts_finish(struct accounts *accounts)
{
    free(accounts->items);
    accounts->items = NULL;
    accounts->count = 0;
}

/* ---- readings ------------------------------------------------------------------------------- */

double accounts_busy_s(struct accounts *accounts)
{
    struct machine_cpu_time time;

    machine_cpu_totals_read(meter_host(accounts->meter), &time);
    if (isnan(time.busy_s)) {
        /* A fake machine that says nothing about use: the task's time is real, so is this. */
        const struct wattle_host real = {.procfs = "/proc"};

        machine_cpu_totals_read(&real, &time);
    }
    accounts->tick_s = time.resolution_s;
    return time.busy_s;
}

static double own_s(const struct accounts *accounts)
{
    return accounts->own_is_meter ? wattle_meter_own_cpu_s(accounts->meter)
                                  : clock_s(clock_process_cpu_ns());
}

/* Read late: it is not needed to start a command. */
static double cpus(struct accounts *accounts)
{
    if (isnan(accounts->cpus)) {
        const struct wattle_host *host = meter_host(accounts->meter);
        struct machine_cpu_time time;
        long online = sysconf(_SC_NPROCESSORS_ONLN);

        if (strcmp(host->procfs, "/proc") != 0) {
            machine_cpu_time_read(host, &time);
            online = time.cpus > 0 ? time.cpus : online;
        }
        accounts->cpus = online > 0 ? (double)online : WATTLE_UNKNOWN;
    }
    return accounts->cpus;
}

static void read_memory(struct accounts *accounts, double dt_s)
{
    struct machine_memory memory;

    if (accounts->memory_weight <= 0) {
        cgroup_limits_read(meter_host(accounts->meter), 0, &accounts->limits);
    }
    machine_memory_read_within(meter_host(accounts->meter), &accounts->limits, &memory);
    if (!isnan(memory.used_bytes) && memory.total_bytes > 0) {
        /* At least something, so that a run of no length has a value. */
        dt_s += 1e-9;
        accounts->memory_sum += memory.used_bytes / memory.total_bytes * dt_s;
        accounts->memory_bytes_sum += memory.used_bytes * dt_s;
        accounts->memory_weight += dt_s;
    }
}

/* ---- accounts ------------------------------------------------------------------------------- */

static int make_room(struct accounts *accounts, size_t count)
{
    struct account *items;

    if (count <= accounts->count) {
        return 0;
    }
    items = realloc(accounts->items, count * sizeof *items);
    if (items == NULL) {
        return WATTLE_E_NOMEM;
    }
    accounts->items = items;
    for (; accounts->count < count; accounts->count++) {
        struct account *account = &items[accounts->count];

        memset(account, 0, sizeof *account);
        account->before_w = WATTLE_UNKNOWN;
        account->last_j = WATTLE_UNKNOWN;
    }
    return 0;
}

/* The entry of the GPU that a channel sees: drivers number theirs from 0. Full: the last. */
static struct accounts_gpu *gpu_of(struct accounts *accounts, const struct wattle_channel *channel)
{
    size_t i;

    for (i = 0; i < ACCOUNTS_GPUS_MAX - 1; i++) {
        struct accounts_gpu *gpu = &accounts->gpus[i];

        if (gpu->driver == NULL ||
            (gpu->unit_index == channel->unit_index && strcmp(gpu->driver, channel->driver) == 0)) {
            break;
        }
    }
    return &accounts->gpus[i];
}

static void open_account(struct accounts *accounts, size_t i)
{
    const struct wattle_channel *channel = wattle_meter_channel(accounts->meter, i);
    struct account *account = &accounts->items[i];
    struct ledger_idle idle;

    account->idle_source =
        idle_choose(channel, account->before_w, accounts->before_use,
                    meter_remembered_idle_w(accounts->meter, i), &idle);
    ledger_account_init(&account->ledger, &idle, channel->domain == WATTLE_D_GPU);
    if (account->ledger.device && gpu_of(accounts, channel)->driver == NULL) {
        struct accounts_gpu *gpu = gpu_of(accounts, channel);

        gpu->driver = channel->driver;
        gpu->unit_index = channel->unit_index;
        gpu->first = true;
        gpu->channel = i;
        gpu->asked_ns = accounts->start_ns;
    }
}

/* Accounts for channels that came since: slow drivers join when they are ready. */
static int open_new(struct accounts *accounts, size_t count)
{
    size_t i = accounts->count;

    if (make_room(accounts, count < ACCOUNTS_MAX ? count : ACCOUNTS_MAX) != 0) {
        return WATTLE_E_NOMEM;
    }
    for (; i < accounts->count; i++) {
        open_account(accounts, i);
    }
    return 0;
}

void accounts_before(struct accounts *accounts, const struct accounts_round *from,
                     const struct accounts_round *to, double busy_s)
{
    double dt_s = clock_s(to->t_ns - from->t_ns);
    size_t i;

    if (dt_s <= 0 || make_room(accounts, to->count) != 0) {
        return;
    }
    accounts->before_use = busy_s / (cpus(accounts) * dt_s);
    for (i = 0; i < from->count && i < to->count; i++) {
        double energy_j = to->energy_j[i] - from->energy_j[i];

        /* A counter that has not stepped yet has shown nothing. */
        if (energy_j > 0) {
            accounts->items[i].before_w = energy_j / dt_s;
        }
    }
}

int accounts_start(struct accounts *accounts, const struct accounts_round *round)
{
    size_t i;

    if (make_room(accounts, round->count) != 0) {
        return WATTLE_E_NOMEM;
    }
    accounts->start_ns = accounts->last_ns = round->t_ns;
    for (i = 0; i < accounts->count; i++) {
        accounts->items[i].last_j = i < round->count ? round->energy_j[i] : WATTLE_UNKNOWN;
        open_account(accounts, i);
    }
    accounts->start_own_s = accounts->last_own_s = own_s(accounts);
    accounts->start_busy_s = accounts->last_busy_s = accounts_busy_s(accounts);
    return 0;
}

/* Energy of channel i since the last step; NaN while nothing is known. A channel that joined
 * later says what it missed: its sum counts from the meter's opening. */
static double energy_since(struct accounts *accounts, const struct accounts_round *round, size_t i)
{
    struct account *account = &accounts->items[i];
    double now_j = i < round->count ? round->energy_j[i] : WATTLE_UNKNOWN;
    double energy_j = now_j - (isnan(account->last_j) ? 0 : account->last_j);

    if (!isnan(now_j)) {
        account->last_j = now_j;
    }
    return energy_j;
}

/* Steps may be short when somebody reads often: about a second of them is judged at a time.
 * used_s: of dt_s, the part in which the component was in use; NaN unknown. */
static void remember_idle(struct accounts *accounts, size_t i, double energy_j, double dt_s,
                          double used_s)
{
    struct account *account = &accounts->items[i];
    double watts;

    account->rest_s += dt_s;
    account->rest_j += energy_j;
    account->rest_used_s += used_s;
    if (account->rest_s < IDLE_STRETCH_S) {
        return;
    }
    watts = idle_candidate_w(wattle_meter_channel(accounts->meter, i), account->rest_j,
                             account->rest_s, account->rest_used_s / account->rest_s);
    account->rest_s = account->rest_j = account->rest_used_s = 0;
    if (!isnan(watts) && !(meter_remembered_idle_w(accounts->meter, i) <= watts)) {
        meter_remember_idle_w(accounts->meter, i, watts);
    }
}

void accounts_ask_users(struct accounts *accounts)
{
    int64_t now_ns = clock_monotonic_ns(meter_host(accounts->meter));
    size_t i;

    open_new(accounts, wattle_meter_channel_count(accounts->meter));
    for (i = 0; i < ACCOUNTS_GPUS_MAX; i++) {
        struct accounts_gpu *gpu = &accounts->gpus[i];
        struct ledger_device_use use;

        if (gpu->driver == NULL || now_ns <= gpu->asked_ns) {
            continue;
        }
        gpu->hidden |= !device_users_read(&gpu->users, accounts->meter, gpu->channel,
                                          accounts->task ? accounts->tracker : NULL,
                                          clock_s(now_ns - gpu->asked_ns), &use);
        ledger_device_add(&gpu->use, &use, gpu->first);
        gpu->first = false;
        gpu->asked_ns = now_ns;
    }
}

static void step_channels(struct accounts *accounts, const struct accounts_round *round,
                          const struct ledger_use *use)
{
    size_t i;

    for (i = 0; i < accounts->count; i++) {
        const struct wattle_channel *channel = wattle_meter_channel(accounts->meter, i);
        struct account *account = &accounts->items[i];
        double energy_j = energy_since(accounts, round, i);
        double used_s = use->busy_s / use->capacity_s * use->dt_s;
        const struct accounts_gpu *gpu = NULL;

        if (channel->quantity != WATTLE_Q_ENERGY && channel->quantity != WATTLE_Q_POWER) {
            continue;
        }
        if (account->ledger.device) {
            gpu = gpu_of(accounts, channel);
            account->users_hidden |= gpu->hidden;
            /* Held but not used: rest is not certain. */
            used_s = gpu->use.vacant ? 0 : WATTLE_UNKNOWN;
        }
        ledger_interval(&account->ledger, energy_j, use, gpu != NULL ? &gpu->use : NULL);
        remember_idle(accounts, i, energy_j, use->dt_s, used_s);
    }
    for (i = 0; i < ACCOUNTS_GPUS_MAX; i++) {
        memset(&accounts->gpus[i].use, 0, sizeof accounts->gpus[i].use);
        accounts->gpus[i].hidden = false;
        accounts->gpus[i].first = true;
    }
}

int accounts_step(struct accounts *accounts, const struct accounts_round *round, double busy_s,
                  bool forced)
{
    double now_own_s = own_s(accounts);
    struct ledger_use use;

    if (round->t_ns <= accounts->last_ns) {
        return 0;
    }
    if (open_new(accounts, round->count) != 0) {
        return WATTLE_E_NOMEM;
    }
    memset(&use, 0, sizeof use);
    use.dt_s = clock_s(round->t_ns - accounts->last_ns);
    use.capacity_s = cpus(accounts) * use.dt_s;
    use.busy_s = busy_s - accounts->last_busy_s;
    use.own_s = now_own_s - accounts->last_own_s;
    use.tick_s = accounts->tick_s;
    if (use.busy_s < 0) { /* a processor was taken away, or the file is not this machine's */
        use.busy_s = 0;
    }
    if (accounts->task) {
        accounts->task_s = tracker_cpu_s(accounts->tracker, forced);
        if (accounts->own_is_meter) {
            accounts->task_s -= fmin(now_own_s - accounts->start_own_s, accounts->task_s);
        }
        accounts->task_error_s = tracker_error_s(accounts->tracker);
        use.task_s = fmax(0, accounts->task_s - accounts->last_task_s);
        use.task_error_s = accounts->task_error_s;
        accounts->last_task_s = fmax(accounts->task_s, accounts->last_task_s);
    }
    read_memory(accounts, use.dt_s);
    accounts_ask_users(accounts);
    step_channels(accounts, round, &use);
    accounts->last_ns = round->t_ns;
    accounts->last_busy_s = busy_s;
    accounts->last_own_s = now_own_s;
    return 0;
}
