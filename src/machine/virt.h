/* SPDX-License-Identifier: MIT */
/* Is this a virtual machine or a container, and what may it use? No network is touched. */
#ifndef MACHINE_VIRT_H
#define MACHINE_VIRT_H

#include <stdbool.h>

#include <wattle/sys/sensor.h>

struct machine_virt {
    bool virtual_machine;
    char hypervisor[32];    /* "kvm", "vmware", "hyperv", "xen", ...; "" none or unknown */
    char cloud[32];         /* "aws", "gcp", "azure", ...; "" none or unknown */
    char instance_type[64]; /* of DMI, else of the host; "" unknown */
    bool container;
    char container_kind[32]; /* "docker", "podman", "lxc", ...; "" unknown */
    double cpu_limit;       /* CPUs that the cgroup may use; NaN: no limit */
    double memory_limit_bytes; /* NaN: no limit */
};

void machine_virt_read(const struct wattle_host *host, struct machine_virt *ret);

#endif
