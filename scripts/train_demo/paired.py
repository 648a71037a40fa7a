"""Compares two ways of running the same cases, case by case."""

from dataclasses import dataclass

import numpy as np

from . import figures
from .cases import Case


@dataclass
class Seams:
    """Holds the steps across and beside both borders, the mask's and that of what may change, as [N, 2, 4]."""

    sums: np.ndarray

    @classmethod
    def of(cls, cases: list[Case]) -> "Seams":
        return cls(np.array([[figures.seam_sums(c, b) for b in (c.hole, c.effective)] for c in cases]))

    def ratio(self, chosen=slice(None)) -> float:
        """Returns the worse border's ratio: moving a seam outwards is no gain."""
        return max(figures.seam_of(self.sums[chosen, border].sum(axis=0)) for border in (0, 1))


def seam_difference(seams: Seams, base: Seams) -> tuple[float, float]:
    """Returns the ratio minus the base's, and its standard error from leaving out each case in turn."""
    n = len(seams.sums)
    kept = [np.arange(n) != i for i in range(n)]
    without = np.array([seams.ratio(k) - base.ratio(k) for k in kept])
    error = np.sqrt((n - 1) / n * np.square(without - without.mean()).sum())
    return seams.ratio() - base.ratio(), float(error)


def mean_difference(values: np.ndarray, base: np.ndarray) -> tuple[float, float]:
    """Returns the mean of the differences, where there are values, and its standard error."""
    pairs = (values - base)[~np.isnan(values)]
    return float(pairs.mean()), float(pairs.std(ddof=1) / np.sqrt(len(pairs)))
