/* SPDX-License-Identifier: MIT */
#include "sense/rapl.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/host.h"
#include "machine/cpu.h"

/*
 * How far RAPL may be trusted (90 % half width, relative). No paper gives one
 * number for all machines; these are our reading of them:
 *
 * - Intel since Haswell measures current in its voltage regulators: package plus
 *   DRAM follow an AC reference meter in one function for all loads (Hackenberg
 *   et al., "An Energy Efficiency Feature Survey of the Intel Haswell Processor",
 *   IPDPSW 2015; Khan et al., "RAPL in Action", ACM ToMPECS 3(2), 2018).
 * - DRAM is good on servers; on desktops it is off by a constant (Desrochers et al.,
 *   "A Validation of DRAM RAPL Power Measurements", MEMSYS 2016).
 * - AMD models its numbers from activity: on Zen 2 they follow neither operand data nor
 *   memory power (Schoene et al., "Energy Efficiency Aspects of the AMD Zen 2
 *   Architecture", CLUSTER 2021, arXiv 2108.00808).
 */
#define ERROR_INTEL_PACKAGE 0.03
#define ERROR_INTEL_DRAM 0.05
#define ERROR_INTEL_PART 0.05
#define ERROR_PSYS 0.05
#define ERROR_AMD 0.10
#define ERROR_UNKNOWN 0.05

/* Intel SDM vol. 3B, 15.10: energy status registers are updated about every millisecond. */
#define UPDATE_PERIOD_S 0.001

void rapl_cpu_read(const struct wattle_host *host, struct rapl_cpu *ret)
{
    struct machine_cpu cpu;
    char path[512];
    char text[4096];
    ssize_t n;

    memset(ret, 0, sizeof *ret);
    ret->family = -1;
    ret->model = -1;
    /* A fake /sys beside the real /proc: that processor is not this one. */
    if (host->fake && strcmp(host->procfs, "/proc") == 0) {
        return;
    }
    /* The first processor says it all; the kernel takes milliseconds to write down hundreds. */
    if (host_path(path, sizeof path, host->procfs, "cpuinfo") < 0) {
        return;
    }
    n = file_read(path, text, sizeof text);
    if (n <= 0) {
        return;
    }
    machine_cpu_parse(text, (size_t)n, &cpu);
    if (strcmp(cpu.vendor, "GenuineIntel") == 0) {
        ret->vendor = RAPL_VENDOR_INTEL;
    } else if (strcmp(cpu.vendor, "AuthenticAMD") == 0 || strcmp(cpu.vendor, "HygonGenuine") == 0) {
        ret->vendor = RAPL_VENDOR_AMD;
    }
    ret->family = cpu.family;
    ret->model = cpu.model;
    snprintf(ret->name, sizeof ret->name, "%s", cpu.model_name);
}

/* "-12" at *text: its number, *text moved past it. -1 if it is anything else. */
static int parse_suffix(const char **text)
{
    const char *p = *text;
    int value = 0;

    if (*p != '-' || !isdigit((unsigned char)p[1])) {
        return -1;
    }
    for (p++; isdigit((unsigned char)*p); p++) {
        value = value * 10 + (*p - '0');
        if (value > 99999) {
            return -1;
        }
    }
    *text = p;
    return value;
}

static bool starts_with(const char **text, const char *word)
{
    size_t length = strlen(word);

    if (strncmp(*text, word, length) != 0) {
        return false;
    }
    *text += length;
    return true;
}

bool rapl_name_parse(const char *text, struct rapl_name *ret)
{
    static const struct {
        const char *word;
        enum wattle_domain domain;
    } plain[] = {
        {"core", WATTLE_D_CORE},
        {"uncore", WATTLE_D_UNCORE},
        {"dram", WATTLE_D_DRAM},
        {"psys", WATTLE_D_PLATFORM},
    };
    size_t i;

    ret->package = -1;
    ret->die = -1;
    if (starts_with(&text, "package")) {
        ret->domain = WATTLE_D_PACKAGE;
        ret->package = parse_suffix(&text);
        if (ret->package < 0) {
            return false;
        }
        if (starts_with(&text, "-die")) {
            ret->die = parse_suffix(&text);
            if (ret->die < 0) {
                return false;
            }
        }
        return *text == '\0';
    }
    for (i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        const char *rest = text;

        if (starts_with(&rest, plain[i].word)) {
            ret->domain = plain[i].domain;
            if (*rest != '\0') {
                ret->package = parse_suffix(&rest);
                if (ret->package < 0) {
                    return false;
                }
            } else if (ret->domain == WATTLE_D_PLATFORM) {
                ret->package = 0;
            }
            return *rest == '\0';
        }
    }
    return false;
}

static int compare_parts(const struct rapl_part *a, int package, int die)
{
    if (a->package != package) {
        return a->package < package ? -1 : 1;
    }
    return a->die < die ? -1 : a->die > die;
}

void rapl_parts_add(struct rapl_parts *parts, int package, int die)
{
    size_t i = 0;

    while (i < parts->count && compare_parts(&parts->items[i], package, die) < 0) {
        i++;
    }
    if (parts->count == RAPL_PARTS_MAX ||
        (i < parts->count && compare_parts(&parts->items[i], package, die) == 0)) {
        return;
    }
    memmove(&parts->items[i + 1], &parts->items[i], (parts->count - i) * sizeof parts->items[0]);
    parts->items[i].package = package;
    parts->items[i].die = die;
    parts->count++;
}

int rapl_parts_index(const struct rapl_parts *parts, int package, int die)
{
    bool dies = false;
    size_t i;

    for (i = 0; i < parts->count; i++) {
        dies = dies || parts->items[i].die >= 0;
    }
    for (i = 0; dies && i < parts->count; i++) {
        if (compare_parts(&parts->items[i], package, die) == 0) {
            return (int)i;
        }
    }
    return package >= 0 ? package : 0;
}

static double error_of(const struct rapl_cpu *cpu, enum wattle_domain domain)
{
    if (cpu->vendor == RAPL_VENDOR_AMD) {
        return ERROR_AMD;
    }
    if (domain == WATTLE_D_PLATFORM) {
        return ERROR_PSYS;
    }
    if (cpu->vendor != RAPL_VENDOR_INTEL) {
        return ERROR_UNKNOWN;
    }
    switch (domain) {
    case WATTLE_D_PACKAGE:
        return ERROR_INTEL_PACKAGE;
    case WATTLE_D_DRAM:
        return ERROR_INTEL_DRAM;
    default:
        return ERROR_INTEL_PART;
    }
}

void rapl_channel_describe(struct wattle_channel *channel, const struct rapl_cpu *cpu,
                           const struct rapl_parts *parts, enum wattle_domain domain, int package,
                           int die)
{
    static const char *const words[] = {
        [WATTLE_D_PACKAGE] = "package", [WATTLE_D_CORE] = "core", [WATTLE_D_UNCORE] = "uncore",
        [WATTLE_D_DRAM] = "dram",
    };
    int index = rapl_parts_index(parts, package, die);

    channel->quantity = WATTLE_Q_ENERGY;
    channel->quality = WATTLE_MEASURED;
    channel->domain = domain;
    channel->unit_index = index;
    channel->update_period_s = UPDATE_PERIOD_S;
    channel->error_relative = error_of(cpu, domain);
    channel->error_w = 0;
    channel->kind = domain == WATTLE_D_DRAM       ? WATTLE_DRAM
                    : domain == WATTLE_D_PLATFORM ? WATTLE_BOARD
                                                  : WATTLE_CPU;
    snprintf(channel->device, sizeof channel->device, "%s", cpu->name);
    if (domain == WATTLE_D_PLATFORM) {
        channel->unit_index = package > 0 ? package : 0;
        snprintf(channel->name, sizeof channel->name, package > 0 ? "psys-%d" : "psys", package);
    } else if (domain == WATTLE_D_PACKAGE && die >= 0) {
        snprintf(channel->name, sizeof channel->name, "package-%d-die-%d", package, die);
    } else {
        snprintf(channel->name, sizeof channel->name, "%s-%d", words[domain], index);
    }
}

/*
 * Intel's servers whose DRAM counter has a fixed unit of 2^-16 J (15.3 uJ):
 * Haswell-X to Ice Lake-X and Knights Landing/Mill, as in the kernel's
 * arch/x86/events/rapl.c (RAPL_UNIT_QUIRK_INTEL_HSW); from Sapphire Rapids on
 * the unit register holds for DRAM too.
 */
bool rapl_dram_unit_is_fixed(const struct rapl_cpu *cpu)
{
    static const unsigned char models[] = {
        0x3f /* Haswell-X */,  0x4f /* Broadwell-X */, 0x56 /* Broadwell-D */,
        0x55 /* Skylake-X */,  0x6a /* Ice Lake-X */,  0x6c /* Ice Lake-D */,
        0x57 /* Knights Landing */, 0x85 /* Knights Mill */,
    };
    size_t i;

    for (i = 0; i < sizeof models; i++) {
        if (cpu->vendor == RAPL_VENDOR_INTEL && cpu->family == 6 && cpu->model == models[i]) {
            return true;
        }
    }
    return false;
}

uint64_t rapl_likely_range_uj(const struct rapl_cpu *cpu, enum wattle_domain domain)
{
    /* 0xFFFFFFFF counts of a unit that the kernel holds in whole nanojoules: 61035 for 2^-14 J,
     * 15258 for 2^-16 J (AMD), 15300 for the fixed DRAM unit of Intel's servers. */
    if (cpu->vendor == RAPL_VENDOR_AMD) {
        return 65532610987;
    }
    if (domain == WATTLE_D_DRAM && rapl_dram_unit_is_fixed(cpu)) {
        return 65712999613;
    }
    return RAPL_LARGEST_RANGE_UJ;
}
