"""Makes pictures larger than those the demo model was trained for, where it matters which part of them it sees.

- zoomed: a picture of the world, three times as large, as a photograph is larger than the model's size;
- wide: a large background of the world with one thing of the usual size on it;
- synthetic: two-coloured slopes and clouds, which the model never saw, with a thing to be removed.
"""

from dataclasses import replace

import numpy as np
from PIL import Image

from . import cases, masks, world
from .cases import MARGIN, Case

SEED, ZOOM = 700_000, 3
WIDE, SYNTHETIC = (256, 384), (256, 352)  # height, width


def _zoom(picture: np.ndarray) -> np.ndarray:
    height, width, _ = picture.shape
    return np.asarray(Image.fromarray(picture).resize((width * ZOOM, height * ZOOM), Image.BICUBIC))


def zoomed(number: int) -> list[Case]:
    rng = np.random.default_rng(SEED + number)
    scene = world.make_scene(rng, things=1)
    wanted, new = cases.exchange(scene, 0, rng)
    large = replace(new, centre=tuple(c * ZOOM for c in new.centre), extent=new.extent * ZOOM)
    side = 128 * ZOOM
    hole = masks.around(large, side, side, MARGIN * ZOOM, round_=rng.uniform() < 0.4)
    picture, right, empty = (_zoom(world.draw(s)) for s in (scene, wanted, scene.without_things()))
    gone = world.describe_fully(scene.without_things())
    return [
        Case(f"zoomed-{number}-replacement", "replacement", picture, right, hole, world.describe_fully(wanted), number,
             large, empty, scale=ZOOM),
        Case(f"zoomed-{number}-removal", "removal", picture, empty, hole, gone, number, large, empty, scale=ZOOM),
    ]  # fmt: skip


def _anywhere(rng: np.random.Generator, height: int, width: int) -> world.Thing:
    """Places a thing as large as in a 128-pixel picture, wholly inside."""
    thing = world.make_thing(rng, 128, 128)
    reach = thing.extent / 2 + MARGIN + 1
    centre = (rng.uniform(reach, width - reach), rng.uniform(reach, height - reach))
    return replace(thing, centre=tuple(float(c) for c in centre))


def wide(number: int) -> list[Case]:
    """Makes a removal only: a thing's place in the picture says nothing about its place in the region."""
    rng = np.random.default_rng(SEED + 10_000 + number)
    background = world.make_scene(rng, WIDE, things=0)
    scene = replace(background, things=(_anywhere(rng, *WIDE),))
    hole = cases.dig(scene, scene.things[0], rng)
    picture, right, gone = world.draw(scene), world.draw(background), world.describe_fully(background)
    return [Case(f"wide-{number}-removal", "removal", picture, right, hole, gone, number, scene.things[0], right)]


def _slope(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * x + np.sin(angle) * y
    along = (along - along.min()) / (along.max() - along.min())
    first, second = (np.asarray(world.BACKGROUNDS[n], float) for n in rng.choice(tuple(world.BACKGROUNDS), 2, replace=False))
    return first + (second - first) * along[..., None]


def _clouds(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width].astype(float)
    field = np.zeros((height, width, 3))
    for _ in range(12):
        period, angle, phase = rng.uniform(40, 160), rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi)
        wave = np.sin(2 * np.pi * (np.cos(angle) * x + np.sin(angle) * y) / period + phase)
        field += wave[..., None] * rng.normal(0, 4, 3)
    return field


def synthetic(number: int) -> list[Case]:
    rng = np.random.default_rng(SEED + 20_000 + number)
    right = _slope(rng, *SYNTHETIC) + (_clouds(rng, *SYNTHETIC) if number % 2 else 0)
    thing = _anywhere(rng, *SYNTHETIC)
    cover = world.coverage(thing, *SYNTHETIC)[..., None]
    picture = right * (1 - cover) + np.asarray(thing.rgb) * cover
    hole = masks.around(thing, *SYNTHETIC, MARGIN, round_=rng.uniform() < 0.4)
    middle = right[hole].mean(axis=0)
    colour = min(world.BACKGROUNDS, key=lambda n: np.abs(middle - world.BACKGROUNDS[n]).sum())
    right, picture = (np.clip(np.rint(p), 0, 255).astype(np.uint8) for p in (right, picture))
    prompt = f"an empty gradient {colour} background"
    return [Case(f"synthetic-{number}-removal", "removal", picture, right, hole, prompt, number, thing, right)]


WORLDS = {"zoomed": zoomed, "wide": wide, "synthetic": synthetic}


def make_cases(kind: str, count: int) -> list[Case]:
    return [case for number in range(count) for case in WORLDS[kind](number)]
