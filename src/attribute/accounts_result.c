/* SPDX-License-Identifier: MIT */
/* From the books to what people read. */
#include "attribute/accounts.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

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

static double gpu_use(struct wattle_meter *meter)
{
    struct wattle_gauge *gauges = calloc(ACCOUNTS_MAX, sizeof *gauges);
    size_t count = gauges != NULL ? wattle_meter_gauges(meter, gauges, ACCOUNTS_MAX) : 0;
    double sum = 0;
    size_t n = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        if (gauges[i].kind == WATTLE_GPU && gauges[i].quantity == WATTLE_Q_UTILIZATION &&
            !isnan(gauges[i].mean)) {
            sum += gauges[i].mean;
            n++;
        }
    }
    free(gauges);
    return n > 0 ? sum / (double)n : WATTLE_UNKNOWN;
}

void accounts_utilization(const struct accounts *accounts, struct measurement_utilization *ret)
{
    double dt_s = clock_s(accounts->last_ns - accounts->start_ns);
    /* At least what is known better than to a tick. */
    double busy_s = fmax(accounts->last_busy_s - accounts->start_busy_s,
                         accounts->task_s + accounts->last_own_s - accounts->start_own_s);
    double use = busy_s / (accounts->cpus * dt_s);

    ret->cpu = dt_s > 0 && use >= 0 ? fmin(use, 1) : WATTLE_UNKNOWN;
    ret->gpu = gpu_use(accounts->meter);
    ret->ram = WATTLE_UNKNOWN;
    ret->ram_bytes = WATTLE_UNKNOWN;
    if (accounts->memory_weight > 0) {
        ret->ram = accounts->memory_sum / accounts->memory_weight;
        ret->ram_bytes = accounts->memory_bytes_sum / accounts->memory_weight;
    }
    ret->task_cpu_s = accounts->task ? accounts->task_s : WATTLE_UNKNOWN;
    ret->own_cpu_s = accounts->last_own_s - accounts->start_own_s;
}
