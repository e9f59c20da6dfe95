/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* nftw */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "fake_tree.h"
#include "machine/identity.h"

#define ID_A "0123456789abcdef0123456789abcdef\n"

static void an_identity_is_stable_under_one_salt_and_new_under_another(void **state)
{
    struct fake_tree tree;
    struct stat st;
    char state_dir[512], salt[600];
    char first[17], second[17], third[17];
    bool salted = false;

    (void)state;
    fake_tree_create(&tree);
    fake_tree_write(&tree, "proc/1/root/etc/machine-id", ID_A);
    snprintf(state_dir, sizeof state_dir, "%s/state/deep", tree.root);
    snprintf(salt, sizeof salt, "%s/machine.salt", state_dir);
    assert_int_equal(machine_identity(&tree.host, state_dir, first, sizeof first, &salted, NULL),
                     0);
    assert_true(salted);
    assert_int_equal(strlen(first), 16);
    assert_null(strstr(ID_A, first));
    assert_int_equal(stat(salt, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(machine_identity(&tree.host, state_dir, second, sizeof second, &salted, NULL),
                     0);
    assert_string_equal(first, second);
    unlink(salt);
    assert_int_equal(machine_identity(&tree.host, state_dir, third, sizeof third, &salted, NULL),
                     0);
    assert_string_not_equal(first, third);
    fake_tree_remove(&tree);
}

static void without_a_place_for_a_salt_the_identity_is_still_stable(void **state)
{
    struct fake_tree tree;
    char first[17], second[17];
    bool salted = true;

    (void)state;
    fake_tree_create(&tree);
    fake_tree_write(&tree, "proc/1/root/etc/machine-id", ID_A);
    fake_tree_write(&tree, "file", "");
    snprintf(tree.root + strlen(tree.root), 6, "/file"); /* not a folder */
    assert_int_equal(machine_identity(&tree.host, tree.root, first, sizeof first, &salted, NULL),
                     0);
    assert_false(salted);
    assert_int_equal(machine_identity(&tree.host, NULL, second, sizeof second, &salted, NULL), 0);
    assert_string_equal(first, second);
    tree.root[strlen(tree.root) - 5] = '\0';
    fake_tree_remove(&tree);
}

static void the_boot_id_has_no_newline(void **state)
{
    struct fake_tree tree;
    char id[64] = "x";

    (void)state;
    fake_tree_create(&tree);
    machine_boot_id(&tree.host, id, sizeof id);
    assert_string_equal(id, "");
    fake_tree_write(&tree, "proc/sys/kernel/random/boot_id", "c0ffee\n");
    machine_boot_id(&tree.host, id, sizeof id);
    assert_string_equal(id, "c0ffee");
    fake_tree_remove(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_identity_is_stable_under_one_salt_and_new_under_another),
        cmocka_unit_test(without_a_place_for_a_salt_the_identity_is_still_stable),
        cmocka_unit_test(the_boot_id_has_no_newline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
