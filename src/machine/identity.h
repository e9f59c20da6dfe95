/* SPDX-License-Identifier: MIT */
/*
 * Who this machine is, without saying its name: a salted hash of machine-id.
 * The salt is random, kept in <state_dir>/machine.salt (0600); deleting it
 * resets the identity. Containers share a host's records only if they share
 * the state directory.
 */
#ifndef MACHINE_IDENTITY_H
#define MACHINE_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include <wattle/error.h>
#include <wattle/sys/sensor.h>

/* 16 hexadecimal digits. Without a writable state_dir the salt is a constant and the result is
 * still stable; ret_salted (may be NULL) says which. Without machine-id, DMI or boot facts are
 * hashed instead. */
int machine_identity(const struct wattle_host *host, const char *state_dir, char *ret, size_t size,
                     bool *ret_salted, struct wattle_error *err);

/* <procfs>/sys/kernel/random/boot_id without the newline; "" if unknown. */
void machine_boot_id(const struct wattle_host *host, char *ret, size_t size);

#endif
