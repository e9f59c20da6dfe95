/* SPDX-License-Identifier: MIT */
/*
 * safetensors: u64 little-endian length N, then N bytes of JSON
 * {"name": {"dtype": "BF16", "shape": [..], "data_offsets": [from, to]}, .., "__metadata__": {}},
 * then the weights. Source: the format description in the safetensors project's README.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/json_scan.h"
#include "formats/model_file.h"

/* The format's own limit is 100 MB; real headers are under 10. */
#define HEADER_MAX (100u * 1000 * 1000)

static double bits_of(const char *dtype)
{
    static const struct {
        const char *name;
        double bits;
    } table[] = {{"F64", 64}, {"F32", 32},     {"F16", 16},     {"BF16", 16},  {"I64", 64},
                 {"I32", 32}, {"I16", 16},     {"I8", 8},       {"U64", 64},   {"U32", 32},
                 {"U16", 16}, {"U8", 8},       {"BOOL", 8},     {"F8_E4M3", 8}, {"F8_E5M2", 8},
                 {"F8_E8M0", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4},     {"C64", 64}};
    size_t i;

    for (i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(dtype, table[i].name) == 0) {
            return table[i].bits;
        }
    }
    return 0;
}

static bool scan_shape(struct json_scan *scan, double *ret_elements)
{
    double elements = 1;

    if (!json_scan_take(scan, '[')) {
        return false;
    }
    while (!json_scan_take(scan, ']')) {
        double dimension;

        if (!json_scan_number(scan, &dimension) || dimension < 0 || dimension > 1e15) {
            return false;
        }
        elements *= dimension;
        if (json_scan_peek(scan) != ']' && !json_scan_take(scan, ',')) {
            return false;
        }
    }
    *ret_elements = elements;
    return elements <= 1e15;
}

static bool scan_offsets(struct json_scan *scan, double *ret_bytes, double *end)
{
    double from, to;

    if (!json_scan_take(scan, '[') || !json_scan_number(scan, &from) ||
        !json_scan_take(scan, ',') || !json_scan_number(scan, &to) ||
        !json_scan_take(scan, ']') || from < 0 || to < from) {
        return false;
    }
    *ret_bytes = to - from;
    *end = fmax(*end, to);
    return true;
}

static bool scan_tensor(struct json_scan *scan, const char *name, struct model_file *ret,
                        double *end)
{
    char dtype[16] = "";
    double elements = NAN;
    double bytes = NAN;
    double bits;
    bool expert = strstr(name, ".experts.") != NULL;

    if (!json_scan_take(scan, '{')) {
        return false;
    }
    while (!json_scan_take(scan, '}')) {
        char key[32];
        bool good;

        if (!json_scan_string(scan, key, sizeof key) || !json_scan_take(scan, ':')) {
            return false;
        }
        if (strcmp(key, "dtype") == 0) {
            good = json_scan_string(scan, dtype, sizeof dtype);
        } else if (strcmp(key, "shape") == 0) {
            good = scan_shape(scan, &elements);
        } else if (strcmp(key, "data_offsets") == 0) {
            good = scan_offsets(scan, &bytes, end);
        } else {
            good = json_scan_skip(scan);
        }
        if (!good || (json_scan_peek(scan) != '}' && !json_scan_take(scan, ','))) {
            return false;
        }
    }
    bits = bits_of(dtype);
    if (dtype[0] == '\0' || isnan(elements)) {
        return false;
    }
    /* The shape and the bytes must tell the same story, or the file is not what it says. */
    if (bits >= 8 && !isnan(bytes) && bytes != elements * bits / 8) {
        return false;
    }
    model_file_add(ret, dtype, bits, elements, expert);
    return true;
}

/* *ret_end: where the last tensor ends, counted from the end of the header. */
static bool scan_header(const char *text, size_t size, struct model_file *ret, double *ret_end)
{
    struct json_scan scan = {.at = text, .end = text + size};

    if (!json_scan_take(&scan, '{')) {
        return false;
    }
    while (!json_scan_take(&scan, '}')) {
        char name[256];

        if (!json_scan_string(&scan, name, sizeof name) || !json_scan_take(&scan, ':')) {
            return false;
        }
        if (strcmp(name, "__metadata__") == 0) {
            if (!json_scan_skip(&scan)) {
                return false;
            }
        } else if (!scan_tensor(&scan, name, ret, ret_end)) {
            return false;
        }
        if (json_scan_peek(&scan) != '}' && !json_scan_take(&scan, ',')) {
            return false;
        }
    }
    return true;
}

int safetensors_read(struct source *source, struct model_file *ret, struct wattle_error *err)
{
    uint64_t at = 0;
    uint64_t length;
    double end = 0;
    double rest;
    char *text;
    int code = 0;

    model_file_init(ret, "safetensors");
    if (!source_u64(source, &at, &length)) {
        return error_set(err, WATTLE_E_INVALID, "safetensors: shorter than its own header");
    }
    /* Checked against the file before anything is allocated. */
    if (length > HEADER_MAX || length < 2 || length > source->size - at) {
        return error_set(err, WATTLE_E_INVALID,
                         "safetensors: header claims %llu bytes in a file of %llu",
                         (unsigned long long)length, (unsigned long long)source->size);
    }
    text = malloc((size_t)length);
    if (text == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "safetensors: out of memory");
    }
    if (!source_read(source, at, text, (size_t)length) ||
        !scan_header(text, (size_t)length, ret, &end)) {
        code = error_set(err, WATTLE_E_INVALID, "safetensors: header is not valid");
    }
    free(text);
    /* A header alone is what one fetches to look at a model; some of its weights are a download
     * that broke off. */
    rest = (double)(source->size - at - length);
    if (code == 0 && rest > 0 && rest < end) {
        code = error_set(err, WATTLE_E_INVALID,
                         "safetensors: cut: %.0f bytes of weights, %.0f announced", rest, end);
    }
    if (code == 0) {
        model_file_settle(ret);
    }
    return code;
}
