/* SPDX-License-Identifier: MIT */
/* A fake machine is a folder: made under TMPDIR, filled by tests, removed with everything in it. */
#ifndef TESTS_FAKE_TREE_H
#define TESTS_FAKE_TREE_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wattle/sys/sensor.h>

struct fake_tree {
    char root[256];
    char sysfs[300], procfs[300], cgroup[300], dev[300];
    struct wattle_host host;
};

static inline int fake_tree_unlink(const char *path, const struct stat *st, int type,
                                   struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void fake_tree_remove(struct fake_tree *tree)
{
    nftw(tree->root, fake_tree_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* Writes a file below the root, making its folders. */
static inline void fake_tree_write_bytes(struct fake_tree *tree, const char *name,
                                         const void *data, size_t size)
{
    char path[1024];
    char *slash;
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", tree->root, name);
    for (slash = path + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    file = fopen(path, "w");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
        abort();
    }
}

static inline void fake_tree_write(struct fake_tree *tree, const char *name, const char *text)
{
    fake_tree_write_bytes(tree, name, text, strlen(text));
}

/* sys, proc, cgroup and dev under one new folder. */
static inline void fake_tree_create(struct fake_tree *tree)
{
    const char *tmp = getenv("TMPDIR");

    memset(tree, 0, sizeof *tree);
    snprintf(tree->root, sizeof tree->root, "%s/wattle-test-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(tree->root) == NULL) {
        abort();
    }
    snprintf(tree->sysfs, sizeof tree->sysfs, "%s/sys", tree->root);
    snprintf(tree->procfs, sizeof tree->procfs, "%s/proc", tree->root);
    snprintf(tree->cgroup, sizeof tree->cgroup, "%s/cgroup", tree->root);
    snprintf(tree->dev, sizeof tree->dev, "%s/dev", tree->root);
    mkdir(tree->sysfs, 0700);
    mkdir(tree->procfs, 0700);
    mkdir(tree->cgroup, 0700);
    mkdir(tree->dev, 0700);
    tree->host.sysfs = tree->sysfs;
    tree->host.procfs = tree->procfs;
    tree->host.cgroup = tree->cgroup;
    tree->host.dev = tree->dev;
    tree->host.nvml = "none";
    tree->host.fake = true;
}

#endif
