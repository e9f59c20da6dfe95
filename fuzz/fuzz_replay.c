/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>

#include "sense/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct replay replay;
    double t_s;
    size_t i;

    if (replay_parse((const char *)data, size, &replay, NULL) == 0) {
        for (i = 0; i < replay.column_count; i++) {
            for (t_s = -1; t_s < 5; t_s += 0.5) {
                (void)replay_value(&replay, i, t_s);
            }
        }
        replay_finish(&replay);
    }
    return 0;
}
