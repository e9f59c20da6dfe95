/* SPDX-License-Identifier: MIT */
/*
 * GGUF versions 2 and 3: magic, version, tensor count, key-value count, the pairs, then a
 * description of each tensor. Source: docs/gguf.md of the ggml project (version 3).
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "formats/model_file.h"

enum value_type {
    V_U8, V_I8, V_U16, V_I16, V_U32, V_I32, V_F32, V_BOOL, V_STRING, V_ARRAY, V_U64, V_I64, V_F64
};

/* Real files have hundreds of pairs and thousands of tensors. */
enum { PAIRS_MAX = 100000, TENSORS_MAX = 10000000, DIMENSIONS_MAX = 4 };

/* Bits per weight are block bytes * 8 / block length of ggml's type table. */
static const struct {
    const char *name;
    double bits;
} tensor_types[] = {
    [0] = {"F32", 32},       [1] = {"F16", 16},      [2] = {"Q4_0", 4.5},   [3] = {"Q4_1", 5},
    [6] = {"Q5_0", 5.5},     [7] = {"Q5_1", 6},      [8] = {"Q8_0", 8.5},   [9] = {"Q8_1", 9},
    [10] = {"Q2_K", 2.625},  [11] = {"Q3_K", 3.4375}, [12] = {"Q4_K", 4.5}, [13] = {"Q5_K", 5.5},
    [14] = {"Q6_K", 6.5625}, [15] = {"Q8_K", 9.125}, [16] = {"IQ2_XXS", 2.0625},
    [17] = {"IQ2_XS", 2.3125}, [18] = {"IQ3_XXS", 3.0625}, [19] = {"IQ1_S", 1.5625},
    [20] = {"IQ4_NL", 4.5},  [21] = {"IQ3_S", 3.4375}, [22] = {"IQ2_S", 2.5625},
    [23] = {"IQ4_XS", 4.25}, [24] = {"I8", 8},       [25] = {"I16", 16},    [26] = {"I32", 32},
    [27] = {"I64", 64},      [28] = {"F64", 64},     [29] = {"IQ1_M", 1.75}, [30] = {"BF16", 16},
    [34] = {"TQ1_0", 1.6875}, [35] = {"TQ2_0", 2.0625}, [39] = {"MXFP4", 4.25}};

static bool read_string(struct source *source, uint64_t *at, char *ret, size_t size)
{
    uint64_t length;
    size_t kept;

    if (!source_u64(source, at, &length) || length > source->size - *at) {
        return false;
    }
    kept = length < size ? (size_t)length : size - 1;
    if (!source_read(source, *at, ret, kept)) {
        return false;
    }
    ret[kept] = '\0';
    *at += length;
    return true;
}

static int size_of(uint32_t type)
{
    static const int sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

    return type < sizeof sizes / sizeof sizes[0] ? sizes[type] : 0;
}

static bool skip_value(struct source *source, uint64_t *at, uint32_t type)
{
    uint32_t item;
    uint64_t count;
    char nothing[1];

    if (type == V_STRING) {
        return read_string(source, at, nothing, sizeof nothing);
    }
    if (type != V_ARRAY) {
        int size = size_of(type);

        *at += (uint64_t)size;
        return size > 0 && *at <= source->size;
    }
    if (!source_u32(source, at, &item) || !source_u64(source, at, &count)) {
        return false;
    }
    /* Every item takes at least a byte, so a count above the file's size is a lie. */
    if (item == V_ARRAY || count > source->size - *at) {
        return false;
    }
    if (item != V_STRING) {
        uint64_t size = (uint64_t)size_of(item);

        if (size == 0 || count > (source->size - *at) / size) {
            return false;
        }
        *at += count * size;
        return true;
    }
    while (count-- > 0) {
        if (!read_string(source, at, nothing, sizeof nothing)) {
            return false;
        }
    }
    return true;
}

/* Integers of any width as a number; other types are skipped and leave NaN. */
static bool read_number(struct source *source, uint64_t *at, uint32_t type, double *ret)
{
    uint8_t bytes[2];
    uint32_t word;
    uint64_t value;

    *ret = NAN;
    switch (type) {
    case V_U16:
        if (!source_read(source, *at, bytes, sizeof bytes)) {
            return false;
        }
        *at += sizeof bytes;
        *ret = bytes[0] + 256 * bytes[1];
        return true;
    case V_U32:
    case V_I32:
        if (!source_u32(source, at, &word)) {
            return false;
        }
        *ret = type == V_U32 ? (double)word : (double)(int32_t)word;
        return true;
    case V_U64:
    case V_I64:
        if (!source_u64(source, at, &value)) {
            return false;
        }
        *ret = (double)value;
        return true;
    default:
        return skip_value(source, at, type);
    }
}

static int to_int(double value)
{
    return value >= 0 && value <= 1e9 ? (int)value : 0;
}

/* "<architecture>.block_count" and its like: what follows the first dot. */
static void keep_number(struct model_file *ret, const char *key, double value)
{
    const char *field = strchr(key, '.');
    static const struct {
        const char *field;
        size_t offset;
    } fields[] = {{".block_count", offsetof(struct model_file, layers)},
                  {".embedding_length", offsetof(struct model_file, hidden_size)},
                  {".attention.head_count", offsetof(struct model_file, heads)},
                  {".attention.head_count_kv", offsetof(struct model_file, key_value_heads)},
                  {".expert_count", offsetof(struct model_file, experts)},
                  {".expert_used_count", offsetof(struct model_file, experts_used)}};
    size_t i;

    if (field == NULL || isnan(value)) {
        return;
    }
    if (strcmp(key, "split.count") == 0) {
        ret->split_count = to_int(value);
    }
    if (strcmp(field, ".context_length") == 0) {
        ret->context_length = value;
    }
    for (i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(field, fields[i].field) == 0) {
            int whole = to_int(value);

            memcpy((char *)ret + fields[i].offset, &whole, sizeof whole);
        }
    }
}

/* Where the weights begin and how far they reach. */
struct extent {
    double alignment, end;
};

static bool read_pair(struct source *source, uint64_t *at, struct model_file *ret,
                      struct extent *extent)
{
    char key[128];
    uint32_t type;
    double value;

    if (!read_string(source, at, key, sizeof key) || !source_u32(source, at, &type)) {
        return false;
    }
    if (type == V_STRING && strcmp(key, "general.architecture") == 0) {
        return read_string(source, at, ret->architecture, sizeof ret->architecture);
    }
    if (type == V_STRING && strcmp(key, "general.name") == 0) {
        return read_string(source, at, ret->name, sizeof ret->name);
    }
    if (!read_number(source, at, type, &value)) {
        return false;
    }
    keep_number(ret, key, value);
    if (strcmp(key, "general.alignment") == 0 && value >= 1 && value <= 1 << 20) {
        extent->alignment = value;
    }
    return true;
}

static bool read_tensor(struct source *source, uint64_t *at, struct model_file *ret,
                        struct extent *extent)
{
    char name[128];
    char unknown[16];
    const char *type_name = unknown;
    uint32_t dimensions, type, i;
    uint64_t offset;
    double elements = 1;
    double bits = 0;

    if (!read_string(source, at, name, sizeof name) || !source_u32(source, at, &dimensions) ||
        dimensions > DIMENSIONS_MAX) {
        return false;
    }
    for (i = 0; i < dimensions; i++) {
        uint64_t size;

        if (!source_u64(source, at, &size)) {
            return false;
        }
        elements *= (double)size;
    }
    if (!source_u32(source, at, &type) || !source_u64(source, at, &offset) || elements > 1e15) {
        return false;
    }
    snprintf(unknown, sizeof unknown, "type %u", type);
    if (type < sizeof tensor_types / sizeof tensor_types[0] && tensor_types[type].name != NULL) {
        type_name = tensor_types[type].name;
        bits = tensor_types[type].bits;
    }
    extent->end = fmax(extent->end, (double)offset + elements * bits / 8);
    /* "blk.0.ffn_up_exps.weight": the experts of a layer in one tensor. */
    model_file_add(ret, type_name, bits, elements, strstr(name, "_exps.") != NULL);
    return true;
}

int gguf_read(struct source *source, struct model_file *ret, struct wattle_error *err)
{
    uint64_t at = 0;
    uint64_t tensors, pairs, i;
    uint32_t magic, version;
    struct extent extent = {.alignment = 32, .end = 0};
    double start;

    model_file_init(ret, "gguf");
    if (!source_u32(source, &at, &magic) || magic != 0x46554747u) { /* "GGUF" */
        return error_set(err, WATTLE_E_INVALID, "gguf: no GGUF magic");
    }
    if (!source_u32(source, &at, &version) || version < 2 || version > 3) {
        return error_set(err, WATTLE_E_INVALID, "gguf: version is neither 2 nor 3");
    }
    if (!source_u64(source, &at, &tensors) || !source_u64(source, &at, &pairs) ||
        tensors > TENSORS_MAX || pairs > PAIRS_MAX) {
        return error_set(err, WATTLE_E_INVALID, "gguf: counts are not plausible");
    }
    for (i = 0; i < pairs; i++) {
        if (!read_pair(source, &at, ret, &extent)) {
            return error_set(err, WATTLE_E_INVALID, "gguf: key-value pair %llu is cut or invalid",
                             (unsigned long long)i);
        }
    }
    for (i = 0; i < tensors; i++) {
        if (!read_tensor(source, &at, ret, &extent)) {
            return error_set(err, WATTLE_E_INVALID, "gguf: tensor %llu is cut or invalid",
                             (unsigned long long)i);
        }
    }
    /* A header alone, or padded, is what one fetches to look at a model; some of its weights are
     * a download that broke off. */
    start = ceil((double)at / extent.alignment) * extent.alignment;
    if ((double)source->size > start && (double)source->size < start + extent.end) {
        return error_set(err, WATTLE_E_INVALID,
                         "gguf: cut: %.0f bytes of weights, %.0f announced",
                         (double)source->size - start, extent.end);
    }
    model_file_settle(ret);
    return 0;
}
