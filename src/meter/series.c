/* SPDX-License-Identifier: MIT */
#include "meter/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t slot_of(const struct series_rows *rows, size_t i)
{
    size_t at = rows->start + i;

    return at >= rows->capacity ? at - rows->capacity : at;
}

static int rows_init(struct series_rows *rows, size_t capacity)
{
    rows->capacity = capacity;
    rows->t_ns = calloc(capacity, sizeof *rows->t_ns);
    rows->max_w = calloc(capacity, sizeof *rows->max_w);
    return rows->t_ns != NULL && rows->max_w != NULL ? 0 : WATTLE_E_NOMEM;
}

static void rows_finish(struct series_rows *rows)
{
    size_t i;

    for (i = 0; i < SERIES_COLUMNS_MAX; i++) {
        free(rows->columns[i]);
    }
    free(rows->t_ns);
    free(rows->max_w);
    memset(rows, 0, sizeof *rows);
}

int series_init(struct series *series, size_t recent, size_t history)
{
    memset(series, 0, sizeof *series);
    series->stride = 1;
    series->carry_max_w = WATTLE_UNKNOWN;
    if (rows_init(&series->recent, recent) != 0 || rows_init(&series->history, history) != 0) {
        series_finish(series);
        return WATTLE_E_NOMEM;
    }
    return 0;
}

void series_finish(struct series *series)
{
    rows_finish(&series->recent);
    rows_finish(&series->history);
}

int series_add_column(struct series *series)
{
    size_t column = series->column_count;
    struct series_cell *recent, *history;

    if (column == SERIES_COLUMNS_MAX) {
        return WATTLE_E_LIMIT;
    }
    /* Zero bytes are "not started"; pages that no row uses are never touched. */
    recent = calloc(series->recent.capacity, sizeof *recent);
    history = calloc(series->history.capacity, sizeof *history);
    if (recent == NULL || history == NULL) {
        free(recent);
        free(history);
        return WATTLE_E_NOMEM;
    }
    series->recent.columns[column] = recent;
    series->history.columns[column] = history;
    series->carry[column] = WATTLE_UNKNOWN;
    series->column_count++;
    return 0;
}

static void put(struct series_rows *rows, size_t columns, int64_t t_ns, double max_w,
                const struct series_cell *cells)
{
    size_t at;
    size_t c;

    if (rows->count == rows->capacity) {
        rows->start = slot_of(rows, 1);
        rows->count--;
    }
    at = slot_of(rows, rows->count++);
    rows->t_ns[at] = t_ns;
    rows->max_w[at] = max_w;
    for (c = 0; c < columns; c++) {
        rows->columns[c][at] = cells[c];
    }
}

/* Rows 0, 2, 4... stay, each with the highest power of the row that went before it. */
static void halve(struct series_rows *rows, size_t columns)
{
    size_t kept = (rows->count + 1) / 2;
    size_t i, c;

    for (i = 1; i < kept; i++) {
        rows->t_ns[i] = rows->t_ns[2 * i];
        rows->max_w[i] = fmax(rows->max_w[2 * i], rows->max_w[2 * i - 1]);
        for (c = 0; c < columns; c++) {
            struct series_cell *cells = rows->columns[c];
            double before_w = cells[2 * i - 1].max_w;

            cells[i] = cells[2 * i];
            cells[i].max_w = fmax(cells[i].max_w, before_w);
        }
    }
    rows->count = kept;
}

void series_append(struct series *series, int64_t t_ns, double max_w,
                   const struct series_cell *cells)
{
    struct series_rows *history = &series->history;
    size_t columns = series->column_count;
    size_t at, c;

    if (series->recent.count > 0 &&
        t_ns <= series_t(&series->recent, series->recent.count - 1)) {
        return;
    }
    put(&series->recent, columns, t_ns, max_w, cells);
    series->carry_max_w = fmax(series->carry_max_w, max_w);
    for (c = 0; c < columns; c++) {
        series->carry[c] = fmax(series->carry[c], cells[c].max_w);
    }
    if (series->appended++ % series->stride != 0) {
        return;
    }
    if (history->count == history->capacity) {
        halve(history, columns);
        series->stride *= 2;
        if ((series->appended - 1) % series->stride != 0) {
            return;
        }
    }
    put(history, columns, t_ns, series->carry_max_w, cells);
    at = history->count - 1; /* history never turns: start stays 0 */
    for (c = 0; c < columns; c++) {
        history->columns[c][at].max_w = series->carry[c];
        series->carry[c] = WATTLE_UNKNOWN;
    }
    series->carry_max_w = WATTLE_UNKNOWN;
}

int64_t series_t(const struct series_rows *rows, size_t i) { return rows->t_ns[slot_of(rows, i)]; }

const struct series_cell *series_at(const struct series_rows *rows, size_t i, size_t column)
{
    return &rows->columns[column][slot_of(rows, i)];
}

/* Number of rows with a time <= t. */
static size_t rows_until(const struct series_rows *rows, int64_t t_ns)
{
    size_t low = 0, high = rows->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (series_t(rows, middle) <= t_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool find_in(const struct series_rows *rows, int64_t t_ns, size_t *ret_before,
                    size_t *ret_after)
{
    size_t until = rows_until(rows, t_ns);

    if (until == 0) {
        return false;
    }
    *ret_before = until - 1;
    *ret_after = series_t(rows, until - 1) == t_ns ? until - 1 : until;
    return *ret_after < rows->count;
}

bool series_find(const struct series *series, int64_t t_ns, const struct series_rows **ret_rows,
                 size_t *ret_before, size_t *ret_after)
{
    *ret_rows = &series->recent;
    if (find_in(&series->recent, t_ns, ret_before, ret_after)) {
        return true;
    }
    *ret_rows = &series->history;
    return find_in(&series->history, t_ns, ret_before, ret_after);
}

static double highest(const struct series_rows *rows, int64_t from_ns, int64_t to_ns, int column,
                      bool whole)
{
    size_t i = rows_until(rows, from_ns);
    double max_w = WATTLE_UNKNOWN;

    for (i = i > 0 ? i : 1; i < rows->count; i++) {
        int64_t begin_ns = series_t(rows, i - 1), end_ns = series_t(rows, i);

        if (begin_ns >= to_ns || (whole && end_ns > to_ns)) {
            break;
        }
        if (!whole || begin_ns >= from_ns) {
            max_w = fmax(max_w, column < 0 ? rows->max_w[slot_of(rows, i)]
                                           : series_at(rows, i, (size_t)column)->max_w);
        }
    }
    return max_w;
}

double series_max_w(const struct series *series, int64_t from_ns, int64_t to_ns, int column)
{
    const struct series_rows *recent = &series->recent;
    bool in_recent = recent->count > 0 && series_t(recent, 0) <= from_ns;
    const struct series_rows *rows = in_recent ? recent : &series->history;
    double max_w = highest(rows, from_ns, to_ns, column, true);

    return isnan(max_w) ? highest(rows, from_ns, to_ns, column, false) : max_w;
}
