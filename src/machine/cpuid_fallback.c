/* SPDX-License-Identifier: MIT */
#include "machine/cpuid.h"

bool cpuid_hypervisor(char *ret, size_t size, bool *ret_root)
{
    (void)ret;
    (void)size;
    *ret_root = false;
    return false;
}
