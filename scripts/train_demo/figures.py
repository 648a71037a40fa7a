"""Measures results. Levels are of 255, and `right` is the picture that would be right."""

import numpy as np
import torch

from . import classifier, world
from .cases import MARGIN, Case

RING = 3  # pixels beside a border that show how large steps are there anyway
BAND = 16  # pixels around the hole that finishing options may change


def _pairs(picture: np.ndarray, hole: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns, for all neighbours along an axis, the difference in levels [..., 3], whether the border runs between
    them, and whether they lie on one side of it, no further away than RING."""
    moved = [slice(None)] * 2
    first, second = list(moved), list(moved)
    first[axis], second[axis] = slice(None, -1), slice(1, None)
    step = picture[tuple(second)].astype(float) - picture[tuple(first)]
    crossing = hole[tuple(first)] != hole[tuple(second)]
    beside = np.zeros_like(crossing)
    for distance in range(1, RING + 1):
        for sign in (-1, 1):
            rolled = np.roll(crossing, sign * distance, axis=axis)
            edge = [slice(None)] * 2
            edge[axis] = slice(0, distance) if sign > 0 else slice(-distance, None)
            rolled[tuple(edge)] = False
            beside |= rolled
    return step, crossing, beside & ~crossing


def _window(border: np.ndarray) -> tuple[slice, slice]:
    """Returns the part of a picture that holds a border and its rings."""
    spans = (np.flatnonzero(border.any(axis=axis)) for axis in (1, 0))
    return tuple(slice(max(0, int(span[0]) - RING - 2), int(span[-1]) + RING + 3) for span in spans)


def seam_sums(case: Case, border: np.ndarray) -> np.ndarray:
    """Returns sum and count of the steps across a mask's border, and sum and count of those beside it."""
    sums, window = np.zeros(4), _window(border)
    for axis in (0, 1):
        step, crossing, beside = _pairs(case.result[window], border[window], axis)
        step = np.abs(step).mean(axis=-1)
        sums += step[crossing].sum(), crossing.sum(), step[beside].sum(), beside.sum()
    return sums


def seam_of(sums: np.ndarray) -> float:
    return float(sums[0] / sums[1] / (sums[2] / sums[3]))


def seam(cases: list[Case]) -> float:
    """Returns the mean step across the hole's border over the mean step in the rings beside it, over all cases."""
    return seam_of(sum(seam_sums(case, case.hole) for case in cases))


def false_step(case: Case, border: np.ndarray) -> float:
    """Returns by how much the steps across a border differ from the right picture's on average; 0 means no seam."""
    wrong, window = [], _window(border)
    for axis in (0, 1):
        step, crossing, _ = _pairs(case.result[window], border[window], axis)
        wanted = _pairs(case.right[window], border[window], axis)[0]
        wrong.append(np.abs(step - wanted).mean(axis=-1)[crossing])
    return float(np.concatenate(wrong).mean())


def hole_error(case: Case) -> float:
    """Returns the mean absolute error in the hole."""
    return float(np.abs(case.result.astype(float) - case.right)[case.hole].mean())


def colour_shift(case: Case) -> float:
    """Compares the hole's mean colour with the right one: the absolute differences of the channels' means, averaged."""
    return float(np.abs((case.result.astype(float) - case.right)[case.hole].mean(axis=0)).mean())


def near(hole: np.ndarray, reach: int) -> np.ndarray:
    """Returns the pixels outside the hole that are at most `reach` away from it in both directions."""
    grown = torch.nn.functional.max_pool2d(torch.from_numpy(hole[None, None].astype(np.float32)), 2 * reach + 1, 1, reach)
    return (grown[0, 0].numpy() > 0) & ~hole


def band_error(case: Case) -> float:
    """Returns the mean absolute error within BAND pixels outside the hole: what finishing options cost there."""
    band = near(case.hole, BAND)
    return float(np.abs(case.result.astype(float) - case.right)[band].mean()) if band.any() else 0.0


def overlap(case: Case) -> float:
    """Returns the IoU of the thing in the result (pixels of the hole nearer to its colour than to the background's) and
    the thing in the control image."""
    result = case.result.astype(float)
    nearer = np.abs(result - case.thing.rgb).sum(axis=-1) < np.abs(result - case.empty).sum(axis=-1)
    came = nearer & case.hole
    drawn = (world.coverage(case.thing, *case.size) > 0.5) & case.hole
    return float((came & drawn).sum() / max((came | drawn).sum(), 1))


def psnr(picture: np.ndarray, other: np.ndarray) -> float:
    return float(-10 * np.log10(np.square((picture.astype(float) - other) / 255).mean() + 1e-12))


@torch.no_grad()
def judged(network: classifier.Judge, cases: list[Case]) -> np.ndarray:
    """Returns [N, 2]: whether each thing has the colour and the shape that the prompt asks for."""
    crops = [classifier.cut(c.result, c.thing.centre, c.thing.extent + 2 * MARGIN * c.scale) for c in cases]
    colour, shape = network(torch.stack(crops))
    named = zip(colour.argmax(1), shape.argmax(1), cases)
    return np.array([(classifier.COLOURS[c] == case.thing.colour, classifier.SHAPES[s] == case.thing.shape)
                     for c, s, case in named], dtype=float)  # fmt: skip
