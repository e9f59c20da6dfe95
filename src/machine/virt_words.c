/* SPDX-License-Identifier: MIT */
/*
 * Sources: cloud-init tools/ds-identify (which cloud writes what into DMI), systemd
 * src/basic/virt.c (hypervisors, containers), the vendors' own documentation. Read 2026.
 */
#include "machine/virt_words.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct word_rule {
    size_t field; /* offset in struct dmi_strings */
    const char *prefix;
    const char *name;
};

#define FIELD(f) offsetof(struct dmi_strings, f)

static const struct word_rule clouds[] = {
    {FIELD(sys_vendor), "Amazon EC2", "aws"},
    {FIELD(bios_version), "4.2.amazon", "aws"},
    {FIELD(bios_version), "4.11.amazon", "aws"},
    {FIELD(product_name), "Google Compute Engine", "gcp"},
    /* Azure's fixed tag; plain Hyper-V has the same vendor but not this. */
    {FIELD(chassis_asset_tag), "7783-7084-3265-9085-8269-3286-77", "azure"},
    {FIELD(product_name), "Alibaba Cloud ECS", "alibaba"},
    {FIELD(chassis_asset_tag), "OracleCloud.com", "oracle"},
    {FIELD(sys_vendor), "Hetzner", "hetzner"},
    {FIELD(sys_vendor), "DigitalOcean", "digitalocean"},
    {FIELD(sys_vendor), "Scaleway", "scaleway"},
    {FIELD(sys_vendor), "Vultr", "vultr"},
    {FIELD(sys_vendor), "Akamai", "akamai"},
    {FIELD(sys_vendor), "Linode", "akamai"},
    {FIELD(sys_vendor), "Tencent Cloud", "tencent"},
    {FIELD(sys_vendor), "UpCloud", "upcloud"},
    {FIELD(product_name), "Exoscale", "exoscale"},
    {FIELD(product_name), "CloudSigma", "cloudsigma"},
    {FIELD(chassis_asset_tag), "HUAWEICLOUD", "huawei"},
    {FIELD(chassis_asset_tag), "OpenTelekomCloud", "opentelekomcloud"},
    {FIELD(product_name), "OpenStack Nova", "openstack"},
    {FIELD(product_name), "OpenStack Compute", "openstack"},
};

static const struct word_rule hypervisors[] = {
    {FIELD(product_name), "KVM", "kvm"},
    {FIELD(product_name), "Virtual Machine", "hyperv"}, /* vendor: Microsoft Corporation */
    {FIELD(product_name), "VirtualBox", "virtualbox"},
    {FIELD(product_name), "HVM domU", "xen"},
    {FIELD(product_name), "VMware", "vmware"},
    {FIELD(product_name), "OpenStack", "kvm"},
    {FIELD(sys_vendor), "QEMU", "qemu"},
    {FIELD(sys_vendor), "VMware", "vmware"},
    {FIELD(sys_vendor), "VMW", "vmware"},
    {FIELD(sys_vendor), "innotek GmbH", "virtualbox"},
    {FIELD(sys_vendor), "Xen", "xen"},
    {FIELD(sys_vendor), "Parallels", "parallels"},
    {FIELD(sys_vendor), "Apple Virtualization", "apple"},
    {FIELD(bios_vendor), "BHYVE", "bhyve"},
    {FIELD(bios_vendor), "Bochs", "bochs"},
    {FIELD(bios_vendor), "Xen", "xen"},
};

#undef FIELD

static const char *match(const struct word_rule *rules, size_t count,
                         const struct dmi_strings *dmi)
{
    size_t i;

    for (i = 0; i < count; i++) {
        const char *text = (const char *)dmi + rules[i].field;

        if (strncmp(text, rules[i].prefix, strlen(rules[i].prefix)) == 0) {
            return rules[i].name;
        }
    }
    return NULL;
}

/* Letters, digits, dots and dashes with at least one dot: "c7g.16xlarge". */
static bool looks_like_instance_type(const char *text)
{
    const char *p;

    for (p = text; *p != '\0'; p++) {
        if (!isalnum((unsigned char)*p) && *p != '.' && *p != '-') {
            return false;
        }
    }
    return strchr(text, '.') != NULL;
}

void virt_dmi_parse(const struct dmi_strings *dmi, struct machine_virt *ret)
{
    const char *cloud = match(clouds, sizeof clouds / sizeof clouds[0], dmi);
    const char *hypervisor = match(hypervisors, sizeof hypervisors / sizeof hypervisors[0], dmi);

    if (cloud != NULL) {
        snprintf(ret->cloud, sizeof ret->cloud, "%s", cloud);
        /* Nitro machines give their instance type; other clouds do not name it in DMI (Alibaba
         * and Google put the product there). */
        if (strcmp(cloud, "aws") == 0 && looks_like_instance_type(dmi->product_name)) {
            snprintf(ret->instance_type, sizeof ret->instance_type, "%.*s",
                     (int)sizeof ret->instance_type - 1, dmi->product_name);
        }
    }
    if (hypervisor != NULL && !virt_is_metal(ret->instance_type)) {
        ret->virtual_machine = true;
        snprintf(ret->hypervisor, sizeof ret->hypervisor, "%s", hypervisor);
    }
}

bool virt_is_metal(const char *instance_type) { return strstr(instance_type, ".metal") != NULL; }

bool virt_environ_parse(const char *text, size_t size, char *ret, size_t ret_size)
{
    static const char name[] = "container=";
    const size_t length = sizeof name - 1;

    while (size > 0) {
        const char *end = memchr(text, '\0', size);
        size_t item = end != NULL ? (size_t)(end - text) : size;

        if (item > length && memcmp(text, name, length) == 0) {
            size_t i;

            item = item - length < ret_size ? item - length : ret_size - 1;
            for (i = 0; i < item; i++) {
                ret[i] = isprint((unsigned char)text[length + i]) ? text[length + i] : '?';
            }
            ret[item] = '\0';
            return true;
        }
        if (end == NULL) {
            break;
        }
        size -= item + 1;
        text = end + 1;
    }
    return false;
}

const char *virt_cgroup_kind(const char *text)
{
    static const struct {
        const char *word, *kind;
    } kinds[] = {
        {"libpod", "podman"},        {"/kubepods", "kubernetes"}, {"/docker", "docker"},
        {"docker-", "docker"},       {"/lxc", "lxc"},             {"containerd", "containerd"},
        {"/ecs/", "ecs"},            {"machine.slice/machine-", "systemd-nspawn"},
        {"/garden/", "garden"},      {"/actions_job/", "docker"},
    };
    size_t i;

    for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const char *found = strstr(text, kinds[i].word);

        /* The daemon's own service on a host is not a container. */
        if (found != NULL && strncmp(found, "docker.service", 14) != 0 &&
            strncmp(found, "/docker.service", 15) != 0 &&
            strncmp(found, "containerd.service", 18) != 0) {
            return kinds[i].kind;
        }
    }
    return NULL;
}

const char *virt_signature_name(const char signature[12])
{
    static const struct {
        char signature[13];
        const char *name;
    } names[] = {
        {"KVMKVMKVM\0\0\0", "kvm"},   {"Linux KVM Hv", "kvm"},   {"TCGTCGTCGTCG", "qemu"},
        {"VMwareVMware", "vmware"},   {"Microsoft Hv", "hyperv"}, {"XenVMMXenVMM", "xen"},
        {"bhyve bhyve ", "bhyve"},    {"QNXQVMBSQG\0\0", "qnx"}, {"ACRNACRNACRN", "acrn"},
        {"SRESRESRESRE", "sre"},      {" lrpepyh  vr", "parallels"}, {"prl hyperv  ", "parallels"},
        {"VBoxVBoxVBox", "virtualbox"}, {"Apple VZ\0\0\0\0", "apple"},
    };
    size_t i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (memcmp(names[i].signature, signature, 12) == 0) {
            return names[i].name;
        }
    }
    return "";
}
