# SPDX-License-Identifier: MIT
"""Everything that is learned, once for the repository and once left out for judging it."""

import numpy as np

from model import (Features, Model, choose_centres, fold_groups, predictive_sd,
                   predictive_sd_new)
from shapes import Shapes

FOLDS = 8
Z90 = 1.6449
# A further machine with a CPU model of the table: its own row is in the fit when the table is
# used on it again, which holds more than nine of ten; left out, a little less. Between the two.
SEEN_LEVEL = 0.88
SEEN_WIDTH = 0.97
AGES = (2017, 2023)  # first years of the second and third age; each has errors of its own size


def age_of(year):
    return int(np.searchsorted(AGES, year, side="right"))


class Fit:
    """Both targets on all rows, and each row as predicted without its CPU model."""

    def __init__(self, servers, marches, say=lambda text: None):
        self.servers, self.marches = servers, marches
        self.f = Features(servers, marches)
        self.curves = np.array([s.curve for s in servers])
        self.age = np.array([age_of(marches.by_name[s.march]["year"]) for s in servers])
        self.fold = fold_groups(self.f.group, FOLDS)
        self.centres = choose_centres(self.f)
        self.shapes = Shapes(self.f, self.curves)
        self.targets = []
        rows = np.arange(len(servers))
        for name, column in (("idle", 0), ("full", 10)):
            y = np.log(self.curves[:, column])
            model = Model(self.f, y, self.centres)
            hypers = model.optimise(rows, rounds=6)
            say(f"{name}: hyperparameters found, leaving CPU models out")
            target = dict(name=name, y=y, model=model, hypers=hypers)
            target["loco"], target["loco_sd"] = model.leave_groups_out(FOLDS)
            target["loo"], target["loo_sd"] = model.leave_out(hypers, rows)
            target["seen_sd"] = predictive_sd(model, hypers)
            # A whole generation ahead: servers since 2023 from those before alone.
            before = np.array([s.source == "old" for s in servers])
            ahead = model.optimise(np.where(before)[0], hypers, rounds=3)
            target["ahead"], target["ahead_sd"] = model.leave_out(
                ahead, np.where(before, self.f.group, "since 2023"))
            self.targets.append(target)
        for target in self.targets:
            self.widen(target)

    def widen(self, target):
        """Scales the sd so that nine of ten CPU models' machines lie inside; per age."""
        error = np.abs(target["y"] - target["loco"]) / target["loco_sd"]
        target["factor"] = {}
        target["loco_wide"] = target["loco_sd"].copy()
        for age in range(len(AGES) + 1):
            rows = self.age == age
            target["factor"][age] = factor(error[rows])
            for fold in range(FOLDS):          # judged with the other folds' factor
                here = rows & (self.fold == fold)
                others = rows & (self.fold != fold)
                target["loco_wide"][here] *= factor(error[others])
        # The same CPU model again, in another chassis.
        names, counts = np.unique(self.f.group, return_counts=True)
        several = np.isin(self.f.group, names[counts > 1])
        error = np.abs(target["y"] - target["loo"]) / target["loo_sd"]
        target["seen_factor"] = {
            age: SEEN_WIDTH * factor(error[several & (self.age == age)], SEEN_LEVEL)
            for age in range(len(AGES) + 1)}
        target["loo_wide"] = target["loo_sd"] * np.array([target["seen_factor"][age]
                                                          for age in self.age])
        target["several"] = several

    def march_sd(self, target):
        """Per microarchitecture, for a CPU model that was never seen."""
        out = {}
        typical = []
        for march in self.marches.marches:
            rows = self.f.march == march["name"]
            if rows.any():
                out[march["name"]] = (np.median(target["loco_sd"][rows]) *
                                      target["factor"][age_of(march["year"])])
            else:
                typical.append(march)
        f = Features([typical_server(march) for march in typical], self.marches)
        for march, sd in zip(typical, predictive_sd_new(target["model"], target["hypers"], f)):
            out[march["name"]] = sd * target["factor"][age_of(march["year"])]
        return out

    def cpu_sd(self, target):
        return {group: np.median(target["seen_sd"][self.f.group == group]) *
                target["seen_factor"][self.age[self.f.group == group][0]]
                for group in np.unique(self.f.group)}


def factor(errors, level=0.9):
    """Split-conformal quantile with its finite-sample term, over the normal one."""
    n = len(errors)
    level = min(1.0, level * (n + 1) / n)
    return np.quantile(errors, level) / Z90


def typical_server(march):
    from data import Server
    sockets = 1 if march["kind"] == "client" else 2
    cores = march["cores"] * sockets
    return Server("typical", march["name"], "typical " + march["name"], march["name"],
                  march["year"], sockets, cores, 2, 4.0 * cores, march["tdp"], 2500.0)
