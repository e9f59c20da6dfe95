/* SPDX-License-Identifier: MIT */
/*
 * Instance types of clouds: which host, and which part of it. Pure.
 *
 * The table is data/cloud-instances.csv: families ("m5", "Standard_D*s_v3", "n2-standard"), and
 * single types where the family does not tell everything.
 */
#ifndef MACHINE_CLOUD_H
#define MACHINE_CLOUD_H

#include <stdbool.h>
#include <stddef.h>

struct cloud_row {
    const char *provider, *type;
    const char *cpu;
    int host_vcpus;
    int sockets;        /* 0: not known */
    double gb_per_vcpu; /* 10^9 bytes */
    int vcpus;          /* of the type itself; 0: its name tells (machine_cloud_vcpus) */
};
extern const struct cloud_row cloud_rows[];
extern const size_t cloud_row_count;

struct machine_cloud {
    const char *cpu; /* of the host; static */
    int host_vcpus;
    int sockets; /* of the host; 0: not known */
    int vcpus;   /* of this instance; 0: not known */
    double host_memory_gb; /* at least: what all its virtual CPUs together would have */
};

#define CLOUD_FAMILY_MAX 64

/* provider: "aws", "azure" or "gcp". False: not in the table. Letter case does not matter. */
bool machine_cloud_find(const char *provider, const char *instance_type,
                        struct machine_cloud *ret);

/* "m5.large" -> "m5", "n2-standard-8" -> "n2-standard", "Standard_D4s_v3" -> "Standard_D*s_v3".
 * False: too long, or the provider is not known. */
bool machine_cloud_family(const char *provider, const char *instance_type,
                          char ret[CLOUD_FAMILY_MAX]);

/* The virtual CPUs that a name tells; 0: none. A "constrained" Azure type has hidden ones, which
 * count: nobody else gets them. */
int machine_cloud_vcpus(const char *provider, const char *instance_type);

/* Hypervisors hide the model: "Intel(R) Xeon(R) CPU @ 2.20GHz", "AMD EPYC Processor". */
bool machine_cloud_cpu_hidden(const char *model_name);

#endif
