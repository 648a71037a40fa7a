"""What evaluate_demo measures: scenes never trained on, repainted by the real executable, judged.

Every figure comes with its bar; `problems` names the figures that miss theirs.
"""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from . import classifier, common, masks, world

SEED, MARGIN, RING = 900_000, 6.0, 3
REMOVAL_LEVELS = 8.0
STRATEGIES = ("repaint", "controlnet")
FINISH = ("--feather", "4", "--color-match")  # a finish that suits pictures of 128 pixels; the seam is also shown without
AT_LEAST = {
    "repaint removal": 0.85, "controlnet removal": 0.90,
    "repaint colour": 0.75, "repaint shape": 0.60,
    "controlnet colour": 0.90, "controlnet shape": 0.80,
    "control image IoU": 0.70, "VAE PSNR": 28.0, "judge colour": 0.98, "judge shape": 0.98,
}  # fmt: skip
AT_MOST = {"controlnet seam": 1.2}


@dataclass
class Case:
    """A picture, the hole in it, what is asked for, and the picture that would be right."""

    name: str
    kind: str  # replacement, removal, control
    scene: world.Scene
    wanted: world.Scene
    thing: world.Thing  # what is in the hole and goes, or for "replacement" and "control" what comes
    hole: np.ndarray
    seed: int
    result: np.ndarray | None = field(default=None, repr=False)


# --- Cases -------------------------------------------------------------------------------------------------------------


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
        cases.append(Case(f"{number:03d}-replacement", "replacement", scene, wanted, new, hole, number))
        cases.append(Case(f"{number:03d}-control", "control", scene, wanted, new, hole, number))
        alone = world.make_scene(rng, common.draw_size(rng), things=1)
        hole = dig(alone, alone.things[0], rng)
        empty = alone.without_things()
        cases.append(Case(f"{number:03d}-removal", "removal", alone, empty, alone.things[0], hole, number))
    return cases


# --- Runs --------------------------------------------------------------------------------------------------------------


@dataclass
class Runner:
    """The executable and its folder of work."""

    binary: Path
    model: Path
    folder: Path
    options: tuple[str, ...] = ()
    workers: int = 2

    def run(self, arguments: list[str]) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        command = [str(self.binary), "--model", str(self.model), "-q", "--overwrite", *self.options, *arguments]
        finished = subprocess.run(command, capture_output=True, env=environment, text=True)
        if finished.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}\n{finished.stderr}")

    def write_inputs(self, case: Case) -> None:
        Image.fromarray(world.draw(case.scene)).save(self.folder / f"{case.name}.png")
        Image.fromarray(case.hole.astype(np.uint8) * 255).save(self.folder / f"{case.name}-mask.png")
        Image.fromarray(world.edges(world.draw(case.wanted))).save(self.folder / f"{case.name}-edges.png")

    def repaint(self, case: Case, strategy: str, finish: tuple[str, ...] = FINISH) -> np.ndarray:
        stem, output = self.folder / case.name, self.folder / f"{case.name}-{strategy}.png"
        arguments = ["--image", f"{stem}.png", "--mask", f"{stem}-mask.png", "--seed", str(case.seed)]
        arguments += ["--prompt", world.describe_fully(case.wanted), "--output", str(output), *finish]
        if strategy == "controlnet":
            arguments += ["--controlnet", str(self.model / "controlnet")]
        if case.kind == "control":
            arguments += ["--control-image", f"{stem}-edges.png"]
        self.run(arguments)
        return np.asarray(Image.open(output).convert("RGB"))

    def round_trip(self, case: Case) -> np.ndarray:
        """The picture through the VAE and back: a strength so small that the DiT adds nothing to see."""
        stem, output = self.folder / case.name, self.folder / f"{case.name}-vae.png"
        arguments = ["--image", f"{stem}.png", "--mask", f"{stem}-mask.png", "--seed", "0", "--prompt", ""]
        self.run([*arguments, "--strength", "0.001", "--no-composite", "--output", str(output)])
        return np.asarray(Image.open(output).convert("RGB"))

    def map(self, function, items: list) -> list:
        with ThreadPoolExecutor(self.workers) as pool:
            return list(pool.map(function, items))


# --- Figures -----------------------------------------------------------------------------------------------------------


def _pairs(picture: np.ndarray, hole: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of all neighbours along an axis: how far apart in levels, whether the border runs between them, and whether they
    lie beside it, on one side, no further than RING."""
    moved = [slice(None)] * 2
    first, second = list(moved), list(moved)
    first[axis], second[axis] = slice(None, -1), slice(1, None)
    step = np.abs(picture[tuple(second)].astype(float) - picture[tuple(first)]).mean(axis=-1)
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


def seam(cases: list[Case]) -> float:
    """Mean step across the hole's border over the mean step within the rings beside it, over all cases."""
    across, within = [], []
    for case in cases:
        for axis in (0, 1):
            step, crossing, beside = _pairs(case.result, case.hole, axis)
            across.append(step[crossing])
            within.append(step[beside])
    return float(np.concatenate(across).mean() / np.concatenate(within).mean())


def hole_error(case: Case) -> float:
    """Mean absolute error in the hole, in levels, to the picture that would be right."""
    apart = np.abs(case.result.astype(float) - world.draw(case.wanted))
    return float(apart[case.hole].mean())


def overlap(case: Case) -> float:
    """IoU of the thing that came and the thing that was drawn: pixels of the hole nearer to its colour than to the
    background's."""
    background = world.draw(case.wanted.without_things()).astype(float)
    result = case.result.astype(float)
    nearer = np.abs(result - case.thing.rgb).sum(axis=-1) < np.abs(result - background).sum(axis=-1)
    came = nearer & case.hole
    drawn = (world.coverage(case.thing, case.scene.height, case.scene.width) > 0.5) & case.hole
    return float((came & drawn).sum() / max((came | drawn).sum(), 1))


def psnr(picture: np.ndarray, other: np.ndarray) -> float:
    return float(-10 * np.log10(np.square((picture.astype(float) - other) / 255).mean() + 1e-12))


@torch.no_grad()
def judge(network: classifier.Judge, cases: list[Case]) -> tuple[float, float]:
    """Parts of the things that have the colour and the shape that was asked for."""
    crops = [classifier.cut(c.result, c.thing.centre, c.thing.extent + 2 * MARGIN) for c in cases]
    colour, shape = network(torch.stack(crops))
    colours = [classifier.COLOURS[i] for i in colour.argmax(1)]
    shapes = [classifier.SHAPES[i] for i in shape.argmax(1)]
    return (
        float(np.mean([c == case.thing.colour for c, case in zip(colours, cases)])),
        float(np.mean([s == case.thing.shape for s, case in zip(shapes, cases)])),
    )


def measure(runner: Runner, network: classifier.Judge, count: int, say=print) -> dict[str, float]:
    cases = make_cases(count)
    runner.map(runner.write_inputs, cases)
    figures: dict[str, float] = {}
    figures["judge colour"], figures["judge shape"] = classifier.validate(network)
    round_trips = [c for c in cases if c.kind == "replacement"]
    backs = runner.map(runner.round_trip, round_trips)
    figures["VAE PSNR"] = float(np.mean([psnr(world.draw(c.scene), b) for c, b in zip(round_trips, backs)]))
    say(f"VAE: {figures['VAE PSNR']:.2f} dB")
    for strategy in STRATEGIES if (runner.model / "controlnet").is_dir() else STRATEGIES[:1]:
        chosen = [c for c in cases if c.kind != "control"]
        for case, result in zip(chosen, runner.map(lambda c: runner.repaint(c, strategy), chosen)):
            case.result = result
        replaced = [c for c in chosen if c.kind == "replacement"]
        removed = [c for c in chosen if c.kind == "removal"]
        errors = [hole_error(c) for c in removed]
        figures[f"{strategy} colour"], figures[f"{strategy} shape"] = judge(network, replaced)
        figures[f"{strategy} removal"] = float(np.mean([e <= REMOVAL_LEVELS for e in errors]))
        figures[f"{strategy} removal error"] = float(np.mean(errors))
        figures[f"{strategy} seam"] = seam(chosen)
        few = chosen[: max(2, len(chosen) // 4)]
        for case, result in zip(few, runner.map(lambda c: runner.repaint(c, strategy, ()), few)):
            case.result = result
        figures[f"{strategy} seam, no finish"] = seam(few)
        say(f"{strategy}: " + ", ".join(f"{k[len(strategy) + 1:]} {v:.3f}" for k, v in figures.items() if strategy in k))
    led = [c for c in cases if c.kind == "control"]
    if (runner.model / "controlnet").is_dir():
        for case, result in zip(led, runner.map(lambda c: runner.repaint(c, "controlnet"), led)):
            case.result = result
        figures["control image IoU"] = float(np.mean([overlap(c) for c in led]))
        colour, shape = judge(network, led)
        figures["control image colour"], figures["control image shape"] = colour, shape
        say(f"control image: IoU {figures['control image IoU']:.3f}, colour {colour:.3f}, shape {shape:.3f}")
    return figures


def problems(figures: dict[str, float]) -> list[str]:
    """The figures that miss their bars, or are missing; empty if all hold."""
    low = [f"{n} is {figures.get(n, 0):.3f}, below {b:g}" for n, b in AT_LEAST.items() if figures.get(n, 0) < b]
    far = float("inf")
    high = [f"{n} is {figures.get(n, far):.3f}, above {b:g}" for n, b in AT_MOST.items() if figures.get(n, far) > b]
    if figures.get("controlnet seam", far) >= figures.get("repaint seam", 0):
        high.append("the ControlNet's seam ratio is not below RePaint's")
    return low + high


def write(figures: dict[str, float], path: Path) -> None:
    path.write_text(json.dumps({name: round(value, 4) for name, value in figures.items()}, indent=2) + "\n")
