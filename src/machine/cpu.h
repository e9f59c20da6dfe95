/* SPDX-License-Identifier: MIT */
/* What the processor is, from <procfs>/cpuinfo and <sysfs>/devices/system/cpu. */
#ifndef MACHINE_CPU_H
#define MACHINE_CPU_H

#include <stdbool.h>
#include <stddef.h>

#include <wattle/error.h>
#include <wattle/sys/sensor.h>

struct machine_cpu {
    char vendor[16];      /* "GenuineIntel", "AuthenticAMD", "ARM", ...; "" unknown */
    char model_name[128]; /* as the machine says it; "" unknown */
    int family, model, stepping; /* x86 numbers (decimal as in cpuinfo); -1 unknown */
    int sockets;          /* >= 1; 0 unknown */
    int cores;            /* physical, all sockets; 0 unknown */
    int threads;          /* logical, online; 0 unknown */
    double max_mhz;       /* NaN unknown */
    bool hypervisor;      /* the flag that says "this is a virtual machine" */
};

/* Never fails for a missing file: what is not there stays unknown. */
void machine_cpu_read(const struct wattle_host *host, struct machine_cpu *ret);

/* Pure: the text of a cpuinfo (x86 or arm64); `size` bytes. */
void machine_cpu_parse(const char *text, size_t size, struct machine_cpu *ret);

#endif
