# SPDX-License-Identifier: MIT
"""What the command says when it is asked for help or asked wrongly, word for word.

golden/words.txt is a transcript: "$ arguments", what was printed, "= exit status". Write it anew
with WATTLE_GOLDEN=write and read the difference before you believe it.
"""
import json
import os
import pathlib
import re
import shlex
import subprocess

import machine
from machine import MachineTest

GOLDEN = pathlib.Path(__file__).parent / "golden" / "words.txt"


def asked():
    """The commands of the transcript, in order."""
    return [line[2:] for line in GOLDEN.read_text(encoding="utf-8").splitlines()
            if line.startswith("$ ")]


class Words(MachineTest):

    maxDiff = None

    def answer(self, line):
        words = shlex.split(line)
        env = {}
        while words and "=" in words[0]:
            key, value = words.pop(0).split("=", 1)
            env[key] = value
        done = self.wattle(*words[1:], env=env)
        self.assertLessEqual(done.stderr.count("\n"), 1, f"{line}: {done.stderr}")
        if done.returncode == 2:
            self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1), line)
        text = f"$ {line}\n{done.stdout}{done.stderr}= {done.returncode}\n"
        text = re.sub(r"\(there are: [^)]*\)", "(there are: ...)", text)
        return text.replace(str(self.machine.root), "ROOT")

    def test_every_answer_is_as_it_was(self):
        have = "\n".join(self.answer(line) for line in asked())
        if os.environ.get("WATTLE_GOLDEN") == "write":
            GOLDEN.write_text(have, encoding="utf-8")
        self.assertEqual(have, GOLDEN.read_text(encoding="utf-8"))

    def test_the_version_is_one_line(self):
        self.assertRegex(self.wattle("--version").stdout, r"^wattle [0-9.]+\n$")

    def test_help_on_every_command_fits_a_terminal(self):
        for line in self.wattle("--help").stdout.splitlines():
            if line.startswith("  ") and line[2] != " " and not line.startswith("  wattle"):
                done = self.wattle(line.split()[0], "--help")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn("Usage: wattle", done.stdout)
                self.assertIn("Exit status", done.stdout)
                self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100)
                self.assertEqual(self.wattle("help", line.split()[0]).stdout, done.stdout)

    def test_an_option_that_makes_no_sense_runs_nothing(self):
        mark = self.folder / "mark"
        for bad in (["--hz", "0"], ["--json", "/nowhere/x"], ["--nonsense"], ["--zone", "Atlantis"],
                    ["--sensors", "sonar"], ["--pid", "1"], ["--idle", "-1s"]):
            done = self.wattle("run", *bad, "--", "touch", mark)
            self.assertEqual(done.returncode, 2, bad)
            self.assertFalse(mark.exists(), bad)

    def test_log_lines_can_be_json(self):
        done = self.wattle("run", "--log-format", "json", "--hz", "0")
        line = json.loads(done.stderr)
        self.assertEqual(sorted(line), ["level", "message", "time"])
        self.assertEqual(line["level"], "error")
        done = self.wattle("show", "--log-format=journald")
        self.assertTrue(done.stderr.startswith("<3>wattle: "), done.stderr)

    def test_a_run_can_be_followed_in_the_log(self):
        done = self.wattle("run", "-q", "--log-format=json", "--log-level=debug", "--", "true")
        words = [json.loads(line)["message"] for line in done.stderr.splitlines()]
        for part in ("reads package-0 from powercap:intel-rapl:0, counted", "process ",
                     "ended with status 0", "kept "):
            self.assertTrue(any(part in line for line in words), (part, words))

    def test_output_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([machine.WATTLE, "--help"], stdout=full, stderr=subprocess.PIPE,
                                  text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("\n"), 1)


if __name__ == "__main__":
    machine.main()
