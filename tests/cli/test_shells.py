# SPDX-License-Identifier: MIT
"""Completions and the man page know every command and option that the command itself knows."""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import machine
from machine import MachineTest

TOP = pathlib.Path(__file__).parents[2]


class Shells(MachineTest):

    def commands(self):
        text = self.wattle("--help").stdout.split("Commands:\n")[1]
        return [line.split()[0] for line in text.splitlines() if line.startswith("  ")]

    def options(self, command):
        return sorted(set(re.findall(r"--[a-z][a-z-]*", self.wattle(command, "--help").stdout)) -
                      {"--help"})

    def complete(self, *words):
        script = (f"source {TOP}/completions/wattle.bash; COMP_WORDS=(\"$@\"); "
                  "COMP_CWORD=$(($# - 1)); _wattle; printf '%s\\n' \"${COMPREPLY[@]}\"")
        done = subprocess.run(["bash", "--norc", "-c", script, "bash", "wattle", *words],
                              env={**self.machine.environment(),
                                   "PATH": os.path.dirname(machine.WATTLE) + ":/usr/bin:/bin"},
                              cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    @unittest.skipUnless(shutil.which("bash"), "needs bash")
    def test_bash_completes_commands_options_and_values(self):
        self.assertEqual(sorted(self.complete("")),
                         sorted(self.commands() + ["help", "--help", "--version"]))
        self.assertEqual(self.complete("mon"), ["monitor"])
        for command in self.commands():
            for option in self.options(command):
                self.assertIn(option, self.complete(command, "--"), command)
        self.assertEqual(self.complete("run", "--log-format", "j"), ["json", "journald"])
        self.assertIn("last", self.complete("show", ""))

    @unittest.skipUnless(shutil.which("bash"), "needs bash")
    def test_bash_leaves_the_measured_command_to_its_own_completion(self):
        (self.folder / "a-file").touch()
        self.assertIn("env", self.complete("run", "--", "en"))
        self.assertIn("env", self.complete("run", "--hz", "5", "en"))
        self.assertEqual(self.complete("run", "cat", "a-f"), ["a-file"])
        self.assertEqual(self.complete("run", "cat", "--js"), [])

    @unittest.skipUnless(shutil.which("zsh"), "needs zsh")
    def test_zsh_reads_its_completion(self):
        done = subprocess.run(["zsh", "-f", "-n", str(TOP / "completions/_wattle")],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_nothing_is_missing_in_zsh_and_in_the_man_page(self):
        zsh = (TOP / "completions/_wattle").read_text(encoding="utf-8")
        page = (TOP / "man/wattle.1").read_text(encoding="utf-8").replace("\\-", "-")
        for command in self.commands():
            self.assertRegex(zsh, rf"\b{command}\b")
            self.assertIn(f"wattle {command}", page.replace("wattle\n.RB { ", "wattle "), command)
            if command == "estimate":
                continue
            for option in self.options(command):
                self.assertIn(option, zsh, command)
                self.assertIn(option, page, command)


if __name__ == "__main__":
    machine.main()
