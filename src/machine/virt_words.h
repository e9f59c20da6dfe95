/* SPDX-License-Identifier: MIT */
/* Pure: what firmware strings, environments and cgroup paths say about where we run. */
#ifndef MACHINE_VIRT_WORDS_H
#define MACHINE_VIRT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "machine/virt.h"

/* From <sysfs>/class/dmi/id; "" where a file is missing. */
struct dmi_strings {
    char sys_vendor[64];
    char product_name[64];
    char board_vendor[64];
    char bios_vendor[64];
    char bios_version[64];
    char chassis_asset_tag[64];
};

/* Fills cloud, instance_type, hypervisor and virtual_machine as far as the strings say. */
void virt_dmi_parse(const struct dmi_strings *dmi, struct machine_virt *ret);

/* "m7i.metal-24xl", "c5.metal": the whole machine. */
bool virt_is_metal(const char *instance_type);

/* container=KIND among NUL-separated variables of process 1. */
bool virt_environ_parse(const char *text, size_t size, char *ret, size_t ret_size);

/* "docker", "podman", ... from the text of a /proc/PID/cgroup; NULL: none of them. Static. */
const char *virt_cgroup_kind(const char *text);

/* The name for a CPUID 0x40000000 signature of 12 bytes; "" for one that nobody knows. Static. */
const char *virt_signature_name(const char signature[12]);

#endif
