"""Draws holes: boxes, ellipses, strokes, free shapes, sometimes the whole picture. True marks what is repainted."""

import numpy as np

from .world import Scene, Thing


def _grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    return np.mgrid[0:height, 0:width].astype(np.float64) + 0.5


def box(height: int, width: int, centre, half) -> np.ndarray:
    y, x = _grid(height, width)
    return (np.abs(x - centre[0]) < half[0]) & (np.abs(y - centre[1]) < half[1])


def ellipse(height: int, width: int, centre, half) -> np.ndarray:
    y, x = _grid(height, width)
    return ((x - centre[0]) / half[0]) ** 2 + ((y - centre[1]) / half[1]) ** 2 < 1


def free_shape(height: int, width: int, centre, half, rng: np.random.Generator) -> np.ndarray:
    """Draws a circle with a wavering radius."""
    y, x = _grid(height, width)
    dx, dy = (x - centre[0]) / half[0], (y - centre[1]) / half[1]
    angle, limit = np.arctan2(dy, dx), np.ones((height, width))
    for turns in (2, 3, 5):
        limit += rng.uniform(0, 0.3) / np.sqrt(turns) * np.sin(turns * angle + rng.uniform(0, 2 * np.pi))
    return np.hypot(dx, dy) < limit


def stroke(height: int, width: int, centre, half, rng: np.random.Generator) -> np.ndarray:
    """Draws a thick line through two to four points."""
    y, x = _grid(height, width)
    points = np.asarray(centre) + rng.uniform(-1.3, 1.3, (int(rng.integers(2, 5)), 2)) * np.asarray(half)
    radius = rng.uniform(0.04, 0.12) * min(height, width)
    mask = np.zeros((height, width), dtype=bool)
    for (x0, y0), (x1, y1) in zip(points[:-1], points[1:]):
        length = max((x1 - x0) ** 2 + (y1 - y0) ** 2, 1e-6)
        along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, 0, 1)
        mask |= np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0)) < radius
    return mask


def around(thing: Thing, height: int, width: int, margin: float, round_: bool = False) -> np.ndarray:
    """Draws the box or ellipse that holds a thing with a margin in pixels."""
    half = thing.extent / 2 + margin
    if round_:
        return ellipse(height, width, thing.centre, (half * 1.35, half * 1.35))
    return box(height, width, thing.centre, (half, half))


def draw(scene: Scene, rng: np.random.Generator) -> np.ndarray:
    """Draws a hole for training: half of them over a thing, the rest anywhere; every twelfth is the whole picture."""
    height, width = scene.height, scene.width
    if rng.uniform() < 1 / 12:
        return np.ones((height, width), dtype=bool)
    side = min(height, width)
    if scene.things and rng.uniform() < 0.55:
        thing = scene.things[int(rng.integers(len(scene.things)))]
        centre, half = thing.centre, np.full(2, thing.extent / 2) + rng.uniform(-2, 16, 2)
    else:
        centre = (rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.9) * height)
        half = rng.uniform(0.08, 0.36, 2) * side
    kind = rng.uniform()
    if kind < 0.40:
        mask = box(height, width, centre, half)
    elif kind < 0.65:
        mask = ellipse(height, width, centre, half * 1.25)
    elif kind < 0.85:
        mask = free_shape(height, width, centre, half * 1.2, rng)
    else:
        mask = stroke(height, width, centre, half, rng)
    return mask if mask.any() else box(height, width, centre, (12, 12))
