/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "attribute/process_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "attribute/process_members.h"
#include "attribute/process_news.h"
#include "base/clock.h"
#include "base/error.h"

/* A scan may take at most this part of the time: 1/20 of one processor. */
#define SCAN_REST 20

struct process_tree {
    char procfs[256];
    struct process_tree_options options;
    bool real;         /* procfs is this kernel's */
    bool adopts;       /* this process is a subreaper: orphans come to it */
    double tick_s;
    uint64_t start_ticks; /* processes that are younger count from their birth */

    struct members members;

    double children_base_s; /* RUSAGE_CHILDREN at the start, where adopting */
    double reaped_s;        /* what our own waiting says */
    double top_s;           /* seen of ended members whose parent is this process */
    double lost_s;          /* seen of ended members that nobody waited for */
    double cpu_s;

    struct process_news news;
    int64_t scan_end_ns, scan_cost_ns;
};

static int64_t now_ns(void) { return clock_monotonic_ns(NULL); }

/* ---- reading -------------------------------------------------------------------------------- */

/* False: it is gone, or its number has been given out anew. */
static bool read_again(const struct process_tree *tree, const struct member *member,
                       struct process_stat *ret)
{
    return process_stat_read(tree->procfs, member->pid, ret) &&
           ret->start_ticks == member->start_ticks;
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
        n = process_read(tree->procfs, pid, "status", text, sizeof text);
        return n > 0 && process_uid_parse(text, (size_t)n, &uid) && uid == tree->options.uid;
    }
    if (tree->adopts && stat->parent == tree->options.own) {
        return stat->start_ticks >= tree->start_ticks;
    }
    parent = members_find(&tree->members, stat->parent);
    return parent != NULL && !parent->gone && parent->start_ticks <= stat->start_ticks;
}

static struct member *admit(struct process_tree *tree, pid_t pid, const struct process_stat *stat,
                            bool from_birth)
{
    struct member *member = members_add(&tree->members, pid);

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

    for (i = 0; i < tree->members.count; i++) {
        struct member *member = &tree->members.items[i];
        struct process_stat stat;

        if (!read_again(tree, member, &stat)) {
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
    size_t i;

    for (i = tree->members.count; i-- > 0;) {
        const struct member *member = &tree->members.items[i];
        double seen_s = member->own_s + member->child_s - member->base_s;
        struct member *heir;

        if (!member->gone) {
            continue;
        }
        for (heir = members_find(&tree->members, member->parent); heir != NULL && heir->gone;) {
            struct member *next = members_find(&tree->members, heir->parent);

            /* Parents stand before; anything else is a number that was given out anew. */
            heir = next < heir ? next : NULL;
        }
        if (heir != NULL) {
            heir->credit_s += seen_s;
        } else if (member->parent == tree->options.own ||
                   members_find(&tree->members, member->parent) != NULL) {
            tree->top_s += seen_s; /* the whole line of parents is gone, up to our child */
        } else {
            tree->lost_s += seen_s;
        }
    }
    for (i = 0; i < tree->members.count; i++) {
        struct member *member = &tree->members.items[i];
        struct process_stat stat;
        double waited_s;

        if (member->gone || member->credit_s <= 0) {
            continue;
        }
        /* Look again, now that the children are known to be gone: did it wait for them? */
        if (read_again(tree, member, &stat)) {
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
    members_sweep(&tree->members);
}

static void look_for_new(struct process_tree *tree, bool from_birth)
{
    struct newcomer *list;
    size_t count = process_news_list(&tree->news, tree->procfs, &tree->members, &list);
    size_t before;
    size_t i;

    /* Elders first, so that a parent is found before its child; again, because within one tick
     * numbers that went round may stand the other way. */
    do {
        before = tree->members.count;
        for (i = 0; i < count; i++) {
            if (list[i].pid > 0 && joins(tree, list[i].pid, &list[i].stat)) {
                admit(tree, list[i].pid, &list[i].stat,
                      from_birth && list[i].stat.start_ticks >= tree->start_ticks);
                list[i].pid = 0;
            }
        }
    } while (tree->members.count > before && tree->members.count < MEMBERS_MAX);
    free(list);
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
    for (i = 0; i < tree->members.count; i++) {
        const struct member *member = &tree->members.items[i];

        total += member->own_s + member->child_s - member->base_s;
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
    n = snprintf(tree->procfs, sizeof tree->procfs, "%s", options->procfs);
    if (n < 0 || (size_t)n >= sizeof tree->procfs) {
        process_tree_destroy(tree);
        return error_set(err, WATTLE_E_INVALID, "%s: path too long", options->procfs);
    }
    tree->start_ticks = tree->real ? ticks_since_boot(tree) : 0;
    if (options->set == PROCESS_DESCENDANTS && options->root == 0) {
        /* Everything that is new from now on is looked at once the child is there. */
        process_news_init(&tree->news, tree->procfs);
        *ret = tree;
        return 0;
    }
    if (options->set == PROCESS_DESCENDANTS) {
        if (!process_stat_read(tree->procfs, options->root, &stat)) {
            process_tree_destroy(tree);
            return error_set(err, WATTLE_E_NOENT, "there is no process %ld", (long)options->root);
        }
        admit(tree, options->root, &stat, false);
    }
    look_for_new(tree, false);
    *ret = tree;
    return 0;
}

void process_tree_start(struct process_tree *tree, pid_t root)
{
    struct process_stat stat;
    int adopts = 0;

    tree->adopts = tree->real && prctl(PR_GET_CHILD_SUBREAPER, &adopts, 0, 0, 0) == 0 && adopts;
    tree->children_base_s = tree->adopts ? children_s() : 0;
    if (process_stat_read(tree->procfs, root, &stat)) {
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

    for (i = 0; i < tree->members.count; i++) {
        /* User and system time are cut to whole ticks one by one. */
        error_s += tree->members.items[i].precise ? 0 : 2 * tree->tick_s;
        error_s += tree->members.items[i].child_s > 0 ? 2 * tree->tick_s : 0;
    }
    return error_s;
}

size_t process_tree_alive(const struct process_tree *tree)
{
    size_t alive = 0;
    size_t i;

    for (i = 0; i < tree->members.count; i++) {
        alive += !tree->members.items[i].zombie;
    }
    return alive;
}

bool process_tree_has(const struct process_tree *tree, pid_t pid)
{
    return members_find(&tree->members, pid) != NULL;
}

void process_tree_destroy(struct process_tree *tree)
{
    if (tree != NULL) {
        members_finish(&tree->members);
        free(tree);
    }
}
