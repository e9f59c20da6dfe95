/* SPDX-License-Identifier: MIT */
#include "machine/virt.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/host.h"
#include "machine/cgroup.h"
#include "machine/cpu.h"
#include "machine/cpuid.h"
#include "machine/virt_words.h"

static void set(char *ret, size_t size, const char *text) { snprintf(ret, size, "%s", text); }

/* ---- virtual machine ------------------------------------------------------------------------ */

static void dmi_read(const struct wattle_host *host, struct dmi_strings *ret)
{
    char dir[4096];

    memset(ret, 0, sizeof *ret);
    if (host_path(dir, sizeof dir, host->sysfs, "class/dmi/id") < 0) {
        return;
    }
    file_read_line(dir, "sys_vendor", ret->sys_vendor, sizeof ret->sys_vendor);
    file_read_line(dir, "product_name", ret->product_name, sizeof ret->product_name);
    file_read_line(dir, "board_vendor", ret->board_vendor, sizeof ret->board_vendor);
    file_read_line(dir, "bios_vendor", ret->bios_vendor, sizeof ret->bios_vendor);
    file_read_line(dir, "bios_version", ret->bios_version, sizeof ret->bios_version);
    file_read_line(dir, "chassis_asset_tag", ret->chassis_asset_tag,
                   sizeof ret->chassis_asset_tag);
}

/* "linux,kvm", "xen,xen-4.17", "vmware": Documentation/devicetree/bindings and systemd's virt.c. */
static bool devicetree_read(const struct wattle_host *host, struct machine_virt *ret)
{
    char text[128];
    char sysfs[4096];

    if (file_read_line(host->procfs, "device-tree/hypervisor/compatible", text, sizeof text) <= 0 &&
        (host_path(sysfs, sizeof sysfs, host->sysfs, "firmware/devicetree/base") < 0 ||
         file_read_line(sysfs, "hypervisor/compatible", text, sizeof text) <= 0)) {
        return false;
    }
    if (strcmp(text, "linux,kvm") == 0) {
        set(ret->hypervisor, sizeof ret->hypervisor, "kvm");
    } else if (strstr(text, "xen") != NULL) {
        set(ret->hypervisor, sizeof ret->hypervisor, "xen");
    } else if (strstr(text, "vmware") != NULL) {
        set(ret->hypervisor, sizeof ret->hypervisor, "vmware");
    } else {
        set(ret->hypervisor, sizeof ret->hypervisor, "");
    }
    return true;
}

static bool xen_host(const struct wattle_host *host)
{
    char text[128];

    return file_read_line(host->procfs, "xen/capabilities", text, sizeof text) > 0 &&
           strstr(text, "control_d") != NULL;
}

static void machine_kind_read(const struct wattle_host *host, const struct machine_cpu *cpu,
                              struct machine_virt *ret)
{
    struct dmi_strings dmi;
    char text[32];
    bool root_partition = false;

    dmi_read(host, &dmi);
    virt_dmi_parse(&dmi, ret);
    if (xen_host(host)) {
        ret->virtual_machine = false;
        set(ret->hypervisor, sizeof ret->hypervisor, "xen");
        return;
    }
    if (cpu->hypervisor) {
        ret->virtual_machine = true;
    }
    if (!host->fake && cpuid_hypervisor(ret->hypervisor, sizeof ret->hypervisor, &root_partition)) {
        ret->virtual_machine = !root_partition;
    }
    if (devicetree_read(host, ret)) {
        ret->virtual_machine = true;
    }
    if (file_read_line(host->sysfs, "hypervisor/type", text, sizeof text) > 0 &&
        strcmp(text, "xen") == 0) {
        ret->virtual_machine = true;
        set(ret->hypervisor, sizeof ret->hypervisor, "xen");
    }
    /* Where the processor can say so and does not, a cloud's name in DMI is a metal instance. */
    if (cpu->family < 0 && ret->cloud[0] != '\0' && !virt_is_metal(ret->instance_type)) {
        ret->virtual_machine = true;
    }
}

/* ---- container ------------------------------------------------------------------------------ */

static bool root_file(const struct wattle_host *host, const char *name)
{
    char path[4096];

    if (!host->fake) {
        return access(name, F_OK) == 0;
    }
    return host_path(path, sizeof path, host->procfs, "1/root%s", name) > 0 &&
           access(path, F_OK) == 0;
}

static void container(struct machine_virt *ret, const char *kind)
{
    ret->container = true;
    if (ret->container_kind[0] == '\0') {
        set(ret->container_kind, sizeof ret->container_kind, kind);
    }
}

static void container_read(const struct wattle_host *host, struct machine_virt *ret)
{
    char text[16384];
    ssize_t n;

    /* What the manager says itself comes first: these files and variables are agreed on. */
    n = file_read_at(host->procfs, "1/environ", text, sizeof text);
    if (n > 0 && virt_environ_parse(text, (size_t)n, ret->container_kind,
                                    sizeof ret->container_kind)) {
        ret->container = true;
    }
    if (root_file(host, "/run/.containerenv")) {
        container(ret, "podman");
    }
    if (root_file(host, "/.dockerenv")) {
        container(ret, "docker");
    }
    if (!host->fake && file_read_line("/run/systemd", "container", text, sizeof text) > 0) {
        container(ret, text);
    }
    n = file_read_at(host->procfs, "1/cgroup", text, sizeof text);
    if (n > 0 && virt_cgroup_kind(text) != NULL) {
        container(ret, virt_cgroup_kind(text));
    }
    n = file_read_at(host->procfs, "self/cgroup", text, sizeof text);
    if (!ret->container && n > 0 && virt_cgroup_kind(text) != NULL) {
        container(ret, virt_cgroup_kind(text));
    }
    n = file_read_at(host->procfs, "sys/kernel/osrelease", text, sizeof text);
    if (n > 0 && (strstr(text, "Microsoft") != NULL || strstr(text, "WSL") != NULL)) {
        container(ret, "wsl");
    }
}

void machine_virt_read(const struct wattle_host *host, struct machine_virt *ret)
{
    struct cgroup_limits limits;
    struct machine_cpu cpu;

    memset(ret, 0, sizeof *ret);
    machine_cpu_read(host, &cpu);
    machine_kind_read(host, &cpu, ret);
    if (ret->instance_type[0] == '\0' && host->instance != NULL) {
        set(ret->instance_type, sizeof ret->instance_type, host->instance);
    }
    container_read(host, ret);
    cgroup_limits_read(host, cpu.threads, &limits);
    ret->cpu_limit = limits.cpus;
    ret->memory_limit_bytes = limits.memory_bytes;
}
