/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "cli/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "cli/spawn.h"

static const int taken_signals[] = {SIGINT,  SIGQUIT, SIGTERM, SIGHUP,  SIGUSR1, SIGUSR2,
                                    SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT};
static const int ending_signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};

static void replace_disposition(int signal_number, void (*handler)(int), struct sigaction *old)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, old);
}

void launch_init(struct launch *launch)
{
    size_t i;

    memset(launch, 0, sizeof *launch);
    launch->exec_fd = -1;
    sigemptyset(&launch->taken);
    for (i = 0; i < sizeof taken_signals / sizeof taken_signals[0]; i++) {
        sigaddset(&launch->taken, taken_signals[i]);
    }
    sigprocmask(SIG_BLOCK, &launch->taken, &launch->old_mask);
    replace_disposition(SIGPIPE, SIG_IGN, &launch->old_pipe);
    replace_disposition(SIGXFSZ, SIG_IGN, &launch->old_xfsz);
    /* A parent that ignores SIGCHLD would make the kernel reap our child unseen. */
    replace_disposition(SIGCHLD, SIG_DFL, &launch->old_chld);
}

int launch_interrupted(const struct launch *launch)
{
    sigset_t pending;
    size_t i;

    (void)launch;
    if (sigpending(&pending) != 0) {
        return 0;
    }
    for (i = 0; i < sizeof ending_signals / sizeof ending_signals[0]; i++) {
        struct sigaction action;

        if (sigismember(&pending, ending_signals[i]) == 1 &&
            sigaction(ending_signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN) {
            return ending_signals[i];
        }
    }
    return 0;
}

/* ---- starting ----------------------------------------------------------------------------- */

struct birth {
    const struct launch *launch;
    char *const *argv;
    char *const *environment;
    int exec_fd;
};

/* The child before exec: only async-signal-safe calls, and no memory of the parent's is written. */
static void become_command(void *argument)
{
    const struct birth *birth = argument;
    int errnum;

    sigaction(SIGPIPE, &birth->launch->old_pipe, NULL);
    sigaction(SIGXFSZ, &birth->launch->old_xfsz, NULL);
    sigaction(SIGCHLD, &birth->launch->old_chld, NULL);
    sigprocmask(SIG_SETMASK, &birth->launch->old_mask, NULL);
    execvpe(birth->argv[0], birth->argv, birth->environment);
    errnum = errno;
    while (write(birth->exec_fd, &errnum, sizeof errnum) < 0 && errno == EINTR) {
    }
    _exit(errnum == ENOENT ? 127 : 126);
}

int launch_start(struct launch *launch, char *const argv[], char *const environment[],
                 int cgroup_fd, struct wattle_error *err)
{
    struct birth birth = {launch, argv, environment, -1};
    int fds[2], errnum;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) != 0) {
        return error_errno(err, errno, "pipe");
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    birth.exec_fd = fds[1];
    pid = spawn_child(cgroup_fd, become_command, &birth);
    errnum = errno;
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return error_errno(err, errnum, "a process for the command cannot be made");
    }
    launch->pid = pid;
    launch->exec_fd = fds[0];
    return 0;
}

static void add_time(struct timeval *sum, const struct timeval *more)
{
    sum->tv_sec += more->tv_sec;
    sum->tv_usec += more->tv_usec;
    if (sum->tv_usec >= 1000000) {
        sum->tv_usec -= 1000000;
        sum->tv_sec++;
    }
}

static void add_usage(struct launch *launch, const struct rusage *usage)
{
    add_time(&launch->reaped.ru_utime, &usage->ru_utime);
    add_time(&launch->reaped.ru_stime, &usage->ru_stime);
    if (usage->ru_maxrss > launch->reaped.ru_maxrss) {
        launch->reaped.ru_maxrss = usage->ru_maxrss;
    }
}

static void note_end(struct launch *launch, int status, const struct rusage *usage)
{
    launch->ended = true;
    launch->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    add_usage(launch, usage);
}

int launch_exec_errno(struct launch *launch)
{
    int errnum = 0;
    ssize_t n;

    if (launch->exec_fd < 0 || !launch->ended) {
        return 0;
    }
    /* The child is gone and nobody else holds the other end: this does not block. */
    do {
        n = read(launch->exec_fd, &errnum, sizeof errnum);
    } while (n < 0 && errno == EINTR);
    close(launch->exec_fd);
    launch->exec_fd = -1;
    return n == (ssize_t)sizeof errnum ? errnum : 0;
}

/* ---- waiting ------------------------------------------------------------------------------ */

static void take_stop(struct launch *launch, int stop_signal)
{
    static const struct timespec moment = {0, 50 * 1000 * 1000};
    sigset_t one, old;

    launch->child_stopped = true;
    if (stop_signal != SIGTSTP && stop_signal != SIGTTIN && stop_signal != SIGTTOU) {
        return; /* somebody paused the command alone, and will continue it alone */
    }
    /*
     * The terminal stops the whole group, so the same signal is on its way to us. If it is not,
     * the command was stopped alone: nobody would ever continue us.
     */
    sigemptyset(&one);
    sigaddset(&one, stop_signal);
    if (launch->stop_seen != stop_signal && sigtimedwait(&one, NULL, &moment) != stop_signal) {
        return;
    }
    launch->stop_seen = 0;
    raise(stop_signal);
    pthread_sigmask(SIG_UNBLOCK, &one, &old); /* here we stop, and here we go on */
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* Everything that has happened to children since the last call. */
static void reap(struct launch *launch)
{
    for (;;) {
        struct rusage usage;
        int status;
        pid_t pid = wait4(-1, &status, WNOHANG | WUNTRACED | WCONTINUED, &usage);

        if (pid < 0 && errno == EINTR) {
            continue;
        }
        if (pid <= 0) {
            return;
        }
        if (WIFSTOPPED(status)) {
            if (pid == launch->pid) {
                take_stop(launch, WSTOPSIG(status));
            }
        } else if (WIFCONTINUED(status)) {
            launch->child_stopped = launch->child_stopped && pid != launch->pid;
        } else if (pid == launch->pid) {
            note_end(launch, status, &usage);
        } else {
            add_usage(launch, &usage);
        }
    }
}

static void pass_on(struct launch *launch, int signal_number)
{
    if (!launch->ended && launch->pid > 0) {
        kill(launch->pid, signal_number);
    }
}

static void take_signal(struct launch *launch, const siginfo_t *info)
{
    /* SI_KERNEL: the terminal, which has told the whole group. */
    bool from_process = info->si_code <= 0;

    switch (info->si_signo) {
    case SIGCHLD:
        reap(launch);
        break;
    case SIGINT:
    case SIGQUIT:
        if (launch->pid == 0) {
            launch->ended_by = info->si_signo;
        } else if (from_process) {
            pass_on(launch, info->si_signo);
        }
        break;
    case SIGTERM:
    case SIGHUP:
        if (launch->pid == 0) {
            launch->ended_by = info->si_signo;
        }
        pass_on(launch, info->si_signo);
        break;
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
        if (launch->pid == 0) {
            raise(SIGSTOP);
            break;
        }
        /* We follow when the command has stopped, which it may decline. */
        launch->stop_seen = info->si_signo;
        if (from_process) {
            pass_on(launch, info->si_signo);
        }
        break;
    case SIGCONT:
        launch->stop_seen = 0;
        reap(launch);
        if (launch->child_stopped) {
            pass_on(launch, SIGCONT);
        }
        break;
    default: /* SIGUSR1, SIGUSR2 */
        pass_on(launch, info->si_signo);
        break;
    }
}

bool launch_wait(struct launch *launch, int64_t until_ns)
{
    for (;;) {
        int64_t left_ns = until_ns - clock_monotonic_ns(NULL);
        struct timespec timeout = {0, 0};
        siginfo_t info;

        if (launch->ended || launch->ended_by != 0) {
            return true;
        }
        if (left_ns > 0) {
            timeout.tv_sec = (time_t)(left_ns / NS_PER_S);
            timeout.tv_nsec = (long)(left_ns % NS_PER_S);
        }
        if (sigtimedwait(&launch->taken, &info, &timeout) > 0) {
            take_signal(launch, &info);
        } else if (errno == EAGAIN) {
            return launch->ended;
        }
    }
}

/* ---- the guard ---------------------------------------------------------------------------- */

static void *guard_main(void *unused)
{
    sigset_t ending;
    size_t i;
    int taken;

    (void)unused;
    sigemptyset(&ending);
    for (i = 0; i < sizeof ending_signals / sizeof ending_signals[0]; i++) {
        sigaddset(&ending, ending_signals[i]);
    }
    if (sigwait(&ending, &taken) == 0) {
        _exit(128 + taken);
    }
    return NULL;
}

void launch_guard_init(struct launch_guard *guard)
{
    guard->running = pthread_create(&guard->thread, NULL, guard_main, NULL) == 0;
}

void launch_guard_finish(struct launch_guard *guard)
{
    if (guard->running) {
        pthread_cancel(guard->thread);
        pthread_join(guard->thread, NULL);
        guard->running = false;
    }
}
