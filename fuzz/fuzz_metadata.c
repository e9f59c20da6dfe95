/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "machine/cloud.h"
#include "machine/metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const providers[] = {"aws", "gcp", "azure"};
    char body[256], type[METADATA_TYPE_MAX];
    unsigned address, port;
    char *text = malloc(size + 1);

    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    metadata_token_valid(text);
    metadata_address_parse(text, &address, &port);
    for (size_t i = 0; i < 3; i++) {
        struct machine_cloud cloud;
        machine_cloud_find(providers[i], text, &cloud);
    }
    metadata_type_parse(text, type);
    free(text);
    /* An exact copy: a read past the end is seen. */
    char *exact = malloc(size > 0 ? size : 1);
    if (exact == NULL) {
        return 0;
    }
    memcpy(exact, data, size);
    for (int end = 0; end < 2; end++) {
        if (metadata_answer_parse(exact, size, end != 0, body, sizeof(body)) > 0 &&
            strlen(body) >= sizeof(body)) {
            abort();
        }
    }
    free(exact);
    return 0;
}
