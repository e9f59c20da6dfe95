/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "attribute/process_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "attribute/process_stat.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

/* A set larger than this is not followed further; what it spawns is seen when waited for. */
#define MEMBERS_MAX 65536
/* A scan may take at most this part of the time: 1/20 of one processor. */
#define SCAN_REST 20
/* Every so often all numbers are looked at, should they have gone all the way round. */
#define FULL_SCAN_EVERY 16

struct member {
    pid_t pid;
    pid_t parent;
    uint64_t start_ticks;
    double own_s, child_s; /* now */
    double child_first_s;  /* at this scan's first look, before its children were looked at */
    double child_old_s;    /* the same at the scan before */
    double base_s;         /* used before it counted */
    double credit_s;       /* seen of ended members that it may have waited for */
    clockid_t clock;       /* in nanoseconds, where the kernel has one */
    bool precise;
    bool zombie, gone;
};

struct process_tree {
    char procfs[256];
    struct process_tree_options options;
    bool real;         /* procfs is this kernel's */
    bool adopts;       /* this process is a subreaper: orphans come to it */
    double tick_s;
    uint64_t start_ticks; /* processes that are younger count from their birth */

    struct member *members; /* a parent stands before its children */
    size_t count, capacity;
    uint32_t *slots; /* open addressing: pid to index + 1 */
    size_t slot_count;

    double children_base_s; /* RUSAGE_CHILDREN at the start, where adopting */
    double reaped_s;        /* what our own waiting says */
    double top_s;           /* seen of ended members whose parent is this process */
    double lost_s;          /* seen of ended members that nobody waited for */
    double cpu_s;

    pid_t last_pid; /* given out before the last scan; -1 unknown */
    unsigned scans;
    int64_t scan_end_ns, scan_cost_ns;
};

static int64_t now_ns(void) { return clock_monotonic_ns(NULL); }

/* ---- members by number ---------------------------------------------------------------------- */

static size_t slot_of(const struct process_tree *tree, pid_t pid)
{
    size_t mask = tree->slot_count - 1;
    size_t i = (uint32_t)pid * 2654435761u & mask; /* Knuth's multiplicative hash */

    while (tree->slots[i] != 0 && tree->members[tree->slots[i] - 1].pid != pid) {
        i = (i + 1) & mask;
    }
    return i;
}

static struct member *find(const struct process_tree *tree, pid_t pid)
{
    uint32_t index = tree->slot_count > 0 ? tree->slots[slot_of(tree, pid)] : 0;

    return index > 0 ? &tree->members[index - 1] : NULL;
}

static bool rebuild_slots(struct process_tree *tree, size_t slot_count)
{
    size_t i;

    if (slot_count != tree->slot_count) {
        uint32_t *slots = malloc(slot_count * sizeof *slots);

        if (slots == NULL) {
            return false;
        }
        free(tree->slots);
        tree->slots = slots;
        tree->slot_count = slot_count;
    }
    memset(tree->slots, 0, tree->slot_count * sizeof *tree->slots);
    for (i = 0; i < tree->count; i++) {
        tree->slots[slot_of(tree, tree->members[i].pid)] = (uint32_t)i + 1;
    }
    return true;
}

static struct member *add_member(struct process_tree *tree, pid_t pid)
{
    struct member *member;

    if (tree->count == MEMBERS_MAX) {
        return NULL;
    }
    if (tree->count == tree->capacity) {
        size_t capacity = tree->capacity > 0 ? tree->capacity * 2 : 16;
        struct member *members = realloc(tree->members, capacity * sizeof *members);

        if (members == NULL) {
            return NULL;
        }
        tree->members = members;
        tree->capacity = capacity;
    }
    if ((tree->count + 1) * 2 > tree->slot_count &&
        !rebuild_slots(tree, tree->slot_count > 0 ? tree->slot_count * 2 : 64)) {
        return NULL;
    }
    member = &tree->members[tree->count];
    memset(member, 0, sizeof *member);
    member->pid = pid;
    tree->count++;
    tree->slots[slot_of(tree, pid)] = (uint32_t)tree->count;
    return member;
}

/* ---- reading -------------------------------------------------------------------------------- */

static ssize_t read_process(const struct process_tree *tree, pid_t pid, const char *file,
                            char *ret, size_t size)
{
    char path[320];
    ssize_t n = -1;
    int fd;

    snprintf(path, sizeof path, "%s/%ld/%s", tree->procfs, (long)pid, file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, ret, size);
        close(fd);
    }
    return n;
}

static bool read_stat(const struct process_tree *tree, pid_t pid, struct process_stat *ret)
{
    char text[1024];
    ssize_t n = read_process(tree, pid, "stat", text, sizeof text);

    return n > 0 && process_stat_parse(text, (size_t)n, ret);
}

static void update(const struct process_tree *tree, struct member *member,
                   const struct process_stat *stat)
{
    struct timespec ts;

    member->parent = stat->parent;
    member->zombie = stat->state == 'Z' || stat->state == 'X';
    member->child_s = (double)stat->child_ticks * tree->tick_s;
    if (member->precise && clock_gettime(member->clock, &ts) == 0) {
        double exact_s = (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;

        member->own_s = exact_s > member->own_s ? exact_s : member->own_s;
    } else {
        member->own_s = (double)stat->own_ticks * tree->tick_s;
    }
}

static bool joins(const struct process_tree *tree, pid_t pid, const struct process_stat *stat)
{
    const struct member *parent;
    char text[4096];
    uid_t uid;
    ssize_t n;

    if (pid == tree->options.own) {
        return false;
    }
    if (tree->options.set == PROCESS_OF_USER) {
        n = read_process(tree, pid, "status", text, sizeof text);
        return n > 0 && process_uid_parse(text, (size_t)n, &uid) && uid == tree->options.uid;
    }
    if (tree->adopts && stat->parent == tree->options.own) {
        return stat->start_ticks >= tree->start_ticks;
    }
    parent = find(tree, stat->parent);
    return parent != NULL && !parent->gone && parent->start_ticks <= stat->start_ticks;
}

static struct member *admit(struct process_tree *tree, pid_t pid, const struct process_stat *stat,
                            bool from_birth)
{
    struct member *member = add_member(tree, pid);

    if (member == NULL) {
        return NULL;
    }
    member->start_ticks = stat->start_ticks;
    member->precise = tree->real && clock_getcpuclockid(pid, &member->clock) == 0;
    update(tree, member, stat);
    member->child_first_s = member->child_s;
    member->child_old_s = member->child_s;
    if (!from_birth) {
        member->base_s = member->own_s + member->child_s;
    } else {
        member->child_old_s = 0;
    }
    return member;
}

/* ---- the scan ------------------------------------------------------------------------------- */

/* First look, parents before children: what a parent says here is older than what its children
 * say, so that a child that is seen alive is not yet in its parent's sum. */
static bool look_at_members(struct process_tree *tree)
{
    bool some_gone = false;
    size_t i;

    for (i = 0; i < tree->count; i++) {
        struct member *member = &tree->members[i];
        struct process_stat stat;

        if (!read_stat(tree, member->pid, &stat) || stat.start_ticks != member->start_ticks) {
            member->gone = true;
            some_gone = true;
            continue;
        }
        update(tree, member, &stat);
        member->child_old_s = member->child_first_s;
        member->child_first_s = member->child_s;
    }
    return some_gone;
}

static void settle_gone(struct process_tree *tree)
{
    size_t i, kept;

    for (i = tree->count; i-- > 0;) {
        const struct member *member = &tree->members[i];
        double seen_s = member->own_s + member->child_s - member->base_s;
        struct member *heir;

        if (!member->gone) {
            continue;
        }
        for (heir = find(tree, member->parent); heir != NULL && heir->gone;) {
            struct member *next = find(tree, heir->parent);

            /* Parents stand before; anything else is a number that was given out anew. */
            heir = next < heir ? next : NULL;
        }
        if (heir != NULL) {
            heir->credit_s += seen_s;
        } else if (member->parent == tree->options.own || find(tree, member->parent) != NULL) {
            tree->top_s += seen_s; /* the whole line of parents is gone, up to our child */
        } else {
            tree->lost_s += seen_s;
        }
    }
    for (i = 0; i < tree->count; i++) {
        struct member *member = &tree->members[i];
        struct process_stat stat;
        double waited_s;

        if (member->gone || member->credit_s <= 0) {
            continue;
        }
        /* Look again, now that the children are known to be gone: did it wait for them? */
        if (read_stat(tree, member->pid, &stat) && stat.start_ticks == member->start_ticks) {
            update(tree, member, &stat);
        }
        waited_s = member->child_s - member->child_old_s;
        if (member->credit_s > waited_s) {
            tree->lost_s += member->credit_s - waited_s;
        } else {
            waited_s = member->credit_s;
        }
        /* No more than they were seen with: this look is younger than those at other children,
         * which may be in it and would count twice. The next scan brings the rest. */
        member->child_s = member->child_old_s + waited_s;
        if (member->child_s < member->child_first_s) {
            member->child_s = member->child_first_s;
        }
        member->credit_s = 0;
    }
    for (i = 0, kept = 0; i < tree->count; i++) {
        if (!tree->members[i].gone) {
            tree->members[kept++] = tree->members[i];
        }
    }
    tree->count = kept;
    rebuild_slots(tree, tree->slot_count);
}

static pid_t read_last_pid(const struct process_tree *tree)
{
    char text[128];
    ssize_t n = file_read_at(tree->procfs, "loadavg", text, sizeof text);
    pid_t last;

    return n > 0 && process_last_pid_parse(text, (size_t)n, &last) ? last : -1;
}

/* Was this number given out after the last scan? They are given out in a circle. */
static bool is_new(const struct process_tree *tree, pid_t pid, pid_t last)
{
    if (tree->last_pid < 0 || last < 0 || tree->scans % FULL_SCAN_EVERY == 0) {
        return true;
    }
    if (tree->last_pid <= last) {
        return pid > tree->last_pid && pid <= last;
    }
    return pid > tree->last_pid || pid <= last;
}

struct candidate {
    pid_t pid;
    struct process_stat stat;
};

static int compare_candidates(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;

    if (x->stat.start_ticks != y->stat.start_ticks) {
        return x->stat.start_ticks < y->stat.start_ticks ? -1 : 1;
    }
    return (x->pid > y->pid) - (x->pid < y->pid);
}

static size_t list_candidates(struct process_tree *tree, pid_t last, struct candidate **ret)
{
    struct candidate *list = NULL;
    size_t count = 0;
    size_t capacity = 0;
    struct dirent *entry;
    DIR *dir = opendir(tree->procfs);

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);

        if (*end != '\0' || pid <= 0 || pid > INT_MAX || !is_new(tree, (pid_t)pid, last) ||
            find(tree, (pid_t)pid) != NULL) {
            continue;
        }
        if (count == capacity) {
            struct candidate *grown;

            capacity = capacity > 0 ? capacity * 2 : 64;
            grown = realloc(list, capacity * sizeof *list);
            if (grown == NULL) {
                break;
            }
            list = grown;
        }
        list[count].pid = (pid_t)pid;
        count += read_stat(tree, (pid_t)pid, &list[count].stat);
    }
    if (dir != NULL) {
        closedir(dir);
    }
    if (count > 0) {
        qsort(list, count, sizeof *list, compare_candidates);
    }
    *ret = list;
    return count;
}

static void look_for_new(struct process_tree *tree, bool from_birth)
{
    struct candidate *list;
    pid_t last = read_last_pid(tree);
    size_t count = list_candidates(tree, last, &list);
    size_t before;
    size_t i;

    /* Elders first, so that a parent is found before its child; again, because within one tick
     * numbers that went round may stand the other way. */
    do {
        before = tree->count;
        for (i = 0; i < count; i++) {
            if (list[i].pid > 0 && joins(tree, list[i].pid, &list[i].stat)) {
                admit(tree, list[i].pid, &list[i].stat,
                      from_birth && list[i].stat.start_ticks >= tree->start_ticks);
                list[i].pid = 0;
            }
        }
    } while (tree->count > before && tree->count < MEMBERS_MAX);
    free(list);
    tree->last_pid = last;
}

static double children_s(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_CHILDREN, &usage) != 0) {
        return 0;
    }
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           ((double)usage.ru_utime.tv_usec + (double)usage.ru_stime.tv_usec) / 1e6;
}

static void sum_up(struct process_tree *tree)
{
    double total;
    size_t i;

    total = tree->lost_s + (tree->reaped_s > tree->top_s ? tree->reaped_s : tree->top_s);
    for (i = 0; i < tree->count; i++) {
        total += tree->members[i].own_s + tree->members[i].child_s - tree->members[i].base_s;
    }
    if (total > tree->cpu_s) {
        tree->cpu_s = total;
    }
}

bool process_tree_scan(struct process_tree *tree, bool forced)
{
    int64_t begin = now_ns();

    if (!forced && begin - tree->scan_end_ns < tree->scan_cost_ns * SCAN_REST) {
        return false;
    }
    if (tree->adopts) {
        /* Before the children are looked at: see there. */
        process_tree_reaped(tree, children_s() - tree->children_base_s);
    }
    if (look_at_members(tree)) {
        settle_gone(tree);
    }
    look_for_new(tree, true);
    sum_up(tree);
    tree->scans++;
    tree->scan_end_ns = now_ns();
    tree->scan_cost_ns = tree->scan_end_ns - begin;
    return true;
}

/* ---- life ----------------------------------------------------------------------------------- */

static uint64_t ticks_since_boot(const struct process_tree *tree)
{
    return (uint64_t)(clock_s(clock_boottime_ns(NULL)) / tree->tick_s);
}

int process_tree_create(struct process_tree **ret, const struct process_tree_options *options,
                        struct wattle_error *err)
{
    struct process_tree *tree = calloc(1, sizeof *tree);
    struct process_stat stat;
    long hertz = sysconf(_SC_CLK_TCK);
    int n;

    *ret = NULL;
    if (tree == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    tree->options = *options;
    tree->tick_s = 1.0 / (double)(hertz > 0 ? hertz : 100);
    tree->real = strcmp(options->procfs, "/proc") == 0;
    tree->last_pid = -1;
    n = snprintf(tree->procfs, sizeof tree->procfs, "%s", options->procfs);
    if (n < 0 || (size_t)n >= sizeof tree->procfs) {
        process_tree_destroy(tree);
        return error_set(err, WATTLE_E_INVALID, "%s: path too long", options->procfs);
    }
    tree->start_ticks = tree->real ? ticks_since_boot(tree) : 0;
    if (options->set == PROCESS_DESCENDANTS && options->root == 0) {
        /* Everything that is new from now on is looked at once the child is there. */
        tree->last_pid = read_last_pid(tree);
        tree->scans = 1;
        *ret = tree;
        return 0;
    }
    if (options->set == PROCESS_DESCENDANTS) {
        if (!read_stat(tree, options->root, &stat)) {
            process_tree_destroy(tree);
            return error_set(err, WATTLE_E_NOENT, "there is no process %ld", (long)options->root);
        }
        admit(tree, options->root, &stat, false);
    }
    look_for_new(tree, false);
    tree->scans = 1;
    *ret = tree;
    return 0;
}

void process_tree_start(struct process_tree *tree, pid_t root)
{
    struct process_stat stat;
    int adopts = 0;

    tree->adopts = tree->real && prctl(PR_GET_CHILD_SUBREAPER, &adopts, 0, 0, 0) == 0 && adopts;
    tree->children_base_s = tree->adopts ? children_s() : 0;
    if (read_stat(tree, root, &stat)) {
        tree->start_ticks = stat.start_ticks;
        admit(tree, root, &stat, true);
    }
}

void process_tree_reaped(struct process_tree *tree, double cpu_s)
{
    if (cpu_s > tree->reaped_s) {
        tree->reaped_s = cpu_s;
    }
}

double process_tree_cpu_s(const struct process_tree *tree) { return tree->cpu_s; }

double process_tree_error_s(const struct process_tree *tree)
{
    double error_s = 0;
    size_t i;

    for (i = 0; i < tree->count; i++) {
        /* User and system time are cut to whole ticks one by one. */
        error_s += tree->members[i].precise ? 0 : 2 * tree->tick_s;
        error_s += tree->members[i].child_s > 0 ? 2 * tree->tick_s : 0;
    }
    return error_s;
}

size_t process_tree_alive(const struct process_tree *tree)
{
    size_t alive = 0;
    size_t i;

    for (i = 0; i < tree->count; i++) {
        alive += !tree->members[i].zombie;
    }
    return alive;
}

bool process_tree_has(const struct process_tree *tree, pid_t pid)
{
    return find(tree, pid) != NULL;
}

void process_tree_destroy(struct process_tree *tree)
{
    if (tree != NULL) {
        free(tree->members);
        free(tree->slots);
        free(tree);
    }
}
