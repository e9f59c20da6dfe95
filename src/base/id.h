/* SPDX-License-Identifier: MIT */
/* Identities: a random one per run, a stable and anonymous one per machine. */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stddef.h>
#include <stdint.h>

/* 16 hexadecimal digits from the kernel's random source; size >= 17. 0 or -errno. */
int id_random(char *ret, size_t size);

/* SipHash-2-4 (Aumasson and Bernstein, 2012) of data under a 128-bit key: keyed, so that the
 * result cannot be matched against a table of known inputs by somebody without the key. */
uint64_t id_siphash(const uint8_t key[16], const void *data, size_t size);

#endif
