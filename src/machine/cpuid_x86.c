/* SPDX-License-Identifier: MIT */
#include "machine/cpuid.h"

#include <cpuid.h>
#include <stdio.h>
#include <string.h>

#include "machine/virt_words.h"

/* Leaves 0x40000000 and up are kept for hypervisors (Intel SDM vol. 2A and AMD APM vol. 3, CPUID;
 * Microsoft, Hypervisor Top-Level Functional Specification: leaf 0x40000003, EBX bit 0, is
 * CreatePartitions, which the root partition alone may). */
bool cpuid_hypervisor(char *ret, size_t size, bool *ret_root)
{
    unsigned eax, ebx, ecx, edx;
    char signature[12];
    const char *name;

    *ret_root = false;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || (ecx & 1u << 31) == 0) {
        return false;
    }
    __cpuid(0x40000000, eax, ebx, ecx, edx);
    memcpy(signature, &ebx, 4);
    memcpy(signature + 4, &ecx, 4);
    memcpy(signature + 8, &edx, 4);
    name = virt_signature_name(signature);
    if (name[0] != '\0') {
        snprintf(ret, size, "%s", name);
    }
    if (strcmp(name, "hyperv") == 0 && eax >= 0x40000003) {
        __cpuid(0x40000003, eax, ebx, ecx, edx);
        *ret_root = (ebx & 1) != 0;
    }
    return true;
}
