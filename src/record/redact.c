/* SPDX-License-Identifier: MIT */
#include "record/redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * Names of things that hold secrets, compared without case, '-' and '_' being
 * the same; a name is secret if it *ends* with one of these at a word's start
 * (GITHUB_TOKEN, --hub-token, db.password).
 */
static const char *const secret_names[] = {
    "token",    "password",   "passwd",      "passphrase",    "secret",      "api-key",
    "apikey",   "access-key", "secret-key",  "private-key",   "auth",        "authorization",
    "credential", "credentials", "bearer",   "pwd",           "pass",        "session-key",
    "access-token", "auth-token", "client-secret", "signature", "sig",       "dsn",
    "connection-string", "cookie", "license-key", "account-key", "encryption-key", "key-id"};

/* Shapes of well-known keys: prefix and the least number of key characters after it. */
static const struct {
    const char *prefix;
    size_t least;
} shapes[] = {
    {"hf_", 16},          /* Hugging Face */
    {"api_org_", 16},     /* Hugging Face, organisations */
    {"sk-", 16},          /* OpenAI, Anthropic (sk-ant-) and others */
    {"sk_live_", 10},     /* Stripe */
    {"sk_test_", 10},     {"rk_live_", 10},
    {"ghp_", 16},         /* GitHub: personal, OAuth, user, server, refresh */
    {"gho_", 16},         {"ghu_", 16},       {"ghs_", 16}, {"ghr_", 16},
    {"github_pat_", 16},
    {"glpat-", 12},       /* GitLab */
    {"xoxb-", 10},        /* Slack */
    {"xoxp-", 10},        {"xoxa-", 10},      {"xoxs-", 10}, {"xapp-", 10},
    {"AKIA", 16},         /* AWS key ids */
    {"ASIA", 16},
    {"AIza", 30},         /* Google */
    {"ya29.", 16},
    {"eyJ", 24},          /* a JSON Web Token */
    {"pypi-", 16},        {"npm_", 20},       {"dop_v1_", 16},
    {"r8_", 20},          /* Replicate */
    {"nvapi-", 16},       {"gsk_", 20},       {"xai-", 20},
    {"wandb_v1_", 10},    {"SG.", 30},        {"PMAK-", 16},
    {"-----BEGIN", 0}};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static bool is_key_char(char c) { return isalnum((unsigned char)c) || strchr("_-.", c) != NULL; }

static bool is_name_char(char c) { return c != '\0' && is_key_char(c); }

static char folded(char c) { return c == '_' || c == '.' ? '-' : (char)tolower((unsigned char)c); }

static bool equals_folded(const char *text, const char *name, size_t length)
{
    size_t i;

    for (i = 0; i < length; i++) {
        if (folded(text[i]) != name[i]) {
            return false;
        }
    }
    return true;
}

/* Is `text`, the name of an option, a variable or a query parameter, one of a secret? */
static bool is_secret_name(const char *text, size_t length)
{
    size_t i;

    while (length > 0 && (text[0] == '-' || text[0] == '"' || text[0] == '\'')) {
        text++;
        length--;
    }
    for (i = 0; i < COUNT(secret_names); i++) {
        size_t n = strlen(secret_names[i]);
        const char *tail;

        if (length < n) {
            continue;
        }
        tail = text + length - n;
        if (!equals_folded(tail, secret_names[i], n)) {
            continue;
        }
        /* At the start, after a separator, or at a capital (apiToken). Longer names also
         * match inside a word (MYSECRET, PGPASSWORD). */
        if (n == length || folded(tail[-1]) == '-' || n >= 6 ||
            (isupper((unsigned char)tail[0]) && islower((unsigned char)tail[-1]))) {
            return true;
        }
    }
    return false;
}

/* What is being written: a heap buffer that never grows beyond what was reckoned. */
struct output {
    char *text;
    size_t used;
    size_t size;
};

static void emit(struct output *out, const char *text, size_t length)
{
    if (out->used + length < out->size) {
        memcpy(out->text + out->used, text, length);
        out->used += length;
    }
}

static void emit_redacted(struct output *out) { emit(out, REDACTED, sizeof REDACTED - 1); }

/* Length of a known key at `text`, or 0. */
static size_t shape_length(const char *text)
{
    size_t i;

    for (i = 0; i < COUNT(shapes); i++) {
        size_t n = strlen(shapes[i].prefix);
        size_t length = n;

        if (strncmp(text, shapes[i].prefix, n) != 0) {
            continue;
        }
        if (shapes[i].least == 0) {
            return strlen(text);
        }
        while (is_name_char(text[length])) {
            length++;
        }
        if (length - n >= shapes[i].least) {
            return length;
        }
    }
    return 0;
}

/*
 * scheme://user:password@host: returns the position of '@' for "://" at `text`, and where the
 * password begins. A user without a password is often a token itself: all of it goes.
 */
static const char *url_credentials(const char *text, const char **ret_secret)
{
    const char *start = text + 3;
    const char *at = NULL;
    const char *p;

    for (p = start; *p != '\0' && strchr("/?# \t\n\"'", *p) == NULL; p++) {
        if (*p == '@') {
            at = p;
        }
    }
    if (at == NULL) {
        return NULL;
    }
    *ret_secret = start;
    for (p = start; p < at; p++) {
        if (*p == ':') {
            *ret_secret = p + 1;
            break;
        }
    }
    return at;
}

/* The end of a value that begins at `text`: a quoted one ends with its quote. */
static const char *value_end(const char *text, bool in_query)
{
    if (*text == '"' || *text == '\'') {
        const char *end = strchr(text + 1, *text);

        return end == NULL ? text + strlen(text) : end + 1;
    }
    return text + strcspn(text, in_query ? "&;#\"' \t\n" : "&;\"',} \t\n");
}

/* name=value, name: value, "name": "value" at the separator `p`, the name being before it. */
static const char *assignment_value(const char *word, const char *p)
{
    const char *end = p;
    const char *start;

    if (*p != '=' && *p != ':') {
        return NULL;
    }
    if (*p == ':' && p[1] == '/') {
        return NULL; /* a URL's scheme */
    }
    while (end > word && (end[-1] == '"' || end[-1] == '\'' || end[-1] == ' ')) {
        end--;
    }
    start = end;
    while (start > word && is_name_char(start[-1])) {
        start--;
    }
    if (start == end || !is_secret_name(start, (size_t)(end - start))) {
        return NULL;
    }
    p++;
    while (*p == ' ' || *p == '=') {
        p++;
    }
    return p;
}

/* Authorization: Bearer X, in one word: the scheme stays, what follows goes. */
static const char *after_scheme(const char *value)
{
    static const char *const schemes[] = {"bearer ", "basic ", "token "};
    size_t i;

    for (i = 0; i < COUNT(schemes); i++) {
        size_t n = strlen(schemes[i]);

        if (strncasecmp(value, schemes[i], n) == 0) {
            return value + n;
        }
    }
    return NULL;
}

/* What is hidden from `p` on: sets where the secret begins and returns where it ends, or NULL. */
static const char *secret_at(const char *word, const char *p, bool query, const char **ret_start)
{
    const char *value = assignment_value(word, p);
    const char *end;
    size_t length;

    if (value != NULL && *value != '\0') {
        const char *scheme = after_scheme(value);

        *ret_start = scheme != NULL ? scheme : value;
        /* A whole --password=... may hold anything, spaces and all. */
        return value_end(*ret_start, query);
    }
    if (strncmp(p, "://", 3) == 0) {
        end = url_credentials(p, ret_start);
        if (end != NULL && end > *ret_start) {
            return end;
        }
    }
    value = after_scheme(p);
    if (value != NULL && strnlen(value, 8) == 8 && (p == word || !is_name_char(p[-1]))) {
        *ret_start = value;
        return value_end(value, query);
    }
    length = p == word || !isalnum((unsigned char)p[-1]) ? shape_length(p) : 0;
    if (length > 0) {
        *ret_start = p;
        return p + length;
    }
    return NULL;
}

/* --token=... and TOKEN=...: the rest of the word is the value, whatever it holds. */
static const char *whole_value(const char *word)
{
    size_t length = strcspn(word, "=");
    size_t i;

    if (word[length] != '=' || length == 0) {
        return NULL;
    }
    for (i = 0; i < length; i++) {
        if (!is_name_char(word[i])) {
            return NULL;
        }
    }
    return is_secret_name(word, length) ? word + length + 1 : NULL;
}

static char *redact_once(const char *word)
{
    size_t length = strlen(word);
    /* Each replacement needs at least one character of its own. */
    struct output out = {.size = (length + 1) * (sizeof REDACTED - 1) + 1};
    const char *p = word;
    const char *value = whole_value(word);
    bool query = false;

    out.text = calloc(1, out.size);
    if (out.text == NULL) {
        return NULL;
    }
    if (value != NULL && *value != '\0') {
        emit(&out, word, (size_t)(value - word));
        emit_redacted(&out);
        p = word + length;
    }
    while (*p != '\0') {
        const char *start = p;
        const char *end;

        query = query || *p == '?';
        end = strncmp(p, REDACTED, sizeof REDACTED - 1) == 0
                  ? NULL
                  : secret_at(word, p, query, &start);
        if (end != NULL && end > start && strncmp(start, REDACTED, sizeof REDACTED - 1) != 0) {
            emit(&out, p, (size_t)(start - p));
            emit_redacted(&out);
            p = end;
        } else {
            emit(&out, p, 1);
            p++;
        }
    }
    out.text[out.used] = '\0';
    return out.text;
}

/*
 * What hides one secret can uncover another (a quote goes, a separator now stands after a name),
 * so it is done until nothing changes. Each round leaves fewer characters that are no mark.
 */
char *redact_word(const char *word)
{
    char *text = redact_once(word);

    while (text != NULL) {
        char *again = redact_once(text);
        bool same = again != NULL && strcmp(text, again) == 0;

        free(text);
        text = again;
        if (same) {
            break;
        }
    }
    return text;
}

/* Does this word say that the next one is a secret? (--token X, -p X is too common to hide) */
static bool announces(const char *word)
{
    return word[0] == '-' && strchr(word, '=') == NULL && strchr(word, ' ') == NULL &&
           is_secret_name(word, strlen(word));
}

/* curl -u user:password, wget --user=..., mysql -pX are the programs' own habits; the first is
 * common enough to know. */
static bool announces_user(const char *word)
{
    return strcmp(word, "-u") == 0 || strcmp(word, "--user") == 0 ||
           strcmp(word, "--proxy-user") == 0;
}

static char *redact_after(const char *previous, const char *word)
{
    const char *colon = strchr(word, ':');

    if (previous != NULL && announces(previous) && word[0] != '\0' && word[0] != '-') {
        return strdup(REDACTED);
    }
    if (previous != NULL && announces_user(previous) && colon != NULL && colon[1] != '\0') {
        size_t keep = (size_t)(colon + 1 - word);
        char *text = malloc(keep + sizeof REDACTED);

        if (text != NULL) {
            memcpy(text, word, keep);
            memcpy(text + keep, REDACTED, sizeof REDACTED);
        }
        return text;
    }
    return redact_word(word);
}

char **redact_command(const char *const *argv)
{
    size_t count = 0;
    size_t i;
    char **copy;

    while (argv != NULL && argv[count] != NULL) {
        count++;
    }
    copy = calloc(count + 1, sizeof *copy);
    for (i = 0; copy != NULL && i < count; i++) {
        copy[i] = redact_after(i > 0 ? argv[i - 1] : NULL, argv[i]);
        if (copy[i] == NULL) {
            while (i > 0) {
                free(copy[--i]);
            }
            free(copy);
            return NULL;
        }
    }
    return copy;
}
