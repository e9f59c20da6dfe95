/* SPDX-License-Identifier: MIT */
#ifndef MACHINE_CPUID_H
#define MACHINE_CPUID_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Asks the processor itself. True if a hypervisor answers (CPUID.1:ECX bit 31); its name goes
 * into ret, "" left as it was if unknown. ret_root: this is the hypervisor's own partition
 * (Hyper-V), which runs on the whole machine. Always false on processors without CPUID.
 */
bool cpuid_hypervisor(char *ret, size_t size, bool *ret_root);

#endif
