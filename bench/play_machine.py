# SPDX-License-Identifier: MIT
"""A fake machine whose powercap counters move while a measuring tool looks at them.

The true energy is known, because this program makes it. Counters are overwritten in place, always
with the same number of digits, so that a reader that keeps its descriptor, one that opens the file
each time and one that reads in the middle of a write all see a whole number.
"""
import os
import pathlib
import threading
import time

RANGE_INTEL_UJ = 262143328850  # 2^-14 J units
STEP_S = 0.005


class Zone:
    """One counter: `path` below /sys/devices/virtual/powercap, its name and its power."""

    def __init__(self, path, name, power_w, start_uj=1_000_000_000, counts=True):
        self.path, self.name, self.power_w = path, name, power_w
        self.start_uj = start_uj
        self.counts = counts  # part of the truth: packages and DRAM, each once
        self.descriptor = -1


class Machine:
    """A folder that stands for /sys, and a thread that lets its counters run."""

    def __init__(self, folder, zones, events=()):
        self.sys = pathlib.Path(folder) / "sys"
        self.zones = zones
        self.events = sorted(events, key=lambda event: event[0])  # (after_s, function(machine))
        self.stopping = threading.Event()
        self.thread = None
        self.began = 0.0
        self.offset_uj = 0  # a driver reload sets the counters back
        powercap = self.sys / "devices/virtual/powercap"
        links = self.sys / "class/powercap"
        links.mkdir(parents=True)
        for zone in zones:
            zone.folder = powercap / zone.path
            zone.folder.mkdir(parents=True)
            self.write(zone, "name", zone.name)
            self.write(zone, "max_energy_range_uj", str(RANGE_INTEL_UJ))
            self.write(zone, "constraint_0_name", "long_term")
            self.write(zone, "constraint_0_max_power_uw", "205000000")
            self.write(zone, "enabled", "1")
            self.write(zone, "energy_uj", f"{zone.start_uj:012d}")
            zone.descriptor = os.open(zone.folder / "energy_uj", os.O_WRONLY)
            top = zone.path.split("/")[0]
            for link in (zone.path.split("/")[-1], top):
                target = powercap / (zone.path if link != top else top)
                if not (links / link).exists():
                    os.symlink(os.path.relpath(target, links), links / link)
        for top in {zone.path.split("/")[0] for zone in zones}:
            subsystem = powercap / top / "subsystem"
            os.symlink(os.path.relpath(links, subsystem.parent), subsystem)
            self.text(powercap / top / "enabled", "1")
        # Where the real /sys/devices/system is shown to tools that ask for the processors.
        (self.sys / "devices/system").mkdir()

    @staticmethod
    def text(path, words):
        path.write_text(words + "\n", encoding="ascii")

    def write(self, zone, name, words):
        self.text(zone.folder / name, words)

    def energy_uj(self, zone, now):
        return int(zone.start_uj + zone.power_w * (now - self.began) * 1e6) - self.offset_uj

    def run(self):
        events = list(self.events)
        while not self.stopping.is_set():
            now = time.monotonic()
            while events and now - self.began >= events[0][0]:
                events.pop(0)[1](self)
            for zone in self.zones:
                shown = self.energy_uj(zone, now) % (RANGE_INTEL_UJ + 61)
                os.pwrite(zone.descriptor, f"{shown:012d}\n".encode(), 0)
            self.stopping.wait(STEP_S)

    def __enter__(self):
        self.began = time.monotonic()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def __exit__(self, *unused):
        self.stopping.set()
        self.thread.join()
        for zone in self.zones:
            os.close(zone.descriptor)

    def truth_w(self, dram):
        """True power of all DRAM, or of all packages."""
        return sum(zone.power_w for zone in self.zones
                   if zone.counts and (zone.name == "dram") == dram)


def sockets(count, power_w=80.0, dram_w=12.0, start_uj=1_000_000_000, apart_uj=37_000_000):
    """Sockets of about `power_w`. No two counters are alike, as on a real machine: some tools take
    equal ones for two views of the same register."""
    zones = []
    for i in range(count):
        package = f"intel-rapl/intel-rapl:{i}"
        zones.append(Zone(package, f"package-{i}", power_w - 0.5 * i, start_uj + i * apart_uj))
        if dram_w:
            zones.append(Zone(f"{package}/intel-rapl:{i}:0", "dram", dram_w + i,
                              start_uj + apart_uj // 2 + i * apart_uj))
    return zones


def unreadable_for(start_s, stop_s):
    """Two events: the file of the first package's counter goes, and comes back."""
    def hide(machine):
        path = machine.zones[0].folder / "energy_uj"
        os.rename(path, path.with_name("energy_uj.hidden"))

    def show(machine):
        path = machine.zones[0].folder / "energy_uj"
        os.rename(path.with_name("energy_uj.hidden"), path)
    return [(start_s, hide), (stop_s, show)]


def reload_at(after_s):
    """The driver is loaded again: every counter restarts near 0."""
    def restart(machine):
        now = time.monotonic()
        machine.offset_uj = machine.energy_uj(machine.zones[0], now) - 5_000_000
    return [(after_s, restart)]


# name, what is special, the zones, the events, how far from the truth is still right (relative):
# where a part could not be read, nobody can know exactly.
MACHINES = [
    ("two-sockets", "two packages, each with DRAM", lambda: sockets(2), [], 0.05),
    ("desktop", "package with core and uncore inside it, and psys around it",
     lambda: [Zone("intel-rapl/intel-rapl:0", "package-0", 45.0),
              Zone("intel-rapl/intel-rapl:0/intel-rapl:0:0", "core", 30.0, counts=False),
              Zone("intel-rapl/intel-rapl:0/intel-rapl:0:1", "uncore", 5.0, counts=False),
              Zone("intel-rapl/intel-rapl:1", "psys", 70.0, counts=False)], [], 0.05),
    ("mmio-mirror", "the same package again under intel-rapl-mmio",
     lambda: [Zone("intel-rapl/intel-rapl:0", "package-0", 28.0),
              Zone("intel-rapl-mmio/intel-rapl-mmio:0", "package-0", 28.0, counts=False)], [], 0.05),
    ("two-dies", "package-0-die-0 and package-0-die-1",
     lambda: [Zone("intel-rapl/intel-rapl:0", "package-0-die-0", 60.0),
              Zone("intel-rapl/intel-rapl:1", "package-0-die-1", 50.0, 7_000_000_000)], [], 0.05),
    ("twelve-sockets", "zone numbers of two digits",
     lambda: sockets(12, power_w=30.0, dram_w=0), [], 0.05),
    ("wraps", "both counters wrap half-way",
     lambda: sockets(2, start_uj=RANGE_INTEL_UJ - 120_000_000, apart_uj=9_000_000), [], 0.05),
    ("read-fails", "one counter is unreadable for 0.6 s",
     lambda: sockets(2), unreadable_for(1.2, 1.8), 0.05),
    ("reload", "the driver is loaded again: counters restart",
     lambda: sockets(2, start_uj=9_000_000_000), reload_at(1.5), 0.2),
]
