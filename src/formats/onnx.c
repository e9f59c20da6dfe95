/* SPDX-License-Identifier: MIT */
/*
 * ONNX: a protocol-buffer ModelProto. Only the fields that count parameters are followed:
 * model.graph (7), graph.node (1), graph.initializer (5), graph.value_info (13), graph.output
 * (12); weights are stepped over. Field numbers: onnx.proto3 of the ONNX project.
 *
 * FLOPs are known for graphs whose work is in MatMul and Gemm with constant weights (2 per
 * weight and sample) and in Conv whose output shape the file states; otherwise they stay unknown.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/model_file.h"

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };
enum { SHAPE_MAX = 8, NAME_SIZE = 96, KEPT_MAX = 20000 };

struct cursor {
    struct source *source;
    uint64_t at;
    uint64_t end;
};

struct field {
    uint32_t number;
    uint32_t wire;
    uint64_t value;      /* varint and fixed */
    struct cursor bytes; /* length-delimited */
};

/* A tensor that a node may name: an initializer or a value with a known shape. */
struct named {
    char name[NAME_SIZE];
    double shape[SHAPE_MAX]; /* < 0: symbolic */
    int rank;
    bool constant;
};

struct names {
    struct named *items;
    size_t count, capacity;
    bool failed;
};

static bool next_varint(struct cursor *cursor, uint64_t *ret)
{
    uint64_t value = 0;
    int shift;

    for (shift = 0; shift < 64; shift += 7) {
        uint8_t byte;

        if (cursor->at >= cursor->end || !source_read(cursor->source, cursor->at, &byte, 1)) {
            return false;
        }
        cursor->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            *ret = value;
            return true;
        }
    }
    return false;
}

/* 1: a field, 0: the end, -1: not a valid message. */
static int next_field(struct cursor *cursor, struct field *ret)
{
    uint64_t key, length;

    if (cursor->at >= cursor->end) {
        return 0;
    }
    if (!next_varint(cursor, &key) || key >> 3 == 0 || key >> 3 > UINT32_MAX) {
        return -1;
    }
    ret->number = (uint32_t)(key >> 3);
    ret->wire = (uint32_t)(key & 7);
    switch (ret->wire) {
    case WIRE_VARINT:
        return next_varint(cursor, &ret->value) ? 1 : -1;
    case WIRE_64:
    case WIRE_32:
        length = ret->wire == WIRE_64 ? 8 : 4;
        break;
    case WIRE_BYTES:
        if (!next_varint(cursor, &length)) {
            return -1;
        }
        break;
    default:
        return -1;
    }
    if (length > cursor->end - cursor->at) {
        return -1;
    }
    ret->bytes = (struct cursor){cursor->source, cursor->at, cursor->at + length};
    cursor->at += length;
    return 1;
}

static void take_string(const struct field *field, char *ret, size_t size)
{
    uint64_t length = field->bytes.end - field->bytes.at;
    size_t kept = length < size ? (size_t)length : size - 1;

    if (field->wire != WIRE_BYTES || !source_read(field->bytes.source, field->bytes.at, ret, kept)) {
        kept = 0;
    }
    ret[kept] = '\0';
}

static struct named *add_name(struct names *names)
{
    if (names->count == names->capacity) {
        size_t capacity = names->capacity == 0 ? 64 : names->capacity * 2;
        struct named *items;

        if (names->count >= KEPT_MAX) {
            return NULL;
        }
        items = realloc(names->items, capacity * sizeof *items);
        if (items == NULL) {
            names->failed = true;
            return NULL;
        }
        names->items = items;
        names->capacity = capacity;
    }
    memset(&names->items[names->count], 0, sizeof names->items[0]);
    return &names->items[names->count++];
}

static const struct named *find_name(const struct names *names, const char *name)
{
    size_t i;

    for (i = 0; i < names->count; i++) {
        if (strcmp(names->items[i].name, name) == 0) {
            return &names->items[i];
        }
    }
    return NULL;
}

static void type_of(uint64_t data_type, char *ret, size_t size, double *ret_bits)
{
    /* TensorProto.DataType */
    static const struct {
        const char *name;
        double bits;
    } table[] = {{"undefined", 0}, {"float32", 32}, {"uint8", 8},   {"int8", 8},
                 {"uint16", 16},   {"int16", 16},   {"int32", 32},  {"int64", 64},
                 {"string", 0},    {"bool", 8},     {"float16", 16}, {"float64", 64},
                 {"uint32", 32},   {"uint64", 64},  {"complex64", 64}, {"complex128", 128},
                 {"bfloat16", 16}, {"float8", 8},   {"float8", 8},  {"float8", 8},
                 {"float8", 8},    {"uint4", 4},    {"int4", 4},    {"float4", 4}};

    if (data_type < sizeof table / sizeof table[0]) {
        snprintf(ret, size, "%s", table[data_type].name);
        *ret_bits = table[data_type].bits;
    } else {
        snprintf(ret, size, "type %u", (unsigned)(data_type % 1000));
        *ret_bits = 0;
    }
}

static bool push_dimension(struct named *tensor, double size)
{
    if (tensor->rank >= SHAPE_MAX) {
        return false;
    }
    tensor->shape[tensor->rank++] = size;
    return true;
}

/* TensorProto: dims 1, data_type 2, name 8. */
static bool read_initializer(struct cursor message, struct model_file *ret, struct names *names)
{
    struct named tensor;
    struct named *kept;
    struct field field;
    uint64_t data_type = 0;
    uint64_t value;
    double elements = 1;
    double bits;
    char type[16];
    int i;
    int more;

    memset(&tensor, 0, sizeof tensor);
    tensor.constant = true;
    while ((more = next_field(&message, &field)) > 0) {
        if (field.number == 1 && field.wire == WIRE_VARINT) {
            if (!push_dimension(&tensor, (double)(int64_t)field.value)) {
                return false;
            }
        } else if (field.number == 1 && field.wire == WIRE_BYTES) {
            while (field.bytes.at < field.bytes.end) {
                if (!next_varint(&field.bytes, &value) ||
                    !push_dimension(&tensor, (double)(int64_t)value)) {
                    return false;
                }
            }
        } else if (field.number == 2 && field.wire == WIRE_VARINT) {
            data_type = field.value;
        } else if (field.number == 8) {
            take_string(&field, tensor.name, sizeof tensor.name);
        }
    }
    for (i = 0; i < tensor.rank; i++) {
        if (tensor.shape[i] < 0) {
            return false;
        }
        elements *= tensor.shape[i];
    }
    if (more < 0 || elements > 1e15) {
        return false;
    }
    type_of(data_type, type, sizeof type, &bits);
    model_file_add(ret, type, bits, elements, false);
    kept = add_name(names);
    if (kept != NULL) {
        *kept = tensor;
    }
    return !names->failed;
}

/* Follows a path of nested message fields; the last one found is returned. */
static bool descend(struct cursor message, uint32_t number, struct cursor *ret)
{
    struct field field;

    while (next_field(&message, &field) > 0) {
        if (field.number == number && field.wire == WIRE_BYTES) {
            *ret = field.bytes;
            return true;
        }
    }
    return false;
}

/* ValueInfoProto: name 1, type 2 {tensor_type 1 {shape 2 {dim 1 {dim_value 1}}}}. */
static bool read_value_info(struct cursor message, struct names *names)
{
    struct cursor type, tensor, shape;
    struct named *kept = add_name(names);
    struct cursor again = message;
    struct field field;

    if (kept == NULL) {
        return !names->failed;
    }
    while (next_field(&message, &field) > 0) {
        if (field.number == 1) {
            take_string(&field, kept->name, sizeof kept->name);
        }
    }
    if (!descend(again, 2, &type) || !descend(type, 1, &tensor) || !descend(tensor, 2, &shape)) {
        return true;
    }
    while (next_field(&shape, &field) > 0) {
        struct field dimension;
        double size = -1;

        if (field.number != 1 || field.wire != WIRE_BYTES) {
            continue;
        }
        while (next_field(&field.bytes, &dimension) > 0) {
            if (dimension.number == 1 && dimension.wire == WIRE_VARINT) {
                size = (double)(int64_t)dimension.value;
            }
        }
        if (!push_dimension(kept, size)) {
            kept->rank = 0;
            return true;
        }
    }
    return true;
}

/* 2 FLOPs per weight and output position; NaN when a position count is not stated. */
static double node_flops(const char *operation, const char *weight_name, const char *output_name,
                         const struct names *names)
{
    const struct named *weight = find_name(names, weight_name);
    const struct named *output = find_name(names, output_name);
    double weights = 1;
    double positions = 1;
    int i;

    if (weight == NULL || !weight->constant) {
        /* MatMul of two activations (attention): depends on the sequence, not on weights. */
        return strcmp(operation, "MatMul") == 0 ? 0 : NAN;
    }
    for (i = 0; i < weight->rank; i++) {
        weights *= weight->shape[i];
    }
    if (strcmp(operation, "Conv") == 0) {
        if (output == NULL || output->rank < 3) {
            return NAN;
        }
        for (i = 2; i < output->rank; i++) {
            if (output->shape[i] < 0) {
                return NAN;
            }
            positions *= output->shape[i];
        }
    }
    return 2 * weights * positions;
}

/* NodeProto: input 1, output 2, op_type 4. */
static void read_node(struct cursor message, const struct names *names, struct model_file *ret)
{
    char operation[32] = "";
    char weight[NAME_SIZE] = "";
    char output[NAME_SIZE] = "";
    int inputs = 0;
    struct field field;

    while (next_field(&message, &field) > 0) {
        if (field.number == 1) {
            if (inputs++ == 1) {
                take_string(&field, weight, sizeof weight);
            }
        } else if (field.number == 2 && output[0] == '\0') {
            take_string(&field, output, sizeof output);
        } else if (field.number == 4) {
            take_string(&field, operation, sizeof operation);
        }
    }
    if (strcmp(operation, "MatMul") == 0 || strcmp(operation, "Gemm") == 0 ||
        strcmp(operation, "Conv") == 0) {
        ret->flops_per_unit += node_flops(operation, weight, output, names);
        ret->layers++;
    }
}

static int read_graph(struct cursor graph, struct model_file *ret, struct wattle_error *err)
{
    struct names names = {NULL, 0, 0, false};
    struct cursor again = graph;
    struct field field;
    bool good = true;
    int more = 1;

    while (good && (more = next_field(&graph, &field)) > 0) {
        if (field.wire != WIRE_BYTES) {
            continue;
        }
        if (field.number == 5) {
            good = read_initializer(field.bytes, ret, &names);
        } else if (field.number == 13 || field.number == 12) {
            good = read_value_info(field.bytes, &names);
        } else if (field.number == 2) {
            take_string(&field, ret->name, sizeof ret->name);
        }
    }
    ret->flops_per_unit = 0;
    /* Finding names is quadratic; a graph that large has its FLOPs left unknown. */
    if (names.count > 4000) {
        ret->flops_per_unit = NAN;
    }
    while (good && more == 0 && !isnan(ret->flops_per_unit) && next_field(&again, &field) > 0) {
        if (field.number == 1 && field.wire == WIRE_BYTES) {
            read_node(field.bytes, &names, ret);
        }
    }
    free(names.items);
    if (names.failed) {
        return error_set(err, WATTLE_E_NOMEM, "onnx: out of memory");
    }
    if (!good || more < 0) {
        return error_set(err, WATTLE_E_INVALID, "onnx: the graph is cut or invalid");
    }
    if (ret->flops_per_unit == 0) {
        ret->flops_per_unit = NAN;
    }
    return 0;
}

/* ModelProto: ir_version 1, producer_name 2, graph 7. */
int onnx_read(struct source *source, struct model_file *ret, struct wattle_error *err)
{
    struct cursor message = {source, 0, source->size};
    struct field field;
    bool have_graph = false;
    bool have_version = false;
    int code = 0;
    int more = 1;

    model_file_init(ret, "onnx");
    snprintf(ret->unit, sizeof ret->unit, "sample");
    while (code == 0 && (more = next_field(&message, &field)) > 0) {
        if (field.number == 1 && field.wire == WIRE_VARINT) {
            have_version = true;
        } else if (field.number == 2 && field.wire == WIRE_BYTES) {
            take_string(&field, ret->architecture, sizeof ret->architecture);
        } else if (field.number == 7 && field.wire == WIRE_BYTES) {
            have_graph = true;
            code = read_graph(field.bytes, ret, err);
        }
    }
    if (code != 0) {
        return code;
    }
    if (more < 0 || !have_graph || !have_version) {
        return error_set(err, WATTLE_E_INVALID, "onnx: not a whole ModelProto");
    }
    model_file_settle(ret);
    return 0;
}
