/* SPDX-License-Identifier: MIT */
/*
 * clone3 as vfork: no page tables are copied and no page is faulted twice,
 * which is a tenth of all that `wattle run` adds to a command; and the child
 * is born in its cgroup, for moving it later takes the kernel milliseconds.
 *
 * glibc has no wrapper for that, and syscall(2) cannot do it: the child would
 * overwrite the return address on the stack that it shares. So the system call
 * and the child's first step are one piece of assembler: below the red zone of
 * the parent's frame, never to return into it. Elsewhere, under sanitizers and
 * on kernels without clone3 (before 5.3) it is an ordinary fork.
 */
#define _GNU_SOURCE
#include "cli/spawn.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define UNDER_SANITIZER
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER
#endif

#if defined(__x86_64__) && defined(__LP64__) && defined(CLONE_INTO_CGROUP) &&                      \
    !defined(UNDER_SANITIZER)

static pid_t clone_sharing(int cgroup_fd, void (*child)(void *argument), void *argument)
{
    struct clone_args args;
    long result;

    memset(&args, 0, sizeof args);
    args.flags = CLONE_VM | CLONE_VFORK;
    args.exit_signal = SIGCHLD;
    if (cgroup_fd >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup_fd;
    }
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "sub $256, %%rsp\n\t" /* over the red zone of 128 bytes */
                     "and $-16, %%rsp\n\t"
                     "mov %[argument], %%rdi\n\t"
                     "call *%[child]\n\t"
                     "hlt\n"
                     "1:"
                     : "=a"(result)
                     : "a"((long)SYS_clone3), "D"(&args), "S"(sizeof args), [child] "r"(child),
                       [argument] "r"(argument)
                     : "rcx", "r11", "cc", "memory");
    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    return (pid_t)result;
}

#else

static pid_t clone_sharing(int cgroup_fd, void (*child)(void *argument), void *argument)
{
    (void)cgroup_fd;
    (void)child;
    (void)argument;
    errno = ENOSYS;
    return -1;
}

#endif

/* Into the cgroup all the same, with memory of its own. */
static pid_t fork_into(int cgroup_fd)
{
#ifdef CLONE_INTO_CGROUP
    if (cgroup_fd >= 0) {
        struct clone_args args;
        long pid;

        memset(&args, 0, sizeof args);
        args.flags = CLONE_INTO_CGROUP;
        args.exit_signal = SIGCHLD;
        args.cgroup = (uint64_t)cgroup_fd;
        pid = syscall(SYS_clone3, &args, sizeof args);
        if (pid >= 0) {
            return (pid_t)pid;
        }
    }
#else
    (void)cgroup_fd;
#endif
    return fork();
}

pid_t spawn_child(int cgroup_fd, void (*child)(void *argument), void *argument)
{
    pid_t pid = clone_sharing(cgroup_fd, child, argument);

    if (pid < 0 && cgroup_fd >= 0 && errno != ENOSYS) {
        pid = clone_sharing(-1, child, argument); /* the cgroup is refused, the process is not */
    }
    if (pid < 0) {
        pid = fork_into(cgroup_fd);
        if (pid == 0) {
            child(argument);
            _exit(126);
        }
    }
    return pid;
}
