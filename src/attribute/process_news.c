/* SPDX-License-Identifier: MIT */
#include "attribute/process_news.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

/* Every so often all numbers are looked at, should they have gone all the way round. */
#define FULL_LOOK_EVERY 16

ssize_t process_read(const char *procfs, pid_t pid, const char *file, char *ret, size_t size)
{
    char path[320];
    ssize_t n = -1;
    int fd;

    snprintf(path, sizeof path, "%s/%ld/%s", procfs, (long)pid, file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, ret, size);
        close(fd);
    }
    return n;
}

bool process_stat_read(const char *procfs, pid_t pid, struct process_stat *ret)
{
    char text[1024];
    ssize_t n = process_read(procfs, pid, "stat", text, sizeof text);

    return n > 0 && process_stat_parse(text, (size_t)n, ret);
}

static pid_t read_last_pid(const char *procfs)
{
    char text[128];
    ssize_t n = file_read_at(procfs, "loadavg", text, sizeof text);
    pid_t last;

    return n > 0 && process_last_pid_parse(text, (size_t)n, &last) ? last : -1;
}

/* Was this number given out after the last scan? They are given out in a circle. */
static bool is_new(const struct process_news *news, pid_t pid, pid_t last)
{
    if (news->last_pid < 0 || last < 0 || news->looks % FULL_LOOK_EVERY == 0) {
        return true;
    }
    if (news->last_pid <= last) {
        return pid > news->last_pid && pid <= last;
    }
    return pid > news->last_pid || pid <= last;
}

static int compare_newcomers(const void *a, const void *b)
{
    const struct newcomer *x = a;
    const struct newcomer *y = b;

    if (x->stat.start_ticks != y->stat.start_ticks) {
        return x->stat.start_ticks < y->stat.start_ticks ? -1 : 1;
    }
    return (x->pid > y->pid) - (x->pid < y->pid);
}

size_t process_news_list(struct process_news *news, const char *procfs,
                         const struct members *known, struct newcomer **ret)
{
    pid_t last = read_last_pid(procfs);
    struct newcomer *list = NULL;
    size_t count = 0;
    size_t capacity = 0;
    struct dirent *entry;
    DIR *dir = opendir(procfs);

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);

        if (*end != '\0' || pid <= 0 || pid > INT_MAX || !is_new(news, (pid_t)pid, last) ||
            members_find(known, (pid_t)pid) != NULL) {
            continue;
        }
        if (count == capacity) {
            struct newcomer *grown;

            capacity = capacity > 0 ? capacity * 2 : 64;
            grown = realloc(list, capacity * sizeof *list);
            if (grown == NULL) {
                break;
            }
            list = grown;
        }
        list[count].pid = (pid_t)pid;
        count += process_stat_read(procfs, (pid_t)pid, &list[count].stat);
    }
    if (dir != NULL) {
        closedir(dir);
    }
    if (count > 0) {
        qsort(list, count, sizeof *list, compare_newcomers);
    }
    news->last_pid = last;
    news->looks++;
    *ret = list;
    return count;
}

void process_news_init(struct process_news *news, const char *procfs)
{
    news->last_pid = read_last_pid(procfs);
    news->looks = 1;
}
