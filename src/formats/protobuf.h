/* SPDX-License-Identifier: MIT */
/* Protocol-buffer messages field by field, without a schema. Source: the encoding guide of
 * Protocol Buffers. */
#ifndef FORMATS_PROTOBUF_H
#define FORMATS_PROTOBUF_H

#include "formats/source.h"

enum { PROTOBUF_VARINT = 0, PROTOBUF_64 = 1, PROTOBUF_BYTES = 2, PROTOBUF_32 = 5 };

/* A message, or what is left of it: bytes [at, end) of a source. */
struct protobuf {
    struct source *source;
    uint64_t at;
    uint64_t end;
};

struct protobuf_field {
    uint32_t number;
    uint32_t wire;
    uint64_t value;      /* varint and fixed */
    struct protobuf bytes; /* length-delimited */
};

/* Takes the next field. 1: there is one, 0: the end, -1: not a valid message. */
int protobuf_next(struct protobuf *message, struct protobuf_field *ret);
bool protobuf_varint(struct protobuf *message, uint64_t *ret);
/* The text of a field, cut to size; "" if it is not text. */
void protobuf_string(const struct protobuf_field *field, char *ret, size_t size);

#endif
