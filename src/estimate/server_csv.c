/* SPDX-License-Identifier: MIT */
#include "estimate/server_csv.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "estimate/server.h"

enum column {
    COLUMN_CPU, COLUMN_SOCKETS, COLUMN_CORES, COLUMN_THREADS, COLUMN_MEMORY, COLUMN_TDP,
    COLUMN_LOAD, COLUMN_VCPUS, COLUMN_COUNT
};
static const char *const column_names[COLUMN_COUNT] = {
    "cpu", "sockets", "cores", "threads_per_core", "memory_gb", "tdp_w", "load", "vcpus"};

static const char added[] =
    "power_w,low_w,high_w,confidence,idle_w,max_w,microarchitecture,basis";

enum { FIELD_MAX = 256 };

/* ---- growing text --------------------------------------------------------------------------- */

struct buffer {
    char *text;
    size_t size, capacity;
    bool failed;
};

static void buffer_add(struct buffer *buffer, const char *text, size_t size)
{
    if (buffer->failed) {
        return;
    }
    if (buffer->text == NULL || buffer->size + size + 1 > buffer->capacity) {
        size_t capacity = buffer->capacity * 2 + size + 4096;
        char *grown = realloc(buffer->text, capacity);
        if (grown == NULL) {
            buffer->failed = true;
            return;
        }
        buffer->text = grown;
        buffer->capacity = capacity;
    }
    memcpy(buffer->text + buffer->size, text, size);
    buffer->size += size;
    buffer->text[buffer->size] = '\0';
}

__attribute__((format(printf, 2, 3))) static void buffer_format(struct buffer *buffer,
                                                                const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    buffer_add(buffer, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/* ---- reading -------------------------------------------------------------------------------- */

struct reader {
    const char *at, *end;
    int line;      /* of `at`, from 1 */
    int row_line;  /* where the present row began */
    bool row_over; /* the field just read was the row's last */
    bool open;     /* the text ended inside quotes */
};

/* One field without its quotes; what is longer than ret is cut. */
static void read_field(struct reader *reader, char ret[FIELD_MAX])
{
    size_t n = 0;
    bool quoted = false;
    reader->row_over = false;
    if (reader->at < reader->end && *reader->at == '"') {
        quoted = true;
        reader->at++;
    }
    for (; reader->at < reader->end; reader->at++) {
        char c = *reader->at;
        if (quoted && c == '"') {
            if (reader->at + 1 < reader->end && reader->at[1] == '"') {
                reader->at++;
            } else {
                quoted = false;
                continue;
            }
        } else if (!quoted && (c == ',' || c == '\n')) {
            break;
        }
        reader->line += c == '\n';
        if (n + 1 < FIELD_MAX && c != '\0') {
            ret[n++] = c;
        }
    }
    reader->open = reader->open || quoted;
    while (n > 0 && strchr(" \t\r", ret[n - 1]) != NULL) {
        n--;
    }
    ret[n] = '\0';
    size_t blank = strspn(ret, " \t");
    memmove(ret, ret + blank, n - blank + 1);
    reader->row_over = reader->at >= reader->end || *reader->at == '\n';
    if (reader->at < reader->end) {
        reader->line += *reader->at == '\n';
        reader->at++;
    }
}

static bool same_word(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0') {
        char c = *a >= 'A' && *a <= 'Z' ? (char)(*a - 'A' + 'a') : *a;
        if (c != *b) {
            return false;
        }
        a++;
        b++;
    }
    return *a == *b;
}

/* Which field holds which column; -1 none. Returns the number of fields. */
static int read_header(struct reader *reader, int column_of[COLUMN_COUNT],
                       struct wattle_error *err)
{
    char field[FIELD_MAX];
    int count = 0;
    for (int c = 0; c < COLUMN_COUNT; c++) {
        column_of[c] = -1;
    }
    do {
        read_field(reader, field);
        for (int c = 0; c < COLUMN_COUNT; c++) {
            if (!same_word(field, column_names[c])) {
                continue;
            }
            if (column_of[c] >= 0) {
                return error_set(err, WATTLE_E_INVALID, "the first line names column \"%s\" twice",
                                 column_names[c]);
            }
            column_of[c] = count;
        }
        count++;
    } while (!reader->row_over);
    if (reader->open) {
        return error_set(err, WATTLE_E_INVALID, "line 1: a quote is opened, never closed");
    }
    if (column_of[COLUMN_CPU] < 0) {
        return error_set(err, WATTLE_E_INVALID, "the first line names no column \"cpu\"");
    }
    return count;
}

/* The row's bytes without its end of line. */
static size_t row_size(const char *start, const char *end)
{
    while (end > start && (end[-1] == '\n' || end[-1] == '\r')) {
        end--;
    }
    return (size_t)(end - start);
}

/* ---- one row -------------------------------------------------------------------------------- */

struct row {
    char cpu[FIELD_MAX];
    double number[COLUMN_COUNT]; /* NaN: unknown */
};

static int row_number(struct row *row, int c, const char *field, int line, struct wattle_error *err)
{
    double value;
    bool whole = c == COLUMN_SOCKETS || c == COLUMN_CORES || c == COLUMN_THREADS;
    if (field[0] == '\0' || same_word(field, "nan") || same_word(field, "na")) {
        return 0;
    }
    if (!parse_double(field, &value)) {
        return error_set(err, WATTLE_E_INVALID, "line %d: %s \"%.40s\" is no number", line,
                         column_names[c], field);
    }
    double high = c == COLUMN_LOAD ? 1.0 : 1e6;
    if (value < 0 || value > high || (whole && value != floor(value))) {
        return error_set(err, WATTLE_E_INVALID,
                         "line %d: %s must be %s between 0 and %g, not %.40s", line,
                         column_names[c], whole ? "a whole number" : "a number", high, field);
    }
    row->number[c] = value;
    return 0;
}

static int read_row(struct reader *reader, const int column_of[COLUMN_COUNT], struct row *row,
                    int *ret_fields, struct wattle_error *err)
{
    char field[FIELD_MAX];
    int count = 0, result = 0;
    row->cpu[0] = '\0';
    for (int c = 0; c < COLUMN_COUNT; c++) {
        row->number[c] = WATTLE_UNKNOWN;
    }
    do {
        read_field(reader, field);
        for (int c = 0; c < COLUMN_COUNT && result == 0; c++) {
            if (column_of[c] != count) {
                continue;
            }
            if (c == COLUMN_CPU) {
                snprintf(row->cpu, sizeof(row->cpu), "%s", field);
            } else {
                result = row_number(row, c, field, reader->row_line, err);
            }
        }
        count++;
    } while (!reader->row_over);
    *ret_fields = count;
    return result;
}

static int count_of(double number) { return number > 0 ? (int)number : 0; }

static void write_result(const struct row *row, struct buffer *out)
{
    struct estimate_server_spec spec = {.family = -1, .model = -1};
    struct estimate_server server;
    snprintf(spec.cpu, sizeof(spec.cpu), "%.127s", row->cpu);
    spec.sockets = count_of(row->number[COLUMN_SOCKETS]);
    spec.cores = count_of(row->number[COLUMN_CORES]);
    spec.threads_per_core = count_of(row->number[COLUMN_THREADS]);
    spec.memory_gb = row->number[COLUMN_MEMORY];
    spec.tdp_w = row->number[COLUMN_TDP];
    if (row->number[COLUMN_VCPUS] > 0) {
        estimate_server_share(&spec, row->number[COLUMN_VCPUS], &server);
    } else {
        estimate_server(&spec, &server);
    }
    if (wattle_known(row->number[COLUMN_LOAD])) {
        struct wattle_bound power = estimate_server_power(&server, row->number[COLUMN_LOAD]);
        buffer_format(out, ",%.4g,%.4g,%.4g", power.value, power.low, power.high);
    } else {
        buffer_format(out, ",,,");
    }
    buffer_format(out, ",%g,%.4g,%.4g,%s,\"%s\"\n", server.confidence, server.idle_w.value,
                  server.max_w.value, server.microarchitecture, server.basis);
}

/* ---- the table ------------------------------------------------------------------------------ */

int server_csv_estimate(const char *text, size_t size, char **ret_text, size_t *ret_size,
                        struct wattle_error *err)
{
    struct reader reader = {.at = text, .end = text + size, .line = 1, .row_line = 1};
    struct buffer out = {0};
    int column_of[COLUMN_COUNT], result = 0;
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        reader.at += 3;
    }
    const char *start = reader.at;
    int fields = read_header(&reader, column_of, err);
    if (fields < 0) {
        return fields;
    }
    buffer_add(&out, start, row_size(start, reader.at));
    buffer_format(&out, ",%s\n", added);
    while (reader.at < reader.end && result == 0) {
        struct row row;
        int count;
        start = reader.at;
        reader.row_line = reader.line;
        result = read_row(&reader, column_of, &row, &count, err);
        size_t bytes = row_size(start, reader.at);
        if (reader.open) {
            result = error_set(err, WATTLE_E_INVALID, "line %d: a quote is opened, never closed",
                               reader.row_line);
        }
        if (result != 0 || (bytes == 0 && fields > 1)) {
            continue; /* an empty line is no server */
        }
        if (count > fields) {
            result = error_set(err, WATTLE_E_INVALID, "line %d: %d fields under %d columns",
                               reader.row_line, count, fields);
            continue;
        }
        buffer_add(&out, start, bytes);
        for (; count < fields; count++) {
            buffer_add(&out, ",", 1);
        }
        write_result(&row, &out);
    }
    if (result == 0 && out.failed) {
        result = error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    if (result != 0) {
        free(out.text);
        return result;
    }
    *ret_text = out.text;
    *ret_size = out.size;
    return 0;
}
