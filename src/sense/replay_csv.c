/* SPDX-License-Identifier: MIT */
#include "sense/replay.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

/* A year of one row a second in one column. */
#define ROWS_MAX 32000000

struct cursor {
    const char *p;
    const char *end;
    size_t line;
};

/* The next line without its end; false when there is none. */
static bool next_line(struct cursor *cursor, const char **ret, size_t *ret_size)
{
    const char *newline;

    if (cursor->p >= cursor->end) {
        return false;
    }
    newline = memchr(cursor->p, '\n', (size_t)(cursor->end - cursor->p));
    *ret = cursor->p;
    *ret_size = (size_t)((newline != NULL ? newline : cursor->end) - cursor->p);
    cursor->p += *ret_size + 1;
    cursor->line++;
    while (*ret_size > 0 && ((*ret)[*ret_size - 1] == '\r' || (*ret)[*ret_size - 1] == ' ')) {
        (*ret_size)--;
    }
    return true;
}

/* Copies the next cell without blanks around it; false for one that does not fit. */
static bool next_cell(const char **p, const char *end, char *ret, size_t size)
{
    const char *comma = memchr(*p, ',', (size_t)(end - *p));
    const char *stop = comma != NULL ? comma : end;
    const char *first = *p;

    *p = comma != NULL ? comma + 1 : end + 1;
    while (first < stop && *first == ' ') {
        first++;
    }
    while (stop > first && stop[-1] == ' ') {
        stop--;
    }
    if ((size_t)(stop - first) >= size || memchr(first, '\0', (size_t)(stop - first)) != NULL) {
        return false;
    }
    memcpy(ret, first, (size_t)(stop - first));
    ret[stop - first] = '\0';
    return true;
}

static bool parse_column(const char *cell, struct replay_column *ret)
{
    static const struct {
        const char *suffix;
        enum wattle_quantity quantity;
    } units[] = {
        {"_j", WATTLE_Q_ENERGY}, {"_w", WATTLE_Q_POWER},          {"_c", WATTLE_Q_TEMPERATURE},
        {"_rpm", WATTLE_Q_FAN},  {"_util", WATTLE_Q_UTILIZATION},
    };
    size_t length = strlen(cell);
    size_t i;

    for (i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t suffix = strlen(units[i].suffix);

        if (length > suffix && length - suffix < sizeof ret->name &&
            strcmp(cell + length - suffix, units[i].suffix) == 0) {
            memcpy(ret->name, cell, length - suffix);
            ret->name[length - suffix] = '\0';
            ret->quantity = units[i].quantity;
            ret->range_j = WATTLE_UNKNOWN;
            return true;
        }
    }
    return false;
}

static int parse_header(const char *line, size_t size, struct replay *ret,
                        struct wattle_error *err)
{
    const char *p = line;
    char cell[96];

    if (!next_cell(&p, line + size, cell, sizeof cell) || strcmp(cell, "t_s") != 0) {
        return error_set(err, WATTLE_E_INVALID, "replay: the first column must be t_s");
    }
    while (p <= line + size) {
        if (ret->column_count == REPLAY_COLUMNS_MAX) {
            return error_set(err, WATTLE_E_LIMIT, "replay: more than %d columns",
                             REPLAY_COLUMNS_MAX);
        }
        if (!next_cell(&p, line + size, cell, sizeof cell) ||
            !parse_column(cell, &ret->columns[ret->column_count])) {
            return error_set(err, WATTLE_E_INVALID,
                             "replay: column %zu needs a name and a unit (_j _w _c _rpm _util)",
                             ret->column_count + 2);
        }
        ret->column_count++;
    }
    if (ret->column_count == 0) {
        return error_set(err, WATTLE_E_INVALID, "replay: no column beside t_s");
    }
    return 0;
}

/* "# range package-0 262143.32885": anything else after a # is a remark. */
static void parse_remark(const char *line, size_t size, struct replay *ret)
{
    char text[160];
    char name[WATTLE_NAME_MAX + 1];
    char number[32];
    double range_j;
    size_t i;

    if (size >= sizeof text) {
        return;
    }
    memcpy(text, line, size);
    text[size] = '\0';
    if (sscanf(text, "# range %64s %31s", name, number) != 2 || !parse_double(number, &range_j)) {
        return;
    }
    for (i = 0; i < ret->column_count; i++) {
        if (strcmp(ret->columns[i].name, name) == 0 && range_j > 0 && range_j < 1e12 &&
            ret->columns[i].quantity == WATTLE_Q_ENERGY) {
            ret->columns[i].range_j = range_j;
        }
    }
}

static int grow(struct replay *replay, size_t *capacity, struct wattle_error *err)
{
    size_t wanted = *capacity == 0 ? 64 : *capacity * 2;
    double *t_s, *values;

    if (replay->row_count < *capacity) {
        return 0;
    }
    if (wanted > ROWS_MAX) {
        return error_set(err, WATTLE_E_LIMIT, "replay: more than %d rows", ROWS_MAX);
    }
    t_s = realloc(replay->t_s, wanted * sizeof *t_s);
    if (t_s != NULL) {
        replay->t_s = t_s;
    }
    values = realloc(replay->values, wanted * replay->column_count * sizeof *values);
    if (values != NULL) {
        replay->values = values;
    }
    if (t_s == NULL || values == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "replay: out of memory");
    }
    *capacity = wanted;
    return 0;
}

static int parse_row(const char *line, size_t size, size_t number, struct replay *ret,
                     struct wattle_error *err)
{
    const char *p = line;
    char cell[64];
    double t_s;
    size_t i;

    if (!next_cell(&p, line + size, cell, sizeof cell) || !parse_double(cell, &t_s) ||
        fabs(t_s) > 1e12) {
        return error_set(err, WATTLE_E_INVALID, "replay line %zu: t_s is not a number", number);
    }
    if (ret->row_count > 0 && !(t_s > ret->t_s[ret->row_count - 1])) {
        return error_set(err, WATTLE_E_INVALID, "replay line %zu: time does not rise", number);
    }
    for (i = 0; i < ret->column_count; i++) {
        double *value = &ret->values[ret->row_count * ret->column_count + i];

        if (p > line + size || !next_cell(&p, line + size, cell, sizeof cell)) {
            return error_set(err, WATTLE_E_INVALID, "replay line %zu: %zu columns, not %zu", number,
                             i + 1, ret->column_count + 1);
        }
        *value = WATTLE_UNKNOWN;
        if (cell[0] != '\0' && !parse_double(cell, value)) {
            return error_set(err, WATTLE_E_INVALID, "replay line %zu: '%.20s' is not a number",
                             number, cell);
        }
        if (ret->columns[i].quantity == WATTLE_Q_ENERGY && (*value < 0 || *value > 1e12)) {
            return error_set(err, WATTLE_E_INVALID, "replay line %zu: %.20s J cannot be", number,
                             cell);
        }
    }
    if (p <= line + size) {
        return error_set(err, WATTLE_E_INVALID, "replay line %zu: more than %zu columns", number,
                         ret->column_count + 1);
    }
    ret->t_s[ret->row_count++] = t_s;
    return 0;
}

int replay_parse(const char *text, size_t size, struct replay *ret, struct wattle_error *err)
{
    struct cursor cursor = {.p = text, .end = text + size};
    const char *line;
    size_t line_size;
    size_t capacity = 0;
    double first_s;
    size_t i;
    int code = 0;

    memset(ret, 0, sizeof *ret);
    while (code == 0 && next_line(&cursor, &line, &line_size)) {
        if (line_size == 0) {
            continue;
        }
        if (line[0] == '#') {
            parse_remark(line, line_size, ret);
        } else if (ret->column_count == 0) {
            code = parse_header(line, line_size, ret, err);
        } else {
            code = grow(ret, &capacity, err);
            if (code == 0) {
                code = parse_row(line, line_size, cursor.line, ret, err);
            }
        }
    }
    if (code == 0 && ret->row_count == 0) {
        code = error_set(err, WATTLE_E_INVALID, "replay: there are no rows");
    }
    if (code < 0) {
        replay_finish(ret);
        return code;
    }
    first_s = ret->t_s[0];
    for (i = 0; i < ret->row_count; i++) {
        ret->t_s[i] -= first_s;
    }
    return 0;
}

void replay_finish(struct replay *replay)
{
    free(replay->t_s);
    free(replay->values);
    memset(replay, 0, sizeof *replay);
}

/* The last row at or before t_s; the first row for anything earlier. */
static size_t find_row(const struct replay *replay, double t_s)
{
    size_t low = 0;
    size_t high = replay->row_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (replay->t_s[middle] <= t_s) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

double replay_value(const struct replay *replay, size_t column, double t_s)
{
    size_t row = find_row(replay, t_s);
    double value = replay->values[row * replay->column_count + column];
    double next;
    double share;

    if (replay->columns[column].quantity != WATTLE_Q_ENERGY || row + 1 == replay->row_count) {
        return value;
    }
    /* Between two rows the power was even, as far as anybody knows. A fall is a wrap or a
     * restart, of which the recording does not say when: the count stands until then. */
    next = replay->values[(row + 1) * replay->column_count + column];
    if (!(next > value)) {
        return value;
    }
    share = (t_s - replay->t_s[row]) / (replay->t_s[row + 1] - replay->t_s[row]);
    return value + (next - value) * (share < 0 ? 0 : share > 1 ? 1 : share);
}
