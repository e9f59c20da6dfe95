# SPDX-License-Identifier: MIT
"""
P(u) = idle + (full - idle) s(u). The curve s of a microarchitecture is the mean over its CPU
models, shrunk towards its family's, that towards its maker's era's, and that towards all.
"""

import numpy as np

STRENGTH = 1.0      # a parent weighs as much as one CPU model


class Shapes:
    def __init__(self, features, curves):
        """Rows without a whole curve (NaN) say nothing."""
        usable = ~np.isnan(curves).any(1)
        self.points = {}
        for group in np.unique(features.group[usable]):
            rows = usable & (features.group == group)
            c = curves[rows]
            first = np.where(rows)[0][0]
            self.points[group] = (
                ((c - c[:, :1]) / (c[:, 10:] - c[:, :1])).mean(0),
                features.march[first], features.family[first], features.era[first])

    def of(self, march, family, era, without=None):
        use = [point for group, point in self.points.items() if group != without]
        shape = np.mean([point[0] for point in use], 0)
        for level, key in ((3, era), (2, family), (1, march)):
            members = [point[0] for point in use if point[level] == key]
            if members:
                shape = (np.sum(members, 0) + STRENGTH * shape) / (len(members) + STRENGTH)
        shape = np.maximum.accumulate(shape)
        shape[0], shape[10] = 0.0, 1.0
        return np.clip(shape, 0, 1)

    def leave_groups_out(self, features):
        out = np.zeros((len(features.group), 11))
        for group in np.unique(features.group):
            rows = features.group == group
            i = np.where(rows)[0][0]
            out[rows] = self.of(features.march[i], features.family[i], features.era[i], group)
        return out
