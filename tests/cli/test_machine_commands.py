# SPDX-License-Identifier: MIT
"""doctor, load and monitor on fake machines."""
import csv
import io
import json
import os
import re
import signal
import unittest

import machine
from machine import MachineTest


class Doctor(MachineTest):

    def test_a_counter_that_counts_is_told_from_one_that_does_not(self):
        self.machine.watts = (50.0, 0.0, 50.0, 5.0)
        self.machine.write_counters()
        self.machine.go()
        done = self.wattle("doctor")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("counts: ", done.stdout)
        self.assertIn("does not move", done.stdout)

    def test_a_machine_where_nothing_counts_is_a_failure(self):
        done = self.wattle("doctor")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Nothing here can be measured", done.stdout)

    def test_counters_that_everybody_may_read_are_named(self):
        self.machine.counter("intel-rapl:0").chmod(0o444)
        self.assertIn("readable by everybody", self.wattle("doctor").stdout)

    def test_a_label_cannot_steer_the_terminal(self):
        zone = self.machine.root / "sys/class/powercap/intel-rapl:0"
        (zone / "name").write_text("package-0\x1b[31m\n", encoding="ascii")
        for command in ("doctor", "sensors"):
            self.assertNotIn("\x1b", self.wattle(command).stdout)

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_fix_installs_once_and_never_for_everybody(self):
        root = self.machine.root
        (root / "etc").mkdir()
        (root / "etc/group").write_text("root:x:0:\nusers:x:100:\nlast:x:999:\n", encoding="ascii")
        for path in (root / "sys/class/powercap").glob("*/energy_uj"):
            path.chmod(0o444)
        first = self.wattle("doctor", "--fix", "--root", root)
        self.assertEqual(first.returncode, 0, first.stdout)
        rule = (root / "etc/udev/rules.d/70-wattle.rules").read_text(encoding="ascii")
        self.assertIn("chmod 0440", rule)
        self.assertIn("chgrp wattle", rule)
        self.assertIn("0440 root wattle", (root / "etc/tmpfiles.d/wattle.conf").read_text())
        self.assertIn("\nwattle:x:998:\n", (root / "etc/group").read_text(encoding="ascii"))
        for path in (root / "sys/class/powercap").glob("*/energy_uj"):
            self.assertEqual((path.stat().st_mode & 0o7777, path.stat().st_gid), (0o440, 998))
        group = (root / "etc/group").read_text(encoding="ascii")
        second = self.wattle("doctor", "--fix", "--root", root)
        self.assertEqual(second.returncode, 0)
        self.assertTrue(all(line.startswith("there: ") for line in second.stdout.splitlines()),
                        second.stdout)
        self.assertEqual(group, (root / "etc/group").read_text(encoding="ascii"))


class Load(MachineTest):

    def used(self, *arguments):
        done = self.wattle("load", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return float(re.search(r"([0-9.]+) CPU s used", done.stdout).group(1)), done.stdout

    def test_a_level_is_kept_and_the_rest_is_idle(self):
        used, _ = self.used("--cpu", "25", "--threads", "1", "--duration", "1s")
        self.assertLess(used, 0.35)  # a busy machine may give less, never more
        used, _ = self.used("--cpu", "0", "--threads", "2", "--duration", "200ms")
        self.assertLess(used, 0.05)

    def test_memory_is_held(self):
        _, text = self.used("--cpu", "5", "--memory", "16M", "--duration", "50ms")
        self.assertIn("16 MiB held", text)

    def test_an_interrupt_ends_it_well(self):
        process = self.start("load", "--cpu", "1", "--threads", "1")
        self.wait_for(lambda: len(os.listdir(f"/proc/{process.pid}/task")) > 1, "the thread")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(10), 0)


class Monitor(MachineTest):

    def setUp(self):
        super().setUp()
        self.machine.go()

    def test_rows_of_csv_have_the_headers_columns(self):
        done = self.wattle("monitor", "--csv", "--interval", "200ms", "--count", "3")
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(rows), 3)
        self.assertTrue({"time", "elapsed_s", "machine_j", "machine_w", "package-0_w",
                         "dram-1_w", "quality"} <= set(rows[0]))
        energies = [float(row["machine_j"]) for row in rows]
        self.assertEqual(energies, sorted(energies))

    def test_no_two_columns_have_one_name(self):
        done = self.wattle("monitor", "--csv", "--interval", "100ms", "--count", "1",
                           env={"WATTLE_SENSORS": "powercap,modelled"})
        header = done.stdout.splitlines()[0].split(",")
        self.assertEqual(sorted(header), sorted(set(header)))

    def test_json_lines_are_objects(self):
        done = self.wattle("monitor", "--json", "--interval", "200ms", "--duration", "600ms")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(rows), 3)
        for row in rows:
            self.assertAlmostEqual(row["machine_w"], 110, delta=40)
            self.assertEqual({c["name"] for c in row["components"] if c["counted"]},
                             {"package-0", "package-1", "dram-0", "dram-1"})

    def test_an_interrupt_ends_it_well(self):
        process = self.start("monitor", "--interval", "50ms")
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(10), 0)


if __name__ == "__main__":
    machine.main()
