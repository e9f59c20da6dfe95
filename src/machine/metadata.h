/* SPDX-License-Identifier: MIT */
/*
 * What a cloud's metadata service says this machine is. The only thing that is ever asked is the
 * instance type; nothing below a path with credentials, user data or identity.
 *
 * Only when the user wants it (--cloud-metadata): it is the one place where this room speaks to
 * the network, and then only to the link-local address 169.254.169.254. Plain HTTP/1.1 on a
 * socket: no proxy, no name service, no redirect is followed.
 */
#ifndef MACHINE_METADATA_H
#define MACHINE_METADATA_H

#include <stdbool.h>
#include <stddef.h>

#include <wattle/error.h>

#define METADATA_LIMIT_S 0.2       /* all requests together */
#define METADATA_ANSWER_MAX 4096   /* bytes, with the head; more is refused */
#define METADATA_TYPE_MAX 64       /* of an instance type, with the NUL */
#define METADATA_TOKEN_MAX 512     /* AWS's are 56 letters (2026) */

/*
 * Asks for the instance type. provider: "aws", "gcp" or "azure". address: NULL, or "IP:PORT" of
 * a server that stands for the service. WATTLE_E_UNSUPPORTED: another provider; WATTLE_E_IO: no
 * answer in time, or one that makes no sense; the text says which.
 */
int metadata_instance_type(const char *provider, const char *address, double limit_s,
                           char ret[METADATA_TYPE_MAX], struct wattle_error *err);

/* ---- pure --------------------------------------------------------------------------------- */

enum metadata_question { METADATA_TOKEN, METADATA_TYPE };

/* The request as text. token: AWS's, or "". Returns its length; 0: there is none. */
size_t metadata_request(const char *provider, enum metadata_question question, const char *token,
                        char *ret, size_t size);

/*
 * An answer so far; `end`: the server has closed. Returns the HTTP status once the answer is
 * whole, with the body; 0: more must come; -1: not HTTP/1.x, or in a form that is not read
 * (chunked, or a body that is longer than `body_size` - 1).
 */
int metadata_answer_parse(const char *text, size_t size, bool end, char *body, size_t body_size);

/* "m5.large", "projects/1/machineTypes/n2-standard-8", "Standard_D4s_v3" -> the type: letters,
 * digits, '.', '-' and '_' only. */
bool metadata_type_parse(const char *body, char ret[METADATA_TYPE_MAX]);

/* Safe to send back in a header: printable ASCII without spaces. */
bool metadata_token_valid(const char *body);

/* "127.0.0.1:8080": an IPv4 address in network order and a port. */
bool metadata_address_parse(const char *text, unsigned *ret_address, unsigned *ret_port);

#endif
