/* SPDX-License-Identifier: MIT */
#include "attribute/device_users.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROCESSES_MAX 256
/* Open files looked at in one go: a bound on what a question costs, about 1 us each. */
#define FILES_MAX 20000

bool device_file_is_gpu(const char *link)
{
    if (strncmp(link, "/dev/nvidia", 11) == 0) {
        return isdigit((unsigned char)link[11]); /* not nvidiactl, which lists them too */
    }
    return strncmp(link, "/dev/dri/renderD", 16) == 0 || strcmp(link, "/dev/kfd") == 0 ||
           strncmp(link, "/dev/accel/accel", 16) == 0;
}

/* The first process-number space has a fixed inode (PROC_PID_INIT_INO, include/linux/proc_ns.h).
 * In any other the driver lists nobody, or numbers that mean other processes here. */
static bool numbers_are_the_machines(void)
{
    char link[64];
    ssize_t n = readlink("/proc/self/ns/pid", link, sizeof link - 1);

    link[n > 0 ? n : 0] = '\0';
    return strcmp(link, "pid:[4026531836]") == 0;
}

/* ---- by open files -------------------------------------------------------------------------- */

struct holders {
    bool task, others;
    bool hidden; /* files of some processes could not be seen, or there were too many */
    int files;
};

/* 1: a GPU is open; 0: none; -1: cannot be seen. */
static int holds_gpu(pid_t pid, int *files)
{
    char path[64];
    struct dirent *entry;
    DIR *dir;
    int found = 0;

    snprintf(path, sizeof path, "/proc/%ld/fd", (long)pid);
    dir = opendir(path);
    if (dir == NULL) {
        return errno == ENOENT ? 0 : -1;
    }
    while (found == 0 && (entry = readdir(dir)) != NULL && (*files)++ < FILES_MAX) {
        char link[256];
        ssize_t n = readlinkat(dirfd(dir), entry->d_name, link, sizeof link - 1);

        if (n > 0) {
            link[n] = '\0';
            found = device_file_is_gpu(link);
        }
    }
    closedir(dir);
    return found;
}

/* Without these files here, that nobody has one open means nothing. */
static bool device_files_are_here(void)
{
    static const char *const files[] = {"/dev/nvidia0", "/dev/dri/renderD128", "/dev/kfd",
                                        "/dev/accel/accel0"};
    size_t i;

    for (i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (access(files[i], F_OK) == 0) {
            return true;
        }
    }
    return false;
}

static void find_holders(const struct tracker *tracker, struct holders *ret)
{
    struct dirent *entry;
    DIR *dir = opendir("/proc");

    memset(ret, 0, sizeof *ret);
    ret->hidden = dir == NULL;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);
        int holds;

        if (*end != '\0' || pid <= 0 || pid > INT_MAX || pid == (long)getpid()) {
            continue;
        }
        if (ret->files >= FILES_MAX) {
            ret->hidden = true;
            break;
        }
        holds = holds_gpu((pid_t)pid, &ret->files);
        if (holds > 0 && tracker != NULL && tracker_has(tracker, (pid_t)pid)) {
            ret->task = true;
        } else if (holds > 0) {
            ret->others = true;
        } else if (holds < 0) {
            ret->hidden = true;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

static bool by_open_files(const struct tracker *tracker, double dt_s,
                          struct ledger_device_use *ret)
{
    struct holders holders = {.hidden = true};

    if (device_files_are_here()) {
        find_holders(tracker, &holders);
    }
    ret->task_present = holders.task;
    if (holders.task && !holders.others && !holders.hidden) {
        ret->task_s = ret->all_s = dt_s;
        return true;
    }
    if (!holders.task && !holders.hidden) {
        return true; /* not the task, whoever else it was */
    }
    ret->unknown_s = dt_s;
    return false;
}

/* ---- by the driver's list ------------------------------------------------------------------- */

enum membership { STRANGER, OURS, PERHAPS_OURS };

static bool exists(pid_t pid) { return kill(pid, 0) == 0 || errno != ESRCH; }

/* A process may have ended before its use is told: then what was seen of it counts, and one that
 * was never seen came and went during the measurement, most likely as part of the task. */
static enum membership member(struct device_users *users, const struct tracker *tracker, pid_t pid)
{
    bool ours;
    size_t i;

    if (tracker == NULL) {
        return STRANGER;
    }
    for (i = 0; i < users->seen_count && users->seen[i].pid != pid; i++) {
    }
    if (!exists(pid)) {
        return i == users->seen_count ? PERHAPS_OURS : users->seen[i].ours ? OURS : STRANGER;
    }
    ours = tracker_has(tracker, pid);
    if (i == DEVICE_SEEN_MAX) {
        i = (size_t)pid % DEVICE_SEEN_MAX; /* one must give way */
    } else if (i == users->seen_count) {
        users->seen_count++;
    }
    users->seen[i].pid = pid;
    users->seen[i].ours = ours;
    return ours ? OURS : STRANGER;
}

static bool by_list(struct device_users *users, const struct tracker *tracker, double dt_s,
                    const struct wattle_device_process *list, int count,
                    struct ledger_device_use *ret)
{
    int ours = 0;
    int measured = 0;
    int i;

    for (i = 0; i < count; i++) {
        double use_s = list[i].utilization * dt_s;
        enum membership who = member(users, tracker, list[i].pid);

        ours += who != STRANGER;
        if (!isnan(use_s)) {
            measured++;
            ret->all_s += use_s;
            ret->task_s += who != STRANGER ? use_s : 0;
            ret->doubt_s += who == PERHAPS_OURS ? use_s : 0;
        }
    }
    ret->task_present = ours > 0;
    if (measured == count || ours == 0) {
        return true;
    }
    if (ours == count) {
        ret->task_s = ret->all_s = dt_s; /* all of them are the task's */
        return true;
    }
    ret->unknown_s = dt_s; /* several, and not all say how much */
    return false;
}

static bool all_exist(const struct wattle_device_process *list, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        if (!exists(list[i].pid)) {
            return false;
        }
    }
    return true;
}

bool device_users_read(struct device_users *users, struct wattle_meter *meter, size_t i,
                       const struct tracker *tracker, double dt_s, struct ledger_device_use *ret)
{
    struct wattle_device_process list[PROCESSES_MAX];
    int count = meter_device_processes(meter, i, list, PROCESSES_MAX);
    bool known;

    memset(ret, 0, sizeof *ret);
    if (count == 0 && numbers_are_the_machines()) {
        known = true;
        if (!users->asked || users->vacant) {
            ret->vacant = true;
        } else { /* its users have ended since: as before */
            ret->all_s = dt_s;
            ret->task_s = users->task_part * dt_s;
            ret->task_present = users->task_part > 0;
        }
    } else if (count > 0 && (numbers_are_the_machines() || all_exist(list, count))) {
        known = by_list(users, tracker, dt_s, list, count, ret);
    } else {
        known = by_open_files(tracker, dt_s, ret);
    }
    users->asked = true;
    users->vacant = count == 0;
    users->task_part = ret->all_s > 0 ? ret->task_s / ret->all_s : 0;
    return known;
}
