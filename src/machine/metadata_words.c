/* SPDX-License-Identifier: MIT */
/*
 * Sources (2026): AWS "Use the Instance Metadata Service" (IMDSv2), Google Cloud "VM metadata",
 * Azure "Instance Metadata Service". The pure part.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "machine/metadata.h"

size_t metadata_request(const char *provider, enum metadata_question question, const char *token,
                        char *ret, size_t size)
{
    int n = 0;

    if (strcmp(provider, "aws") == 0 && question == METADATA_TOKEN) {
        n = snprintf(ret, size,
                     "PUT /latest/api/token HTTP/1.1\r\nHost: 169.254.169.254\r\n"
                     "X-aws-ec2-metadata-token-ttl-seconds: 60\r\nContent-Length: 0\r\n"
                     "Connection: close\r\n\r\n");
    } else if (strcmp(provider, "aws") == 0) {
        n = snprintf(ret, size,
                     "GET /latest/meta-data/instance-type HTTP/1.1\r\nHost: 169.254.169.254\r\n"
                     "X-aws-ec2-metadata-token: %s\r\nConnection: close\r\n\r\n",
                     token);
    } else if (question == METADATA_TOKEN) {
        return 0;
    } else if (strcmp(provider, "gcp") == 0) {
        n = snprintf(ret, size,
                     "GET /computeMetadata/v1/instance/machine-type HTTP/1.1\r\n"
                     "Host: metadata.google.internal\r\nMetadata-Flavor: Google\r\n"
                     "Connection: close\r\n\r\n");
    } else if (strcmp(provider, "azure") == 0) {
        n = snprintf(ret, size,
                     "GET /metadata/instance/compute/vmSize?api-version=2021-02-01&format=text "
                     "HTTP/1.1\r\nHost: 169.254.169.254\r\nMetadata: true\r\n"
                     "Connection: close\r\n\r\n");
    }
    return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

/* The value of a header in `text` up to `end`; NULL: there is none. The length to *ret_length. */
static const char *header_find(const char *text, const char *end, const char *name,
                               size_t *ret_length)
{
    size_t length = strlen(name);

    while (text < end) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));

        line_end = line_end != NULL ? line_end : end;
        if ((size_t)(line_end - text) > length && text[length] == ':' &&
            strncasecmp(text, name, length) == 0) {
            text += length + 1;
            *ret_length = (size_t)(line_end - text);
            return text;
        }
        text = line_end + 1;
    }
    return NULL;
}

/* Where the head ends and the body begins; NULL: not yet. */
static const char *body_find(const char *text, size_t size)
{
    for (size_t i = 0; i + 3 < size; i++) {
        if (memcmp(text + i, "\r\n\r\n", 4) == 0) {
            return text + i + 4;
        }
    }
    return NULL;
}

int metadata_answer_parse(const char *text, size_t size, bool end, char *body, size_t body_size)
{
    static const char start[] = "HTTP/1.";
    size_t head = size < sizeof(start) - 1 ? size : sizeof(start) - 1, length;
    const char *at, *value;
    uint64_t wanted, status;

    if (memcmp(text, start, head) != 0) {
        return -1;
    }
    at = body_find(text, size);
    if (at == NULL) {
        return end ? -1 : 0;
    }
    /* "HTTP/1.1 200 OK" */
    if (at - text < 16 || text[8] != ' ' || !parse_u64(text + 9, 3, &status) || status < 100) {
        return -1;
    }
    if (header_find(text, at, "Transfer-Encoding", &length) != NULL) {
        return -1;
    }
    wanted = size - (size_t)(at - text);
    value = header_find(text, at, "Content-Length", &length);
    if (value != NULL) {
        uint64_t here = wanted;

        if (!parse_u64(value, length, &wanted)) {
            return -1;
        }
        if (wanted < body_size && here < wanted) {
            return end ? -1 : 0;
        }
    } else if (!end) {
        return wanted < body_size ? 0 : -1;
    }
    if (wanted >= body_size || memchr(at, '\0', wanted) != NULL) {
        return -1;
    }
    memcpy(body, at, wanted);
    body[wanted] = '\0';
    return (int)status;
}

static bool is_type_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

bool metadata_type_parse(const char *body, char ret[METADATA_TYPE_MAX])
{
    const char *slash = strrchr(body, '/');
    size_t n = 0;

    body = slash != NULL ? slash + 1 : body;
    while (is_type_letter(body[n])) {
        n++;
    }
    if (n == 0 || n >= METADATA_TYPE_MAX || body[n + strspn(body + n, "\r\n")] != '\0') {
        return false;
    }
    memcpy(ret, body, n);
    ret[n] = '\0';
    return true;
}

bool metadata_token_valid(const char *body)
{
    size_t n = 0;

    while (body[n] > ' ' && body[n] < 0x7f) {
        n++;
    }
    return n > 0 && n < METADATA_TOKEN_MAX && body[n] == '\0';
}

bool metadata_address_parse(const char *text, unsigned *ret_address, unsigned *ret_port)
{
    char name[16];
    const char *colon = strchr(text, ':');
    struct in_addr address;
    uint64_t port;

    if (colon == NULL || (size_t)(colon - text) >= sizeof(name)) {
        return false;
    }
    memcpy(name, text, (size_t)(colon - text));
    name[colon - text] = '\0';
    if (inet_pton(AF_INET, name, &address) != 1 ||
        !parse_u64(colon + 1, strlen(colon + 1), &port) || port < 1 || port > 65535) {
        return false;
    }
    *ret_address = address.s_addr;
    *ret_port = (unsigned)port;
    return true;
}
