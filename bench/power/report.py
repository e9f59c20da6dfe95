# SPDX-License-Identifier: MIT
"""The tables that docs/estimation.md shows."""

import numpy as np

import peers
from fit import Z90


def percent(values):
    return f"{100 * np.mean(np.abs(values)):5.1f}"


class Report:
    def __init__(self, fit, data):
        self.fit = fit
        s = fit.servers
        old = np.array([x.source == "old" for x in s])
        year = np.array([x.year for x in s])
        self.sets = {"2017-22": old & (year >= 2017) & (year <= 2022), "2023-26": ~old,
                     "to 2016": old & (year < 2017)}
        self.truth = fit.curves
        self.data = data
        self.shape = fit.shapes.leave_groups_out(fit.f)

    def curve(self, which):
        low, high = (np.exp(t[which])[:, None] for t in self.fit.targets)
        return low + (high - low) * self.shape

    def line(self, name, curve):
        ratio = curve / self.truth - 1
        out = f"{name:34s}"
        for key in ("2017-22", "2023-26"):
            rows = self.sets[key]
            r = ratio[rows]
            middle = (curve[rows, 0] + curve[rows, 10]) / (
                self.truth[rows, 0] + self.truth[rows, 10]) - 1
            whole = percent(r) if key == "2017-22" else ""
            out += (f" |{whole:>6s} {percent(r[:, 0])} {percent(r[:, 10])} {percent(middle)}")
        old = self.sets["2017-22"] | self.sets["to 2016"]
        return out + f" | {percent(ratio[old])}"

    def print_errors(self):
        print("Mean absolute error in % of the measured watts; each server weighs the same.")
        print(f"{'':34s} |  2017-22 (212 servers)   |  2023-26 (110 servers)   | to 2022")
        print(f"{'':34s} | loads  idle  full   mid |        idle  full   mid | loads")
        for name, curve in peers.predict(self.fit.servers, self.data).items():
            print(self.line(name, curve))
        print(self.line("wattle, CPU model left out", self.curve("loco")))
        print(self.line("wattle, machine left out", self.curve("loo")))
        print(self.line("wattle, fitted to 2022 alone", self.curve("ahead")))

    def print_intervals(self):
        print("\n90 % intervals, CPU model left out: share of servers inside, median high/low")
        self.intervals("loco", np.ones(len(self.fit.servers), bool))
        print("90 % intervals, machine left out, CPU model published more than once")
        self.intervals("loo", self.fit.targets[0]["several"])

    def intervals(self, which, among):
        for key in ("2017-22", "2023-26", "to 2016"):
            rows = self.sets[key] & among
            out = f"  {key:8s}"
            for t in self.fit.targets:
                sd = t[which + "_wide"][rows]
                inside = np.mean(np.abs(t["y"][rows] - t[which][rows]) <= Z90 * sd)
                out += f"  {t['name']} {100 * inside:3.0f} % x{np.exp(2 * Z90 * np.median(sd)):.2f}"
            print(out)

    def print_ahead(self):
        rows = self.sets["2023-26"]
        words = []
        for t in self.fit.targets:
            error = np.abs(t["y"] - t["ahead"])[rows] / t["ahead_sd"][rows]
            words.append(f"{t['name']} {100 * np.mean(error <= Z90):.0f} %")
        print("2023-26 fitted to servers to 2022 alone: inside " + ", ".join(words))

    def print_chassis(self):
        """How far two machines with the same CPU model and socket count lie apart."""
        out = []
        for t in self.fit.targets:
            pieces = []
            keys = np.array([f"{s.group} {s.sockets}" for s in self.fit.servers])
            for key in np.unique(keys):
                y = t["y"][keys == key]
                if len(y) > 1:
                    pieces.append(((y - y.mean()) ** 2).sum() / (len(y) - 1) * len(y))
                    pieces[-1] = (pieces[-1], len(y))
            total = sum(n for _, n in pieces)
            sd = np.sqrt(sum(p for p, _ in pieces) / total)
            out.append(f"{t['name']} x/÷{np.exp(sd):.2f}")
        print("Same CPU model and socket count, other chassis (1 sigma): " + ", ".join(out))

    def print_marches(self):
        print("\nCPU model left out, by microarchitecture: servers, CPU models, error % idle full")
        f = self.fit.f
        for march in np.unique(f.march):
            rows = f.march == march
            errors = [percent(np.exp(t["loco"][rows] - t["y"][rows]) - 1)
                      for t in self.fit.targets]
            print(f"  {march:16s} {rows.sum():4d} {len(np.unique(f.group[rows])):3d}   "
                  + "  ".join(errors))
