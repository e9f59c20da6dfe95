#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`wattle estimate server` and `wattle calibrate` as a user meets them: server_model.py WATTLE"""
import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest

WATTLE = os.path.abspath(sys.argv.pop(1))


def run(*args, status=0, home=None, stdin=""):
    with tempfile.TemporaryDirectory() as own:
        home = home or own
        env = {"PATH": os.environ["PATH"], "HOME": home}
        if os.path.isdir(home + "/proc"):
            env |= {"WATTLE_PROCFS": home + "/proc", "WATTLE_SYSFS": home + "/sys",
                    "WATTLE_CGROUP": home + "/cgroup"}
        done = subprocess.run([WATTLE, *args], capture_output=True, text=True, env=env, cwd=home,
                              input=stdin)
    assert done.returncode == status, (args, done.returncode, done.stdout, done.stderr)
    return done


class Server(unittest.TestCase):
    QUERY = ["estimate", "server", "--cpu", "AMD EPYC 7763 64-Core Processor", "--sockets", "2",
             "--cores", "128", "--memory-gb", "512"]

    def test_the_object_has_what_it_promises(self):
        r = json.loads(run(*self.QUERY, "--load", "0.5", "--json").stdout)
        self.assertEqual(set(r), {"power_w", "low_w", "high_w", "confidence", "idle_w", "max_w",
                                  "microarchitecture", "basis"})
        self.assertTrue(r["idle_w"] < r["low_w"] < r["power_w"] < r["high_w"] < 2 * r["max_w"])
        self.assertEqual(r["microarchitecture"], "Zen 3")
        unknown = json.loads(run("estimate", "server", "--cpu", "x", "--load", "0.5",
                                 "--json").stdout)
        self.assertEqual(set(unknown), set(r))
        self.assertEqual(unknown["microarchitecture"], "unknown")

    def test_explain_shows_factors_whose_product_is_the_estimate(self):
        r = json.loads(run(*self.QUERY, "--load", "1", "--json", "--explain").stdout)
        product = 1.0
        for term in r["coefficients"]:
            product *= term["full_factor"]
            self.assertTrue(term["source"])
        self.assertAlmostEqual(product / r["max_w"], 1, places=6)
        self.assertIn("maker", run(*self.QUERY, "--explain").stdout)

    def test_without_load_there_is_no_power(self):
        r = json.loads(run(*self.QUERY, "--json").stdout)
        self.assertNotIn("power_w", r)
        self.assertIn("max_w", r)

    def test_a_table_is_read_from_a_pipe(self):
        text = "id,cpu,load\na,AMD EPYC 7763,0\nb,Intel(R) Xeon(R) Gold 6136 CPU @ 3.00GHz,1\n"
        rows = list(csv.DictReader(io.StringIO(
            run("estimate", "server", "--csv", "-", stdin=text).stdout)))
        self.assertEqual([row["id"] for row in rows], ["a", "b"])
        self.assertEqual(rows[1]["microarchitecture"], "Skylake-SP")
        self.assertEqual(rows[0]["power_w"], rows[0]["idle_w"])

    def test_nonsense_is_one_line_and_two(self):
        for args in (["--load", "2"], ["--cores", "0"], ["--csv", "/nonexistent"], ["--load"], [],
                     ["--csv", "-", "--json"], ["--cpu", "x", "y"]):
            done = run("estimate", "server", *args, status=2)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


class Calibrate(unittest.TestCase):
    def machine(self, home, flags=""):
        for name in ("proc", "sys", "cgroup"):
            os.mkdir(f"{home}/{name}")
        with open(f"{home}/proc/cpuinfo", "w", encoding="ascii") as file:
            for i in range(16):
                file.write(f"processor\t: {i}\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\n"
                           f"model\t\t: 1\nmodel name\t: AMD EPYC 7343 16-Core Processor\n"
                           f"physical id\t: 0\ncore id\t\t: {i}\ncpu cores\t: 16\n"
                           f"flags\t\t: fpu {flags}\n\n")
        with open(f"{home}/proc/stat", "w", encoding="ascii") as file:
            file.write("cpu  100 0 0 1000 0 0 0 0 0 0\n")

    def test_a_reading_is_kept_narrows_and_can_be_forgotten(self):
        with tempfile.TemporaryDirectory() as home:
            self.machine(home)
            before = json.loads(run("calibrate", "--show", "--json", home=home).stdout)
            after = json.loads(run("calibrate", "--watts", "95", "--load", "idle", "--json",
                                   home=home).stdout)
            self.assertLess(abs(after["idle"]["w"] / 95 - 1), 0.05)
            self.assertLess(after["idle"]["high_w"] / after["idle"]["low_w"], 1.2)
            self.assertLess(after["max"]["high_w"] / after["max"]["low_w"],
                            before["max"]["high_w"] / before["max"]["low_w"])
            run("calibrate", "--watts", "260", "--load", "full", home=home)
            self.assertEqual(len(json.loads(run("calibrate", "--show", "--json",
                                                home=home).stdout)["points"]), 2)
            run("calibrate", "--forget", home=home)
            self.assertEqual(json.loads(run("calibrate", "--show", "--json",
                                            home=home).stdout)["points"], [])

    def test_a_guest_has_no_plug(self):
        with tempfile.TemporaryDirectory() as home:
            self.machine(home, "hypervisor")
            self.assertIn("virtual machine", run("calibrate", "--watts", "95", "--load", "idle",
                                                 status=2, home=home).stderr)

    def test_nonsense_is_one_line_and_two(self):
        for args in ([], ["--watts", "0"], ["--watts", "9", "--show"],
                     ["--watts", "9", "--load", "x"],
                     ["--watts", "nan"]):
            self.assertEqual(run("calibrate", *args, status=2).stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
