/* SPDX-License-Identifier: MIT */
#include "machine/cloud.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* "Standard_" and what it stands for in Azure's names of sizes. */
static const char azure_prefix[] = "Standard_";

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Digits at `text`; 0 when there are none or too many. */
static int number_at(const char *text)
{
    size_t n = 0;

    while (is_digit(text[n])) {
        n++;
    }
    return n > 0 && n <= 4 ? atoi(text) : 0;
}

static const char *azure_number(const char *type)
{
    const char *at = type;

    if (strncasecmp(type, azure_prefix, strlen(azure_prefix)) != 0) {
        return NULL;
    }
    at += strlen(azure_prefix);
    while (isalpha((unsigned char)*at)) {
        at++;
    }
    return is_digit(*at) ? at : NULL;
}

/* Where "-8", "-8g", "-8-lssd" at the end of "c3-standard-8-lssd" begins; NULL: nowhere. */
static const char *gcp_number(const char *type)
{
    const char *dash = strrchr(type, '-');

    if (dash != NULL && isalpha((unsigned char)dash[1])) {
        const char *end = dash;

        while (dash > type && *--dash != '-') {
        }
        if (*dash != '-' || end == dash + 1) {
            return NULL;
        }
    }
    return dash != NULL && is_digit(dash[1]) ? dash : NULL;
}

bool machine_cloud_family(const char *provider, const char *type, char ret[CLOUD_FAMILY_MAX])
{
    size_t length = strlen(type);
    const char *rest = "", *star = "";

    if (strcmp(provider, "aws") == 0) {
        length = strcspn(type, ".");
    } else if (strcmp(provider, "gcp") == 0) {
        const char *at = gcp_number(type);

        length = at != NULL ? (size_t)(at - type) : length;
    } else if (strcmp(provider, "azure") == 0) {
        const char *at = azure_number(type);

        if (at != NULL) {
            length = (size_t)(at - type);
            star = "*";
            rest = at + strspn(at, "0123456789");
            if (rest[0] == '-' && is_digit(rest[1])) {
                rest += 1 + strspn(rest + 1, "0123456789");
            }
        }
    } else {
        return false;
    }
    if (length + strlen(star) + strlen(rest) >= CLOUD_FAMILY_MAX) {
        return false;
    }
    snprintf(ret, CLOUD_FAMILY_MAX, "%.*s%s%s", (int)length, type, star, rest);
    return ret[0] != '\0';
}

/* "large" 2, "xlarge" 4, "24xlarge" 96; sizes below do not say it. */
static int aws_vcpus(const char *type)
{
    const char *size = strchr(type, '.');
    int n;

    if (size == NULL) {
        return 0;
    }
    size++;
    if (strcmp(size, "medium") == 0) {
        return 1;
    }
    if (strcmp(size, "large") == 0) {
        return 2;
    }
    n = is_digit(*size) ? number_at(size) : 1;
    return strcmp(size + strspn(size, "0123456789"), "xlarge") == 0 ? 4 * n : 0;
}

int machine_cloud_vcpus(const char *provider, const char *type)
{
    const char *at;

    if (strcmp(provider, "aws") == 0) {
        return aws_vcpus(type);
    }
    if (strcmp(provider, "gcp") == 0) {
        at = gcp_number(type);
        /* "a2-highgpu-8g" counts its GPUs. */
        return at != NULL && !isalpha((unsigned char)at[1 + strspn(at + 1, "0123456789")])
                   ? number_at(at + 1)
                   : 0;
    }
    at = strcmp(provider, "azure") == 0 ? azure_number(type) : NULL;
    return at != NULL ? number_at(at) : 0;
}

static const struct cloud_row *row_find(const char *provider, const char *type)
{
    for (size_t i = 0; i < cloud_row_count; i++) {
        if (strcmp(cloud_rows[i].provider, provider) == 0 &&
            strcasecmp(cloud_rows[i].type, type) == 0) {
            return &cloud_rows[i];
        }
    }
    return NULL;
}

bool machine_cloud_find(const char *provider, const char *type, struct machine_cloud *ret)
{
    char family[CLOUD_FAMILY_MAX];
    const struct cloud_row *row = row_find(provider, type);

    memset(ret, 0, sizeof(*ret));
    if (row == NULL) {
        row = machine_cloud_family(provider, type, family) ? row_find(provider, family) : NULL;
    } else if (row->vcpus == 0) {
        row = NULL; /* a family by itself is no type that anybody can rent */
    }
    if (row == NULL) {
        return false;
    }
    ret->cpu = row->cpu;
    ret->host_vcpus = row->host_vcpus;
    ret->sockets = row->sockets;
    ret->vcpus = row->vcpus > 0 ? row->vcpus : machine_cloud_vcpus(provider, type);
    if (ret->vcpus > ret->host_vcpus) {
        ret->vcpus = 0; /* newer than the table */
    }
    ret->host_memory_gb = row->gb_per_vcpu * row->host_vcpus;
    return true;
}

bool machine_cloud_cpu_hidden(const char *name)
{
    int digits = 0;

    /* A model has three digits in one word: 8175M, 7R13 and E5-2686, but not the clock. */
    for (; *name != '\0' && *name != '@'; name++) {
        digits = *name == ' ' ? 0 : digits + is_digit(*name);
        if (digits >= 3) {
            return false;
        }
    }
    return true;
}
