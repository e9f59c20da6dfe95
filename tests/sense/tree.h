/* SPDX-License-Identifier: MIT */
/* A fake machine in a temporary folder, for the tests of this room. */
#ifndef TESTS_SENSE_TREE_H
#define TESTS_SENSE_TREE_H

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sense/sense.h"

struct tree {
    char root[128];
    struct wattle_host host;
    int64_t now_ns; /* the fake clock */
};

static int64_t tree_now(void *user) { return ((struct tree *)user)->now_ns; }

static int tree_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

__attribute__((unused)) static void tree_begin(struct tree *tree)
{
    memset(tree, 0, sizeof *tree);
    snprintf(tree->root, sizeof tree->root, "/tmp/wattle-tree-XXXXXX");
    if (mkdtemp(tree->root) == NULL) {
        abort();
    }
    tree->now_ns = 1000000000000;
    tree->host.sysfs = tree->root;
    tree->host.procfs = "/proc";
    tree->host.cgroup = "/sys/fs/cgroup";
    tree->host.dev = tree->root;
    tree->host.fake = true;
    tree->host.monotonic_ns = tree_now;
    tree->host.boottime_ns = tree_now;
    tree->host.time_user = tree;
}

__attribute__((unused)) static void tree_end(struct tree *tree)
{
    nftw(tree->root, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void tree_make_parents(char *path)
{
    char *p;

    for (p = path + 1; *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            if (mkdir(path, 0755) != 0 && errno != EEXIST) {
                abort();
            }
            *p = '/';
        }
    }
}

__attribute__((unused, format(printf, 3, 4))) static void
tree_write(const struct tree *tree, const char *name, const char *format, ...)
{
    char path[512];
    va_list args;
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", tree->root, name);
    tree_make_parents(path);
    file = fopen(path, "w");
    if (file == NULL) {
        abort();
    }
    va_start(args, format);
    vfprintf(file, format, args);
    va_end(args);
    fputc('\n', file);
    fclose(file);
}

__attribute__((unused)) static void tree_link(const struct tree *tree, const char *name,
                                              const char *target)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", tree->root, name);
    tree_make_parents(path);
    if (symlink(target, path) != 0) {
        abort();
    }
}

/* One powercap zone: `dir` is below the root. */
__attribute__((unused)) static void tree_zone(const struct tree *tree, const char *dir,
                                              const char *name, uint64_t energy_uj)
{
    char file[400];

    snprintf(file, sizeof file, "%s/name", dir);
    tree_write(tree, file, "%s", name);
    snprintf(file, sizeof file, "%s/energy_uj", dir);
    tree_write(tree, file, "%llu", (unsigned long long)energy_uj);
    snprintf(file, sizeof file, "%s/max_energy_range_uj", dir);
    tree_write(tree, file, "262143328850");
}

__attribute__((unused)) static const struct wattle_channel *
tree_channel(const struct wattle_channel_list *list, const char *source)
{
    size_t i;

    for (i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].source, source) == 0) {
            return &list->items[i];
        }
    }
    return NULL;
}

#endif
