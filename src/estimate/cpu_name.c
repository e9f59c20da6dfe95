/* SPDX-License-Identifier: MIT */
/* The same steps as bench/power/names.py; the bench checks that both agree. */
#include "estimate/cpu_name.h"

#include <stdio.h>
#include <string.h>

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Skips digits; NULL when there is none. */
static const char *digits(const char *text)
{
    const char *at = text;
    while (is_digit(*at)) {
        at++;
    }
    return at == text ? NULL : at;
}

/* "2.20ghz" */
static bool is_clock(const char *word)
{
    const char *at = digits(word);
    if (at == NULL) {
        return false;
    }
    if (*at == '.') {
        at++;
        at += strspn(at, "0123456789");
    }
    return strcmp(at, "ghz") == 0;
}

/* "2.20" */
static bool is_decimal(const char *word)
{
    const char *at = digits(word);
    return at != NULL && *at == '.' && at[1 + strspn(at + 1, "0123456789")] == '\0';
}

static bool is_noise(const char *word)
{
    static const char *const noise[] = {
        "intel", "amd", "genuine", "processor", "cpu", "quad-core", "six-core", "dual-core",
        "eight-core", "twelve-core", "multi-core", "gen", "0"};
    for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++) {
        if (strcmp(word, noise[i]) == 0) {
            return true;
        }
    }
    const char *at = digits(word);
    return (at != NULL && (strcmp(at, "-core") == 0 || strcmp(at, "th") == 0)) || is_clock(word);
}

/* Lower case; marks and remarks about the clock become spaces; ends at '@', ',' or '['. */
static void take_marks_off(const char *name, char *ret, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; name[i] != '\0' && n + 1 < size && n < 255; i++) {
        ret[n++] = lower(name[i]);
    }
    ret[n] = '\0';
    for (char *at = ret; *at != '\0'; at++) {
        char *close = *at == '(' ? strchr(at, ')') : NULL;
        if (close != NULL) {
            char saved = *close;
            *close = '\0';
            bool remark = strcmp(at, "(r") == 0 || strcmp(at, "(tm") == 0 ||
                          strstr(at, "ghz") != NULL || strstr(at, "turbo") != NULL;
            *close = saved;
            if (remark) {
                memset(at, ' ', (size_t)(close - at) + 1);
            }
        }
    }
    ret[strcspn(ret, "@,[")] = '\0';
    for (char *at = ret; *at != '\0'; at++) {
        if (*at == '(' || *at == ')' || (unsigned char)*at <= ' ' || (unsigned char)*at >= 127) {
            *at = ' ';
        }
    }
}

struct words {
    char text[CPU_NAME_MAX];
    size_t length;
    size_t last; /* where the last word starts */
    int count;
};

static void words_add(struct words *words, const char *word, size_t size)
{
    if (words->length + size + 2 > sizeof(words->text)) {
        return;
    }
    if (words->count > 0) {
        words->text[words->length++] = ' ';
    }
    words->last = words->length;
    memcpy(words->text + words->length, word, size);
    words->length += size;
    words->text[words->length] = '\0';
    words->count++;
}

static void words_drop_last(struct words *words)
{
    words->length = words->last > 0 ? words->last - 1 : 0;
    words->text[words->length] = '\0';
    words->count--;
    char *space = strrchr(words->text, ' ');
    words->last = space != NULL ? (size_t)(space - words->text) + 1 : 0;
}

/* "e3-1265lv2": how long the part before the version is; 0 when there is none. */
static size_t before_version(const char *word)
{
    if (word[0] != 'e' || !is_digit(word[1]) || word[2] != '-') {
        return 0;
    }
    const char *at = digits(word + 3);
    if (at == NULL || at != word + 7) {
        return 0;
    }
    if (*at == 'l') {
        at++;
    }
    return at[0] == 'v' && is_digit(at[1]) && at[2] == '\0' ? (size_t)(at - word) : 0;
}

/* "x3350" or "e3-1260l": what a maker writes after "Xeon". */
static bool is_xeon_number(const char *word, size_t size)
{
    if (size == 5 && strchr("xle", word[0]) != NULL) {
        return strspn(word + 1, "0123456789") >= 4;
    }
    if (size < 7 || word[0] != 'e' || !is_digit(word[1]) || word[2] != '-' ||
        strspn(word + 3, "0123456789") < 4) {
        return false;
    }
    return size == 7 || (size == 8 && word[7] == 'l');
}

const char *cpu_name_clean(const char *name, char ret[CPU_NAME_MAX])
{
    char text[256];
    struct words words = {.count = 0};
    take_marks_off(name, text, sizeof(text));
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        if (strcmp(word, "with") == 0 || strcmp(word, "w/") == 0) {
            break; /* "with Radeon Graphics" */
        }
        if (is_noise(word)) {
            continue;
        }
        if (strcmp(word, "ghz") == 0) {
            if (words.count > 0 && is_decimal(words.text + words.last)) {
                words_drop_last(&words);
            }
            continue;
        }
        if (starts(word, "e-") && words.count == 2 && strcmp(words.text + words.last, "e") == 0) {
            words_drop_last(&words); /* "Xeon E E-2488" */
        }
        size_t split = before_version(word);
        words_add(&words, word, split > 0 ? split : strlen(word));
        if (split > 0) {
            words_add(&words, word + split, strlen(word + split));
        }
    }
    bool bare = is_xeon_number(words.text, strcspn(words.text, " "));
    snprintf(ret, CPU_NAME_MAX, "%s%.*s", bare ? "xeon " : "", CPU_NAME_MAX - 6, words.text);
    return ret;
}

const char *cpu_name_without_tier(const char *cleaned, char ret[CPU_NAME_MAX])
{
    static const char *const tiers[] = {"xeon platinum ", "xeon gold ", "xeon silver ",
                                        "xeon bronze "};
    for (size_t i = 0; i < sizeof(tiers) / sizeof(tiers[0]); i++) {
        if (starts(cleaned, tiers[i])) {
            snprintf(ret, CPU_NAME_MAX, "xeon %.50s", cleaned + strlen(tiers[i]));
            return ret;
        }
    }
    snprintf(ret, CPU_NAME_MAX, "%.63s", cleaned);
    return ret;
}

const char *cpu_name_group(const char *cleaned, char ret[CPU_NAME_MAX])
{
    cpu_name_without_tier(cleaned, ret);
    size_t n = strlen(ret);
    if (n > 0 && (cpu_name_matches("xeon 8###[lm]", ret) ||
                  cpu_name_matches("xeon 8###h[lm]", ret) || strcmp(ret, "epyc 7702p") == 0)) {
        ret[n - 1] = '\0';
    }
    return ret;
}

/* One element of a pattern against one character; `next` is where the element ends. */
static bool element_matches(const char *pattern, char c, const char **next)
{
    *next = pattern + 1;
    if (*pattern == '#') {
        return is_digit(c);
    }
    if (*pattern == '?') {
        return c != '\0';
    }
    if (*pattern != '[') {
        return *pattern == c;
    }
    bool found = false;
    const char *at = pattern + 1;
    while (*at != '\0' && *at != ']') {
        if (at[1] == '-' && at[2] != '\0' && at[2] != ']') {
            found = found || (c >= at[0] && c <= at[2]);
            at += 3;
        } else {
            found = found || c == *at;
            at++;
        }
    }
    *next = *at == ']' ? at + 1 : at;
    return found && c != '\0';
}

bool cpu_name_matches(const char *pattern, const char *name)
{
    const char *star = NULL, *retry = NULL;
    while (*name != '\0') {
        const char *next;
        if (*pattern == '*') {
            star = ++pattern;
            retry = name;
        } else if (*pattern != '\0' && element_matches(pattern, *name, &next)) {
            pattern = next;
            name++;
        } else if (star != NULL) {
            pattern = star;
            name = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}
