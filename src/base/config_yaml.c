/* SPDX-License-Identifier: MIT */
/* The pure part of the config: YAML text to a flat list of keys and values, by libyaml. */
#include "base/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/error.h"

#define TEXT_MAX ((size_t)1 << 20)
#define ENTRIES_MAX 1024
#define DEPTH_MAX 8

struct reader {
    struct config_entries *entries;
    size_t capacity;
    char path[DEPTH_MAX][96]; /* keys from the root down */
    bool sequence[DEPTH_MAX]; /* this level is a list */
    size_t list_entry[DEPTH_MAX]; /* 1 + the entry that collects a list; 0: none yet */
    bool have_key[DEPTH_MAX];
    int depth; /* levels open */
};

static int at_line(struct wattle_error *err, const yaml_mark_t *mark, const char *words)
{
    return error_set(err, WATTLE_E_INVALID, "line %zu: %s", mark->line + 1, words);
}

static int join_path(const struct reader *reader, char *ret, size_t size)
{
    size_t used = 0;
    int i;

    ret[0] = '\0';
    for (i = 0; i < reader->depth; i++) {
        int n;

        if (reader->sequence[i]) {
            continue;
        }
        n = snprintf(ret + used, size - used, "%s%s", used > 0 ? "." : "", reader->path[i]);
        if (n < 0 || (size_t)n >= size - used) {
            return -1;
        }
        used += (size_t)n;
    }
    return 0;
}

static int add_entry(struct reader *reader, const char *value, const yaml_mark_t *mark,
                     struct wattle_error *err)
{
    struct config_entries *entries = reader->entries;
    struct config_entry *entry;

    if (entries->count == ENTRIES_MAX) {
        return error_set(err, WATTLE_E_LIMIT, "more than %d settings", ENTRIES_MAX);
    }
    if (entries->count == reader->capacity) {
        size_t capacity = reader->capacity > 0 ? 2 * reader->capacity : 16;
        struct config_entry *items = realloc(entries->items, capacity * sizeof *items);

        if (items == NULL) {
            return error_set(err, WATTLE_E_NOMEM, "out of memory");
        }
        entries->items = items;
        reader->capacity = capacity;
    }
    entry = &entries->items[entries->count];
    if (join_path(reader, entry->key, sizeof entry->key) != 0) {
        return at_line(err, mark, "the key is too long");
    }
    entry->value = strdup(value);
    if (entry->value == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    entry->line = (int)mark->line + 1;
    entries->count++;
    return 0;
}

/* A list becomes one entry, "a,b,c". */
static int add_item(struct reader *reader, int level, const char *value, const yaml_mark_t *mark,
                    struct wattle_error *err)
{
    struct config_entry *entry;
    char *joined;
    size_t size;

    if (strchr(value, ',') != NULL) {
        return at_line(err, mark, "an item of a list may not contain a comma");
    }
    if (reader->list_entry[level] == 0) {
        int rc = add_entry(reader, value, mark, err);

        reader->list_entry[level] = reader->entries->count;
        return rc;
    }
    entry = &reader->entries->items[reader->list_entry[level] - 1];
    size = strlen(entry->value) + strlen(value) + 2;
    joined = malloc(size);
    if (joined == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    snprintf(joined, size, "%s,%s", entry->value, value);
    free(entry->value);
    entry->value = joined;
    return 0;
}

static int take_scalar(struct reader *reader, const yaml_event_t *event, struct wattle_error *err)
{
    const char *value = (const char *)event->data.scalar.value;
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    int level = reader->depth - 1;

    if (level < 0) {
        /* An empty document has one empty scalar. */
        return value[0] == '\0' ? 0
                                : at_line(err, &event->start_mark, "expected \"key: value\" lines");
    }
    if (strlen(value) != event->data.scalar.length) {
        return at_line(err, &event->start_mark, "a value contains a NUL");
    }
    if (plain && (strcmp(value, "~") == 0 || strcmp(value, "null") == 0)) {
        value = "";
    }
    if (reader->sequence[level]) {
        return add_item(reader, level, value, &event->start_mark, err);
    }
    if (!reader->have_key[level]) {
        int n = snprintf(reader->path[level], sizeof reader->path[level], "%s", value);

        if (n < 0 || (size_t)n >= sizeof reader->path[level]) {
            return at_line(err, &event->start_mark, "the key is too long");
        }
        reader->have_key[level] = true;
        return 0;
    }
    reader->have_key[level] = false;
    return add_entry(reader, value, &event->start_mark, err);
}

static int open_level(struct reader *reader, bool sequence, const yaml_mark_t *mark,
                      struct wattle_error *err)
{
    int level = reader->depth;

    if (level == DEPTH_MAX) {
        return error_set(err, WATTLE_E_LIMIT, "line %zu: nested too deeply", mark->line + 1);
    }
    if (level == 0 && sequence) {
        return at_line(err, mark, "expected \"key: value\" lines, found a list");
    }
    if (level > 0 && reader->sequence[level - 1]) {
        return at_line(err, mark, "a list may contain single values only");
    }
    if (level > 0 && !reader->have_key[level - 1]) {
        return at_line(err, mark, "a key must be one word");
    }
    reader->sequence[level] = sequence;
    reader->list_entry[level] = 0;
    reader->have_key[level] = false;
    reader->path[level][0] = '\0';
    reader->depth++;
    return 0;
}

static int take_event(struct reader *reader, const yaml_event_t *event, struct wattle_error *err)
{
    int rc = 0;

    switch (event->type) {
    case YAML_ALIAS_EVENT:
        rc = at_line(err, &event->start_mark, "anchors and aliases are not supported");
        break;
    case YAML_SCALAR_EVENT:
        rc = take_scalar(reader, event, err);
        break;
    case YAML_SEQUENCE_START_EVENT:
        rc = open_level(reader, true, &event->start_mark, err);
        break;
    case YAML_MAPPING_START_EVENT:
        rc = open_level(reader, false, &event->start_mark, err);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        reader->depth--;
        if (reader->depth > 0) {
            reader->have_key[reader->depth - 1] = false;
        }
        break;
    default:
        break;
    }
    return rc;
}

int config_parse(const char *text, size_t size, struct config_entries *ret,
                 struct wattle_error *err)
{
    struct reader reader = {.entries = ret};
    yaml_parser_t parser;
    bool done = false;
    int documents = 0;
    int rc = 0;

    memset(ret, 0, sizeof *ret);
    if (size > TEXT_MAX) {
        return error_set(err, WATTLE_E_LIMIT, "larger than 1 MiB");
    }
    if (yaml_parser_initialize(&parser) == 0) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    while (rc == 0 && !done) {
        yaml_event_t event;

        if (yaml_parser_parse(&parser, &event) == 0) {
            rc = error_set(err, WATTLE_E_INVALID, "line %zu: %s", parser.problem_mark.line + 1,
                           parser.problem != NULL ? parser.problem : "not YAML");
            break;
        }
        if (event.type == YAML_DOCUMENT_START_EVENT && documents++ > 0) {
            rc = at_line(err, &event.start_mark, "more than one document");
        } else {
            rc = take_event(&reader, &event, err);
        }
        done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (rc != 0) {
        config_entries_finish(ret);
    }
    return rc;
}

void config_entries_finish(struct config_entries *entries)
{
    size_t i;

    for (i = 0; i < entries->count; i++) {
        free(entries->items[i].value);
    }
    free(entries->items);
    memset(entries, 0, sizeof *entries);
}
