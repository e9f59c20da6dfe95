/* SPDX-License-Identifier: MIT */
/* The kernel's files about processes: stat, status, loadavg, a group's cpu.stat. */
#include <stdint.h>
#include <stdlib.h>

#include "attribute/process_stat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct process_stat stat;
    uid_t uid;
    pid_t last;

    if (process_stat_parse(text, size, &stat) && stat.parent < 0) {
        abort();
    }
    process_uid_parse(text, size, &uid);
    if (process_last_pid_parse(text, size, &last) && last < 0) {
        abort();
    }
    if (process_cpu_stat_parse(text, size) < 0) {
        abort();
    }
    return 0;
}
