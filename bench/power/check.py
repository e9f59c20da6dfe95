# SPDX-License-Identifier: MIT
"""The built command on all servers: the same names, and errors with every row in the fit."""

import csv
import io
import subprocess

import numpy as np


def run(servers, wattle, columns):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["cpu", *columns, "load"])
    for s in servers:
        facts = dict(sockets=s.sockets, cores=s.cores, threads_per_core=s.threads,
                     memory_gb=s.memory_gb, tdp_w=s.tdp_w)
        for load in range(11):
            writer.writerow([s.raw_name, *[facts[c] for c in columns], load / 10])
    result = subprocess.run([wattle, "estimate", "server", "--csv", "-"], input=text.getvalue(),
                            text=True, capture_output=True, check=True)
    return list(csv.DictReader(io.StringIO(result.stdout)))


def binary(fit, wattle):
    servers, truth = fit.servers, fit.curves
    old = np.array([s.source == "old" for s in servers])
    year = np.array([s.year for s in servers])
    print("\nThe built command on the same rows, which are in its table (not a test of anything "
          "new):")
    for label, columns in (
            ("all columns", ["sockets", "cores", "threads_per_core", "memory_gb", "tdp_w"]),
            ("without TDP", ["sockets", "cores", "threads_per_core", "memory_gb"]),
            ("without TDP, memory", ["sockets", "cores"]), ("sockets only", ["sockets"])):
        rows = run(servers, wattle, columns)
        power, low, high = (np.array([float(row[key]) for row in rows]).reshape(-1, 11)
                            for key in ("power_w", "low_w", "high_w"))
        wrong = [s.raw_name for s, row in zip(servers, rows[::11])
                 if row["microarchitecture"] != s.march]
        if wrong:
            print(f"  {len(wrong)} names are read otherwise in C: {wrong[:5]}")
        for name, rows in (("2017-22", old & (year >= 2017)), ("2023-26", ~old)):
            error = np.abs(power / truth - 1)[rows]
            inside = ((low <= truth) & (truth <= high))[rows]
            print(f"  {label:20s} {name}  idle {100 * error[:, 0].mean():5.1f} % "
                  f"full {100 * error[:, 10].mean():5.1f} %   "
                  f"inside {100 * inside[:, 0].mean():3.0f} "
                  f"{100 * inside[:, 10].mean():3.0f} %")
