"""Two ways to run the same cases, compared case by case."""

from dataclasses import dataclass

import numpy as np

from . import figures
from .cases import Case


@dataclass
class Seams:
    """Of every case the steps across both borders, the mask's and that of what may change, and beside them: [N, 2, 4]."""

    sums: np.ndarray

    @classmethod
    def of(cls, cases: list[Case]) -> "Seams":
        return cls(np.array([[figures.seam_sums(c, b) for b in (c.hole, c.effective)] for c in cases]))

    def ratio(self, chosen=slice(None)) -> float:
        """The worse border's: moving a seam outwards is no gain."""
        return max(figures.seam_of(self.sums[chosen, border].sum(axis=0)) for border in (0, 1))


def seam_difference(seams: Seams, base: Seams) -> tuple[float, float]:
    """The ratio less the base's, and its standard error: the ratio is of all cases, so each is left out in turn."""
    n = len(seams.sums)
    kept = [np.arange(n) != i for i in range(n)]
    without = np.array([seams.ratio(k) - base.ratio(k) for k in kept])
    error = np.sqrt((n - 1) / n * np.square(without - without.mean()).sum())
    return seams.ratio() - base.ratio(), float(error)


def mean_difference(values: np.ndarray, base: np.ndarray) -> tuple[float, float]:
    """Mean of the differences, where there are any values, and its standard error."""
    pairs = (values - base)[~np.isnan(values)]
    return float(pairs.mean()), float(pairs.std(ddof=1) / np.sqrt(len(pairs)))
