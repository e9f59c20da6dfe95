/* SPDX-License-Identifier: MIT */
#include "carbon/trace.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

/* Ten years of five-minute rows are 60 MB; what is larger is not a trace. */
#define TRACE_BYTES_MAX (256L * 1024 * 1024)
enum { CELL_SIZE = 64, COLUMNS_MAX = 256 };

struct rows {
    const char *at;
    const char *end;
};

/* The next cell of the line, quotes and blanks taken off, cut to size. Returns false at the end
 * of the line, which is taken too. */
static bool next_cell(struct rows *rows, char *ret, bool *ret_last)
{
    size_t used = 0;
    bool quoted = false;

    if (rows->at >= rows->end) {
        return false;
    }
    while (rows->at < rows->end) {
        char c = *rows->at++;

        if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && (c == ',' || c == ';' || c == '\n')) {
            *ret_last = c == '\n';
            goto out;
        } else if (c != '\r' && used < CELL_SIZE - 1 && !(used == 0 && isspace((unsigned char)c))) {
            ret[used++] = c;
        }
    }
    *ret_last = true;
out:
    while (used > 0 && isspace((unsigned char)ret[used - 1])) {
        used--;
    }
    ret[used] = '\0';
    return true;
}

/* "2021-07-01 00:00", "2021-07-01T00:00Z", "2021-07-01T00:00:00+00:00", "1625097600" */
static bool parse_time(const char *text, int64_t *ret_s)
{
    char whole[CELL_SIZE + 16];
    size_t length = strlen(text);
    const char *zone = "Z";
    const char *rest;
    double number;
    int64_t ns;

    if (length >= 9 && strspn(text, "0123456789.") == length && parse_double(text, &number) &&
        number < 1e11) {
        *ret_s = (int64_t)number;
        return true;
    }
    if (length < 16) {
        return false;
    }
    rest = text + 16;
    if (*rest == ':' && length >= 19) {
        rest += 3;
    }
    if (*rest == '.') {
        rest += 1 + strspn(rest + 1, "0123456789");
    }
    if (*rest != '\0') {
        zone = strcmp(rest, " UTC") == 0 ? "Z" : rest;
    }
    snprintf(whole, sizeof whole, "%.16s:%.2s%.8s", text, text[16] == ':' ? text + 17 : "00",
             zone);
    if (!clock_parse_rfc3339(whole, &ns)) {
        return false;
    }
    *ret_s = ns / NS_PER_S;
    return true;
}

/* The wanted column: by name, or the first one after the time whose cell in `line` is a number. */
static int choose_column(struct rows header, struct rows line, const char *column,
                         struct carbon_trace *ret)
{
    char name[CELL_SIZE], cell[CELL_SIZE];
    bool last_name = false, last_cell = false;
    double number;
    int i;

    for (i = 0; i < COLUMNS_MAX && !last_name; i++) {
        if (!next_cell(&header, name, &last_name)) {
            break;
        }
        if (last_cell || !next_cell(&line, cell, &last_cell)) {
            cell[0] = '\0';
        }
        if (column != NULL ? strcmp(name, column) == 0 : i > 0 && parse_double(cell, &number)) {
            snprintf(ret->column, sizeof ret->column, "%s", name);
            return i;
        }
    }
    return -1;
}

static void skip_line(struct rows *rows)
{
    const char *newline = memchr(rows->at, '\n', (size_t)(rows->end - rows->at));

    rows->at = newline != NULL ? newline + 1 : rows->end;
}

static bool read_row(struct rows *rows, int column, int64_t *ret_s, double *ret_value)
{
    char cell[CELL_SIZE];
    bool last = false;
    bool have_time = false;
    bool have_value = false;
    int i;

    for (i = 0; !last && next_cell(rows, cell, &last); i++) {
        if (i == 0) {
            have_time = parse_time(cell, ret_s);
        }
        if (i == column) {
            have_value = parse_double(cell, ret_value) && *ret_value >= 0 && *ret_value < 1e5;
        }
    }
    return have_time && have_value;
}

struct row {
    int64_t s;
    double value;
    size_t order;
};

static int by_time(const void *a, const void *b)
{
    const struct row *x = a;
    const struct row *y = b;

    if (x->s != y->s) {
        return x->s < y->s ? -1 : 1;
    }
    return x->order < y->order ? -1 : x->order > y->order;
}

static int keep_rows(struct row *found, size_t count, struct carbon_trace *ret)
{
    size_t i;

    qsort(found, count, sizeof *found, by_time);
    ret->start_s = malloc(count * sizeof *ret->start_s);
    ret->g_kwh = malloc(count * sizeof *ret->g_kwh);
    if (ret->start_s == NULL || ret->g_kwh == NULL) {
        carbon_trace_finish(ret);
        return WATTLE_E_NOMEM;
    }
    for (i = 0; i < count; i++) {
        if (ret->count > 0 && ret->start_s[ret->count - 1] == found[i].s) {
            ret->rejected++; /* the hour that a DST change repeats, or a revision */
            continue;
        }
        ret->start_s[ret->count] = found[i].s;
        ret->g_kwh[ret->count++] = found[i].value;
    }
    return 0;
}

int carbon_trace_parse(const char *text, size_t size, const char *column,
                       struct carbon_trace *ret, struct wattle_error *err)
{
    struct rows rows = {text, text + size};
    struct rows header = rows;
    struct row *found = NULL;
    size_t count = 0, capacity = 0;
    int chosen = -1;
    int code = 0;

    memset(ret, 0, sizeof *ret);
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        header.at = rows.at = text + 3;
    }
    skip_line(&rows);
    /* The first rows may have holes in the column that is wanted: look at up to a thousand. */
    {
        struct rows line = rows;
        int tries;

        for (tries = 0; tries < 1000 && chosen < 0 && line.at < line.end; tries++) {
            chosen = choose_column(header, line, column, ret);
            skip_line(&line);
        }
    }
    if (chosen < 1) {
        return error_set(err, WATTLE_E_INVALID,
                         column != NULL ? "no column \"%.60s\" after the time"
                                        : "no numeric column after the time%.0s",
                         column != NULL ? column : "");
    }
    while (rows.at < rows.end) {
        struct row row;

        if (!read_row(&rows, chosen, &row.s, &row.value)) {
            ret->rejected++;
            continue;
        }
        if (count == capacity) {
            size_t larger = capacity == 0 ? 1024 : capacity * 2;
            struct row *moved = realloc(found, larger * sizeof *moved);

            if (moved == NULL) {
                code = WATTLE_E_NOMEM;
                goto out;
            }
            found = moved;
            capacity = larger;
        }
        row.order = count;
        found[count++] = row;
    }
    if (count == 0) {
        code = error_set(err, WATTLE_E_INVALID, "no row with a time and a number");
        goto out;
    }
    code = keep_rows(found, count, ret);
out:
    free(found);
    return code == WATTLE_E_NOMEM ? error_set(err, code, "out of memory") : code;
}

int carbon_trace_read(const char *path, const char *column, struct carbon_trace *ret,
                      struct wattle_error *err)
{
    struct wattle_error inner = {0, ""};
    struct stat st;
    char *text = NULL;
    ssize_t length;
    int code;

    memset(ret, 0, sizeof *ret);
    if (stat(path, &st) != 0) {
        return error_errno(err, errno, "%s", path);
    }
    if (!S_ISREG(st.st_mode) || st.st_size > TRACE_BYTES_MAX) {
        return error_set(err, WATTLE_E_INVALID, "%s: not a regular file of at most 256 MiB", path);
    }
    text = malloc((size_t)st.st_size + 1);
    if (text == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "%s: out of memory", path);
    }
    length = file_read(path, text, (size_t)st.st_size + 1);
    if (length < 0) {
        code = error_errno(err, (int)-length, "%s", path);
    } else {
        code = carbon_trace_parse(text, (size_t)length, column, ret, &inner);
        if (code != 0) {
            error_set(err, code, "%s: %s", path, inner.text);
        }
    }
    free(text);
    return code;
}

void carbon_trace_finish(struct carbon_trace *trace)
{
    free(trace->start_s);
    free(trace->g_kwh);
    trace->start_s = NULL;
    trace->g_kwh = NULL;
    trace->count = 0;
}

void carbon_trace_hourly(const struct carbon_trace *trace, int64_t from_s, int64_t before_s,
                         double *ret, size_t count)
{
    size_t hour, i = 0;

    for (hour = 0; hour < count; hour++) {
        int64_t start = from_s + (int64_t)hour * 3600;
        double sum = 0;
        int rows = 0;

        while (i < trace->count && trace->start_s[i] < start) {
            i++;
        }
        while (i < trace->count && trace->start_s[i] < start + 3600 &&
               trace->start_s[i] < before_s) {
            sum += trace->g_kwh[i++];
            rows++;
        }
        ret[hour] = rows > 0 ? sum / rows : NAN;
    }
}
