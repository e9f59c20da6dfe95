/* SPDX-License-Identifier: MIT */
#include "formats/protobuf.h"

bool protobuf_varint(struct protobuf *message, uint64_t *ret)
{
    uint64_t value = 0;
    int shift;

    for (shift = 0; shift < 64; shift += 7) {
        uint8_t byte;

        if (message->at >= message->end || !source_read(message->source, message->at, &byte, 1)) {
            return false;
        }
        message->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            *ret = value;
            return true;
        }
    }
    return false;
}

int protobuf_next(struct protobuf *message, struct protobuf_field *ret)
{
    uint64_t key, length;

    if (message->at >= message->end) {
        return 0;
    }
    if (!protobuf_varint(message, &key) || key >> 3 == 0 || key >> 3 > UINT32_MAX) {
        return -1;
    }
    ret->number = (uint32_t)(key >> 3);
    ret->wire = (uint32_t)(key & 7);
    switch (ret->wire) {
    case PROTOBUF_VARINT:
        return protobuf_varint(message, &ret->value) ? 1 : -1;
    case PROTOBUF_64:
    case PROTOBUF_32:
        length = ret->wire == PROTOBUF_64 ? 8 : 4;
        break;
    case PROTOBUF_BYTES:
        if (!protobuf_varint(message, &length)) {
            return -1;
        }
        break;
    default:
        return -1;
    }
    if (length > message->end - message->at) {
        return -1;
    }
    ret->bytes = (struct protobuf){message->source, message->at, message->at + length};
    message->at += length;
    return 1;
}

void protobuf_string(const struct protobuf_field *field, char *ret, size_t size)
{
    uint64_t length = field->bytes.end - field->bytes.at;
    size_t kept = length < size ? (size_t)length : size - 1;

    if (field->wire != PROTOBUF_BYTES ||
        !source_read(field->bytes.source, field->bytes.at, ret, kept)) {
        kept = 0;
    }
    ret[kept] = '\0';
}
