/* SPDX-License-Identifier: MIT */
/* Records of any maker: what is read must write, and read again, the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wattle/record.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wattle_record *record = malloc(sizeof *record);
    struct wattle_error err;
    char *first = NULL;
    char *second = NULL;

    if (record == NULL) {
        return 0;
    }
    wattle_record_init(record);
    if (wattle_record_from_json(record, (const char *)data, size, &err) == 0) {
        first = wattle_record_to_json(record, false);
        if (first == NULL ||
            wattle_record_from_json(record, first, strlen(first), &err) != 0) {
            abort();
        }
        second = wattle_record_to_json(record, true);
        if (second == NULL ||
            wattle_record_from_json(record, second, strlen(second), &err) != 0) {
            abort();
        }
        free(second);
        second = wattle_record_to_json(record, false);
        if (second == NULL || strcmp(first, second) != 0) {
            abort();
        }
    } else if (err.text[0] == '\0') {
        abort();
    }
    free(first);
    free(second);
    wattle_record_finish(record);
    free(record);
    return 0;
}
