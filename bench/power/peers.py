# SPDX-License-Identifier: MIT
"""
Other tools' formulas, each as its own documentation or source states it, on the same servers.
Watts at LOADS. u is load 0..1.
"""

import csv

import numpy as np

U = np.linspace(0, 1, 11)
TEADS = np.interp(U, [0, 0.1, 0.5, 1.0], [0.12, 0.32, 0.75, 1.02])

CCF_MARCH = {
    "Broadwell": "Broadwell", "Cascade Lake": "Cascade Lake", "Coffee Lake": "Coffee Lake",
    "Zen": "EPYC 1st Gen", "Zen 2": "EPYC 2nd Gen", "Zen 3": "EPYC 3rd Gen",
    "Zen 4": "EPYC 4th Gen", "Zen 4c": "EPYC 4th Gen", "Zen 4 client": "EPYC 4th Gen",
    "Zen 5": "EPYC 5th Gen", "Zen 5c": "EPYC 5th Gen", "Zen 5 client": "EPYC 5th Gen",
    "Emerald Rapids": "Emerald Rapids", "Granite Rapids": "Granite Rapids",
    "Haswell": "Haswell", "Haswell-E3": "Haswell", "Ice Lake-SP": "Ice Lake",
    "Ivy Bridge": "Ivy Bridge", "Ivy Bridge-E3": "Ivy Bridge", "Sandy Bridge": "Sandy Bridge",
    "Sandy Bridge-E3": "Sandy Bridge", "Sapphire Rapids": "Sapphire Rapids",
    "Skylake-SP": "Skylake", "Skylake": "Skylake",
}


def codecarbon_ram(gb):
    """CodeCarbon 3.3.2: 5 W per module, less for later ones; modules guessed from the size."""
    if gb <= 128:
        modules = 2 if gb <= 16 else 4 if gb <= 64 else 8
    else:
        modules = min(32, int(np.ceil(gb / max(m for m in (4, 8, 16, 32, 64, 128)
                                               if m <= gb / 8))))
    watts = 5.0 * sum(1.0 if i < 4 else 0.9 if i < 8 else 0.8 if i < 16 else 0.7
                      for i in range(modules))
    return max(10.0, watts)


def boavizta_cpu():
    """a ln(b (load + c)) + d through Teads' four ratios, as boaviztapi does for a known TDP."""
    x = np.array([0.0, 10.0, 50.0, 100.0])
    y = np.array([0.12, 0.32, 0.75, 1.02])
    best = None
    for c in np.linspace(0.5, 40, 400):
        design = np.stack([np.log(x + c), np.ones(4)], 1)
        solution, *_ = np.linalg.lstsq(design, y, rcond=None)
        error = ((design @ solution - y) ** 2).sum()
        if best is None or error < best[0]:
            best = (error, c, solution)
    _, c, solution = best
    return solution[0] * np.log(U * 100 + c) + solution[1]


def read_ccf(data):
    table = {}
    with open(f"{data}/ccf/coefficients-aws-use.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            table[row["Architecture"]] = (float(row["Min Watts"]), float(row["Max Watts"]),
                                          float(row["GB/Chip"]))
    return table


def predict(servers, data):
    """name -> array (servers, 11)"""
    ccf = read_ccf(data)
    mean = np.mean([value for key, value in ccf.items() if key != "EPYC 5th Gen"], 0)
    boavizta = boavizta_cpu()
    out = {key: [] for key in ("CodeCarbon constant", "CodeCarbon load", "Green Algorithms",
                               "Teads + CodeCarbon's RAM", "Boavizta", "Cloud Carbon Footprint")}
    for s in servers:
        tdp = s.tdp_w * s.sockets
        gb = s.memory_gb
        out["CodeCarbon constant"].append(0.5 * tdp + codecarbon_ram(gb) + 0 * U)
        out["CodeCarbon load"].append(tdp * (0.1 + 0.9 * U ** 3) + codecarbon_ram(gb))
        out["Green Algorithms"].append(tdp * U + 0.3725 * gb)
        out["Teads + CodeCarbon's RAM"].append(tdp * TEADS + codecarbon_ram(gb))
        out["Boavizta"].append((tdp * boavizta + 0.284 * gb) * 1.33)
        low, high, gb_chip = ccf.get(CCF_MARCH.get(s.march, ""), mean)
        beyond = max(0.0, gb - gb_chip * s.sockets)
        out["Cloud Carbon Footprint"].append(
            (low + (high - low) * U) * s.cores * s.threads + 0.392 * beyond)
    return {key: np.array(value) for key, value in out.items()}
