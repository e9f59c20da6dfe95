/* SPDX-License-Identifier: MIT */
/* The text of a /proc/cpuinfo, x86 or arm64. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "machine/cpu.h"

#define CPUS_MAX 65536

static void cpu_init(struct machine_cpu *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->family = -1;
    ret->model = -1;
    ret->stepping = -1;
    ret->max_mhz = WATTLE_UNKNOWN;
}

/* ---- names of Arm implementers and cores ---------------------------------------------------- */

struct numbered_name {
    unsigned number;
    const char *name;
};

/* MIDR_EL1.Implementer: Arm Architecture Reference Manual (DDI 0487), and the kernel's
 * arch/arm64/include/asm/cputype.h for those that registered later. */
static const struct numbered_name arm_implementers[] = {
    {0x41, "ARM"},      {0x42, "Broadcom"}, {0x43, "Cavium"},  {0x46, "Fujitsu"},
    {0x48, "HiSilicon"}, {0x4e, "NVIDIA"},   {0x50, "APM"},     {0x51, "Qualcomm"},
    {0x53, "Samsung"},  {0x61, "Apple"},    {0x6d, "Microsoft"}, {0x70, "Phytium"},
    {0xc0, "Ampere"},
};

/* (implementer << 12 | part), from the same file. */
static const struct numbered_name arm_parts[] = {
    {0x41d03, "Cortex-A53"},   {0x41d05, "Cortex-A55"},  {0x41d07, "Cortex-A57"},
    {0x41d08, "Cortex-A72"},   {0x41d09, "Cortex-A73"},  {0x41d0a, "Cortex-A75"},
    {0x41d0b, "Cortex-A76"},   {0x41d0c, "Neoverse-N1"}, {0x41d0d, "Cortex-A77"},
    {0x41d40, "Neoverse-V1"},  {0x41d41, "Cortex-A78"},  {0x41d42, "Cortex-A78AE"},
    {0x41d49, "Neoverse-N2"},  {0x41d4f, "Neoverse-V2"}, {0x41d84, "Neoverse-V3"},
    {0x41d8e, "Neoverse-N3"},  {0x430af, "ThunderX2"},   {0x46001, "A64FX"},
    {0x48d01, "Kunpeng-920"},  {0x4e004, "Carmel"},      {0xc0ac3, "AmpereOne"},
    {0xc0ac4, "AmpereOne-AC04"},
};

static const char *name_of(const struct numbered_name *names, size_t count, unsigned number)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (names[i].number == number) {
            return names[i].name;
        }
    }
    return NULL;
}

/* ---- cpuinfo -------------------------------------------------------------------------------- */

struct cpuinfo {
    struct machine_cpu *cpu;
    unsigned arm_implementer, arm_part;
    long package, core; /* of the current processor; -1 unknown */
    uint64_t *ids;      /* package << 32 | core, of every processor that says both */
    size_t id_count;
    bool open; /* a processor has begun */
};

static void copy_text(char *ret, size_t size, const char *text, size_t length)
{
    size_t i;

    if (ret[0] != '\0') {
        return; /* the first processor speaks for all */
    }
    if (length >= size) {
        length = size - 1;
    }
    for (i = 0; i < length; i++) {
        ret[i] = isprint((unsigned char)text[i]) ? text[i] : '?';
    }
    ret[length] = '\0';
}

static long number_of(const char *text, size_t length, int base)
{
    char digits[24];
    char *end;
    long value;

    if (length == 0 || length >= sizeof digits || !isdigit((unsigned char)text[0])) {
        return -1;
    }
    memcpy(digits, text, length);
    digits[length] = '\0';
    value = strtol(digits, &end, base);
    return *end == '\0' && value >= 0 && value <= INT32_MAX ? value : -1;
}

static bool has_word(const char *text, size_t length, const char *word)
{
    size_t size = strlen(word);
    size_t i;

    for (i = 0; i + size <= length; i++) {
        if (memcmp(text + i, word, size) == 0 && (i == 0 || text[i - 1] == ' ') &&
            (i + size == length || text[i + size] == ' ')) {
            return true;
        }
    }
    return false;
}

static void processor_end(struct cpuinfo *info)
{
    if (info->open && info->package >= 0 && info->core >= 0 && info->id_count < CPUS_MAX) {
        info->ids[info->id_count++] = (uint64_t)info->package << 32 | (uint64_t)info->core;
    }
    info->open = false;
    info->package = -1;
    info->core = -1;
}

static void cpuinfo_key(struct cpuinfo *info, const char *key, const char *value, size_t length)
{
    struct machine_cpu *cpu = info->cpu;
    bool first = cpu->threads <= 1;

    if (strcmp(key, "processor") == 0) {
        processor_end(info);
        info->open = number_of(value, length, 10) >= 0 && cpu->threads < CPUS_MAX;
        cpu->threads += info->open;
    } else if (strcmp(key, "physical id") == 0) {
        info->package = number_of(value, length, 10);
    } else if (strcmp(key, "core id") == 0) {
        info->core = number_of(value, length, 10);
    } else if (!first) {
        return;
    } else if (strcmp(key, "vendor_id") == 0) {
        copy_text(cpu->vendor, sizeof cpu->vendor, value, length);
    } else if (strcmp(key, "model name") == 0 || strcmp(key, "cpu") == 0 ||
               strcmp(key, "uarch") == 0) {
        copy_text(cpu->model_name, sizeof cpu->model_name, value, length);
    } else if (strcmp(key, "cpu family") == 0) {
        cpu->family = (int)number_of(value, length, 10);
    } else if (strcmp(key, "model") == 0) {
        cpu->model = (int)number_of(value, length, 10);
    } else if (strcmp(key, "stepping") == 0) {
        cpu->stepping = (int)number_of(value, length, 10);
    } else if (strcmp(key, "flags") == 0) {
        cpu->hypervisor = has_word(value, length, "hypervisor");
    } else if (strcmp(key, "CPU implementer") == 0) {
        long n = number_of(value, length, 16);

        info->arm_implementer = n > 0 && n < 0x100 ? (unsigned)n : 0;
    } else if (strcmp(key, "CPU part") == 0) {
        long n = number_of(value, length, 16);

        info->arm_part = n > 0 && n < 0x1000 ? (unsigned)n : 0;
    }
}

static void cpuinfo_line(struct cpuinfo *info, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);
    char key[32];
    size_t key_length;

    if (colon == NULL) {
        return;
    }
    key_length = (size_t)(colon - line);
    while (key_length > 0 && isspace((unsigned char)line[key_length - 1])) {
        key_length--;
    }
    if (key_length == 0 || key_length >= sizeof key) {
        return;
    }
    memcpy(key, line, key_length);
    key[key_length] = '\0';
    length -= (size_t)(colon + 1 - line);
    line = colon + 1;
    while (length > 0 && isspace((unsigned char)line[0])) {
        line++;
        length--;
    }
    while (length > 0 && isspace((unsigned char)line[length - 1])) {
        length--;
    }
    cpuinfo_key(info, key, line, length);
}

static int compare_ids(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;

    return (*x > *y) - (*x < *y);
}

static void count_topology(struct cpuinfo *info)
{
    size_t i;

    qsort(info->ids, info->id_count, sizeof info->ids[0], compare_ids);
    for (i = 0; i < info->id_count; i++) {
        if (i == 0 || info->ids[i] != info->ids[i - 1]) {
            info->cpu->cores++;
        }
        if (i == 0 || info->ids[i] >> 32 != info->ids[i - 1] >> 32) {
            info->cpu->sockets++;
        }
    }
}

void machine_cpu_parse(const char *text, size_t size, struct machine_cpu *ret)
{
    struct cpuinfo info = {.cpu = ret, .package = -1, .core = -1};
    const char *name;

    cpu_init(ret);
    /* "processor" and its colon take at least 12 bytes. */
    info.ids = calloc(size / 12 < CPUS_MAX ? size / 12 + 1 : CPUS_MAX, sizeof info.ids[0]);
    if (info.ids == NULL) {
        return;
    }
    while (size > 0) {
        const char *newline = memchr(text, '\n', size);
        size_t length = newline != NULL ? (size_t)(newline - text) : size;

        cpuinfo_line(&info, text, length);
        if (newline == NULL) {
            break;
        }
        size -= length + 1;
        text = newline + 1;
    }
    processor_end(&info);
    count_topology(&info);
    free(info.ids);
    name = name_of(arm_implementers, sizeof arm_implementers / sizeof arm_implementers[0],
                   info.arm_implementer);
    if (name != NULL) {
        copy_text(ret->vendor, sizeof ret->vendor, name, strlen(name));
        ret->model = -1; /* "model" means another thing there */
    }
    name = name_of(arm_parts, sizeof arm_parts / sizeof arm_parts[0],
                   info.arm_implementer << 12 | info.arm_part);
    if (name != NULL) {
        copy_text(ret->model_name, sizeof ret->model_name, name, strlen(name));
    }
}
