"""Draws the inputs of tests/golden and writes its pictures with the real executable.

    scripts/make_goldens [--pictures]     --pictures keeps the inputs as they are
"""

import argparse
import sys

import numpy as np
from PIL import Image

from . import cases, common, world

ROOT = common.models_folder().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "golden"))
SIZES = {"repaint-wide": (96, 152), "controlnet-tall": (168, 112)}  # height, width; the rest are 128 x 128
REMOVALS = ("repaint-strength", "controlnet-tall")


def draw_inputs(folder, name: str, number: int) -> None:
    rng = np.random.default_rng(7000 + number)
    scene = world.make_scene(rng, SIZES.get(name, (128, 128)), things=1 if name in REMOVALS else 2)
    wanted, thing = cases.exchange(scene, 0, rng)
    if name in REMOVALS:
        wanted = scene.without_things()
    Image.fromarray(world.draw(scene)).save(folder / f"{name}-image.png", optimize=True)
    hole = cases.dig(scene, thing, rng)
    Image.fromarray(hole.astype(np.uint8) * 255).save(folder / f"{name}-mask.png", optimize=True)
    (folder / f"{name}.txt").write_text(world.describe_fully(wanted) + "\n", encoding="utf-8")
    if name == "controlnet-edges":
        edges = world.edges(world.draw(wanted))
        Image.fromarray(edges).save(folder / f"{name}-control.png", optimize=True)


def main() -> int:
    import goldens

    parser = argparse.ArgumentParser(prog="make_goldens", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--pictures", action="store_true", help="keep the inputs as they are")
    parser.add_argument("--binary", default=ROOT / "build" / "zimage-inpaint")
    arguments = parser.parse_args()
    for number, name in enumerate(goldens.CASES):
        if not arguments.pictures:
            draw_inputs(goldens.FOLDER, name, number)
        goldens.run(arguments.binary, name, goldens.FOLDER / f"{name}.png")
        print(f"{name}: {(goldens.FOLDER / f'{name}.txt').read_text().strip()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
