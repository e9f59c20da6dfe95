/* SPDX-License-Identifier: MIT */
#include "attribute/accounts.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "machine/cpu.h"
#include "machine/usage.h"

#define DEVICE_PROCESSES_MAX 256

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
            online = time.cpus;
        }
        accounts->cpus = online > 0 ? (double)online : WATTLE_UNKNOWN;
    }
    return accounts->cpus;
}

static void read_memory(struct accounts *accounts, double dt_s)
{
    struct machine_memory memory;

    machine_memory_read(meter_host(accounts->meter), &memory);
    if (!isnan(memory.used_bytes) && memory.total_bytes > 0) {
        /* At least something, so that a run of no length has a value. */
        dt_s += 1e-9;
        accounts->memory_sum += memory.used_bytes / memory.total_bytes * dt_s;
        accounts->memory_bytes_sum += memory.used_bytes * dt_s;
        accounts->memory_weight += dt_s;
    }
}

/* Who was on a GPU. False: nobody can say. */
static bool read_users(const struct accounts *accounts, size_t i, double dt_s,
                       struct ledger_device_use *ret)
{
    struct wattle_device_process users[DEVICE_PROCESSES_MAX];
    int count = meter_device_processes(accounts->meter, i, users, DEVICE_PROCESSES_MAX);
    int ours = 0;
    int measured = 0;
    int j;

    memset(ret, 0, sizeof *ret);
    /* In a container the driver may show nobody, or numbers of the host's processes. */
    for (j = 0; j < count && j < DEVICE_PROCESSES_MAX; j++) {
        double use_s = users[j].utilization * dt_s;
        bool member = accounts->task && tracker_has(accounts->tracker, users[j].pid);

        ours += member;
        if (!isnan(use_s) && use_s > 0) {
            measured++;
            ret->all_s += use_s;
            ret->task_s += member ? use_s : 0;
        }
    }
    ret->task_present = ours > 0;
    if (count <= 0) {
        return false;
    }
    if (measured == 0 && ours != 0 && ours != count) {
        return false; /* several, and not one says how much */
    }
    if (measured == 0 && ours == count) {
        ret->task_s = ret->all_s = dt_s; /* all of them are the task's */
    }
    return true;
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

static void open_account(struct accounts *accounts, size_t i)
{
    const struct wattle_channel *channel = wattle_meter_channel(accounts->meter, i);
    struct account *account = &accounts->items[i];
    struct ledger_idle idle;

    account->idle_source =
        idle_choose(channel, account->before_w, accounts->before_use,
                    meter_remembered_idle_w(accounts->meter, i), &idle);
    ledger_account_init(&account->ledger, &idle, channel->domain == WATTLE_D_GPU);
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
    for (i = 0; i < accounts->count; i++) {
        accounts->items[i].last_j = i < round->count ? round->energy_j[i] : WATTLE_UNKNOWN;
        open_account(accounts, i);
    }
    accounts->start_ns = accounts->last_ns = round->t_ns;
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

static void remember_idle(struct accounts *accounts, size_t i, double energy_j, double dt_s,
                          double use)
{
    double watts =
        idle_candidate_w(wattle_meter_channel(accounts->meter, i), energy_j, dt_s, use);

    if (!isnan(watts) && !(meter_remembered_idle_w(accounts->meter, i) <= watts)) {
        meter_remember_idle_w(accounts->meter, i, watts);
    }
}

static void step_channels(struct accounts *accounts, const struct accounts_round *round,
                          const struct ledger_use *use)
{
    bool asked[ACCOUNTS_MAX] = {false}; /* GPU numbers */
    bool hidden[ACCOUNTS_MAX] = {false};
    struct ledger_device_use users[ACCOUNTS_MAX > 64 ? 64 : ACCOUNTS_MAX];
    size_t i;

    for (i = 0; i < accounts->count; i++) {
        const struct wattle_channel *channel = wattle_meter_channel(accounts->meter, i);
        struct account *account = &accounts->items[i];
        double energy_j = energy_since(accounts, round, i);
        size_t gpu = channel->unit_index >= 0 ? (size_t)channel->unit_index : 0;
        const struct ledger_device_use *device = NULL;

        if (channel->quantity != WATTLE_Q_ENERGY && channel->quantity != WATTLE_Q_POWER) {
            continue;
        }
        if (account->ledger.device && gpu < sizeof users / sizeof users[0]) {
            if (!asked[gpu]) { /* one answer per GPU: a second would be about no time at all */
                hidden[gpu] = !read_users(accounts, i, use->dt_s, &users[gpu]);
                asked[gpu] = true;
            }
            if (hidden[gpu]) {
                users[gpu].unknown_s = use->dt_s;
                account->users_hidden = true;
            }
            device = &users[gpu];
        }
        ledger_interval(&account->ledger, energy_j, use, device);
        remember_idle(accounts, i, energy_j, use->dt_s, use->busy_s / use->capacity_s);
    }
}

int accounts_step(struct accounts *accounts, const struct accounts_round *round, double busy_s,
                  bool forced)
{
    double now_own_s = own_s(accounts);
    struct ledger_use use;
    size_t before = accounts->count;

    if (round->t_ns <= accounts->last_ns) {
        return 0;
    }
    if (make_room(accounts, round->count) != 0) {
        return WATTLE_E_NOMEM;
    }
    for (; before < accounts->count; before++) {
        open_account(accounts, before);
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
    step_channels(accounts, round, &use);
    accounts->last_ns = round->t_ns;
    accounts->last_busy_s = busy_s;
    accounts->last_own_s = now_own_s;
    return 0;
}

/* ---- the result ----------------------------------------------------------------------------- */

void accounts_note(struct wattle_energy *energy, const char *format, ...)
{
    va_list args;

    if (energy->note_count < WATTLE_NOTES_MAX) {
        va_start(args, format);
        vsnprintf(energy->notes[energy->note_count++], WATTLE_REASON_MAX, format, args);
        va_end(args);
    }
}

static const struct account *account_of(const struct accounts *accounts,
                                        const struct wattle_component *component)
{
    size_t i;

    for (i = 0; i < accounts->count; i++) {
        const struct wattle_channel *channel = wattle_meter_channel(accounts->meter, i);

        if (channel != NULL && channel->kind == component->kind &&
            strcmp(channel->source, component->source) == 0 &&
            (channel->quantity == WATTLE_Q_ENERGY || channel->quantity == WATTLE_Q_POWER)) {
            return &accounts->items[i];
        }
    }
    return NULL;
}

static void apply_total(const struct ledger_split *total, bool task, struct wattle_energy *energy)
{
    energy->other_j = total->other_j;
    energy->idle_j = total->idle_j;
    energy->own_j = total->own_j;
    if (task) {
        energy->task_j = total->task_j;
        if (total->task_j.value > 0 && !isnan(energy->repeat_error)) {
            /* Two runs also differ by what a tick of CPU time cannot tell. */
            energy->repeat_error =
                hypot(energy->repeat_error, total->task_noise_j / total->task_j.value);
        }
    }
}

void accounts_apply(const struct accounts *accounts, struct wattle_energy *energy)
{
    static const struct ledger_account nothing = {.idle = {.fraction = {0.2, 0.05, 0.55}}};
    enum idle_source worst = IDLE_MEASURED;
    struct ledger_split total;
    bool any = false;
    size_t i;

    memset(&total, 0, sizeof total);
    for (i = 0; i < energy->component_count; i++) {
        struct wattle_component *component = &energy->components[i];
        const struct account *account = account_of(accounts, component);
        enum idle_source source = account != NULL ? account->idle_source : IDLE_MODELLED;
        struct ledger_split split;

        if (!component->counted || isnan(component->energy_j.value)) {
            continue;
        }
        ledger_split(account != NULL ? &account->ledger : &nothing, &component->energy_j,
                     accounts->task, &split);
        component->task_j = split.task_j.value;
        ledger_add(&total, &split);
        any = true;
        worst = source > worst ? source : worst;
        if (accounts->task && account != NULL && account->users_hidden) {
            accounts_note(energy, "%s: who used it is not known; shared by CPU time, and it may "
                          "have been all or nothing of the task's", component->name);
        }
    }
    if (any) {
        apply_total(&total, accounts->task, energy);
        snprintf(energy->idle_source, sizeof energy->idle_source, "%s", idle_source_text(worst));
    }
    if (accounts->task && isnan(accounts->last_busy_s - accounts->start_busy_s)) {
        accounts_note(energy, "no CPU times of the whole machine: the task's share of the dynamic "
                      "energy is an upper limit");
    }
}
