/* SPDX-License-Identifier: MIT */
/* The socket. Never blocks beyond its limit: every wait is a poll with what is left of it. */
#define _GNU_SOURCE /* SOCK_NONBLOCK */
#include "machine/metadata.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

struct place {
    struct sockaddr_in address;
    int64_t deadline_ns;
};

static int fail(struct wattle_error *err, const char *what)
{
    return error_set(err, WATTLE_E_IO, "the cloud's metadata service: %s", what);
}

/* 0, or -1 when the time is up. */
static int wait_for(const struct place *place, int fd, short events)
{
    for (;;) {
        struct pollfd poll_fd = {fd, events, 0};
        int64_t left_ms = (place->deadline_ns - clock_monotonic_ns(NULL) + 999999) / 1000000;
        int n = left_ms > 0 ? poll(&poll_fd, 1, (int)left_ms) : 0;

        if (n > 0) {
            return 0;
        }
        if (n == 0 || errno != EINTR) {
            return -1;
        }
    }
}

static int connect_to(const struct place *place, struct wattle_error *err)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int code = 0;
    socklen_t size = sizeof(code);

    if (fd < 0) {
        return fail(err, "no socket");
    }
    if (connect(fd, (const struct sockaddr *)&place->address, sizeof(place->address)) != 0) {
        if (errno != EINPROGRESS || wait_for(place, fd, POLLOUT) != 0 ||
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0 || code != 0) {
            close(fd);
            return fail(err, "no connection");
        }
    }
    return fd;
}

static int send_all(const struct place *place, int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, text, size, MSG_NOSIGNAL);

        if (n > 0) {
            text += n;
            size -= (size_t)n;
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR) ||
                   wait_for(place, fd, POLLOUT) != 0) {
            return -1;
        }
    }
    return 0;
}

static int receive(const struct place *place, int fd, char *body, size_t body_size,
                   struct wattle_error *err)
{
    char text[METADATA_ANSWER_MAX];
    size_t used = 0;

    for (;;) {
        ssize_t n = recv(fd, text + used, sizeof(text) - used, 0);
        int status;

        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            if (wait_for(place, fd, POLLIN) != 0) {
                return fail(err, "no answer in time");
            }
            continue;
        }
        if (n < 0) {
            return fail(err, "the connection broke");
        }
        used += (size_t)n;
        status = used > 0 ? metadata_answer_parse(text, used, n == 0, body, body_size) : -1;
        if (status < 0 || (status == 0 && used == sizeof(text))) {
            return fail(err, "an answer that makes no sense");
        }
        if (status > 0) {
            return status == 200 ? 0 : fail(err, "it refused to answer");
        }
    }
}

static int ask(const struct place *place, const char *provider, enum metadata_question question,
               const char *token, char *body, size_t body_size, struct wattle_error *err)
{
    char request[METADATA_TOKEN_MAX + 512];
    size_t size = metadata_request(provider, question, token, request, sizeof(request));
    int fd, rc;

    if (size == 0) {
        return error_set(err, WATTLE_E_UNSUPPORTED,
                         "no metadata service of the cloud \"%.30s\" is known", provider);
    }
    fd = connect_to(place, err);
    if (fd < 0) {
        return fd;
    }
    rc = send_all(place, fd, request, size) == 0 ? receive(place, fd, body, body_size, err)
                                                 : fail(err, "the connection broke");
    close(fd);
    return rc;
}

int metadata_instance_type(const char *provider, const char *address, double limit_s,
                           char ret[METADATA_TYPE_MAX], struct wattle_error *err)
{
    struct place place = {.deadline_ns = clock_monotonic_ns(NULL) + (int64_t)(limit_s * 1e9)};
    char token[METADATA_TOKEN_MAX + 1] = "", body[256];
    unsigned ip = 0, port = 0;
    int rc = 0;

    if (!metadata_address_parse(address != NULL ? address : "169.254.169.254:80", &ip, &port)) {
        return error_set(err, WATTLE_E_INVALID, "\"%.60s\" is not an address as 127.0.0.1:8080",
                         address);
    }
    place.address.sin_family = AF_INET;
    place.address.sin_addr.s_addr = ip;
    place.address.sin_port = htons((uint16_t)port);
    if (strcmp(provider, "aws") == 0) {
        rc = ask(&place, provider, METADATA_TOKEN, "", token, sizeof(token), err);
        if (rc == 0 && !metadata_token_valid(token)) {
            rc = fail(err, "an answer that makes no sense");
        }
    }
    if (rc == 0) {
        rc = ask(&place, provider, METADATA_TYPE, token, body, sizeof(body), err);
    }
    if (rc == 0 && !metadata_type_parse(body, ret)) {
        rc = fail(err, "an answer that makes no sense");
    }
    return rc;
}
