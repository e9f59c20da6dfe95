/* SPDX-License-Identifier: MIT */
/* Words of a command line: hidden twice is hidden once, and --token=X never shows X. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char option[] = "--token=";
    char *word = malloc(sizeof option + size);
    char *once, *twice;

    if (word == NULL) {
        return 0;
    }
    memcpy(word, option, sizeof option - 1);
    memcpy(word + sizeof option - 1, data, size);
    word[sizeof option - 1 + size] = '\0';
    once = redact_word(word);
    if (once != NULL && word[sizeof option - 1] != '\0' &&
        strcmp(once, "--token=" REDACTED) != 0) {
        abort();
    }
    free(once);
    once = redact_word(word + sizeof option - 1);
    twice = once != NULL ? redact_word(once) : NULL;
    if (once != NULL && twice != NULL && strcmp(once, twice) != 0) {
        abort();
    }
    free(once);
    free(twice);
    free(word);
    return 0;
}
