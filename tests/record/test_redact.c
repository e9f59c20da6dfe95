/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "record/redact.h"

static void expect_word(const char *word, const char *expected)
{
    char *out = redact_word(word);
    char *again;

    assert_non_null(out);
    assert_string_equal(out, expected);
    again = redact_word(out);
    assert_string_equal(again, expected); /* twice changes nothing */
    free(again);
    free(out);
}

static void expect_command(const char *const *argv, const char *expected)
{
    char **out = redact_command(argv);
    char joined[512] = "";
    size_t i;

    assert_non_null(out);
    for (i = 0; out[i] != NULL; i++) {
        strcat(joined, i > 0 ? " " : "");
        strcat(joined, out[i]);
        free(out[i]);
    }
    free(out);
    assert_string_equal(joined, expected);
}

static void the_value_after_a_secret_option_is_hidden(void **state)
{
    const char *one[] = {"train", "--token", "abc", "--epochs", "3", NULL};
    const char *two[] = {"train", "--hub_token", "abc", "--PASSWORD", "x y", NULL};
    const char *three[] = {"curl", "-u", "me:sesame", "-H", "Authorization: Bearer abcdefgh1",
                           "x", NULL};
    const char *four[] = {"login", "--password", "--verbose", NULL};
    const char *none[] = {NULL};

    (void)state;
    expect_command(one, "train --token [redacted] --epochs 3");
    expect_command(two, "train --hub_token [redacted] --PASSWORD [redacted]");
    expect_command(three, "curl -u me:[redacted] -H Authorization: Bearer [redacted] x");
    expect_command(four, "login --password --verbose");
    expect_command(none, "");
}

static void assignments_are_hidden(void **state)
{
    (void)state;
    expect_word("--token=abc", "--token=[redacted]");
    expect_word("WANDB_API_KEY=abc def", "WANDB_API_KEY=[redacted]");
    expect_word("PGPASSWORD=x", "PGPASSWORD=[redacted]");
    expect_word("--db.password=a&b", "--db.password=[redacted]");
    expect_word("apiToken=abc", "apiToken=[redacted]");
    expect_word("{\"api_key\": \"abc\", \"lr\": 1}", "{\"api_key\": [redacted], \"lr\": 1}");
    expect_word("run; export HF_TOKEN=abc; train", "run; export HF_TOKEN=[redacted]; train");
}

static void urls_lose_their_credentials(void **state)
{
    (void)state;
    expect_word("https://me:sesame@host/path", "https://me:[redacted]@host/path");
    expect_word("postgres://u:p@ss@h/db", "postgres://u:[redacted]@h/db");
    expect_word("https://sometoken@github.com/a/b", "https://[redacted]@github.com/a/b");
    expect_word("https://h/x?user=me&token=abc&n=1", "https://h/x?user=me&token=[redacted]&n=1");
    expect_word("https://h/x?X-Amz-Signature=abc#f", "https://h/x?X-Amz-Signature=[redacted]#f");
}

static void known_shapes_are_hidden_anywhere(void **state)
{
    (void)state;
    expect_word("hf_abcdefghijklmnopqrstuvwx", "[redacted]");
    expect_word("x:sk-proj-0123456789abcdef", "x:[redacted]");
    expect_word("AKIAIOSFODNN7EXAMPLE", "[redacted]");
    expect_word("login('ghp_0123456789abcdefghij')", "login('[redacted]')");
    expect_word("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "[redacted]");
}

static void ordinary_words_are_left_alone(void **state)
{
    static const char *const words[] = {
        "train.py", "--tokenizer=gpt2", "--max-tokens=512", "--lr", "1e-3", "keys.txt",
        "--monkey=1", "https://huggingface.co/a/b", "--author=me", "compass=1", "hf_hub",
        "task-1", "--input=a:b", "C:\\x", "", "-", "--", "=", ":", "a=b", "s3://bucket/key"};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof words / sizeof words[0]; i++) {
        expect_word(words[i], words[i]);
    }
}

static void the_programs_own_words_are_not_touched(void **state)
{
    const char token[] = "--token=abc";
    const char *argv[] = {token, NULL};
    struct wattle_record record;

    (void)state;
    wattle_record_init(&record);
    assert_int_equal(record_set_command(&record, argv), 0);
    assert_string_equal(token, "--token=abc");
    assert_string_equal(record.command[0], "--token=[redacted]");
    wattle_record_finish(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_value_after_a_secret_option_is_hidden),
        cmocka_unit_test(assignments_are_hidden),
        cmocka_unit_test(urls_lose_their_credentials),
        cmocka_unit_test(known_shapes_are_hidden_anywhere),
        cmocka_unit_test(ordinary_words_are_left_alone),
        cmocka_unit_test(the_programs_own_words_are_not_touched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
