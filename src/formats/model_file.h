/* SPDX-License-Identifier: MIT */
/*
 * What a model file says of itself, from its header alone: parameters, types,
 * layers. Reads safetensors (one file or an index of shards), GGUF and ONNX.
 *
 * Hostile and truncated files give an error; memory is bounded whatever the
 * header claims, and no weight is read.
 */
#ifndef FORMATS_MODEL_FILE_H
#define FORMATS_MODEL_FILE_H

#include <stdint.h>

#include <wattle/error.h>

#include "formats/source.h"

#define MODEL_TYPES_MAX 16

struct model_type {
    char name[16];        /* "BF16", "Q4_K", "int8" */
    double parameters;
    double bits;          /* per parameter, scales included; 0 unknown */
};

struct model_file {
    char format[16];       /* "safetensors", "gguf", "onnx" */
    char architecture[64]; /* "llama", "LlamaForCausalLM", producer for ONNX; "" unknown */
    char name[128];        /* what the file calls itself; "" unknown */
    double parameters;     /* all tensors */
    double active_parameters; /* touched for one token; = parameters unless experts are known */
    double weight_bytes;
    uint64_t tensors;
    int layers;            /* 0 unknown */
    int hidden_size;       /* 0 unknown */
    int heads, key_value_heads; /* 0 unknown */
    int experts, experts_used; /* 0: dense or unknown */
    double context_length; /* 0 unknown */
    double flops_per_unit; /* one forward pass of one token or sample; NaN unknown */
    char unit[8];          /* "token" or "sample": of flops_per_unit */
    int type_count;
    struct model_type types[MODEL_TYPES_MAX]; /* largest share first */
    /* Parameters inside expert layers, to tell the active ones. */
    double expert_parameters;
    int split_count; /* GGUF: files that hold the model together; 0 and 1: this one alone */
};

/* Pure readers: header bytes in, facts out. *ret is initialised by them. */
int safetensors_read(struct source *source, struct model_file *ret, struct wattle_error *err);
int gguf_read(struct source *source, struct model_file *ret, struct wattle_error *err);
int onnx_read(struct source *source, struct model_file *ret, struct wattle_error *err);

/* A config.json of Hugging Face's transformers: architecture, layers, heads, experts. Pure;
 * fills only what it finds. */
void model_config_read(const char *json, size_t size, struct model_file *ret);

/*
 * Any of them by content, not by name. A folder or *.index.json stands for all its shards, one
 * part of a split GGUF for all parts; a config.json beside the file is read too.
 */
int model_file_read(const char *path, struct model_file *ret, struct wattle_error *err);

/* ---- for the readers ---------------------------------------------------------------------- */

void model_file_init(struct model_file *ret, const char *format);
/* Adds a tensor of `elements` elements of the named type. */
void model_file_add(struct model_file *model, const char *type, double bits, double elements,
                    bool is_expert);
/* Sorts types, derives active parameters and FLOPs. Called once all shards are in. */
void model_file_settle(struct model_file *model);

#endif
