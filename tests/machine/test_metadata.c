/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "machine/metadata.h"

/* A server that gives its answers in turn, keeps what it was asked, and then hears no more. */
struct server {
    int fd;
    char address[32];
    const char *answers[2]; /* NULL: accept, and say nothing until the client goes */
    int count;
    char asked[2][1024];
    pthread_t thread;
};

static void *serve(void *user)
{
    struct server *server = user;
    for (int i = 0; i < server->count; i++) {
        char rest[256];
        int fd = accept(server->fd, NULL, NULL);
        ssize_t n = recv(fd, server->asked[i], sizeof(server->asked[i]) - 1, 0);
        server->asked[i][n > 0 ? n : 0] = '\0';
        if (server->answers[i] != NULL) {
            send(fd, server->answers[i], strlen(server->answers[i]), MSG_NOSIGNAL);
            shutdown(fd, SHUT_WR);
        }
        while (recv(fd, rest, sizeof(rest), 0) > 0) {
        }
        close(fd);
    }
    return NULL;
}

static void server_start(struct server *server, const char *first, const char *second, int count)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    memset(server, 0, sizeof(*server));
    server->answers[0] = first;
    server->answers[1] = second;
    server->count = count;
    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(server->fd, 4), 0);
    getsockname(server->fd, (struct sockaddr *)&address, &size);
    snprintf(server->address, sizeof(server->address), "127.0.0.1:%d", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server)
{
    pthread_join(server->thread, NULL);
    close(server->fd);
}

static void aws_gives_a_token_first(void **state)
{
    struct server server;
    char type[METADATA_TYPE_MAX];
    (void)state;
    server_start(&server, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nAbc=-_",
                 "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nm5.2xlarge", 2);
    assert_int_equal(metadata_instance_type("aws", server.address, 5, type, NULL), 0);
    server_stop(&server);
    assert_string_equal(type, "m5.2xlarge");
    assert_int_equal(strncmp(server.asked[0], "PUT /latest/api/token HTTP/1.1\r\n", 32), 0);
    assert_non_null(strstr(server.asked[0], "\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n"));
    assert_int_equal(strncmp(server.asked[1], "GET /latest/meta-data/instance-type ", 36), 0);
    assert_non_null(strstr(server.asked[1], "\r\nX-aws-ec2-metadata-token: Abc=-_\r\n"));
}

static void gcp_and_azure_want_their_header(void **state)
{
    struct server server;
    char type[METADATA_TYPE_MAX];
    (void)state;
    server_start(&server, "HTTP/1.0 200 OK\r\n\r\nprojects/12/machineTypes/n2-standard-8", NULL, 1);
    assert_int_equal(metadata_instance_type("gcp", server.address, 5, type, NULL), 0);
    server_stop(&server);
    assert_string_equal(type, "n2-standard-8");
    assert_non_null(strstr(server.asked[0], "\r\nMetadata-Flavor: Google\r\n"));
    server_start(&server, "HTTP/1.1 200 OK\r\n\r\nStandard_D4s_v3\n", NULL, 1);
    assert_int_equal(metadata_instance_type("azure", server.address, 5, type, NULL), 0);
    server_stop(&server);
    assert_string_equal(type, "Standard_D4s_v3");
    assert_non_null(strstr(server.asked[0], "\r\nMetadata: true\r\n"));
}

static void hostile_answers_are_refused(void **state)
{
    static const char *const answers[] = {
        "", "nonsense", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 404 Not Found\r\n\r\nm5.large",
        "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1/\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nm5.large; rm -r /", "HTTP/1.1 200 OK\r\n\r\n",
        ("HTTP/1.1 200 OK\r\n\r\n"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    };
    struct server server;
    struct wattle_error err;
    char type[METADATA_TYPE_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        server_start(&server, answers[i], NULL, 1);
        assert_int_equal(metadata_instance_type("azure", server.address, 5, type, &err),
                         WATTLE_E_IO);
        server_stop(&server);
    }
    /* A token that would write headers of its own is not sent back. */
    server_start(&server, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\na\r\nX: y\r", NULL, 1);
    assert_int_equal(metadata_instance_type("aws", server.address, 5, type, &err), WATTLE_E_IO);
    server_stop(&server);
}

static void silence_ends_with_the_time_limit(void **state)
{
    struct server server;
    struct wattle_error err;
    char type[METADATA_TYPE_MAX];
    (void)state;
    server_start(&server, NULL, NULL, 1);
    assert_int_equal(metadata_instance_type("gcp", server.address, 0.05, type, &err), WATTLE_E_IO);
    server_stop(&server);
    assert_non_null(strstr(err.text, "in time"));
}

static void nobody_else_is_asked(void **state)
{
    struct wattle_error err;
    char type[METADATA_TYPE_MAX];
    unsigned address, port;
    (void)state;
    assert_int_equal(metadata_instance_type("hetzner", "127.0.0.1:1", 1, type, &err),
                     WATTLE_E_UNSUPPORTED);
    assert_int_equal(metadata_instance_type("aws", "example.org:80", 1, type, &err),
                     WATTLE_E_INVALID);
    assert_false(metadata_address_parse("127.0.0.1", &address, &port));
    assert_false(metadata_address_parse("127.0.0.1:0", &address, &port));
    assert_false(metadata_address_parse("127.0.0.1:65536", &address, &port));
    assert_false(metadata_address_parse("[::1]:80", &address, &port));
    assert_true(metadata_address_parse("127.0.0.1:65535", &address, &port));
    assert_int_equal(port, 65535);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aws_gives_a_token_first),
        cmocka_unit_test(gcp_and_azure_want_their_header),
        cmocka_unit_test(hostile_answers_are_refused),
        cmocka_unit_test(silence_ends_with_the_time_limit),
        cmocka_unit_test(nobody_else_is_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
