/* SPDX-License-Identifier: MIT */
/* Holds a result against what a machine's manifest says is true. */
#ifndef TESTS_MACHINES_EXPECT_H
#define TESTS_MACHINES_EXPECT_H

#include <stdbool.h>
#include <stddef.h>

#include <wattle/energy.h>

#include "machine.h"

/* `duration_s`: how long the meter ran, for machines whose truth is a power. False with one line
 * for each complaint in `ret`. */
bool expect_energy(const struct machine *machine, const struct wattle_energy *energy,
                   double duration_s, char *ret, size_t size);

#endif
