/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/model_file.h"

struct bytes {
    uint8_t data[4096];
    size_t size;
};

static void put(struct bytes *b, const void *data, size_t size)
{
    assert_true(b->size + size <= sizeof b->data);
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static void put_number(struct bytes *b, uint64_t value, int width)
{
    int i;

    for (i = 0; i < width; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));

        put(b, &byte, 1);
    }
}

static void put_string(struct bytes *b, const char *text)
{
    put_number(b, strlen(text), 8);
    put(b, text, strlen(text));
}

static void make_safetensors(struct bytes *b, const char *header)
{
    b->size = 0;
    put_number(b, strlen(header), 8);
    put(b, header, strlen(header));
}

static int read_safetensors(struct bytes *b, struct model_file *ret, struct wattle_error *err)
{
    struct source source;

    source_init_memory(&source, b->data, b->size);
    return safetensors_read(&source, ret, err);
}

static void safetensors_counts_parameters_by_type(void **state)
{
    struct bytes b;
    struct model_file model;
    struct wattle_error err;

    (void)state;
    make_safetensors(&b, "{\"__metadata__\":{\"format\":\"pt\"},"
                         "\"a.weight\":{\"dtype\":\"BF16\",\"shape\":[4,8],"
                         "\"data_offsets\":[0,64]},"
                         "\"b\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[64,76]},"
                         "\"s\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[76,80]}}");
    assert_int_equal(read_safetensors(&b, &model, &err), 0);
    assert_true(model.parameters == 36);
    assert_true(model.weight_bytes == 80);
    assert_int_equal(model.tensors, 3);
    assert_int_equal(model.type_count, 2);
    assert_string_equal(model.types[0].name, "BF16");
}

static void hostile_safetensors_are_refused(void **state)
{
    static const char *const headers[] = {
        "", "{", "{}x{", "[1]", "{\"a\":1}", "{\"a\":{\"dtype\":\"F32\"}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1e300],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,\"data_offsets\":[0,8]}}",
        "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["};
    struct bytes b;
    struct model_file model;
    struct wattle_error err;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        int code;

        make_safetensors(&b, headers[i]);
        code = read_safetensors(&b, &model, &err);
        if (strcmp(headers[i], "{}x{") == 0) {
            continue; /* padding after the object is allowed by the format */
        }
        assert_int_equal(code, WATTLE_E_INVALID);
    }
    b.size = 0;
    put_number(&b, UINT64_MAX, 8);
    put(&b, "{}", 2);
    assert_int_equal(read_safetensors(&b, &model, &err), WATTLE_E_INVALID);
}

static void make_gguf(struct bytes *b)
{
    b->size = 0;
    put(b, "GGUF", 4);
    put_number(b, 3, 4);
    put_number(b, 2, 8); /* tensors */
    put_number(b, 6, 8); /* pairs */
    put_string(b, "general.architecture");
    put_number(b, 8, 4);
    put_string(b, "llama");
    put_string(b, "llama.block_count");
    put_number(b, 4, 4);
    put_number(b, 32, 4);
    put_string(b, "llama.expert_count");
    put_number(b, 4, 4);
    put_number(b, 8, 4);
    put_string(b, "llama.expert_used_count");
    put_number(b, 4, 4);
    put_number(b, 2, 4);
    put_string(b, "tokenizer.ggml.tokens");
    put_number(b, 9, 4);
    put_number(b, 8, 4);
    put_number(b, 2, 8);
    put_string(b, "<s>");
    put_string(b, "hello");
    put_string(b, "general.alignment");
    put_number(b, 0, 4);
    put_number(b, 32, 1);
    put_string(b, "token_embd.weight");
    put_number(b, 2, 4);
    put_number(b, 64, 8);
    put_number(b, 100, 8);
    put_number(b, 12, 4); /* Q4_K */
    put_number(b, 0, 8);
    put_string(b, "blk.0.ffn_up_exps.weight");
    put_number(b, 3, 4);
    put_number(b, 64, 8);
    put_number(b, 64, 8);
    put_number(b, 8, 8);
    put_number(b, 14, 4); /* Q6_K */
    put_number(b, 0, 8);
}

static void gguf_tells_architecture_types_and_active_parameters(void **state)
{
    struct bytes b;
    struct source source;
    struct model_file model;
    struct wattle_error err;

    (void)state;
    make_gguf(&b);
    source_init_memory(&source, b.data, b.size);
    assert_int_equal(gguf_read(&source, &model, &err), 0);
    assert_string_equal(model.architecture, "llama");
    assert_int_equal(model.layers, 32);
    assert_true(model.parameters == 6400 + 32768);
    assert_true(model.active_parameters == 6400 + 32768 / 4);
    assert_true(model.flops_per_unit == 2 * model.active_parameters);
    assert_string_equal(model.types[0].name, "Q6_K");
}

static void a_gguf_cut_anywhere_is_an_error_and_never_a_crash(void **state)
{
    struct bytes b;
    struct source source;
    struct model_file model;
    struct wattle_error err;
    size_t size;

    (void)state;
    make_gguf(&b);
    for (size = 0; size < b.size; size++) {
        uint8_t *exact = malloc(size + 1); /* the heap, so that ASan sees one byte too far */

        memcpy(exact, b.data, size);
        source_init_memory(&source, exact, size);
        assert_int_equal(gguf_read(&source, &model, &err), WATTLE_E_INVALID);
        free(exact);
    }
}

static void put_field(struct bytes *b, int number, const struct bytes *message)
{
    put_number(b, (uint64_t)(number << 3 | 2), 1);
    assert_true(message->size < 128);
    put_number(b, message->size, 1);
    put(b, message->data, message->size);
}

static void put_text(struct bytes *b, int number, const char *text)
{
    struct bytes message = {.size = 0};

    put(&message, text, strlen(text));
    put_field(b, number, &message);
}

/* y = MatMul(x, w) with w of 4 x 8 float32. */
static void make_onnx(struct bytes *b)
{
    struct bytes tensor = {.size = 0}, node = {.size = 0}, graph = {.size = 0};

    put_number(&tensor, 0x08, 1); /* dims */
    put_number(&tensor, 4, 1);
    put_number(&tensor, 0x08, 1);
    put_number(&tensor, 8, 1);
    put_number(&tensor, 0x10, 1); /* data_type: float */
    put_number(&tensor, 1, 1);
    put_text(&tensor, 8, "w");
    put_text(&node, 1, "x");
    put_text(&node, 1, "w");
    put_text(&node, 2, "y");
    put_text(&node, 4, "MatMul");
    put_field(&graph, 1, &node);
    put_text(&graph, 2, "tiny");
    put_field(&graph, 5, &tensor);
    b->size = 0;
    put_number(b, 0x08, 1); /* ir_version */
    put_number(b, 8, 1);
    put_text(b, 2, "pytorch");
    put_field(b, 7, &graph);
}

static void onnx_counts_weights_and_flops(void **state)
{
    struct bytes b;
    struct source source;
    struct model_file model;
    struct wattle_error err;

    (void)state;
    make_onnx(&b);
    source_init_memory(&source, b.data, b.size);
    assert_int_equal(onnx_read(&source, &model, &err), 0);
    assert_true(model.parameters == 32);
    assert_true(model.flops_per_unit == 64);
    assert_string_equal(model.types[0].name, "float32");
    assert_string_equal(model.name, "tiny");
}

static void write_file(const char *folder, const char *name, const void *data, size_t size)
{
    char path[512];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    fclose(f);
}

static void shards_add_up_and_a_config_names_the_architecture(void **state)
{
    static const char index[] =
        "{\"metadata\":{\"total_size\":80},\"weight_map\":{\"a\":\"model-1.safetensors\","
        "\"b\":\"model-2.safetensors\",\"c\":\"model-1.safetensors\"}}";
    static const char config[] =
        "{\"architectures\":[\"LlamaForCausalLM\"],\"num_hidden_layers\":2,\"x\":{\"y\":[1]}}";
    static const char escape[] = "{\"weight_map\":{\"a\":\"../../etc/passwd\"}}";
    char folder[] = "/tmp/wattle-shards-XXXXXX";
    char command[64];
    struct bytes b;
    struct model_file model;
    struct wattle_error err;

    (void)state;
    assert_non_null(mkdtemp(folder));
    make_safetensors(&b, "{\"a\":{\"dtype\":\"F16\",\"shape\":[10],\"data_offsets\":[0,20]}}");
    write_file(folder, "model-1.safetensors", b.data, b.size);
    make_safetensors(&b, "{\"b\":{\"dtype\":\"F16\",\"shape\":[30],\"data_offsets\":[0,60]}}");
    write_file(folder, "model-2.safetensors", b.data, b.size);
    write_file(folder, "model.safetensors.index.json", index, sizeof index - 1);
    write_file(folder, "config.json", config, sizeof config - 1);
    assert_int_equal(model_file_read(folder, &model, &err), 0);
    assert_true(model.parameters == 40);
    assert_int_equal(model.tensors, 2);
    assert_string_equal(model.architecture, "LlamaForCausalLM");
    assert_true(model.flops_per_unit == 80);

    write_file(folder, "model.safetensors.index.json", escape, sizeof escape - 1);
    assert_int_equal(model_file_read(folder, &model, &err), WATTLE_E_INVALID);
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

static void weights_that_are_cut_are_refused_and_a_header_alone_is_not(void **state)
{
    struct bytes b;
    struct source source;
    struct model_file model;
    struct wattle_error err;

    (void)state;
    make_safetensors(&b, "{\"a\":{\"dtype\":\"F16\",\"shape\":[10],\"data_offsets\":[0,20]}}");
    assert_int_equal(read_safetensors(&b, &model, &err), 0);
    put(&b, "nineteen bytes of it", 19);
    assert_int_equal(read_safetensors(&b, &model, &err), WATTLE_E_INVALID);
    assert_non_null(strstr(err.text, "cut"));
    put(&b, "!", 1);
    assert_int_equal(read_safetensors(&b, &model, &err), 0);

    memset(&b, 0, sizeof b);
    make_gguf(&b);
    b.size += 64; /* the padding, and a little of the weights */
    source_init_memory(&source, b.data, b.size);
    assert_int_equal(gguf_read(&source, &model, &err), WATTLE_E_INVALID);
    assert_non_null(strstr(err.text, "cut"));
}

static void make_part(struct bytes *b, int number, int count)
{
    b->size = 0;
    put(b, "GGUF", 4);
    put_number(b, 3, 4);
    put_number(b, 1, 8); /* tensors */
    put_number(b, number == 1 ? 3 : 1, 8);
    if (number == 1) {
        put_string(b, "general.architecture");
        put_number(b, 8, 4);
        put_string(b, "llama");
        put_string(b, "llama.block_count");
        put_number(b, 4, 4);
        put_number(b, 32, 4);
    }
    put_string(b, "split.count");
    put_number(b, 2, 4);
    put_number(b, (uint64_t)count, 2);
    put_string(b, "blk.0.attn_q.weight");
    put_number(b, 1, 4);
    put_number(b, 100, 8);
    put_number(b, 0, 4);
    put_number(b, 0, 8);
}

static void the_parts_of_a_split_gguf_add_up_whichever_is_named(void **state)
{
    char folder[] = "/tmp/wattle-split-XXXXXX";
    char path[128];
    struct bytes b;
    struct model_file model;
    struct wattle_error err;
    int i;

    (void)state;
    assert_non_null(mkdtemp(folder));
    for (i = 1; i <= 3; i++) {
        snprintf(path, sizeof path, "m-%05d-of-00003.gguf", i);
        make_part(&b, i, 3);
        write_file(folder, path, b.data, b.size);
    }
    write_file(folder, "renamed.gguf", b.data, b.size);
    snprintf(path, sizeof path, "%s/m-00002-of-00003.gguf", folder);
    assert_int_equal(model_file_read(path, &model, &err), 0);
    assert_true(model.parameters == 300);
    assert_int_equal(model.tensors, 3);
    assert_string_equal(model.architecture, "llama");
    assert_true(model.flops_per_unit == 600);

    snprintf(path, sizeof path, "%s/renamed.gguf", folder);
    assert_int_equal(model_file_read(path, &model, &err), WATTLE_E_INVALID);
    snprintf(path, sizeof path, "%s/m-00003-of-00003.gguf", folder);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/m-00001-of-00003.gguf", folder);
    assert_int_equal(model_file_read(path, &model, &err), WATTLE_E_NOENT);
    assert_non_null(strstr(err.text, "00003-of"));
    snprintf(path, sizeof path, "rm -r %s", folder);
    assert_int_equal(system(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(safetensors_counts_parameters_by_type),
        cmocka_unit_test(hostile_safetensors_are_refused),
        cmocka_unit_test(gguf_tells_architecture_types_and_active_parameters),
        cmocka_unit_test(a_gguf_cut_anywhere_is_an_error_and_never_a_crash),
        cmocka_unit_test(onnx_counts_weights_and_flops),
        cmocka_unit_test(shards_add_up_and_a_config_names_the_architecture),
        cmocka_unit_test(weights_that_are_cut_are_refused_and_a_header_alone_is_not),
        cmocka_unit_test(the_parts_of_a_split_gguf_add_up_whichever_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
