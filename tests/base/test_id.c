/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/id.h"

/*
 * Key 00 01 .. 0f, message 00 01 .. (n-1); from the test vectors of the reference
 * implementation (Aumasson and Bernstein, vectors.h, 2012). n = 15 is also the worked example of
 * the paper, appendix A.
 */
static void siphash_agrees_with_the_reference(void **state)
{
    static const struct {
        size_t size;
        uint64_t hash;
    } vectors[] = {
        {0, 0x726fdb47dd0e0e31u},  {1, 0x74f839c593dc67fdu},  {2, 0x0d6c8009d9a94f5au},
        {3, 0x85676696d7fb7e2du},  {4, 0xcf2794e0277187b7u},  {5, 0x18765564cd99a68du},
        {6, 0xcbc9466e58fee3ceu},  {7, 0xab0200f58b01d137u},  {8, 0x93f5f5799a932462u},
        {15, 0xa129ca6149be45e5u},
    };
    uint8_t key[16], message[16];
    size_t i;

    (void)state;
    for (i = 0; i < 16; i++) {
        key[i] = (uint8_t)i;
        message[i] = (uint8_t)i;
    }
    for (i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        assert_true(id_siphash(key, message, vectors[i].size) == vectors[i].hash);
    }
}

static void random_ids_are_hexadecimal_and_differ(void **state)
{
    char first[17], second[17];
    size_t i;

    (void)state;
    assert_int_equal(id_random(first, sizeof first), 0);
    assert_int_equal(id_random(second, sizeof second), 0);
    assert_int_equal(strlen(first), 16);
    for (i = 0; i < 16; i++) {
        assert_true(isxdigit((unsigned char)first[i]) && !isupper((unsigned char)first[i]));
    }
    assert_string_not_equal(first, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_agrees_with_the_reference),
        cmocka_unit_test(random_ids_are_hexadecimal_and_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
