/* SPDX-License-Identifier: MIT */
#include "formats/model_file.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "formats/json_scan.h"

/* A config.json or an index is kilobytes; the largest indexes of shards are a few megabytes. */
enum { JSON_MAX = 16 * 1024 * 1024, SHARDS_MAX = 2048 };

void model_file_init(struct model_file *ret, const char *format)
{
    memset(ret, 0, sizeof *ret);
    snprintf(ret->format, sizeof ret->format, "%s", format);
    snprintf(ret->unit, sizeof ret->unit, "token");
    ret->flops_per_unit = NAN;
}

void model_file_add(struct model_file *model, const char *type, double bits, double elements,
                    bool is_expert)
{
    int i;

    model->tensors++;
    model->parameters += elements;
    model->weight_bytes += elements * bits / 8;
    if (is_expert) {
        model->expert_parameters += elements;
    }
    for (i = 0; i < model->type_count; i++) {
        if (strcmp(model->types[i].name, type) == 0) {
            model->types[i].parameters += elements;
            return;
        }
    }
    if (model->type_count < MODEL_TYPES_MAX) {
        struct model_type *new_type = &model->types[model->type_count++];

        snprintf(new_type->name, sizeof new_type->name, "%s", type);
        new_type->bits = bits;
        new_type->parameters = elements;
    }
}

static int by_parameters(const void *a, const void *b)
{
    const struct model_type *x = a;
    const struct model_type *y = b;

    return (x->parameters < y->parameters) - (x->parameters > y->parameters);
}

void model_file_settle(struct model_file *model)
{
    qsort(model->types, (size_t)model->type_count, sizeof model->types[0], by_parameters);
    model->active_parameters = model->parameters;
    if (model->experts > 0 && model->experts_used > 0 && model->experts_used < model->experts) {
        model->active_parameters =
            model->parameters -
            model->expert_parameters * (1 - (double)model->experts_used / model->experts);
    }
    /* One multiplication and one addition for each weight that a token meets. True of
     * transformers, whose weights are nearly all matrices; attention over the context comes
     * on top and depends on its length. */
    if (strcmp(model->unit, "token") == 0 && model->layers > 0) {
        model->flops_per_unit = 2 * model->active_parameters;
    }
}

/* A whole small file on the heap; NULL if there is none or it is too large. */
static char *load_text(const char *path, size_t *ret_size)
{
    struct source source;
    char *text = NULL;

    if (source_open(&source, path, NULL) != 0) {
        return NULL;
    }
    if (source.size > 0 && source.size <= JSON_MAX) {
        text = malloc((size_t)source.size);
        if (text != NULL && !source_read(&source, 0, text, (size_t)source.size)) {
            free(text);
            text = NULL;
        }
        *ret_size = (size_t)source.size;
    }
    source_close(&source);
    return text;
}

static void read_config_beside(const char *folder, struct model_file *ret)
{
    char path[PATH_MAX];
    size_t size;
    char *text;

    if ((size_t)snprintf(path, sizeof path, "%s/config.json", folder) >= sizeof path) {
        return;
    }
    text = load_text(path, &size);
    if (text != NULL) {
        model_config_read(text, size, ret);
        free(text);
    }
}

static void folder_of(const char *path, char *ret, size_t size)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL) {
        snprintf(ret, size, ".");
    } else {
        snprintf(ret, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    }
}

static int read_one(const char *path, struct model_file *ret, struct wattle_error *err)
{
    struct source source;
    uint8_t head[16] = {0};
    struct wattle_error inner = {0, ""};
    int code = source_open(&source, path, err);

    if (code != 0) {
        return code;
    }
    source_read(&source, 0, head, source.size < sizeof head ? (size_t)source.size : sizeof head);
    if (memcmp(head, "GGUF", 4) == 0) {
        code = gguf_read(&source, ret, &inner);
    } else if (head[8] == '{') {
        code = safetensors_read(&source, ret, &inner);
    } else if (head[0] == 0x08) { /* field 1 (ir_version), varint: how every ONNX file begins */
        code = onnx_read(&source, ret, &inner);
    } else {
        code = error_set(&inner, WATTLE_E_INVALID,
                         "not a safetensors, GGUF or ONNX file (nor an index of shards)");
    }
    source_close(&source);
    if (code != 0) {
        error_set(err, code, "%s: %s", path, inner.text);
    }
    return code;
}

static void merge_shard(struct model_file *whole, const struct model_file *shard)
{
    uint64_t tensors = whole->tensors;
    int i;

    for (i = 0; i < shard->type_count; i++) {
        model_file_add(whole, shard->types[i].name, shard->types[i].bits,
                       shard->types[i].parameters, false);
    }
    whole->expert_parameters += shard->expert_parameters;
    whole->tensors = tensors + shard->tensors;
}

/* The distinct file names of "weight_map"; a shard's name never leaves the index's folder. */
static int list_shards(const char *json, size_t size, char (*ret)[128], struct wattle_error *err)
{
    struct json_scan scan = {.at = json, .end = json + size};
    char key[256];
    int count = 0;

    if (!json_scan_take(&scan, '{')) {
        return error_set(err, WATTLE_E_INVALID, "not an index of shards");
    }
    while (json_scan_string(&scan, key, sizeof key) && json_scan_take(&scan, ':')) {
        if (strcmp(key, "weight_map") == 0 && json_scan_take(&scan, '{')) {
            char shard[128];

            while (json_scan_string(&scan, key, sizeof key) && json_scan_take(&scan, ':') &&
                   json_scan_string(&scan, shard, sizeof shard)) {
                int i = count;

                /* Names come in runs of the same shard: look at the newest first. */
                while (i > 0 && strcmp(ret[i - 1], shard) != 0) {
                    i--;
                }
                if (i == 0) {
                    if (count == SHARDS_MAX || strchr(shard, '/') != NULL || shard[0] == '.') {
                        return error_set(err, WATTLE_E_INVALID, "shard name \"%.60s\" refused",
                                         shard);
                    }
                    memcpy(ret[count++], shard, sizeof shard);
                }
                json_scan_take(&scan, ',');
            }
            return count > 0 ? count
                             : error_set(err, WATTLE_E_INVALID, "the index names no shard");
        }
        if (!json_scan_skip(&scan)) {
            break;
        }
        json_scan_take(&scan, ',');
    }
    return error_set(err, WATTLE_E_INVALID, "no weight_map in the index");
}

static int read_index(const char *path, struct model_file *ret, struct wattle_error *err)
{
    char(*shards)[128] = malloc(SHARDS_MAX * sizeof *shards);
    char folder[PATH_MAX];
    char shard_path[PATH_MAX];
    struct wattle_error inner = {0, ""};
    size_t size = 0;
    char *text = load_text(path, &size);
    int count = 0;
    int code = 0;
    int i;

    folder_of(path, folder, sizeof folder);
    model_file_init(ret, "safetensors");
    if (text == NULL || shards == NULL) {
        code = error_set(err, WATTLE_E_IO, "%s: cannot be read", path);
        goto out;
    }
    count = list_shards(text, size, shards, &inner);
    if (count < 0) {
        code = error_set(err, count, "%s: %s", path, inner.text);
        goto out;
    }
    for (i = 0; i < count && code == 0; i++) {
        struct model_file shard;

        if ((size_t)snprintf(shard_path, sizeof shard_path, "%s/%s", folder, shards[i]) >=
            sizeof shard_path) {
            code = error_set(err, WATTLE_E_INVALID, "%s: path too long", path);
            break;
        }
        code = read_one(shard_path, &shard, err);
        if (code == 0) {
            merge_shard(ret, &shard);
        }
    }
    if (code == 0) {
        read_config_beside(folder, ret);
        model_file_settle(ret);
    }
out:
    free(shards);
    free(text);
    return code;
}

/* "NAME-00002-of-00003.gguf": what llama.cpp calls the parts of one model. */
static int read_split(const char *path, struct model_file *ret, struct wattle_error *err)
{
    enum { TAIL = sizeof "-00001-of-00003.gguf" - 1 };
    int count = ret->split_count;
    size_t length = strlen(path);
    char tail[TAIL + 16];
    char part[PATH_MAX];
    int i;

    snprintf(tail, sizeof tail, "-of-%05d.gguf", count);
    if (count > SHARDS_MAX || length < TAIL || length >= sizeof part ||
        strcmp(path + length - strlen(tail), tail) != 0) {
        return error_set(err, WATTLE_E_INVALID,
                         "%s: one part of %d, and its name does not end in -00001%s", path, count,
                         tail);
    }
    for (i = 1; i <= count; i++) {
        struct model_file next;
        int code;

        snprintf(part, sizeof part, "%.*s-%05d%s", (int)(length - TAIL), path, i, tail);
        code = read_one(part, &next, err);
        if (code != 0) {
            return code;
        }
        if (i == 1) {
            *ret = next; /* architecture and layers are told in the first part alone */
        } else {
            merge_shard(ret, &next);
        }
    }
    model_file_settle(ret);
    return 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);

    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

int model_file_read(const char *path, struct model_file *ret, struct wattle_error *err)
{
    char inside[PATH_MAX];
    struct stat st;
    int code;

    if (stat(path, &st) != 0) {
        return error_errno(err, errno, "%s", path);
    }
    if (S_ISDIR(st.st_mode)) {
        static const char *const names[] = {"model.safetensors.index.json", "model.safetensors",
                                            "model.onnx"};
        size_t i;

        for (i = 0; i < sizeof names / sizeof names[0]; i++) {
            if ((size_t)snprintf(inside, sizeof inside, "%s/%s", path, names[i]) <
                    sizeof inside &&
                stat(inside, &st) == 0 && S_ISREG(st.st_mode)) {
                return model_file_read(inside, ret, err);
            }
        }
        return error_set(err, WATTLE_E_NOENT,
                         "%s: no model.safetensors, its index or model.onnx in this folder", path);
    }
    if (ends_with(path, ".index.json")) {
        return read_index(path, ret, err);
    }
    code = read_one(path, ret, err);
    if (code == 0 && strcmp(ret->format, "safetensors") == 0) {
        folder_of(path, inside, sizeof inside);
        read_config_beside(inside, ret);
        model_file_settle(ret);
    }
    return code == 0 && ret->split_count > 1 ? read_split(path, ret, err) : code;
}
