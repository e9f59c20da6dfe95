/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "cli/fix.h"

#include <errno.h>
#include <glob.h>
#include <grp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

#define GROUP "wattle"
#define PATH_SIZE 4096
#define GROUP_FILE_MAX ((size_t)1 << 20)

extern char **environ;

static const char rule_path[] = "/etc/udev/rules.d/70-wattle.rules";
static const char rule_text[] =
    "# Installed by `wattle doctor --fix`. Energy counters for the group " GROUP " alone:\n"
    "# for everybody they are a side channel (PLATYPUS, CVE-2020-8694).\n"
    "ACTION!=\"remove\", SUBSYSTEM==\"powercap\", TEST==\"energy_uj\", "
    "RUN+=\"/bin/chgrp " GROUP " /sys%p/energy_uj\", RUN+=\"/bin/chmod 0440 /sys%p/energy_uj\"\n";

static const char tmpfiles_path[] = "/etc/tmpfiles.d/wattle.conf";
static const char tmpfiles_text[] =
    "# Installed by `wattle doctor --fix`: the same at boot, where udev comes too early or not at "
    "all.\n"
    "z /sys/devices/virtual/powercap/intel-rapl*/*/energy_uj 0440 root " GROUP " - -\n"
    "z /sys/devices/virtual/powercap/intel-rapl*/*/*/energy_uj 0440 root " GROUP " - -\n";

struct fix {
    const char *root;
    FILE *out;
    gid_t gid;
    bool ok;
};

__attribute__((format(printf, 3, 4))) static bool full_path(const struct fix *fix, char *ret,
                                                            const char *format, ...)
{
    va_list args;
    int used = snprintf(ret, PATH_SIZE, "%s", fix->root);
    int n;

    if (used < 0 || used >= PATH_SIZE) {
        return false;
    }
    va_start(args, format);
    n = vsnprintf(ret + used, (size_t)(PATH_SIZE - used), format, args);
    va_end(args);
    return n >= 0 && n < PATH_SIZE - used;
}

/* ---- the group ---------------------------------------------------------------------------- */

/* Runs groupadd(8), which knows about locks, shadow files and directories of users. */
static bool run_groupadd(void)
{
    char name[] = "groupadd", option[] = "--system", group[] = GROUP;
    char *const argv[] = {name, option, group, NULL};
    int status = -1;
    pid_t pid;

    if (posix_spawnp(&pid, name, NULL, NULL, argv, environ) != 0) {
        return false;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The gid of GROUP in the text of a group(5) file, or -1; also a free system gid. */
static long find_gid(char *text, long *ret_free)
{
    bool taken[1000] = {false};
    long found = -1, i;
    char *line, *save = NULL;

    for (line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        char *number = strchr(line, ':');
        uint64_t gid;
        size_t digits;

        number = number != NULL ? strchr(number + 1, ':') : NULL;
        digits = number != NULL ? strcspn(number + 1, ":") : 0;
        if (number == NULL || !parse_u64(number + 1, digits, &gid)) {
            continue;
        }
        if (gid < 1000) {
            taken[gid] = true;
        }
        if (strncmp(line, GROUP ":", sizeof GROUP) == 0) {
            found = (long)gid;
        }
    }
    for (i = 999; i > 100 && taken[i]; i--) {
    }
    *ret_free = i;
    return found;
}

/* In a folder that stands for /, a line of its etc/group. */
static void add_group_line(struct fix *fix)
{
    char path[PATH_SIZE], line[64];
    char *text = malloc(GROUP_FILE_MAX), *copy = NULL;
    ssize_t length = -1;
    long gid, spare = 999;

    if (text == NULL || !full_path(fix, path, "/etc/group")) {
        fix->ok = false;
        free(text);
        return;
    }
    length = file_read(path, text, GROUP_FILE_MAX - sizeof line);
    if (length < 0) {
        length = 0;
        text[0] = '\0';
    }
    copy = strdup(text);
    gid = copy != NULL ? find_gid(copy, &spare) : -1;
    if (gid >= 0) {
        fprintf(fix->out, "there: group " GROUP "\n");
    } else {
        struct wattle_error err = {0};

        gid = spare;
        snprintf(line, sizeof line, GROUP ":x:%ld:\n", gid);
        memcpy(text + length, line, strlen(line) + 1);
        if (copy != NULL && file_write_atomic(path, text, strlen(text), 0644, true, &err) == 0) {
            fprintf(fix->out, "made: group " GROUP "\n");
        } else {
            fprintf(fix->out, "FAILED: group " GROUP ": %s\n", err.text);
            fix->ok = false;
        }
    }
    fix->gid = (gid_t)gid;
    free(copy);
    free(text);
}

static void make_group(struct fix *fix)
{
    const struct group *group;

    if (fix->root[0] != '\0') {
        add_group_line(fix);
        return;
    }
    group = getgrnam(GROUP);
    if (group != NULL) {
        fprintf(fix->out, "there: group " GROUP "\n");
    } else if (run_groupadd() && (group = getgrnam(GROUP)) != NULL) {
        fprintf(fix->out, "made: group " GROUP "\n");
    } else {
        fprintf(fix->out, "FAILED: group " GROUP ": groupadd did not make it\n");
        fix->ok = false;
        return;
    }
    fix->gid = group->gr_gid;
}

/* ---- files -------------------------------------------------------------------------------- */

static void install_file(struct fix *fix, const char *name, const char *text)
{
    struct wattle_error err = {0};
    char path[PATH_SIZE], folder[PATH_SIZE], now[4096];
    char *slash;

    if (!full_path(fix, path, "%s", name)) {
        fix->ok = false;
        return;
    }
    if (file_read(path, now, sizeof now) >= 0 && strcmp(now, text) == 0) {
        fprintf(fix->out, "there: %s\n", path);
        return;
    }
    snprintf(folder, sizeof folder, "%s", path);
    slash = strrchr(folder, '/');
    *slash = '\0';
    /* System folders are for everybody to enter; file_make_dirs would make them private. */
    for (slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(folder, 0755);
        *slash = '/';
    }
    mkdir(folder, 0755);
    if (file_write_atomic(path, text, strlen(text), 0644, true, &err) == 0) {
        fprintf(fix->out, "wrote: %s\n", path);
    } else {
        fprintf(fix->out, "FAILED: %s\n", err.text);
        fix->ok = false;
    }
}

static void open_counter(struct fix *fix, const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
        return;
    }
    if (st.st_gid == fix->gid && (st.st_mode & 07777) == 0440) {
        fprintf(fix->out, "there: %s 0440 group " GROUP "\n", path);
        return;
    }
    /* First narrow, then give away: at no moment does it belong to the world. */
    if (chmod(path, 0400) != 0 || chown(path, (uid_t)-1, fix->gid) != 0 ||
        chmod(path, 0440) != 0) {
        fprintf(fix->out, "FAILED: %s: %s\n", path, strerror(errno));
        fix->ok = false;
        return;
    }
    fprintf(fix->out, "set: %s 0440 group " GROUP "\n", path);
}

static void open_counters(struct fix *fix)
{
    char pattern[PATH_SIZE];
    glob_t found;
    size_t i;

    if (!full_path(fix, pattern, "/sys/class/powercap/*/energy_uj") ||
        glob(pattern, 0, NULL, &found) != 0) {
        fprintf(fix->out, "none here: RAPL counters (the rule is there for when they appear)\n");
        return;
    }
    for (i = 0; i < found.gl_pathc; i++) {
        open_counter(fix, found.gl_pathv[i]);
    }
    globfree(&found);
}

bool fix_install(const char *root, FILE *out)
{
    struct fix fix = {root, out, (gid_t)-1, true};

    install_file(&fix, rule_path, rule_text);
    install_file(&fix, tmpfiles_path, tmpfiles_text);
    make_group(&fix);
    if (fix.gid != (gid_t)-1) {
        open_counters(&fix);
    }
    return fix.ok;
}

int fix_count_world_readable(const char *sysfs)
{
    char pattern[PATH_SIZE];
    glob_t found;
    size_t i;
    int count = 0;

    snprintf(pattern, sizeof pattern, "%s/class/powercap/*/energy_uj", sysfs);
    if (glob(pattern, 0, NULL, &found) != 0) {
        return 0;
    }
    for (i = 0; i < found.gl_pathc; i++) {
        struct stat st;

        count += stat(found.gl_pathv[i], &st) == 0 && (st.st_mode & S_IROTH) != 0;
    }
    globfree(&found);
    return count;
}
