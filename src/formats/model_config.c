/* SPDX-License-Identifier: MIT */
/* The config.json that stands beside the weights of a Hugging Face model. */
#include <string.h>

#include "formats/json_scan.h"
#include "formats/model_file.h"

static void config_number(struct model_file *ret, const char *key, double value)
{
    int whole = value >= 0 && value <= 1e9 ? (int)value : 0;

    if (strcmp(key, "num_hidden_layers") == 0 || strcmp(key, "n_layer") == 0) {
        ret->layers = whole;
    } else if (strcmp(key, "hidden_size") == 0 || strcmp(key, "n_embd") == 0) {
        ret->hidden_size = whole;
    } else if (strcmp(key, "num_attention_heads") == 0 || strcmp(key, "n_head") == 0) {
        ret->heads = whole;
    } else if (strcmp(key, "num_key_value_heads") == 0) {
        ret->key_value_heads = whole;
    } else if (strcmp(key, "num_local_experts") == 0 || strcmp(key, "num_experts") == 0 ||
               strcmp(key, "n_routed_experts") == 0) {
        ret->experts = whole;
    } else if (strcmp(key, "num_experts_per_tok") == 0) {
        ret->experts_used = whole;
    } else if (strcmp(key, "max_position_embeddings") == 0) {
        ret->context_length = value;
    }
}

static bool config_value(struct json_scan *scan, const char *key, struct model_file *ret)
{
    char c = json_scan_peek(scan);

    if (strcmp(key, "architectures") == 0 && c == '[') {
        struct json_scan inside = *scan;

        json_scan_take(&inside, '[');
        json_scan_string(&inside, ret->architecture, sizeof ret->architecture);
        return json_scan_skip(scan);
    }
    if ((c >= '0' && c <= '9') || c == '-') {
        double value;

        if (!json_scan_number(scan, &value)) {
            return false;
        }
        config_number(ret, key, value);
        return true;
    }
    return json_scan_skip(scan);
}

static void config_object(struct json_scan *scan, struct model_file *ret, int depth)
{
    if (!json_scan_take(scan, '{')) {
        return;
    }
    while (!json_scan_take(scan, '}')) {
        char key[64];

        if (!json_scan_string(scan, key, sizeof key) || !json_scan_take(scan, ':')) {
            return;
        }
        /* Models with several parts keep the language model's shape in "text_config". */
        if (depth == 0 && strcmp(key, "text_config") == 0 && json_scan_peek(scan) == '{') {
            struct json_scan inside = *scan;

            config_object(&inside, ret, 1);
            if (!json_scan_skip(scan)) {
                return;
            }
        } else if (!config_value(scan, key, ret)) {
            return;
        }
        if (json_scan_peek(scan) != '}' && !json_scan_take(scan, ',')) {
            return;
        }
    }
}

void model_config_read(const char *json, size_t size, struct model_file *ret)
{
    struct json_scan scan = {.at = json, .end = json + size};

    config_object(&scan, ret, 0);
}
