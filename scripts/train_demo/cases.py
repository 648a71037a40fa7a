"""Pictures with a hole, what is asked for, and the picture that would be right: the demo model's world, never trained on."""

from dataclasses import dataclass, field, replace

import numpy as np

from . import common, masks, world

SEED, MARGIN = 900_000, 6.0


@dataclass
class Case:
    """Pictures are uint8 [H, W, 3], the hole bool [H, W]."""

    name: str
    kind: str  # replacement, removal, control
    picture: np.ndarray
    right: np.ndarray
    hole: np.ndarray
    prompt: str
    seed: int
    thing: world.Thing  # what is in the hole and goes, or for "replacement" and "control" what comes
    empty: np.ndarray | None = None  # the background alone
    control: np.ndarray | None = None  # a control image
    scale: float = 1.0  # of the world: 3 has things three times as large
    mask: np.ndarray | None = None  # uint8 [H, W], where it isn't the hole in white
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
    """Another thing in the same place: another colour and another shape."""
    old = scene.things[index]
    colour, shape = _other(rng, world.COLOURS, old.colour), _other(rng, world.SHAPES, old.shape)
    new = replace(old, colour=colour, shape=shape, rgb=tuple(float(c) for c in world.COLOURS[colour]))
    things = tuple(new if i == index else thing for i, thing in enumerate(scene.things))
    return replace(scene, things=things), new


def make_cases(count: int) -> list[Case]:
    """`count` replacements, `count` removals, `count` replacements led by a control image."""
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
    """Removals whose hole is the thing and no pixel more, as a quick hand or another program marks it."""
    removals = [case for case in make_cases(count) if case.kind == "removal"]
    return [replace(case, name=f"{case.name}-tight", hole=world.coverage(case.thing, *case.size) > 0) for case in removals]
