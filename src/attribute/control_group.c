/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "attribute/control_group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "attribute/process_stat.h"
#include "base/error.h"
#include "base/file.h"
#include "machine/cgroup.h"

struct control_group {
    int dir_fd;
    int stat_fd; /* cpu.stat or cpuacct.usage, held */
    bool version_1;
    bool made;
    char path[2 * CGROUP_PATH_MAX]; /* folder */
    char name[CGROUP_PATH_MAX];     /* as /proc/PID/cgroup says it */
    double cpu_s;
};

static struct control_group *group_new(void)
{
    struct control_group *group = calloc(1, sizeof *group);

    if (group != NULL) {
        group->dir_fd = -1;
        group->stat_fd = -1;
        group->cpu_s = WATTLE_UNKNOWN;
    }
    return group;
}

static void group_free(struct control_group *group)
{
    if (group->stat_fd >= 0) {
        close(group->stat_fd);
    }
    if (group->dir_fd >= 0) {
        close(group->dir_fd);
    }
    free(group);
}

/* Opens the folder and the file that tells CPU time. 0 or -errno. */
static int group_attach(struct control_group *group)
{
    group->dir_fd = open(group->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (group->dir_fd < 0) {
        return -errno;
    }
    group->version_1 = false;
    group->stat_fd = openat(group->dir_fd, "cpu.stat", O_RDONLY | O_CLOEXEC);
    if (group->stat_fd >= 0 && !isnan(control_group_cpu_s(group))) {
        return 0;
    }
    /* Version 1 also has a cpu.stat, of throttling alone. */
    if (group->stat_fd >= 0) {
        close(group->stat_fd);
    }
    group->version_1 = true;
    group->stat_fd = openat(group->dir_fd, "cpuacct.usage", O_RDONLY | O_CLOEXEC);
    if (group->stat_fd >= 0 && !isnan(control_group_cpu_s(group))) {
        return 0;
    }
    return -ENOENT;
}

double control_group_cpu_s(struct control_group *group)
{
    char text[1024];
    uint64_t ns;
    double cpu_s = WATTLE_UNKNOWN;
    ssize_t n = pread(group->stat_fd, text, sizeof text, 0);

    if (n > 0 && !group->version_1) {
        cpu_s = process_cpu_stat_parse(text, (size_t)n);
    } else if (n > 0 && parse_u64(text, (size_t)n, &ns)) {
        cpu_s = (double)ns / 1e9;
    }
    if (!isnan(cpu_s)) {
        group->cpu_s = cpu_s;
    }
    return group->cpu_s;
}

/* ---- finding -------------------------------------------------------------------------------- */

static bool own_path(pid_t pid, const char *controller, char *ret, size_t size)
{
    char file[64];
    char text[8192];
    ssize_t n;

    snprintf(file, sizeof file, "/proc/%ld/cgroup", (long)pid);
    n = file_read(file, text, sizeof text);
    return n > 0 && cgroup_path_parse(text, (size_t)n, controller, ret, size);
}

int control_group_make(struct control_group **ret, const struct wattle_host *host,
                       const char *name, struct wattle_error *err)
{
    struct control_group *group = group_new();
    char root[CGROUP_PATH_MAX];
    char above[CGROUP_PATH_MAX];
    int n;

    *ret = NULL;
    if (group == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    if (!cgroup_v2_root(host, root, sizeof root) || !own_path(getpid(), "", above, sizeof above)) {
        group_free(group);
        return error_set(err, WATTLE_E_UNSUPPORTED, "no version 2 control groups here");
    }
    n = snprintf(group->name, sizeof group->name, "%s/%s", strcmp(above, "/") == 0 ? "" : above,
                 name);
    if (n < 0 || (size_t)n >= sizeof group->name) {
        group_free(group);
        return error_set(err, WATTLE_E_LIMIT, "control group path too long");
    }
    snprintf(group->path, sizeof group->path, "%s%s", root, group->name);
    if (mkdir(group->path, 0755) != 0) {
        n = error_errno(err, errno, "%s", group->path);
        group_free(group);
        return n;
    }
    group->made = true;
    n = group_attach(group);
    /* A plain folder is no group: WATTLE_CGROUP may name one. */
    if (n != 0 || group->version_1 || faccessat(group->dir_fd, "cgroup.procs", W_OK, 0) != 0) {
        n = error_set(err, WATTLE_E_UNSUPPORTED, "%s: not a control group", group->path);
        control_group_close(group);
        return n;
    }
    *ret = group;
    return 0;
}

static bool path_sane(const char *path)
{
    return path[0] != '\0' && strstr(path, "/../") == NULL &&
           (strlen(path) < 3 || strcmp(path + strlen(path) - 3, "/..") != 0);
}

/* Does `path` lie below `root`? Then its name in that tree. */
static bool name_below(const char *path, const char *root, char *ret, size_t size)
{
    size_t length = strlen(root);

    if (strncmp(path, root, length) != 0 || (path[length] != '/' && path[length] != '\0')) {
        return false;
    }
    snprintf(ret, size, "%s", path[length] == '\0' ? "/" : path + length);
    length = strlen(ret);
    while (length > 1 && ret[length - 1] == '/') {
        ret[--length] = '\0';
    }
    return true;
}

int control_group_open(struct control_group **ret, const struct wattle_host *host,
                       const char *path, struct wattle_error *err)
{
    struct control_group *group;
    char roots[2][CGROUP_PATH_MAX];
    bool present[2];
    bool below = false;
    int i;

    *ret = NULL;
    present[0] = cgroup_v2_root(host, roots[0], sizeof roots[0]);
    present[1] = cgroup_v1_root(host, "cpuacct", roots[1], sizeof roots[1]);
    if (!path_sane(path) || strlen(path) >= CGROUP_PATH_MAX) {
        return error_set(err, WATTLE_E_INVALID, "%s: not a control group's path", path);
    }
    group = group_new();
    if (group == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    for (i = 0; i < 2; i++) {
        if (present[i] && name_below(path, roots[i], group->name, sizeof group->name)) {
            snprintf(group->path, sizeof group->path, "%s", path);
            below = true;
            if (group_attach(group) == 0) {
                *ret = group;
                return 0;
            }
        }
    }
    for (i = 0; i < 2 && !below; i++) {
        if (!present[i]) {
            continue;
        }
        snprintf(group->name, sizeof group->name, "%s%s", path[0] == '/' ? "" : "/", path);
        snprintf(group->path, sizeof group->path, "%s%s", roots[i], group->name);
        if (group_attach(group) == 0) {
            *ret = group;
            return 0;
        }
        if (group->dir_fd >= 0) {
            close(group->dir_fd);
            group->dir_fd = -1;
        }
    }
    group_free(group);
    return error_set(err, WATTLE_E_NOENT,
                     "%s: no control group with CPU accounting (looked below %s and %s)", path,
                     present[0] ? roots[0] : "no version 2", present[1] ? roots[1] : "no cpuacct");
}

/* ---- asking --------------------------------------------------------------------------------- */

int control_group_fd(const struct control_group *group) { return group->dir_fd; }

bool control_group_has(const struct control_group *group, pid_t pid)
{
    char path[CGROUP_PATH_MAX];
    size_t length = strlen(group->name);

    if (!own_path(pid, group->version_1 ? "cpuacct" : "", path, sizeof path)) {
        return false;
    }
    return strcmp(group->name, "/") == 0 ||
           (strncmp(path, group->name, length) == 0 &&
            (path[length] == '/' || path[length] == '\0'));
}

static ssize_t read_at(int dir_fd, const char *name, char *ret, size_t size)
{
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;

    ret[0] = '\0';
    if (fd >= 0) {
        n = read(fd, ret, size - 1);
        close(fd);
        ret[n > 0 ? n : 0] = '\0';
    }
    return n;
}

size_t control_group_count(const struct control_group *group)
{
    char text[65536];
    size_t count = 0;
    const char *p;

    read_at(group->dir_fd, "cgroup.procs", text, sizeof text);
    for (p = text; (p = strchr(p, '\n')) != NULL; p++) {
        count++;
    }
    return count;
}

bool control_group_empty(const struct control_group *group)
{
    char text[256];
    struct stat st;

    if (read_at(group->dir_fd, "cgroup.events", text, sizeof text) > 0) {
        return strstr(text, "populated 0") != NULL;
    }
    /* The root of version 2 has no such file; version 1 has none at all, and there a link count
     * above 2 means groups below, which may hold processes. */
    if (stat(group->path, &st) != 0) {
        return true;
    }
    return group->version_1 && st.st_nlink <= 2 && control_group_count(group) == 0;
}

/* ---- the end -------------------------------------------------------------------------------- */

/* Moving costs a grace period of the kernel, some 10 ms, but only what outlives its command has
 * to be moved, and the command has ended by then. */
static void move_up(const struct control_group *group)
{
    char text[4096];
    int above = openat(group->dir_fd, "../cgroup.procs", O_WRONLY | O_CLOEXEC);
    int tries;

    for (tries = 0; above >= 0 && tries < 8; tries++) {
        char *line, *rest = text;

        if (read_at(group->dir_fd, "cgroup.procs", text, sizeof text) <= 0) {
            break;
        }
        while ((line = strtok_r(rest, "\n", &rest)) != NULL) {
            if (write(above, line, strlen(line)) < 0 && errno != ESRCH) {
                break;
            }
        }
    }
    if (above >= 0) {
        close(above);
    }
}

/* Groups of Wattles that were killed: named after processes that are no more, and old enough not
 * to be one that has just been made in another space of process numbers. The kernel refuses to
 * remove what still holds a process. */
static void sweep_left_over(const struct control_group *group)
{
    enum { OLD_S = 60 };
    char above[sizeof group->path];
    struct dirent *entry;
    struct timespec now;
    DIR *dir;

    snprintf(above, sizeof above, "%s", group->path);
    *strrchr(above, '/') = '\0';
    dir = opendir(above);
    clock_gettime(CLOCK_REALTIME, &now);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        struct stat st;
        long pid;

        if (sscanf(entry->d_name, "wattle-%ld-", &pid) == 1 && pid > 0 && pid <= INT_MAX &&
            kill((pid_t)pid, 0) != 0 && errno == ESRCH &&
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            now.tv_sec - st.st_ctim.tv_sec > OLD_S) {
            unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

void control_group_close(struct control_group *group)
{
    if (group == NULL) {
        return;
    }
    if (group->made && rmdir(group->path) != 0 && errno == EBUSY && group->dir_fd >= 0) {
        move_up(group);
        rmdir(group->path);
    }
    if (group->made) {
        sweep_left_over(group);
    }
    group_free(group);
}
