# SPDX-License-Identifier: MIT
"""What goes into and comes out of a command is the same with and without `wattle run`."""
import json
import os
import signal
import subprocess

import machine
from machine import MachineTest


class PassThrough(MachineTest):

    def test_the_exit_status_is_the_commands(self):
        for status in (0, 1, 7, 255):
            self.assertEqual(self.wattle("run", "--", "sh", "-c", f"exit {status}").returncode,
                             status)

    def test_a_signal_becomes_128_and_its_number(self):
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV):
            done = self.wattle("run", "--", "sh", "-c", f"kill -{int(number)} $$")
            self.assertEqual(done.returncode, 128 + number)

    def test_what_is_not_found_is_127_and_what_is_not_executable_126(self):
        done = self.wattle("run", "--", "no-such-command-anywhere")
        self.assertEqual(done.returncode, 127)
        self.assertEqual(done.stderr,
                         "wattle: run: no-such-command-anywhere: command not found\n")
        done = self.wattle("run", "--", "/")
        self.assertEqual(done.returncode, 126)
        self.assertEqual(done.stderr.count("\n"), 1)
        (self.folder / "text").write_text("not a program\n", encoding="ascii")
        self.assertEqual(self.wattle("run", "--", "./text").returncode, 126)

    def test_what_was_not_executed_is_not_kept(self):
        self.wattle("run", "--", "no-such-command-anywhere")
        self.assertEqual(json.loads(self.wattle("runs", "--json").stdout), [])

    def test_input_and_both_outputs_pass_unchanged(self):
        done = self.wattle("run", "--quiet", "--", "sh", "-c", "cat; echo err >&2", stdin="a\nb")
        self.assertEqual(done.stdout, "a\nb")
        self.assertEqual(done.stderr, "err\n")

    def test_options_after_the_command_are_the_commands(self):
        done = self.wattle("run", "-q", "echo", "--json", "-q", "--", "x")
        self.assertEqual(done.stdout, "--json -q -- x\n")

    def test_no_descriptor_leaks_into_the_command(self):
        done = self.wattle("run", "-q", "--", "sh", "-c", "ls /proc/self/fd | wc -l")
        bare = subprocess.run(["sh", "-c", "ls /proc/self/fd | wc -l"], capture_output=True,
                              text=True, check=True, stdin=subprocess.DEVNULL)
        self.assertEqual(done.stdout, bare.stdout)

    def test_the_command_gets_the_signals_as_wattle_found_them(self):
        script = "grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status"
        for ignored in ([], [signal.SIGCHLD], [signal.SIGHUP, signal.SIGPIPE, signal.SIGINT]):
            def prepare(numbers=tuple(ignored)):
                signal.signal(signal.SIGPIPE, signal.SIG_DFL)
                for number in numbers:
                    signal.signal(number, signal.SIG_IGN)
            bare = subprocess.run(["sh", "-c", script], capture_output=True, text=True,
                                  check=False, preexec_fn=prepare)
            done = self.wattle("run", "-q", "--", "sh", "-c", script, preexec_fn=prepare)
            self.assertEqual(done.stdout, bare.stdout, done.stderr)

    def test_a_closed_pipe_behind_the_command_kills_it_as_usual(self):
        done = subprocess.run(
            ["sh", "-c", f"{machine.WATTLE} run -q -- sh -c 'yes; exit 3' | head -1"],
            env=self.machine.environment(), capture_output=True, text=True, check=False,
            timeout=20)
        self.assertEqual(done.stdout, "y\n")

    def test_it_works_with_no_input_no_output_and_no_terminal(self):
        done = self.wattle("run", "--", "sh", "-c", "exit 5", start_new_session=True)
        self.assertEqual(done.returncode, 5)

    def test_it_works_with_standard_error_closed(self):
        done = subprocess.run(["sh", "-c", f"exec {machine.WATTLE} run -- sh -c 'exit 4' 2>&-"],
                              env=self.machine.environment(), check=False, timeout=20)
        self.assertEqual(done.returncode, 4)

    def test_quiet_says_nothing(self):
        done = self.wattle("run", "--quiet", "--", "true")
        self.assertEqual((done.stdout, done.stderr), ("", ""))

    def test_the_summary_goes_to_standard_error_without_colour_in_a_pipe(self):
        done = self.wattle("run", "--", "true")
        self.assertEqual(done.stdout, "")
        self.assertNotEqual(done.stderr, "")
        self.assertNotIn("\033", done.stderr)

    def test_the_command_knows_its_run(self):
        record, done = self.record("--", "sh", "-c", "echo $WATTLE_RUN_ID")
        self.assertEqual(done.stdout.strip(), record["run"]["id"])

    def test_a_run_inside_a_run_names_its_parent(self):
        inner = self.folder / "inner.json"
        record, done = self.record("--", machine.WATTLE, "run", "-q", "--json", inner, "--",
                                   "sh", "-c", "exit 9")
        self.assertEqual(done.returncode, 9)
        within = json.loads(inner.read_text(encoding="utf-8"))
        self.assertEqual(within["run"]["parent_id"], record["run"]["id"])
        self.assertNotIn("parent_id", record["run"])
        self.assertNotEqual(within["run"]["id"], record["run"]["id"])

    def test_an_orphan_of_the_command_lives_on_and_is_not_waited_for(self):
        mark = self.folder / "mark"
        done = self.wattle("run", "-q", "--", "sh", "-c",
                           f"(setsid sh -c 'sleep 0.4; echo here > {mark}' >/dev/null 2>&1 &)")
        self.assertEqual(done.returncode, 0)
        self.wait_for(mark.exists, "the orphan")

    def test_ten_thousand_short_children_leave_the_status_alone(self):
        children = os.environ.get("WATTLE_TEST_CHILDREN")
        if not children:
            self.skipTest("the program that makes children is not built")
        record, done = self.record("--", children, "10000", timeout=80)
        self.assertEqual(done.returncode, 6)
        self.assertGreater(record["run"]["duration_s"], 0)

    def test_a_closed_standard_descriptor_stays_closed_and_takes_no_file(self):
        done = subprocess.run(
            ["sh", "-c", f"exec {machine.WATTLE} run -- "
             "sh -c 'ls -l /proc/self/fd > fds; exit 4' <&- 2>&-"],
            env=self.machine.environment(), check=False, timeout=20, cwd=self.folder)
        self.assertEqual(done.returncode, 4)
        self.assertNotIn(" 2 -> ", (self.folder / "fds").read_text(encoding="utf-8"))
        rows = json.loads(self.wattle("runs", "--json").stdout)
        self.assertEqual(len(rows), 1)


if __name__ == "__main__":
    os.environ.pop("WATTLE_RUN_ID", None)
    machine.main()
