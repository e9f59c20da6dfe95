/* SPDX-License-Identifier: MIT */
/*
 * What `wattle doctor --fix` installs: RAPL counters readable by the group
 * wattle, and by nobody else.
 *
 * For everyone they would be a side channel on other users' secrets: PLATYPUS,
 * Lipp et al., 2021 (CVE-2020-8694, CVE-2020-8695), which is why the kernel
 * made them root's own in 5.10.
 */
#ifndef CLI_FIX_H
#define CLI_FIX_H

#include <stdbool.h>
#include <stdio.h>

/*
 * root: "" for this system, or a folder that stands for /. Says on `out` what it did or found
 * already done. Doing it twice changes nothing. False when something could not be done.
 */
bool fix_install(const char *root, FILE *out);

/* Energy counters under <sysfs>/class/powercap that everybody may read. */
int fix_count_world_readable(const char *sysfs);

#endif
