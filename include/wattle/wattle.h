/* SPDX-License-Identifier: MIT */
/*
 * wattle/wattle.h - everything, in the order the water flows:
 * sense -> meter -> attribute -> carbon -> record.
 */
#ifndef WATTLE_H
#define WATTLE_H

#include <wattle/emission.h>
#include <wattle/energy.h>
#include <wattle/error.h>
#include <wattle/meter.h>
#include <wattle/record.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0"; static. */
WATTLE_API const char *wattle_version(void);

#ifdef __cplusplus
}
#endif
#endif
