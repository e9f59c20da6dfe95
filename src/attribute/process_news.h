/* SPDX-License-Identifier: MIT */
/*
 * Processes that have come since the last look. Numbers are given out in a circle and the kernel
 * says which was the last, so that of a machine's thousands only the new ones are opened.
 */
#ifndef ATTRIBUTE_PROCESS_NEWS_H
#define ATTRIBUTE_PROCESS_NEWS_H

#include "attribute/process_members.h"
#include "attribute/process_stat.h"

struct process_news {
    pid_t last_pid; /* given out before the last look; not meant before the first */
    unsigned looks; /* 0: everything is new */
};

struct newcomer {
    pid_t pid;
    struct process_stat stat;
};

/* All that is there now is known. A zeroed one knows nothing. */
void process_news_init(struct process_news *news, const char *procfs);

/* Elders first; without those in `known`. Returns how many; *ret is released with free(). */
size_t process_news_list(struct process_news *news, const char *procfs,
                         const struct members *known, struct newcomer **ret);

ssize_t process_read(const char *procfs, pid_t pid, const char *file, char *ret, size_t size);
bool process_stat_read(const char *procfs, pid_t pid, struct process_stat *ret);

#endif
