/* SPDX-License-Identifier: MIT */
/* Where the store lies, and on what kind of file system. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "record/store_internal.h"

static void the_default_path_follows_the_environment(void **state)
{
    char path[256];
    char tiny[8];

    (void)state;
    setenv("WATTLE_STORE", "/x/y.db", 1);
    assert_int_equal(store_default_path(path, sizeof path, NULL), 0);
    assert_string_equal(path, "/x/y.db");
    unsetenv("WATTLE_STORE");
    setenv("HOME", "/home/me", 1);
    setenv("XDG_DATA_HOME", "relative", 1);
    assert_int_equal(store_default_path(path, sizeof path, NULL), 0);
    assert_string_equal(path, "/home/me/.local/share/wattle/wattle.db");
    assert_int_equal(store_default_path(tiny, sizeof tiny, NULL), WATTLE_E_INVALID);
    setenv("XDG_DATA_HOME", "/data", 1);
    assert_int_equal(store_default_path(path, sizeof path, NULL), 0);
    assert_string_equal(path, "/data/wattle/wattle.db");
}

static void file_systems_of_other_machines_are_known(void **state)
{
    (void)state;
    assert_true(store_is_network_type(0x6969));     /* NFS */
    assert_true(store_is_network_type(0x01021997)); /* 9P */
    /* CIFS, as a machine with a 32-bit f_type says it */
    assert_true(store_is_network_type((unsigned long)(int)0xff534d42));
    assert_false(store_is_network_type(0xef53));     /* ext4 */
    assert_false(store_is_network_type(0x9123683e)); /* btrfs */
    assert_false(store_is_network_type(0x01021994)); /* tmpfs */
    assert_false(store_is_network("/no/such/folder"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_path_follows_the_environment),
        cmocka_unit_test(file_systems_of_other_machines_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
