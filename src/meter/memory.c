/* SPDX-License-Identifier: MIT */
#include "meter/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/host.h"
#include "base/id.h"
#include "machine/identity.h"
#include "meter/state.h"

#define HEADER "wattle-sensors 1\n"
#define FILE_MAX 65536

/* ---- lines -------------------------------------------------------------------------------- */

/* The next word of a line into ret; false if there is none or it does not fit. */
static bool word(const char **cursor, const char *end, char *ret, size_t size)
{
    const char *begin = *cursor;
    const char *p;
    size_t length;

    while (begin < end && *begin == ' ') {
        begin++;
    }
    for (p = begin; p < end && *p != ' '; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            return false;
        }
    }
    length = (size_t)(p - begin);
    if (length == 0 || length >= size) {
        return false;
    }
    memcpy(ret, begin, length);
    ret[length] = '\0';
    *cursor = p;
    return true;
}

/* "-" or a number that is not negative and not absurd. */
static bool number(const char **cursor, const char *end, double *ret)
{
    char text[32];

    *ret = WATTLE_UNKNOWN;
    if (!word(cursor, end, text, sizeof text)) {
        return false;
    }
    if (strcmp(text, "-") == 0) {
        return true;
    }
    return parse_double(text, ret) && *ret >= 0 && *ret <= 1e6;
}

static bool parse_line(const char *line, const char *end, struct memory_entry *ret)
{
    char verdict[8];
    size_t length;

    memset(ret, 0, sizeof *ret);
    if (!word(&line, end, ret->boot_id, sizeof ret->boot_id) ||
        !word(&line, end, ret->root, sizeof ret->root) ||
        !word(&line, end, verdict, sizeof verdict) || !number(&line, end, &ret->idle_w) ||
        !number(&line, end, &ret->period_s) || !number(&line, end, &ret->call_s)) {
        return false;
    }
    if (strcmp(verdict, "alive") == 0) {
        ret->verdict = LIVENESS_WAS_ALIVE;
    } else if (strcmp(verdict, "dead") == 0) {
        ret->verdict = LIVENESS_WAS_DEAD;
    } else if (strcmp(verdict, "-") != 0) {
        return false;
    }
    /* The source is the rest: it may hold spaces, and nothing that ends or hides a line. */
    length = line < end ? (size_t)(end - line - 1) : 0;
    if (length == 0 || length >= sizeof ret->source) {
        return false;
    }
    memcpy(ret->source, line + 1, length);
    for (const char *p = ret->source; p < ret->source + length; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            return false;
        }
    }
    return true;
}

bool memory_next(const char **cursor, const char *end, struct memory_entry *ret)
{
    while (*cursor < end) {
        const char *line = *cursor;
        const char *stop = memchr(line, '\n', (size_t)(end - line));

        if (stop == NULL) {
            *cursor = end; /* a torn last line */
            return false;
        }
        *cursor = stop + 1;
        if (parse_line(line, stop, ret)) {
            return true;
        }
    }
    return false;
}

static const char *format_number(double value, char *ret, size_t size)
{
    if (isnan(value) || value < 0 || value > 1e6) {
        return "-";
    }
    snprintf(ret, size, "%.9f", value);
    return ret;
}

int memory_format(const struct memory_entry *entry, char *ret, size_t size)
{
    static const char *const verdicts[] = {"-", "alive", "dead"};
    char idle[32], period[32], call[32];

    return snprintf(ret, size, "%s %s %s %s %s %s %s\n", entry->boot_id, entry->root,
                    verdicts[entry->verdict], format_number(entry->idle_w, idle, sizeof idle),
                    format_number(entry->period_s, period, sizeof period),
                    format_number(entry->call_s, call, sizeof call), entry->source);
}

/* ---- the meter's file --------------------------------------------------------------------- */

static void root_of(const struct wattle_meter *meter, char *ret, size_t size)
{
    static const uint8_t key[16]; /* no secret: it tells folders apart */
    const char *root = meter->host->sysfs != NULL ? meter->host->sysfs : "";

    snprintf(ret, size, "%016llx", (unsigned long long)id_siphash(key, root, strlen(root)));
}

static char *read_text(const char *path)
{
    char *text = malloc(FILE_MAX);

    if (text != NULL && file_read(path, text, FILE_MAX) <= 0) {
        free(text);
        text = NULL;
    }
    return text;
}

void memory_load(struct wattle_meter *meter)
{
    if (meter->memory_path == NULL) {
        return;
    }
    machine_boot_id(meter->host, meter->boot_id, sizeof meter->boot_id);
    if (meter->boot_id[0] != '\0') {
        meter->memory_text = read_text(meter->memory_path);
    }
}

static bool same(const struct memory_entry *entry, const struct wattle_meter *meter,
                 const char *root)
{
    return strcmp(entry->boot_id, meter->boot_id) == 0 && strcmp(entry->root, root) == 0;
}

void memory_recall(const struct wattle_meter *meter, struct group *group)
{
    const char *cursor = meter->memory_text;
    struct memory_entry entry;
    const char *end;
    char root[17];
    size_t i;

    if (cursor == NULL) {
        return;
    }
    end = cursor + strlen(cursor);
    root_of(meter, root, sizeof root);
    while (memory_next(&cursor, end, &entry)) {
        for (i = 0; same(&entry, meter, root) && i < group->count; i++) {
            struct slot *slot = &group->slots[i];

            if (strcmp(slot->channel.source, entry.source) == 0) {
                slot->memory = entry.verdict;
                slot->idle_w = entry.idle_w;
                slot->calibration.update_period_s = entry.period_s;
                slot->calibration.call_s = entry.call_s;
            }
        }
    }
}

static enum liveness_memory learnt(const struct slot *slot)
{
    if (slot->channel.quantity != WATTLE_Q_ENERGY || !slot->energy) {
        return LIVENESS_UNKNOWN;
    }
    if (slot->acc.moved) {
        return LIVENESS_WAS_ALIVE;
    }
    return slot->verdict == LIVENESS_DEAD ? LIVENESS_WAS_DEAD : slot->memory;
}

static bool changed(const struct wattle_meter *meter)
{
    size_t i;

    for (i = 0; i < atomic_load(&meter->slot_count); i++) {
        const struct slot *slot = meter->slots[i];

        if (learnt(slot) != slot->memory || slot->idle_set || slot->calibrated) {
            return true;
        }
    }
    return false;
}

/* Appends a line if it fits. */
static void append(char *text, size_t *used, const struct memory_entry *entry)
{
    char line[512];
    int length = memory_format(entry, line, sizeof line);

    if (length > 0 && (size_t)length < sizeof line && *used + (size_t)length < FILE_MAX) {
        memcpy(text + *used, line, (size_t)length + 1);
        *used += (size_t)length;
    }
}

static const struct slot *slot_of_source(const struct wattle_meter *meter, const char *source)
{
    size_t i;

    for (i = 0; i < atomic_load(&meter->slot_count); i++) {
        if (strcmp(meter->slots[i]->channel.source, source) == 0) {
            return meter->slots[i];
        }
    }
    return NULL;
}

/* Other roots of this boot, and channels of ours that were not there this time, stay. */
static void keep_others(const struct wattle_meter *meter, const char *root, char *text,
                        size_t *used)
{
    char *old = read_text(meter->memory_path);
    const char *cursor = old;
    struct memory_entry entry;

    while (old != NULL && memory_next(&cursor, old + strlen(old), &entry)) {
        if (strcmp(entry.boot_id, meter->boot_id) == 0 &&
            !(strcmp(entry.root, root) == 0 && slot_of_source(meter, entry.source) != NULL)) {
            append(text, used, &entry);
        }
    }
    free(old);
}

void memory_save(struct wattle_meter *meter)
{
    struct memory_entry entry;
    char root[17];
    char *text;
    size_t used = sizeof HEADER - 1;
    size_t i;

    if (meter->memory_path == NULL || meter->boot_id[0] == '\0' || !changed(meter)) {
        return;
    }
    text = malloc(FILE_MAX);
    if (text == NULL) {
        return;
    }
    memcpy(text, HEADER, sizeof HEADER);
    root_of(meter, root, sizeof root);
    for (i = 0; i < atomic_load(&meter->slot_count); i++) {
        const struct slot *slot = meter->slots[i];

        memset(&entry, 0, sizeof entry);
        snprintf(entry.boot_id, sizeof entry.boot_id, "%s", meter->boot_id);
        snprintf(entry.root, sizeof entry.root, "%s", root);
        snprintf(entry.source, sizeof entry.source, "%s", slot->channel.source);
        entry.verdict = learnt(slot);
        entry.idle_w = slot->idle_w;
        entry.period_s = slot->calibration.update_period_s;
        entry.call_s = slot->calibration.call_s;
        if (entry.verdict != LIVENESS_UNKNOWN || !isnan(entry.idle_w) || !isnan(entry.call_s) ||
            !isnan(entry.period_s)) {
            append(text, &used, &entry);
        }
    }
    keep_others(meter, root, text, &used);
    file_write_atomic(meter->memory_path, text, used, 0600, false, NULL);
    free(text);
}
