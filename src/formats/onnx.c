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
#include "formats/protobuf.h"

enum { SHAPE_MAX = 8, NAME_SIZE = 96, KEPT_MAX = 20000 };

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
static bool read_initializer(struct protobuf message, struct model_file *ret, struct names *names)
{
    struct named tensor;
    struct named *kept;
    struct protobuf_field field;
    uint64_t data_type = 0;
    uint64_t value;
    double elements = 1;
    double bits;
    char type[16];
    int i;
    int more;

    memset(&tensor, 0, sizeof tensor);
    tensor.constant = true;
    while ((more = protobuf_next(&message, &field)) > 0) {
        if (field.number == 1 && field.wire == PROTOBUF_VARINT) {
            if (!push_dimension(&tensor, (double)(int64_t)field.value)) {
                return false;
            }
        } else if (field.number == 1 && field.wire == PROTOBUF_BYTES) {
            while (field.bytes.at < field.bytes.end) {
                if (!protobuf_varint(&field.bytes, &value) ||
                    !push_dimension(&tensor, (double)(int64_t)value)) {
                    return false;
                }
            }
        } else if (field.number == 2 && field.wire == PROTOBUF_VARINT) {
            data_type = field.value;
        } else if (field.number == 8) {
            protobuf_string(&field, tensor.name, sizeof tensor.name);
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
static bool descend(struct protobuf message, uint32_t number, struct protobuf *ret)
{
    struct protobuf_field field;

    while (protobuf_next(&message, &field) > 0) {
        if (field.number == number && field.wire == PROTOBUF_BYTES) {
            *ret = field.bytes;
            return true;
        }
    }
    return false;
}

/* ValueInfoProto: name 1, type 2 {tensor_type 1 {shape 2 {dim 1 {dim_value 1}}}}. */
static bool read_value_info(struct protobuf message, struct names *names)
{
    struct protobuf type, tensor, shape;
    struct named *kept = add_name(names);
    struct protobuf again = message;
    struct protobuf_field field;

    if (kept == NULL) {
        return !names->failed;
    }
    while (protobuf_next(&message, &field) > 0) {
        if (field.number == 1) {
            protobuf_string(&field, kept->name, sizeof kept->name);
        }
    }
    if (!descend(again, 2, &type) || !descend(type, 1, &tensor) || !descend(tensor, 2, &shape)) {
        return true;
    }
    while (protobuf_next(&shape, &field) > 0) {
        struct protobuf_field dimension;
        double size = -1;

        if (field.number != 1 || field.wire != PROTOBUF_BYTES) {
            continue;
        }
        while (protobuf_next(&field.bytes, &dimension) > 0) {
            if (dimension.number == 1 && dimension.wire == PROTOBUF_VARINT) {
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
static void read_node(struct protobuf message, const struct names *names, struct model_file *ret)
{
    char operation[32] = "";
    char weight[NAME_SIZE] = "";
    char output[NAME_SIZE] = "";
    int inputs = 0;
    struct protobuf_field field;

    while (protobuf_next(&message, &field) > 0) {
        if (field.number == 1) {
            if (inputs++ == 1) {
                protobuf_string(&field, weight, sizeof weight);
            }
        } else if (field.number == 2 && output[0] == '\0') {
            protobuf_string(&field, output, sizeof output);
        } else if (field.number == 4) {
            protobuf_string(&field, operation, sizeof operation);
        }
    }
    if (strcmp(operation, "MatMul") == 0 || strcmp(operation, "Gemm") == 0 ||
        strcmp(operation, "Conv") == 0) {
        ret->flops_per_unit += node_flops(operation, weight, output, names);
        ret->layers++;
    }
}

static int read_graph(struct protobuf graph, struct model_file *ret, struct wattle_error *err)
{
    struct names names = {NULL, 0, 0, false};
    struct protobuf again = graph;
    struct protobuf_field field;
    bool good = true;
    int more = 1;

    while (good && (more = protobuf_next(&graph, &field)) > 0) {
        if (field.wire != PROTOBUF_BYTES) {
            continue;
        }
        if (field.number == 5) {
            good = read_initializer(field.bytes, ret, &names);
        } else if (field.number == 13 || field.number == 12) {
            good = read_value_info(field.bytes, &names);
        } else if (field.number == 2) {
            protobuf_string(&field, ret->name, sizeof ret->name);
        }
    }
    ret->flops_per_unit = 0;
    /* Finding names is quadratic; a graph that large has its FLOPs left unknown. */
    if (names.count > 4000) {
        ret->flops_per_unit = NAN;
    }
    while (good && more == 0 && !isnan(ret->flops_per_unit) && protobuf_next(&again, &field) > 0) {
        if (field.number == 1 && field.wire == PROTOBUF_BYTES) {
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
    struct protobuf message = {source, 0, source->size};
    struct protobuf_field field;
    bool have_graph = false;
    bool have_version = false;
    int code = 0;
    int more = 1;

    model_file_init(ret, "onnx");
    snprintf(ret->unit, sizeof ret->unit, "sample");
    while (code == 0 && (more = protobuf_next(&message, &field)) > 0) {
        if (field.number == 1 && field.wire == PROTOBUF_VARINT) {
            have_version = true;
        } else if (field.number == 2 && field.wire == PROTOBUF_BYTES) {
            protobuf_string(&field, ret->architecture, sizeof ret->architecture);
        } else if (field.number == 7 && field.wire == PROTOBUF_BYTES) {
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
