/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "record/store_internal.h"

#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/host.h"

static int fit(char *ret, size_t size, const char *directory, const char *name,
               struct wattle_error *err)
{
    int n = snprintf(ret, size, "%s%s", directory, name);

    if (n < 0 || (size_t)n >= size) {
        return error_set(err, WATTLE_E_INVALID, "%s: path too long", directory);
    }
    return 0;
}

int store_default_path(char *ret, size_t size, struct wattle_error *err)
{
    const char *store = host_getenv("WATTLE_STORE");
    const char *data = host_getenv("XDG_DATA_HOME");
    const char *home = host_getenv("HOME");
    struct passwd entry;
    struct passwd *found = NULL;
    char buffer[4096];

    if (store != NULL) {
        return fit(ret, size, store, "", err);
    }
    /* The XDG base directory specification: a relative path is to be ignored. */
    if (data != NULL && data[0] == '/') {
        return fit(ret, size, data, "/wattle/wattle.db", err);
    }
    /* No HOME under cron, systemd or AT_SECURE: the user still has one. */
    if (home == NULL && getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found) == 0 &&
        found != NULL && found->pw_dir[0] == '/') {
        home = found->pw_dir;
    }
    if (home == NULL) {
        return error_set(err, WATTLE_E_NOENT, "no home directory: name a store with WATTLE_STORE");
    }
    return fit(ret, size, home, "/.local/share/wattle/wattle.db", err);
}

/* statfs(2) and linux/magic.h; cluster file systems lock correctly but share no memory. */
bool store_is_network_type(unsigned long type)
{
    static const uint32_t types[] = {
        0x6969,     /* NFS */
        0x517b,     /* SMB */
        0xff534d42, /* CIFS */
        0xfe534d42, /* SMB2 */
        0x5346414f, /* AFS (OpenAFS) */
        0x6b414653, /* AFS (kAFS) */
        0x73757245, /* Coda */
        0x564c,     /* NCP */
        0x01021997, /* 9P: virtual machines, WSL */
        0x65735546, /* FUSE: sshfs and the like */
        0x00c36400, /* Ceph */
        0x0bd00bd0, /* Lustre */
        0x47504653, /* GPFS */
        0x01161970, /* GFS2 */
        0x7461636f, /* OCFS2 */
        0x19830326, /* BeeGFS */
        0xaad7aaea, /* PanFS */
        0x786f4256, /* VirtualBox shared folder */
        0xbacbacbc, /* VMware shared folder */
        0x20030528, /* OrangeFS */
    };
    size_t i;

    for (i = 0; i < sizeof types / sizeof types[0]; i++) {
        if ((uint32_t)type == types[i]) {
            return true;
        }
    }
    return false;
}

bool store_is_network(const char *directory)
{
    struct statfs info;

    return statfs(directory, &info) == 0 && store_is_network_type((unsigned long)info.f_type);
}

int spool_directory(char *ret, size_t size, const char *store_path, struct wattle_error *err)
{
    return fit(ret, size, store_path, ".spool", err);
}
