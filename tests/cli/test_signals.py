# SPDX-License-Identifier: MIT
"""^C, ^Z, kill: as with time(1) and perf-stat(1). And if Wattle is killed, the command lives on."""
import os
import signal
import sys
import termios
import time

import machine
from machine import MachineTest
from terminal import Terminal

# Says "ready", then each signal it gets; ends with 40 + the number of SIGINTs on SIGTERM.
LISTENER = """
import os, signal, sys
count = 0
def take(number, frame):
    global count
    count += number == signal.SIGINT
    os.write(1, b"got %d\\n" % number)
    if number == signal.SIGTERM:
        os._exit(40 + count)
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1,
               signal.SIGUSR2):
    signal.signal(number, take)
os.write(1, b"ready %d\\n" % os.getpid())
while True:
    signal.pause()
"""


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rsplit(")", 1)[1].split()[0]


class Signals(MachineTest):

    def listener(self):
        process = self.start("run", "-q", "--", sys.executable, "-c", LISTENER)
        pid = int(process.stdout.readline().split()[1])
        return process, pid

    def test_signals_sent_to_wattle_reach_the_command(self):
        process, _ = self.listener()
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, signal.SIGINT,
                       signal.SIGQUIT):
            process.send_signal(number)
            self.assertEqual(process.stdout.readline(), f"got {int(number)}\n")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 41)

    def test_a_command_that_dies_of_a_forwarded_signal_gives_128_and_its_number(self):
        process = self.start("run", "-q", "--", "sh", "-c", "echo ready; exec sleep 30")
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 128 + signal.SIGTERM)

    def test_if_wattle_is_killed_the_command_lives_on(self):
        mark = self.folder / "mark"
        process = self.start("run", "-q", "--", "sh", "-c", f"echo ready; sleep 0.5; echo > {mark}")
        process.stdout.readline()
        process.kill()
        self.assertEqual(process.wait(10), -signal.SIGKILL)
        self.wait_for(mark.exists, "the command's mark")

    def test_a_paused_command_alone_does_not_pause_wattle(self):
        process, pid = self.listener()
        os.kill(pid, signal.SIGSTOP)
        self.wait_for(lambda: state_of(pid) == "T", "the command to stop")
        time.sleep(0.1)
        self.assertNotEqual(state_of(process.pid), "T")
        os.kill(process.pid, signal.SIGCONT)
        self.wait_for(lambda: state_of(pid) != "T", "the command to go on")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 40)


class OnATerminal(MachineTest):

    def on_terminal(self, *arguments, background=False, **env):
        try:
            terminal = Terminal([machine.WATTLE, *arguments], self.machine.environment(**env),
                                self.folder, background)
        except OSError as error:  # a bare chroot has no /dev/pts
            self.skipTest(f"no pseudo-terminal: {error}")
        self.addCleanup(terminal.close)
        return terminal

    def run_on_terminal(self, *arguments, **more):
        return self.on_terminal("run", *arguments, **more)

    def listener(self):
        terminal = self.run_on_terminal("-q", "--", sys.executable, "-c", LISTENER)
        terminal.wait("text", "ready ")
        terminal.wait("text", "\n")
        return terminal

    def test_each_interrupt_reaches_the_command_once_and_wattle_stays(self):
        terminal = self.listener()
        terminal.press(b"\x03")
        terminal.wait("text", "got 2")
        terminal.press(b"\x03")
        terminal.wait("text", "got 2")
        terminal.press(b"\x1c")
        terminal.wait("text", "got 3")
        time.sleep(0.1)
        terminal.pump(0)
        self.assertNotIn("got 2", terminal.text)
        self.assertEqual(terminal.told, "")
        with open(f"/proc/{terminal.pid}/task/{terminal.pid}/children", encoding="ascii") as file:
            os.kill(int(file.read().split()[0]), signal.SIGTERM)
        terminal.wait("told", "exited 42")

    def test_an_interrupt_ends_an_ordinary_command_and_wattle_still_tells(self):
        terminal = self.run_on_terminal("--", "sh", "-c", "echo ready; exec sleep 30")
        terminal.wait("text", "ready")
        terminal.press(b"\x03")
        terminal.wait("told", "exited 130")
        terminal.pump(0.2)
        self.assertIn("  run  ", terminal.text)

    def test_stop_key_stops_both_and_fg_continues_both(self):
        terminal = self.run_on_terminal("-q", "--", "sh", "-c",
                                        "echo ready; read x; echo got-$x; exit 3")
        terminal.wait("text", "ready")
        for _ in range(2):
            terminal.press(b"\x1a")
            terminal.wait("told", "stopped 20")
            terminal.foreground()
            time.sleep(0.1)
        terminal.press(b"word\n")
        terminal.wait("text", "got-word")
        terminal.wait("told", "exited 3")

    def test_a_command_that_ignores_the_stop_key_is_not_left_alone(self):
        script = ("import signal, os\n"
                  "signal.signal(signal.SIGTSTP, signal.SIG_IGN)\n"
                  "os.write(1, b'ready\\n')\n"
                  "os.read(0, 1)\n"
                  "os._exit(3)\n")
        terminal = self.run_on_terminal("-q", "--", sys.executable, "-c", script)
        terminal.wait("text", "ready")
        terminal.press(b"\x1a")
        time.sleep(0.2)
        terminal.pump(0)
        self.assertEqual(terminal.told, "")
        terminal.press(b"\n")
        terminal.wait("told", "exited 3")

    def test_a_background_job_that_reads_the_terminal_stops_with_wattle(self):
        terminal = self.run_on_terminal(
            "-q", "--", "sh", "-c", "echo ready; read x; read x < /dev/tty; echo got-$x; exit 3",
            background=True)
        terminal.wait("told", "stopped 21")
        terminal.foreground()
        terminal.press(b"one\n")
        time.sleep(0.1)
        terminal.press(b"two\n")
        terminal.wait("text", "got-two")
        terminal.wait("told", "exited 3")

    def test_a_background_job_tells_its_end_though_the_terminal_minds(self):
        terminal = self.run_on_terminal("--", "sh", "-c", "sleep 0.4; exit 3", background=True)
        settings = termios.tcgetattr(terminal.master)
        settings[3] |= termios.TOSTOP
        termios.tcsetattr(terminal.master, termios.TCSANOW, settings)
        terminal.wait("told", "exited 3")
        terminal.pump(0.2)
        self.assertIn("  run  ", terminal.text)

    def test_an_interrupt_while_idle_power_is_measured_runs_nothing(self):
        mark = self.folder / "mark"
        terminal = self.run_on_terminal("--idle", "20s", "--", "touch", str(mark))
        time.sleep(0.3)
        terminal.press(b"\x03")
        terminal.wait("told", "exited 130")
        self.assertFalse(mark.exists())

    def test_keys_change_an_interactive_load_and_give_the_terminal_back(self):
        terminal = self.on_terminal("load", "--interactive", "--threads", "1", "--cpu", "0")
        terminal.wait("text", "load: 1 thread at 0 %")
        terminal.press(b"3")
        terminal.wait("text", "at 30 %")
        terminal.press(b"+")
        terminal.wait("text", "at 35 %")
        terminal.press(b"\x1a")
        terminal.wait("told", "stopped ")
        terminal.foreground()
        terminal.press(b"q")
        terminal.wait("text", "CPU s used")
        terminal.wait("told", "exited 0")

    def test_colour_only_on_a_terminal_and_not_against_no_color(self):
        terminal = self.run_on_terminal("--", "true", NO_COLOR="1")
        terminal.wait("told", "exited 0")
        while terminal.pump(0.1) and "  run  " not in terminal.text:
            pass
        self.assertNotIn("\033", terminal.text)

    def test_the_live_line_is_drawn_and_erased(self):
        self.machine.go()
        terminal = self.run_on_terminal("--live", "-q", "--", "sleep", "1.3")
        terminal.wait("text", "\r\033[Kwattle: ")
        terminal.wait("text", "machine")
        terminal.wait("told", "exited 0")
        terminal.pump(0.1)
        self.assertTrue(terminal.text.endswith("\r\033[K"), terminal.text)


if __name__ == "__main__":
    machine.main()
