# SPDX-License-Identifier: MIT
"""
The model: ln idle and ln full power of a server are each

    constant + linear terms + offset of the microarchitecture
             + a smooth function of (TDP, cores, sockets, memory, year) + offset of the CPU model

a Gaussian process whose parts are all linear in explicit basis functions, so that the posterior
mean is a short table of coefficients. Offsets of microarchitectures shrink towards their family,
families towards makers and eras; every CPU model has a random offset of its own, so that one CPU
with thirty published servers does not outvote thirty CPUs with one. Left out whole, a CPU model
is predicted without its offset, which is the honest case; all of it in closed form.
"""

import numpy as np

LINEAR = ["tdp", "sockets", "cores", "memory", "smt", "client", "amd", "year"]
SMOOTH = ["tdp", "cores", "sockets", "memory", "year"]
HYPERS = ["lin", "march", "family", "era", "cpu", "noise", "smooth",
          "l_tdp", "l_cores", "l_sockets", "l_memory", "l_year"]
# Centres and width of the priors of the hyperparameters (log-normal); weak.
PRIOR = dict(lin=0.4, march=0.12, family=0.15, era=0.15, cpu=0.1, noise=0.1, smooth=0.15,
             l_tdp=1.5, l_cores=1.5, l_sockets=1.5, l_memory=1.5, l_year=0.7)
PRIOR_SD = 1.0
CONSTANT_SD = 3.0
# ln W, ln cores, ln sockets, ln GB and years are brought to about unit scale by fixed numbers,
# so that the C code needs no statistics of the table.
SCALE = dict(tdp=(4.6, 0.5), sockets=(0.55, 0.45), cores=(2.4, 1.1), memory=(3.7, 1.4),
             year=(2015.0, 6.0))
CENTRES = 110


class Features:
    """Columns of one list of servers; `marches` gives year, family and kind."""

    def __init__(self, servers, marches):
        march = [marches.by_name[s.march] for s in servers]
        raw = dict(
            tdp=np.log([s.tdp_w for s in servers]),
            sockets=np.log([s.sockets for s in servers]),
            cores=np.log([s.cores / s.sockets for s in servers]),
            memory=np.log([s.memory_gb for s in servers]),
            year=np.array([m["year"] for m in march], float))
        self.column = {key: (raw[key] - SCALE[key][0]) / SCALE[key][1] for key in raw}
        self.column["smt"] = np.array([s.threads > 1 for s in servers]) - 0.5
        self.column["client"] = np.array([m["kind"] == "client" for m in march]) - 0.5
        self.column["amd"] = np.array([is_amd(m["family"]) for m in march]) - 0.5
        self.linear = np.stack([self.column[key] for key in LINEAR], 1)
        self.smooth = np.stack([self.column[key] for key in SMOOTH], 1)
        self.march = np.array([m["name"] for m in march])
        self.family = np.array([m["family"] for m in march])
        self.era = np.array([era_of(m) for m in march])
        self.group = np.array([s.group for s in servers])


def is_amd(family):
    return family in ("k8", "k10", "bulldozer") or family.startswith("zen")


def era_of(march):
    """Maker, client or server, and three eras: before 2012, before 2017, since."""
    era = (march["year"] >= 2012) + (march["year"] >= 2017)
    return f"{'amd' if is_amd(march['family']) else 'other'} {march['kind']} {era}"


def same(a, b):
    return (a[:, None] == b[None, :]).astype(float)


def smooth_kernel(a, b, h):
    lengths = np.array([h["l_" + key] for key in SMOOTH])
    d = (a[:, None, :] - b[None, :, :]) / lengths
    return np.exp(-0.5 * (d * d).sum(2))


def choose_centres(f, count=CENTRES):
    """Specifications that lie far apart (greedy pivoted Cholesky), rounded: no server's own."""
    h = {"l_" + key: 1.0 for key in SMOOTH}
    points = np.unique(np.round(f.smooth * 4) / 4, axis=0)
    kernel = smooth_kernel(points, points, h)
    rest = np.diag(kernel).copy()
    rows, chosen = [], []
    for _ in range(min(count, len(points))):
        i = int(np.argmax(rest))
        if rest[i] < 1e-4:
            break
        chosen.append(i)
        row = kernel[i].copy()
        for other in rows:
            row -= other[i] * other
        row /= np.sqrt(rest[i])
        rows.append(row)
        rest = np.maximum(rest - row * row, 0)
    return points[chosen]


def smooth_features(f, centres, h):
    inner = smooth_kernel(centres, centres, h) + 1e-6 * np.eye(len(centres))
    return np.linalg.solve(np.linalg.cholesky(inner), smooth_kernel(centres, f.smooth, h)).T


class Model:
    """One target (ln idle or ln full) on given training rows."""

    def __init__(self, features, y, centres):
        self.f, self.y, self.centres = features, y, centres
        f = features
        self.n = len(y)
        self.parts = dict(lin=f.linear @ f.linear.T, march=same(f.march, f.march),
                          family=same(f.family, f.family), era=same(f.era, f.era),
                          cpu=same(f.group, f.group), noise=np.eye(self.n))
        self.centre = y.mean()

    def covariance(self, h):
        k = np.full((self.n, self.n), CONSTANT_SD ** 2)
        for key, part in self.parts.items():
            k += h[key] ** 2 * part
        phi = smooth_features(self.f, self.centres, h)
        return k + h["smooth"] ** 2 * (phi @ phi.T)

    def loss(self, h, rows):
        """Negative log posterior density of the hyperparameters."""
        try:
            lower = np.linalg.cholesky(self.covariance(h)[np.ix_(rows, rows)])
        except np.linalg.LinAlgError:
            return np.inf
        a = np.linalg.solve(lower, self.y[rows] - self.centre)
        prior = sum(np.log(h[key] / PRIOR[key]) ** 2 for key in HYPERS)
        return 0.5 * a @ a + np.log(np.diag(lower)).sum() + 0.5 * prior / PRIOR_SD ** 2

    def optimise(self, rows, start=None, rounds=4):
        h = dict(start or PRIOR)
        best = self.loss(h, rows)
        step = {key: 0.5 for key in HYPERS}
        for _ in range(rounds):
            for key in HYPERS:
                for sign in (1, -1):
                    trial = dict(h)
                    trial[key] *= np.exp(sign * step[key])
                    value = self.loss(trial, rows)
                    if value < best:
                        h, best = trial, value
                        step[key] *= 1.3
                        break
                else:
                    step[key] *= 0.5
        return h

    def leave_out(self, h, blocks):
        """Mean and sd of each row, predicted from all rows outside its block."""
        inverse = np.linalg.inv(self.covariance(h))
        a = inverse @ (self.y - self.centre)
        mean, sd = np.zeros(self.n), np.zeros(self.n)
        for block in np.unique(blocks):
            i = np.where(blocks == block)[0]
            inner = np.linalg.inv(inverse[np.ix_(i, i)])
            mean[i] = self.y[i] - inner @ a[i]
            sd[i] = np.sqrt(np.diag(inner))
        return mean, sd

    def leave_groups_out(self, folds, rounds=4):
        """Leave one CPU model out; hyperparameters chosen on other CPUs only (nested)."""
        mean, sd = np.zeros(self.n), np.zeros(self.n)
        fold_of = fold_groups(self.f.group, folds)
        start = None
        for fold in range(folds):
            rows = np.where(fold_of != fold)[0]
            h = self.optimise(rows, start, rounds)
            m, s = self.leave_out(h, self.f.group)
            mean[fold_of == fold], sd[fold_of == fold] = m[fold_of == fold], s[fold_of == fold]
        return mean, sd

    def coefficients(self, h):
        """Posterior means of everything that is linear, and of the offsets of CPU models."""
        f = self.f
        alpha = np.linalg.solve(self.covariance(h), self.y - self.centre)
        inner = smooth_kernel(self.centres, self.centres, h) + 1e-6 * np.eye(len(self.centres))
        weights = h["smooth"] ** 2 * np.linalg.solve(
            inner, smooth_kernel(self.centres, f.smooth, h) @ alpha)
        total = lambda keys, part: {key: h[part] ** 2 * alpha[keys == key].sum()
                                    for key in np.unique(keys)}
        return dict(constant=self.centre + CONSTANT_SD ** 2 * alpha.sum(),
                    linear=h["lin"] ** 2 * (f.linear.T @ alpha),
                    march=total(f.march, "march"), family=total(f.family, "family"),
                    era=total(f.era, "era"), cpu=total(f.group, "cpu"), smooth=weights, hypers=h)


def fold_groups(groups, folds):
    """CPU models dealt to folds, the frequent ones first, so that folds are of like size."""
    names, counts = np.unique(groups, return_counts=True)
    fold = {}
    load = [0] * folds
    for i in np.lexsort((names, -counts)):
        smallest = load.index(min(load))
        fold[names[i]] = smallest
        load[smallest] += counts[i]
    return np.array([fold[name] for name in groups])


def predictive_sd(model, h):
    """Of one more machine with a CPU model that is in the table, at each row's specifications."""
    k = model.covariance(h)
    known = k - h["noise"] ** 2 * np.eye(model.n)
    return np.sqrt(np.maximum(np.diag(k) - np.einsum(
        "ij,ij->i", known, np.linalg.solve(k, known).T), 1e-6))


def predictive_sd_new(model, h, f):
    """Of machines with CPU models that are not in the table; `f`: their Features."""
    g = model.f
    cross = CONSTANT_SD ** 2 + h["lin"] ** 2 * (f.linear @ g.linear.T)
    for key in ("march", "family", "era"):
        cross = cross + h[key] ** 2 * same(getattr(f, key), getattr(g, key))
    phi = smooth_features(g, model.centres, h)
    psi = smooth_features(f, model.centres, h)
    cross = cross + h["smooth"] ** 2 * (psi @ phi.T)
    prior = (CONSTANT_SD ** 2 + sum(h[key] ** 2 for key in ("march", "family", "era", "cpu",
                                                             "noise", "smooth")) +
             h["lin"] ** 2 * (f.linear ** 2).sum(1))
    reduction = np.einsum("ij,ji->i", cross, np.linalg.solve(model.covariance(h), cross.T))
    return np.sqrt(np.maximum(prior - reduction, h["noise"] ** 2 + h["cpu"] ** 2))
