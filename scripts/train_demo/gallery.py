"""Draws docs/gallery with the real executable: a picture, its mask, and what RePaint and the ControlNet make of it.

    scripts/make_gallery [--demo]      --demo draws models/demo/picture.png and mask.png instead

The pictures are the first seed's, not the best of several.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from . import cases, common, masks, runs, world

ROOT = common.models_folder().parent.parent
SEED = 1


def _thing(shape: str, colour: str, size: str, place: str, side: int = 128) -> world.Thing:
    x, y = world.PLACES[place]
    rgb = tuple(float(c) for c in world.COLOURS[colour])
    return world.Thing(shape, colour, size, place, (x * side, y * side), world.SIZES[size] * side, rgb)


def _scene(pattern: str, background: str, *things: world.Thing, vertical: bool = False) -> world.Scene:
    rgb = tuple(float(c) for c in world.BACKGROUNDS[background])
    return world.Scene(128, 128, pattern, background, rgb, vertical, (0.15, 0.3), things)


def rows() -> dict[str, tuple[world.Scene, world.Scene, world.Thing]]:
    """Returns, by name, the scene, the wanted scene, and the thing that the hole surrounds."""
    square = _thing("square", "red", "large", "in the center")
    one = _scene("striped", "cyan", square)
    circle = _thing("circle", "black", "small", "in the top left")
    triangle = _thing("triangle", "blue", "large", "in the bottom right")
    two = _scene("checkered", "beige", triangle, circle)
    gone = _thing("cross", "green", "large", "on the right")
    third = _scene("gradient", "pink", gone, vertical=True)
    fourth = _scene("striped", "brown", _thing("circle", "yellow", "large", "in the center"), vertical=True)
    return {
        "replace-1": (one, replace(one, things=(_thing("circle", "yellow", "large", "in the center"),)), square),
        "replace-2": (
            two, replace(two, things=(_thing("cross", "purple", "large", "in the bottom right"), circle)), triangle,
        ),
        "remove-1": (third, third.without_things(), gone),
        "remove-2": (fourth, fourth.without_things(), fourth.things[0]),
    }  # fmt: skip


def _write(folder: Path, name: str, scene: world.Scene, thing: world.Thing) -> tuple[Path, Path]:
    hole = masks.around(thing, scene.height, scene.width, cases.MARGIN)
    picture, mask = folder / f"{name}picture.png", folder / f"{name}mask.png"
    Image.fromarray(world.draw(scene)).save(picture, optimize=True)
    Image.fromarray(hole.astype(np.uint8) * 255).save(mask, optimize=True)
    return picture, mask


def main() -> int:
    parser = argparse.ArgumentParser(prog="make_gallery", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--demo", action="store_true")
    parser.add_argument("--binary", type=Path, default=ROOT / "build" / "zimage-inpaint")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "gallery")
    arguments = parser.parse_args()
    model = common.models_folder()
    if arguments.demo:
        scene, _, thing = rows()["replace-1"]
        print(*_write(model, "", scene, thing), sep="\n")
        return 0
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, (scene, wanted, thing) in rows().items():
        picture, mask = _write(arguments.output, f"{name}-", scene, thing)
        for strategy, options in {"repaint": [], "controlnet": ["--controlnet", str(model / "controlnet")]}.items():
            output = arguments.output / f"{name}-{strategy}.png"
            runner = runs.Runner(arguments.binary, model, arguments.output)
            prompt = world.describe_fully(wanted)
            runner.run(["--image", str(picture), "--mask", str(mask), "--prompt", prompt, "--seed", str(SEED),
                        "--output", str(output), *options])  # fmt: skip
        print(f"{name}: {prompt}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
