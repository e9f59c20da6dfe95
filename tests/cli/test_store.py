# SPDX-License-Identifier: MIT
"""Runs are kept whatever happens to Wattle, the disk or the store."""
import json
import os
import shutil
import signal
import stat
import subprocess
import time

import machine
from machine import MachineTest


class Store(MachineTest):

    def runs(self, *arguments, **options):
        done = self.wattle("runs", "--json", *arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_a_run_is_kept_and_shown_again(self):
        record, _ = self.record("--", "sh", "-c", "exit 3")
        rows = self.runs()
        self.assertEqual([row["id"] for row in rows], [record["run"]["id"]])
        self.assertEqual((rows[0]["state"], rows[0]["exit_status"]), ("finished", 3))
        for words in (["--json", "last"], ["last", "--json"]):
            shown = json.loads(self.wattle("show", *words).stdout)
            self.assertEqual(shown["run"]["id"], record["run"]["id"])
        self.assertEqual(rows[0]["machine_j"], record["energy"]["machine_j"])
        self.assertEqual(json.loads(self.wattle("show", "--json", "last").stdout), record)
        again = self.wattle("show", record["run"]["id"][:6])
        self.assertEqual(again.returncode, 0)
        self.assertIn("sh -c", self.wattle("runs").stdout)

    def test_no_store_keeps_nothing(self):
        self.wattle("run", "-q", "--no-store", "--", "true")
        self.assertEqual(self.runs(), [])

    def test_an_empty_store_and_an_unknown_run(self):
        self.assertEqual(self.wattle("runs").stdout, "no runs\n")
        done = self.wattle("show", "0123456789abcdef")
        self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1))

    def test_filters(self):
        self.wattle("run", "-q", "--project", "a", "--tag", "x", "--", "true", "one")
        self.wattle("run", "-q", "--project", "b", "--tag", "x", "--tag", "y", "--", "true", "two")
        count = lambda *a: len(self.runs(*a))
        self.assertEqual(count(), 2)
        self.assertEqual(count("--project", "a"), 1)
        self.assertEqual(count("--tag", "x"), 2)
        self.assertEqual(count("--tag", "y"), 1)
        self.assertEqual(count("--text", "two"), 1)
        self.assertEqual(count("--limit", "1"), 1)
        self.assertEqual(count("--since", "1h"), 2)
        self.assertEqual(count("--since", "2200-01-01"), 0)
        self.assertEqual(count("--until", "2001-01-01"), 0)
        self.assertEqual(self.runs("--limit", "1")[0]["command"], "true two")

    def test_a_killed_run_is_kept_up_to_its_last_second(self):
        self.machine.go()
        process = self.start("run", "-q", "--", "sh", "-c", "echo $$; exec sleep 20")
        command = int(process.stdout.readline())
        self.addCleanup(os.kill, command, signal.SIGKILL)
        spools = self.machine.root / "store/wattle.db.spool"
        self.wait_for(lambda: list(spools.glob("*.json")), "the run's spool")
        time.sleep(1.2)
        process.kill()
        process.wait()
        row = self.runs()[0]
        self.assertEqual(row["state"], "interrupted")
        self.assertGreater(row["machine_j"], 0)

    def test_the_store_is_its_owners_alone(self):
        self.wattle("run", "-q", "--", "true")
        self.runs()
        store = self.machine.root / "store"
        self.assertEqual(stat.S_IMODE(store.stat().st_mode), 0o700)
        for path in store.rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_a_damaged_store_is_moved_aside_and_never_overwritten(self):
        store = self.machine.root / "store"
        store.mkdir(mode=0o700)
        rubbish = b"this is no database at all" * 100
        (store / "wattle.db").write_bytes(rubbish)
        done = self.wattle("run", "-q", "--", "sh", "-c", "exit 3")
        self.assertEqual(done.returncode, 3)
        self.assertEqual(len(self.runs()), 1)
        kept = [path for path in store.iterdir() if "corrupt" in path.name]
        self.assertEqual([path.read_bytes() for path in kept], [rubbish])

    def test_a_place_that_cannot_be_written_costs_a_warning_and_not_the_run(self):
        (self.machine.root / "store").write_text("a file where the folder should be",
                                                 encoding="ascii")
        path = self.folder / "x.json"
        done = self.wattle("run", "-q", "--json", path, "--", "sh", "-c", "exit 3")
        self.assertEqual(done.returncode, 3)
        self.assertIn("not kept", done.stderr)
        self.assertEqual(json.loads(path.read_text(encoding="utf-8"))["run"]["exit_status"], 3)

    def test_nothing_is_laid_beside_a_store_that_is_no_file(self):
        place = self.folder / "place"
        (place / "store").mkdir(parents=True)
        done = self.wattle("run", "-q", "--", "true", env={"WATTLE_STORE": place / "store"})
        self.assertEqual(done.returncode, 0)
        self.assertIn("not a regular file", done.stderr)
        self.assertEqual([p.name for p in place.iterdir()], ["store"])

    def test_no_home_at_all_still_runs(self):
        # Without HOME the home of the user is taken: only a user who has none may try this.
        if os.getuid() != 0:
            self.skipTest("needs root, to become a user without a home")
        for folder in (self.machine.root, self.folder):
            folder.chmod(0o755)
        binary = shutil.copy(machine.WATTLE, self.machine.root)
        done = subprocess.run([binary, "run", "-q", "--", "sh", "-c", "exit 3"],
                              env=self.machine.environment(HOME=None, WATTLE_STORE=None),
                              cwd=self.folder, user=54321, group=54321, extra_groups=[],
                              capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 3, done.stderr)

    def test_eight_runs_at_once_are_all_kept(self):
        processes = [self.start("run", "-q", "--", "true", str(i)) for i in range(8)]
        for process in processes:
            self.assertEqual(process.wait(30), 0)
        self.assertEqual(sorted(row["command"] for row in self.runs()),
                         [f"true {i}" for i in range(8)])

    def test_an_interrupt_leaves_a_record(self):
        process = self.start("run", "-q", "--", "sh", "-c", "echo ready; exec sleep 20")
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(10), 130)
        self.assertEqual(self.runs()[0]["exit_status"], 130)


if __name__ == "__main__":
    machine.main()
