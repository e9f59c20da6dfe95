# SPDX-License-Identifier: MIT
"""The contract of `wattle run --json` and `wattle sensors --json`, key by key."""
import datetime
import json
import os
import pathlib

import machine
from machine import MachineTest

ENERGY = ("machine", "task", "other", "idle", "own")
KINDS = {"cpu", "dram", "gpu", "board", "battery", "other"}
QUALITIES = ["measured", "integrated", "modelled", "gap"]


def walk(value, path="$"):
    """Every scalar with its path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from walk(inner, f"{path}[{i}]")
    else:
        yield path, value


class Contract(MachineTest):

    def check_energy(self, energy):
        self.assertIn(energy["scope"], ("components", "wall"))
        self.assertIn(energy["quality"], QUALITIES)
        for name in ENERGY:
            if name + "_j" in energy:
                low, value, high = (energy[name + part] for part in ("_low_j", "_j", "_high_j"))
                self.assertLessEqual(low, value)
                self.assertLessEqual(value, high)
        counted = [c for c in energy["components"] if c["counted"]]
        self.assertEqual(round(sum(round(c["energy_j"] * 1e6) for c in counted)),
                         round(energy["machine_j"] * 1e6))
        if all(name + "_j" in energy for name in ENERGY):
            parts = sum(round(energy[name + "_j"] * 1e6) for name in ENERGY[1:])
            self.assertEqual(parts, round(energy["machine_j"] * 1e6))
        if counted:
            self.assertEqual(energy["quality"],
                             max((c["quality"] for c in counted), key=QUALITIES.index))

    def check_component(self, component):
        for key, kind in (("name", str), ("kind", str), ("source", str), ("quality", str),
                          ("counted", bool), ("samples", int)):
            self.assertIsInstance(component[key], kind, key)
        self.assertIn(component["kind"], KINDS)
        self.assertIn(component["quality"], QUALITIES)
        self.assertLessEqual(component["low_j"], component["energy_j"])
        self.assertLessEqual(component["energy_j"], component["high_j"])
        self.assertEqual(component["quality"] == "gap", component["gap_s"] > 0)

    def check(self, record):
        for path, value in walk(record):
            self.assertIsNotNone(value, f"{path}: unknown values are absent, not null")
        self.assertEqual(record["schema"], 1)
        run = record["run"]
        self.assertRegex(run["id"], r"^[0-9a-f]{16}$")
        self.assertIsInstance(run["command"], list)
        started = datetime.datetime.fromisoformat(run["started"].replace("Z", "+00:00"))
        self.assertLess(abs((datetime.datetime.now(datetime.timezone.utc) -
                             started).total_seconds()), 60)
        self.assertGreater(run["duration_s"], 0)
        self.assertIsInstance(run["exit_status"], int)
        self.assertIsInstance(run["machine_id"], str)
        self.check_energy(record["energy"])
        for component in record["energy"]["components"]:
            self.check_component(component)
        self.assertAlmostEqual(record["power"]["mean_w"],
                               record["energy"]["machine_j"] / run["duration_s"],
                               delta=0.01 * record["power"]["mean_w"] + 0.01)
        self.assertAlmostEqual(record["heat"]["j"], record["energy"]["machine_j"], places=3)
        self.assertAlmostEqual(record["heat"]["btu"], record["heat"]["j"] / 1055.05585262, places=3)
        for key in ("cpu", "gpu", "ram"):
            if key in record["utilization"]:
                self.assertTrue(0 <= record["utilization"][key] <= 1, key)
        self.assertIsInstance(record["notes"], list)
        self.assertIsInstance(record["devices"], list)

    def test_a_short_run_keeps_the_contract(self):
        record, done = self.record("--", "sh", "-c", "exit 3")
        self.assertEqual(done.returncode, 3)
        self.check(record)
        self.assertEqual(record["run"]["exit_status"], 3)
        self.assertEqual(record["run"]["command"], ["sh", "-c", "exit 3"])
        self.assertNotIn("emissions", record)

    def test_energy_of_a_second_is_that_of_the_counters(self):
        self.machine.go()
        record, _ = self.record("--", "sleep", "1.2")
        self.check(record)
        energy = record["energy"]
        self.assertEqual(energy["scope"], "components")
        self.assertEqual(energy["quality"], "measured")
        self.assertEqual(len([c for c in energy["components"] if c["counted"]]), 4)
        self.assertAlmostEqual(energy["machine_j"] / record["run"]["duration_s"], 110, delta=8)
        self.assertEqual(sorted(c["name"] for c in energy["components"] if c["counted"]),
                         ["dram-0", "dram-1", "package-0", "package-1"])

    def test_a_zone_gives_emissions_and_none_gives_a_hint(self):
        self.machine.go()
        record, done = self.record("--zone", "FR", "--", "sleep", "0.3")
        emissions = record["emissions"]
        self.assertEqual((emissions["of"], emissions["zone"]), ("task", "FR"))
        if "task_j" not in record["energy"]:
            self.skipTest("no share for the task in this build")
        for key in ("co2e_g", "low_g", "high_g", "intensity_g_kwh", "year", "basis", "source"):
            self.assertIn(key, emissions)
        share = emissions["intensity_g_kwh"] * record["energy"]["task_high_j"] / 3.6e6
        self.assertGreaterEqual(emissions["high_g"], 0.999 * share)
        self.assertNotEqual(emissions["high_g"], round(emissions["high_g"], 9))
        done = self.wattle("run", "--", "sleep", "0.1")
        self.assertIn("--zone", done.stderr)

    def test_secrets_in_arguments_and_the_host_name_stay_out(self):
        record, _ = self.record("--", "true", "--token", "hunter2hunter2", "--lr=0.1")
        text = json.dumps(record)
        self.assertNotIn("hunter2", text)
        self.assertIn("--lr=0.1", text)
        self.assertNotIn("host_name", record["run"])
        record, _ = self.record("--", "true", env={"WATTLE_HOST_NAME": "true"})
        self.assertEqual(record["run"]["host_name"], os.uname().nodename)

    def test_project_and_tags_are_kept(self):
        record, _ = self.record("--project", "digits", "--tag", "a", "--tag", "b", "--", "true")
        self.assertEqual(record["run"]["project"], "digits")
        tags = record["run"]["tags"]
        self.assertEqual(tags if isinstance(tags, list) else tags.split(","), ["a", "b"])

    def test_a_dash_is_standard_output_after_the_commands_own(self):
        done = self.wattle("run", "-q", "-o", "-", "--", "echo", "first")
        first, rest = done.stdout.split("\n", 1)
        self.assertEqual(first, "first")
        self.check(json.loads(rest))

    def test_a_file_is_replaced_at_once_and_keeps_its_mode(self):
        path = self.folder / "out.json"
        path.write_text("old", encoding="ascii")
        path.chmod(0o640)
        done = self.wattle("run", "-q", "-o", path, "--", "cat", path)
        self.assertEqual(done.stdout, "old")
        self.check(json.loads(path.read_text(encoding="utf-8")))
        self.assertEqual(path.stat().st_mode & 0o777, 0o640)
        self.assertEqual([p.name for p in self.folder.iterdir()], ["out.json"])

    def test_a_link_is_written_through(self):
        target = self.folder / "target.json"
        (self.folder / "link.json").symlink_to(target)
        self.wattle("run", "-q", "-o", self.folder / "link.json", "--", "true")
        self.assertTrue((self.folder / "link.json").is_symlink())
        self.check(json.loads(target.read_text(encoding="utf-8")))

    def test_a_file_that_fails_afterwards_costs_a_line_and_not_the_status(self):
        place = self.folder / "place"
        place.mkdir()
        done = self.wattle("run", "-q", "-o", place / "x.json", "--", "sh", "-c",
                           f"rmdir {place}; exit 4")
        self.assertEqual(done.returncode, 4)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        done = self.wattle("run", "-q", "-o", "/dev/full", "--", "sh", "-c", "exit 4")
        self.assertEqual(done.returncode, 4)
        self.assertIn("No space left", done.stderr)

    def test_a_pid_is_measured_until_it_ends(self):
        self.machine.go()
        sleeper = self.start("load", "--cpu", "1", "--duration", "0.5s")
        record, done = self.record("--pid", str(sleeper.pid))
        self.assertEqual(done.returncode, 0)
        self.assertEqual(record["run"]["command"], ["--pid", str(sleeper.pid)])
        row = json.loads(self.wattle("runs", "--json").stdout)[0]
        self.assertEqual(row["command"], f"--pid {sleeper.pid}")

    def test_the_series_adds_up_to_the_run(self):
        self.machine.go()
        for words in (["--", "true"], ["--", "sleep", "0.3"], ["--hz", "1000", "--", "sleep", "1"],
                      ["--idle", "0.3s", "--", "sleep", "0.3"]):
            record, _ = self.record(*words)
            times, energies = (record["series"][key] for key in ("t_s", "energy_j"))
            self.assertEqual((times[0], energies[0]), (0, 0), words)
            self.assertAlmostEqual(times[-1], record["run"]["duration_s"], places=6)
            self.assertEqual(energies[-1], record["energy"]["machine_j"], words)
            self.assertEqual(energies, sorted(energies))
            self.assertEqual(times, sorted(set(times)))
            self.assertLessEqual(len(times), 600)

    def test_sensors_are_listed_with_the_reasons_of_those_refused(self):
        (self.machine.counter("intel-rapl:1")).unlink()
        done = self.wattle("sensors", "--json")
        sensors = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0)
        for sensor in sensors:
            for key, kind in (("name", str), ("kind", str), ("driver", str), ("source", str),
                              ("usable", bool), ("reason", str), ("quality", str)):
                self.assertIsInstance(sensor[key], kind, key)
            self.assertTrue(sensor["usable"] or sensor["reason"])
        self.assertTrue(any(s["usable"] for s in sensors))

    def test_what_the_documents_show_is_what_is_written(self):
        page = pathlib.Path(__file__).parents[2] / "docs" / "record.md"
        if not page.exists():
            self.skipTest("docs/record.md is not here")
        record, _ = self.record("--", "true")
        text = page.read_text(encoding="utf-8")
        for section in record:
            self.assertIn(f"`{section}`", text)


if __name__ == "__main__":
    machine.main()
