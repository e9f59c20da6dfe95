/* SPDX-License-Identifier: MIT */
#include "attribute/process_members.h"

#include <stdlib.h>
#include <string.h>

static size_t slot_of(const struct members *members, pid_t pid)
{
    size_t mask = members->slot_count - 1;
    size_t i = (uint32_t)pid * 2654435761u & mask; /* Knuth's multiplicative hash */

    while (members->slots[i] != 0 && members->items[members->slots[i] - 1].pid != pid) {
        i = (i + 1) & mask;
    }
    return i;
}

struct member *members_find(const struct members *members, pid_t pid)
{
    uint32_t index = members->slot_count > 0 ? members->slots[slot_of(members, pid)] : 0;

    return index > 0 ? &members->items[index - 1] : NULL;
}

static bool rebuild_slots(struct members *members, size_t slot_count)
{
    size_t i;

    if (slot_count != members->slot_count) {
        uint32_t *slots = malloc(slot_count * sizeof *slots);

        if (slots == NULL) {
            return false;
        }
        free(members->slots);
        members->slots = slots;
        members->slot_count = slot_count;
    }
    memset(members->slots, 0, members->slot_count * sizeof *members->slots);
    for (i = 0; i < members->count; i++) {
        members->slots[slot_of(members, members->items[i].pid)] = (uint32_t)i + 1;
    }
    return true;
}

struct member *members_add(struct members *members, pid_t pid)
{
    struct member *member;

    if (members->count == MEMBERS_MAX) {
        return NULL;
    }
    if (members->count == members->capacity) {
        size_t capacity = members->capacity > 0 ? members->capacity * 2 : 16;
        struct member *items = realloc(members->items, capacity * sizeof *items);

        if (items == NULL) {
            return NULL;
        }
        members->items = items;
        members->capacity = capacity;
    }
    if ((members->count + 1) * 2 > members->slot_count &&
        !rebuild_slots(members, members->slot_count > 0 ? members->slot_count * 2 : 64)) {
        return NULL;
    }
    member = &members->items[members->count];
    memset(member, 0, sizeof *member);
    member->pid = pid;
    members->count++;
    members->slots[slot_of(members, pid)] = (uint32_t)members->count;
    return member;
}

void members_sweep(struct members *members)
{
    size_t kept = 0;
    size_t i;

    for (i = 0; i < members->count; i++) {
        if (!members->items[i].gone) {
            members->items[kept++] = members->items[i];
        }
    }
    members->count = kept;
    rebuild_slots(members, members->slot_count);
}

void members_finish(struct members *members)
{
    free(members->items);
    free(members->slots);
    memset(members, 0, sizeof *members);
}
