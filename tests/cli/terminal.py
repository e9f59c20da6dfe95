# SPDX-License-Identifier: MIT
"""A terminal with a miniature job-control shell on it, driven by a test."""
import os
import pty
import select
import signal
import time


def miniature_shell(argv, env, cwd, reports, orders, background):
    """Session leader: runs argv as a job; says what became of it; obeys "fg"."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        if not background:
            os.tcsetpgrp(0, os.getpid())
        for number in (signal.SIGTTOU, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP,
                       signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.close(reports)
        os.close(orders)
        os.chdir(cwd)
        os.execve(argv[0], argv, env)
    try:
        os.setpgid(job, job)
    except OSError:
        pass
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        os.tcsetpgrp(0, os.getpgrp())
        if os.WIFSTOPPED(status):
            os.write(reports, b"stopped %d\n" % os.WSTOPSIG(status))
            os.read(orders, 1)
            os.tcsetpgrp(0, job)
            os.killpg(job, signal.SIGCONT)
        elif os.WIFSIGNALED(status):
            os.write(reports, b"killed %d\n" % os.WTERMSIG(status))
            break
        else:
            os.write(reports, b"exited %d\n" % os.WEXITSTATUS(status))
            break


class Terminal:
    """The test's end."""

    def __init__(self, argv, env, cwd, background=False):
        self.reports, reports = os.pipe()
        orders, self.orders = os.pipe()
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            try:
                os.close(self.reports)
                os.close(self.orders)
                miniature_shell([str(a) for a in argv], env, cwd, reports, orders,
                                background)
            finally:
                os._exit(0)
        os.close(reports)
        os.close(orders)
        self.text = ""
        self.told = ""

    def press(self, keys):
        os.write(self.master, keys)

    def foreground(self):
        os.write(self.orders, b"f")

    def pump(self, seconds):
        ready, _, _ = select.select([self.master, self.reports], [], [], seconds)
        for fd in ready:
            try:
                data = os.read(fd, 65536).decode(errors="replace")
            except OSError:  # the terminal's other end is closed
                data = ""
            if fd == self.master:
                self.text += data
            else:
                self.told += data
        return bool(ready)

    def wait(self, where, what, seconds=10):
        """Until `what` is in self.text or self.told; takes it out of there."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            have = getattr(self, where)
            if what in have:
                setattr(self, where, have[have.index(what) + len(what):])
                return True
            self.pump(0.05)
        raise AssertionError(f"no {what!r}; on the terminal: {self.text!r}, told: {self.told!r}")

    def close(self):
        for fd in (self.master, self.orders, self.reports):
            os.close(fd)
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self.pid, 0)
