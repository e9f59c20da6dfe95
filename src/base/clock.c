/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t clock_monotonic_ns(const struct wattle_host *host)
{
    if (host != NULL && host->monotonic_ns != NULL) {
        return host->monotonic_ns(host->time_user);
    }
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_boottime_ns(const struct wattle_host *host)
{
    if (host != NULL && host->boottime_ns != NULL) {
        return host->boottime_ns(host->time_user);
    }
    return read_clock(CLOCK_BOOTTIME);
}

int64_t clock_realtime_ns(void) { return read_clock(CLOCK_REALTIME); }
int64_t clock_process_cpu_ns(void) { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }
int64_t clock_thread_cpu_ns(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

/*
 * Days from 1970-01-01 of a proleptic Gregorian date, and back. timegm and
 * gmtime_r would do, but timegm is not POSIX 2008 and both consult TZ data.
 * Method: years counted from March, so that the leap day comes last.
 */
static int64_t days_of_date(int64_t year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t m = month > 2 ? month - 3 : month + 9;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * m + 2) / 5 + day - 1;
    int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

void clock_format_rfc3339(int64_t unix_ns, char *ret, int size)
{
    int64_t ms = unix_ns / 1000000;
    time_t seconds;
    struct tm tm;

    if (unix_ns < 0) {
        ms = 0;
    }
    seconds = (time_t)(ms / 1000);
    gmtime_r(&seconds, &tm);
    snprintf(ret, (size_t)size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(ms % 1000));
}

static bool parse_digits(const char **text, int count, int *ret)
{
    int value = 0;
    int i;

    for (i = 0; i < count; i++) {
        if (!isdigit((unsigned char)(*text)[i])) {
            return false;
        }
        value = value * 10 + ((*text)[i] - '0');
    }
    *text += count;
    *ret = value;
    return true;
}

static bool parse_char(const char **text, const char *allowed)
{
    if (**text == '\0' || strchr(allowed, **text) == NULL) {
        return false;
    }
    (*text)++;
    return true;
}

static bool parse_offset(const char **text, int *ret_minutes)
{
    int hours, minutes;
    int sign = **text == '-' ? -1 : 1;

    if (parse_char(text, "Zz")) {
        *ret_minutes = 0;
        return true;
    }
    if (!parse_char(text, "+-") || !parse_digits(text, 2, &hours) || !parse_char(text, ":") ||
        !parse_digits(text, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *ret_minutes = sign * (hours * 60 + minutes);
    return true;
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

bool clock_parse_rfc3339(const char *text, int64_t *ret_unix_ns)
{
    /* Nanoseconds in 64 bits reach from 1677 to 2262. */
    enum { YEAR_MIN = 1678, YEAR_MAX = 2261 };
    int year, month, day, hour, minute, second, offset_minutes;
    int64_t fraction_ns = 0;
    int64_t scale = 100000000;

    if (!parse_digits(&text, 4, &year) || !parse_char(&text, "-") ||
        !parse_digits(&text, 2, &month) || !parse_char(&text, "-") ||
        !parse_digits(&text, 2, &day) || !parse_char(&text, "Tt ") ||
        !parse_digits(&text, 2, &hour) || !parse_char(&text, ":") ||
        !parse_digits(&text, 2, &minute) || !parse_char(&text, ":") ||
        !parse_digits(&text, 2, &second)) {
        return false;
    }
    if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12 || day < 1 ||
        day > days_of_month(year, month) || hour > 23 || minute > 59 || second > 60) {
        return false;
    }
    if (parse_char(&text, ".")) {
        while (isdigit((unsigned char)*text)) {
            fraction_ns += (*text++ - '0') * scale;
            scale /= 10;
        }
    }
    if (!parse_offset(&text, &offset_minutes) || *text != '\0') {
        return false;
    }
    *ret_unix_ns = ((days_of_date(year, month, day) * 24 + hour) * 60 + minute -
                    offset_minutes) * 60 * NS_PER_S +
                   second * NS_PER_S + fraction_ns;
    return true;
}
