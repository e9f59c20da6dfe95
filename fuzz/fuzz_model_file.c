/* SPDX-License-Identifier: MIT */
/* Every reader of model headers gets the same bytes: none may crash, hang or allocate wildly. */
#include <stdint.h>
#include <stdlib.h>

#include "formats/model_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct model_file model;
    struct source source;

    source_init_memory(&source, data, size);
    if (safetensors_read(&source, &model, NULL) == 0 && !(model.parameters >= 0)) {
        abort();
    }
    if (gguf_read(&source, &model, NULL) == 0 && !(model.parameters >= 0)) {
        abort();
    }
    if (onnx_read(&source, &model, NULL) == 0 && !(model.parameters >= 0)) {
        abort();
    }
    model_file_init(&model, "safetensors");
    model_config_read((const char *)data, size, &model);
    return 0;
}
