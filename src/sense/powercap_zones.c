/* SPDX-License-Identifier: MIT */
#include "sense/powercap_zones.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/host.h"

/* More than any machine has; a tree of links to itself ends here. */
#define ZONES_MAX 512

/* A limit above this is "no limit" (boards set 4095.875 W), not a property of the part. */
#define LIMIT_BELIEVED_W 1500.0
/* Parts of 15 W draw 64 W for seconds, and some machines state only the 15: never call less
 * than this implausible. */
#define PACKAGE_FLOOR_W 70.0
#define DRAM_FLOOR_W 30.0

bool powercap_zone_parse(const char *base, struct powercap_zone *ret)
{
    static const char msr[] = "intel-rapl";
    static const char mmio[] = "intel-rapl-mmio";
    const char *p = base;

    memset(ret, 0, sizeof *ret);
    if (strlen(base) >= sizeof ret->base) {
        return false;
    }
    if (strncmp(p, mmio, sizeof mmio - 1) == 0) {
        ret->mmio = true;
        p += sizeof mmio - 1;
    } else if (strncmp(p, msr, sizeof msr - 1) == 0) {
        p += sizeof msr - 1;
    } else {
        return false;
    }
    while (*p == ':' && ret->levels < POWERCAP_LEVELS_MAX) {
        int number = 0;

        p++;
        if (!isdigit((unsigned char)*p)) {
            return false;
        }
        for (; isdigit((unsigned char)*p); p++) {
            number = number * 10 + (*p - '0');
            if (number > 99999) {
                return false;
            }
        }
        ret->number[ret->levels++] = number;
    }
    if (*p != '\0' || ret->levels == 0) {
        return false;
    }
    memcpy(ret->base, base, strlen(base) + 1);
    return true;
}

static int compare_zones(const void *a, const void *b)
{
    const struct powercap_zone *x = a;
    const struct powercap_zone *y = b;
    int i;

    if (x->mmio != y->mmio) {
        return x->mmio ? 1 : -1;
    }
    for (i = 0; i < POWERCAP_LEVELS_MAX; i++) {
        if (i >= x->levels || i >= y->levels) {
            return x->levels - y->levels;
        }
        if (x->number[i] != y->number[i]) {
            return x->number[i] < y->number[i] ? -1 : 1;
        }
    }
    return 0;
}

static int append(struct powercap_zones *zones, const struct powercap_zone *zone)
{
    if (zones->count == zones->capacity) {
        size_t capacity = zones->capacity == 0 ? 16 : zones->capacity * 2;
        struct powercap_zone *items = realloc(zones->items, capacity * sizeof *items);

        if (items == NULL) {
            return WATTLE_E_NOMEM;
        }
        zones->items = items;
        zones->capacity = capacity;
    }
    zones->items[zones->count++] = *zone;
    return 0;
}

/* The kernel names each zone once, so a base name seen before is the same zone by another way;
 * one folder under two names is one zone too. */
static bool seen(const struct powercap_zones *zones, const struct powercap_zone *zone)
{
    size_t i;

    for (i = 0; i < zones->count; i++) {
        if (strcmp(zones->items[i].base, zone->base) == 0 ||
            (zones->items[i].device == zone->device && zones->items[i].inode == zone->inode)) {
            return true;
        }
    }
    return false;
}

static int walk(struct powercap_zones *zones, const char *dir, int depth);

static int visit(struct powercap_zones *zones, const char *dir, const char *base, int depth)
{
    struct powercap_zone zone;
    struct stat st;
    bool is_control = strcmp(base, "intel-rapl") == 0 || strcmp(base, "intel-rapl-mmio") == 0;
    bool is_zone = powercap_zone_parse(base, &zone);
    char path[sizeof zone.path];
    int n = snprintf(path, sizeof path, "%s/%s", dir, base);

    if ((!is_control && !is_zone) || n < 0 || (size_t)n >= sizeof path) {
        return 0;
    }
    if (is_zone) {
        if (stat(path, &st) != 0) {
            return 0;
        }
        memcpy(zone.path, path, (size_t)n + 1);
        zone.device = st.st_dev;
        zone.inode = st.st_ino;
        if (seen(zones, &zone) || zones->count >= ZONES_MAX) {
            return 0;
        }
        if (file_read_line(path, "name", zone.text, sizeof zone.text) < 0) {
            zone.text[0] = '\0';
        }
        if (append(zones, &zone) != 0) {
            return WATTLE_E_NOMEM;
        }
    }
    return depth < POWERCAP_LEVELS_MAX ? walk(zones, path, depth + 1) : 0;
}

static int walk(struct powercap_zones *zones, const char *dir, int depth)
{
    DIR *stream = opendir(dir);
    struct dirent *entry;
    int code = 0;

    if (stream == NULL) {
        return 0;
    }
    while (code == 0 && (entry = readdir(stream)) != NULL) {
        if (entry->d_name[0] != '.') {
            code = visit(zones, dir, entry->d_name, depth);
        }
    }
    closedir(stream);
    return code;
}

static bool is_parent(const struct powercap_zone *parent, const struct powercap_zone *zone)
{
    return parent->mmio == zone->mmio && parent->levels == zone->levels - 1 &&
           memcmp(parent->number, zone->number, (size_t)parent->levels * sizeof(int)) == 0;
}

/* "dram" is named alike under every socket: which one it is, its parent says. */
static void name_zones(struct powercap_zones *zones)
{
    size_t i, j;

    for (i = 0; i < zones->count; i++) {
        struct powercap_zone *zone = &zones->items[i];

        zone->known = rapl_name_parse(zone->text, &zone->name);
        if (!zone->known || zone->name.package >= 0) {
            continue;
        }
        zone->name.package = zone->number[0];
        for (j = 0; j < i; j++) {
            const struct powercap_zone *parent = &zones->items[j];

            if (is_parent(parent, zone) && parent->known) {
                zone->name.package = parent->name.package;
                zone->name.die = parent->name.die;
            }
        }
    }
}

int powercap_zones_find(const char *sysfs, struct powercap_zones *ret, struct wattle_error *err)
{
    char dir[PATH_MAX];

    memset(ret, 0, sizeof *ret);
    if (host_path(dir, sizeof dir, sysfs, "class/powercap") < 0) {
        return error_set(err, WATTLE_E_INVALID, "the path of /sys is too long");
    }
    if (walk(ret, dir, 0) != 0) {
        powercap_zones_finish(ret);
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    if (ret->count > 0) {
        qsort(ret->items, ret->count, sizeof ret->items[0], compare_zones);
    }
    name_zones(ret);
    return 0;
}

void powercap_zones_finish(struct powercap_zones *zones)
{
    free(zones->items);
    memset(zones, 0, sizeof *zones);
}

double powercap_zone_power_w(const struct powercap_zone *zone)
{
    static const char *const files[][2] = {
        {"constraint_0_power_limit_uw", "constraint_0_max_power_uw"},
        {"constraint_1_power_limit_uw", "constraint_1_max_power_uw"},
        {"constraint_2_power_limit_uw", "constraint_2_max_power_uw"},
    };
    double highest_w = WATTLE_UNKNOWN;
    double floor_w = zone->name.domain == WATTLE_D_DRAM ? DRAM_FLOOR_W : PACKAGE_FLOOR_W;
    bool more = zone->name.domain != WATTLE_D_CORE && zone->name.domain != WATTLE_D_UNCORE;
    size_t i, j;

    for (i = 0; i < sizeof files / sizeof files[0] && more; i++) {
        more = false;
        for (j = 0; j < 2; j++) {
            uint64_t limit_uw = 0;
            double limit_w;

            more = file_read_u64(zone->path, files[i][j], &limit_uw) != -ENOENT || more;
            limit_w = (double)limit_uw / 1e6;
            if (limit_uw > 0 && limit_w <= LIMIT_BELIEVED_W && !(limit_w <= highest_w)) {
                highest_w = limit_w;
            }
        }
    }
    return highest_w < floor_w ? floor_w : highest_w;
}

uint64_t powercap_zone_range(const struct powercap_zones *zones, const struct powercap_zone *zone,
                             const struct rapl_cpu *cpu, uint64_t count)
{
    uint64_t range = rapl_likely_range_uj(cpu, zone->name.domain);
    size_t i;

    for (i = 0; i < zones->count; i++) {
        const struct powercap_zone *other = &zones->items[i];
        uint64_t stated;

        if (other != zone && other->name.domain == zone->name.domain &&
            file_read_u64(other->path, "max_energy_range_uj", &stated) == 0 && stated > 0) {
            range = stated;
            break;
        }
    }
    return count > range ? RAPL_LARGEST_RANGE_UJ : range;
}
