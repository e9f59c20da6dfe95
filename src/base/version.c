/* SPDX-License-Identifier: MIT */
#include <wattle/wattle.h>

const char *wattle_version(void) { return WATTLE_VERSION; }
