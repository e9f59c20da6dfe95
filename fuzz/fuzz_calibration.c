/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "estimate/calibration.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct estimate_server_spec spec = {.family = -1, .model = -1};
    struct estimate_server server;
    struct calibration calibration;
    char text[CALIBRATION_TEXT_MAX];

    if (calibration_parse((const char *)data, size, &calibration)) {
        estimate_server(&spec, &server);
        calibration_apply(&calibration, &server);
        if (!(server.idle_w.low <= server.idle_w.value && isfinite(server.max_w.high))) {
            abort();
        }
        calibration_format(&calibration, text, sizeof text);
    }
    return 0;
}
