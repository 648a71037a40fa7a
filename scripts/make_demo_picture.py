#!/usr/bin/env python3
"""Draws models/demo/picture.png (hills behind a striped beach, with a red ball) and mask.png (the ball).

    make_demo_picture.py [FOLDER]
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 128
OVERSAMPLING = 4
BALL = (78, 76, 24)  # centre x, centre y, radius


def mix(a, b, amount: np.ndarray) -> np.ndarray:
    """From colour a to colour b, per pixel."""
    return np.asarray(a, dtype=float) * (1 - amount[..., None]) + np.asarray(b, dtype=float) * amount[..., None]


def draw_scene() -> np.ndarray:
    """[n, n, 3] in 0..255, at OVERSAMPLING times the size."""
    n = SIDE * OVERSAMPLING
    y, x = (grid / OVERSAMPLING for grid in np.mgrid[0:n, 0:n].astype(float))
    scene = mix((126, 182, 226), (250, 226, 196), np.clip(y / 70, 0, 1))
    for base, height, period, phase, colour in (
        (62, 13, 46, 0.4, (132, 152, 176)), (70, 9, 31, 2.1, (92, 128, 132)), (76, 6, 57, 4.0, (70, 110, 92)),
    ):  # fmt: skip
        scene[y > base - height * np.sin(x / period * 2 * np.pi + phase)] = colour
    beach = y > 82
    stripe = (np.floor((x - 64) / (y - 60 + 1e-9) * 6 + 0.5) % 2 == 0) & beach
    scene[beach] = mix((236, 214, 168), (214, 178, 120), np.clip((y - 82) / 46, 0, 1))[beach]
    scene[stripe] = mix((120, 196, 190), (44, 132, 144), np.clip((y - 82) / 46, 0, 1))[stripe]
    cx, cy, radius = BALL
    shadow = ((x - cx - 5) / 26) ** 2 + ((y - cy - radius) / 5) ** 2 < 1
    scene[shadow] *= 0.62
    distance = np.hypot(x - cx, y - cy) / radius
    light = np.clip(np.hypot(x - cx + 8, y - cy + 9) / (1.5 * radius), 0, 1)
    ball = mix((255, 120, 96), (158, 20, 30), light)
    scene[distance < 1] = ball[distance < 1]
    return scene


def shrink(values: np.ndarray) -> np.ndarray:
    shape = (SIDE, OVERSAMPLING, SIDE, OVERSAMPLING, *values.shape[2:])
    return values.reshape(shape).mean(axis=(1, 3))


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "models" / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    picture = np.clip(np.round(shrink(draw_scene())), 0, 255).astype(np.uint8)
    y, x = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    cx, cy, radius = BALL
    mask = np.where(np.hypot(x - cx, y - cy) < radius + 4, 255, 0).astype(np.uint8)
    Image.fromarray(picture).save(folder / "picture.png", optimize=True)
    Image.fromarray(mask).save(folder / "mask.png", optimize=True)
    print(folder / "picture.png")
    print(folder / "mask.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
