# SPDX-License-Identifier: MIT
"""Reads the raw tables into one list of servers. Nothing here is written into the repository."""

import csv
import re
from dataclasses import dataclass, field

import names

csv.field_size_limit(10**7)
LOADS = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]


@dataclass
class Server:
    source: str            # "old" (spec_data.csv) or "new" (newer_servers.csv)
    cpu: str               # cleaned name
    group: str             # what is left out together
    march: str
    year: int
    sockets: int
    cores: int
    threads: int           # per core
    memory_gb: float
    tdp_w: float
    mhz: float
    curve: list = field(default_factory=list)   # watts at LOADS; NaN where not published
    raw_name: str = ""


def read_tdp(path, marches):
    table = {}
    with open(path, encoding="utf-8") as file:
        for row in csv.DictReader(file):
            try:
                watts = float(row["TDP"])
            except ValueError:
                continue
            if watts > 0:
                table.setdefault(names.clean(row["Name"]), watts)
    table.update(marches.tdp)
    return table


def number(text):
    match = re.search(r"[\d.]+", text.replace(",", ""))
    return float(match.group(0)) if match else float("nan")


def read_old(path, marches, tdp):
    servers = []
    with open(path, encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="|"):
            cpu = names.clean(row["HW_CPUName"])
            match = re.match(r"(\d+) cores?, (\d+) chips?", row["HW_CPUsEnabled"])
            threads = re.search(r"\((\d) / core\)", row["HW_HardwareThreads"])
            curve = [number(row["ActiveIdle"])] + [
                number(row[f"{load}_AvgPower"]) for load in LOADS[1:]]
            if not match or cpu not in tdp or any(not watts > 0 for watts in curve):
                continue
            # "Intel Xeon Processor 3.4 GHz": the oldest rows name no number.
            servers.append(Server(
                "old", cpu, names.group(cpu), marches.of(cpu) or "NetBurst",
                int(row["Hardware_Availability"][-4:]), int(match.group(2)),
                int(match.group(1)), int(threads.group(1)) if threads else 1,
                number(row["HW_MemAmountGB"]), tdp[cpu], number(row["HW_CPUFreq"]), curve,
                row["HW_CPUName"]))
    return servers


def read_new(path, marches):
    servers = []
    with open(path, encoding="utf-8") as file:
        for row in csv.DictReader(file):
            cpu = names.clean(row["cpu"])
            curve = [float(row["idle_w"])] + [float("nan")] * 9 + [float(row["max_w"])]
            servers.append(Server(
                "new", cpu, names.group(cpu), marches.of(cpu), int(row["year"]),
                int(row["sockets"]), int(row["cores"]), int(row["threads_per_core"]),
                float(row["memory_gb"]), float(row["tdp_w"]), float(row["mhz"]), curve,
                row["cpu"]))
    return servers


def read_all(data, marches):
    tdp = read_tdp(f"{data}/codecarbon/cpu_power.csv", marches)
    old = read_old(f"{data}/specpower/spec_data.csv", marches, tdp)
    new = read_new(f"{data}/specpower/newer_servers.csv", marches)
    return old + new, tdp
