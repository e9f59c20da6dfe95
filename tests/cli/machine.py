# SPDX-License-Identifier: MIT
"""A fake two-socket machine in a folder, and the command run on it by the real way in."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

WATTLE = os.environ.get("WATTLE_BINARY", "build/wattle")
RANGE_UJ = 262143328850  # a Xeon's max_energy_range_uj
ZONES = [("intel-rapl:0", "package-0"), ("intel-rapl:0:0", "dram"),
         ("intel-rapl:1", "package-1"), ("intel-rapl:1:0", "dram")]


class Machine:
    """RAPL through powercap: two packages with their memory. Watts are for each zone."""

    def __init__(self, watts=(50.0, 5.0, 50.0, 5.0)):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="wattle-cli-"))
        self.watts = watts
        self.running = False
        self.thread = None
        self.started = time.monotonic()
        for zone, name in ZONES:
            folder = self.root / "sys/class/powercap" / zone
            folder.mkdir(parents=True)
            (folder / "name").write_text(name + "\n", encoding="ascii")
            (folder / "max_energy_range_uj").write_text(f"{RANGE_UJ}\n", encoding="ascii")
            (folder / "enabled").write_text("1\n", encoding="ascii")
        self.write_counters()

    def counter(self, zone):
        return self.root / "sys/class/powercap" / zone / "energy_uj"

    def write_counters(self):
        elapsed = time.monotonic() - self.started
        for (zone, _), watts in zip(ZONES, self.watts):
            path = self.counter(zone)
            new = path.with_suffix(".new")
            new.write_text(f"{1000000000 + int(watts * elapsed * 1e6)}\n", encoding="ascii")
            new.rename(path)

    def go(self):
        """Lets the counters count until close()."""
        def count():
            while self.running:
                self.write_counters()
                time.sleep(0.01)
        self.running = True
        self.thread = threading.Thread(target=count)
        self.thread.start()
        return self

    def close(self):
        self.running = False
        if self.thread is not None:
            self.thread.join()
        shutil.rmtree(self.root, ignore_errors=True)

    def environment(self, **more):
        keep = {k: os.environ[k] for k in ("PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS",
                                           "UBSAN_OPTIONS", "TSAN_OPTIONS") if k in os.environ}
        home = self.root / "home"
        home.mkdir(exist_ok=True)
        keep.update({
            "HOME": str(home), "LC_ALL": "C", "TZ": "UTC", "TERM": "xterm",
            "WATTLE_SYSFS": str(self.root / "sys"), "WATTLE_CGROUP": str(self.root / "cgroup"),
            "WATTLE_NVML": "none", "WATTLE_SENSORS": "powercap",
            "WATTLE_STORE": str(self.root / "store/wattle.db")})
        keep.update({k: v for k, v in more.items() if v is not None})
        for key in [k for k, v in more.items() if v is None]:
            keep.pop(key, None)
        return keep


class MachineTest(unittest.TestCase):
    """One machine for each test, whose counters do not move unless it says so."""

    def setUp(self):
        self.machine = Machine()
        self.addCleanup(self.machine.close)
        self.folder = self.machine.root / "work"
        self.folder.mkdir()

    def wattle(self, *arguments, env=None, stdin=None, cwd=None, timeout=30, **options):
        """Runs the command to its end; text in, text out."""
        return subprocess.run([WATTLE, *map(str, arguments)],
                              env=self.machine.environment(**(env or {})), input=stdin,
                              stdin=None if stdin is not None else subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              cwd=cwd or self.folder, timeout=timeout, check=False, **options)

    def start(self, *arguments, env=None, **options):
        """Starts the command and comes back; stopped at the end of the test."""
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        process = subprocess.Popen([WATTLE, *map(str, arguments)], text=True, cwd=self.folder,
                                   env=self.machine.environment(**(env or {})), **options)

        def finish():
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.addCleanup(finish)
        return process

    def record(self, *arguments, **options):
        """The JSON record of a run."""
        path = self.folder / "record.json"
        done = self.wattle("run", "--quiet", "--json", path, *arguments, **options)
        self.assertTrue(path.exists(), done.stderr)
        return json.loads(path.read_text(encoding="utf-8")), done

    def wait_for(self, condition, what, seconds=10):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.01)
        self.fail(f"waited in vain for {what}")


def main():
    """unittest with the binary as a first argument."""
    global WATTLE  # pylint: disable=global-statement
    if len(sys.argv) > 1 and os.path.exists(sys.argv[1]):
        WATTLE = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=1)
