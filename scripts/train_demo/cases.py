"""Makes cases in the demo model's world, never trained on: a picture with a hole, the prompt and the right result."""

from dataclasses import dataclass, field, replace

import numpy as np

from . import common, masks, world

SEED, MARGIN = 900_000, 6.0


@dataclass
class Case:
    """One case. Pictures are uint8 [H, W, 3], the hole is bool [H, W]."""

    name: str
    kind: str  # replacement, removal, control
    picture: np.ndarray
    right: np.ndarray
    hole: np.ndarray
    prompt: str
    seed: int
    thing: world.Thing  # what a removal takes out of the hole, or what "replacement" and "control" put there
    empty: np.ndarray | None = None  # the background alone
    control: np.ndarray | None = None  # a control image
    scale: float = 1.0  # the world's: at 3 things are three times as large
    mask: np.ndarray | None = None  # uint8 [H, W], if it isn't just the hole in white
    result: np.ndarray | None = field(default=None, repr=False)
    effective: np.ndarray | None = field(default=None, repr=False)  # bool: where the result may differ

    @property
    def size(self) -> tuple[int, int]:
        return self.hole.shape


def _other(rng: np.random.Generator, names, name: str) -> str:
    names = [n for n in names if n != name]
    return names[int(rng.integers(len(names)))]


def dig(scene: world.Scene, thing: world.Thing, rng: np.random.Generator) -> np.ndarray:
    return masks.around(thing, scene.height, scene.width, MARGIN, round_=rng.uniform() < 0.4)


def exchange(scene: world.Scene, index: int, rng: np.random.Generator) -> tuple[world.Scene, world.Thing]:
    """Puts another thing in the same place, with another colour and another shape."""
    old = scene.things[index]
    colour, shape = _other(rng, world.COLOURS, old.colour), _other(rng, world.SHAPES, old.shape)
    new = replace(old, colour=colour, shape=shape, rgb=tuple(float(c) for c in world.COLOURS[colour]))
    things = tuple(new if i == index else thing for i, thing in enumerate(scene.things))
    return replace(scene, things=things), new


def make_cases(count: int) -> list[Case]:
    """Makes `count` replacements, `count` removals and `count` replacements with a control image."""
    cases = []
    for number in range(count):
        rng = np.random.default_rng(SEED + number)
        scene = world.make_scene(rng, common.draw_size(rng), things=1 + number % 3 // 2)
        wanted, new = exchange(scene, int(rng.integers(len(scene.things))), rng)
        hole = dig(scene, new, rng)
        picture, right, prompt = world.draw(scene), world.draw(wanted), world.describe_fully(wanted)
        empty = world.draw(wanted.without_things())
        cases.append(Case(f"{number:03d}-replacement", "replacement", picture, right, hole, prompt, number, new, empty))
        led = replace(cases[-1], name=f"{number:03d}-control", kind="control", control=world.edges(right))
        cases.append(led)
        alone = world.make_scene(rng, common.draw_size(rng), things=1)
        hole = dig(alone, alone.things[0], rng)
        gone = alone.without_things()
        picture, right, prompt = world.draw(alone), world.draw(gone), world.describe_fully(gone)
        cases.append(Case(f"{number:03d}-removal", "removal", picture, right, hole, prompt, number, alone.things[0]))
    return cases


def make_tight_cases(count: int) -> list[Case]:
    """Makes removals whose hole is exactly the thing, as a hasty user or another program would mark it."""
    removals = [case for case in make_cases(count) if case.kind == "removal"]
    return [replace(case, name=f"{case.name}-tight", hole=world.coverage(case.thing, *case.size) > 0) for case in removals]
