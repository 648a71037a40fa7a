"""Measures for evaluate_demo: the real executable repaints scenes never trained on, and the results are judged.

Every figure has a bar; `problems` names the figures that miss theirs. The defaults (no option given) are compared with
the guide's plain algorithm on the same pictures, holes and seeds.
"""

import json
from pathlib import Path

import numpy as np

from . import classifier, figures, grid, paired
from .cases import Case, make_cases
from .runs import Runner

REMOVAL_LEVELS = 8.0
STRATEGIES = grid.STRATEGIES
ROUND_TRIP = ("--strength", "0.001", "--no-composite", "--crop", "off")  # so little noise that the DiT changes nothing
AT_LEAST = {
    "repaint removal": 0.85, "controlnet removal": 0.90,
    "repaint colour": 0.75, "repaint shape": 0.60,
    "controlnet colour": 0.90, "controlnet shape": 0.80,
    "control image IoU": 0.70, "VAE PSNR": 28.0, "judge colour": 0.98, "judge shape": 0.98,
}  # fmt: skip
AT_MOST = {"repaint seam": 1.2, "controlnet seam": 1.2}
# At most this much may be the defaults' figure less the plain algorithm's; docs/defaults.md has the measured figures
# with standard errors.
GAINS = {
    "repaint": {"seam": -1.25, "removal error": -0.8, "colour shift": -1.4},
    "controlnet": {"seam": -1.2, "removal error": -1.2, "colour shift": -1.9},
}


def _errors(cases: list[Case], figure) -> np.ndarray:
    return np.array([figure(c) if c.kind == "removal" else np.nan for c in cases])


def _measured(cases: list[Case]) -> dict:
    return {
        "seam": paired.Seams.of(cases),
        "removal error": _errors(cases, figures.hole_error),
        "colour shift": _errors(cases, figures.colour_shift),
    }


def compare(found: dict, plain: dict, strategy: str, out: dict[str, float]) -> None:
    """Adds the defaults' figures less those of the guide's plain algorithm, over the cases that both have run."""
    count = len(plain["removal error"])
    seams = paired.Seams(found["seam"].sums[:count])
    out[f"{strategy} seam, plain"] = plain["seam"].ratio()
    differences = {"seam": paired.seam_difference(seams, plain["seam"])}
    for name in ("removal error", "colour shift"):
        out[f"{strategy} {name}, plain"] = float(np.nanmean(plain[name]))
        differences[name] = paired.mean_difference(found[name][:count], plain[name])
    for name, (difference, error) in differences.items():
        out[f"{strategy} {name}, defaults less plain"] = difference
        out[f"{strategy} {name}, standard error"] = error


def measure_strategy(runner: Runner, network: classifier.Judge, cases: list[Case], strategy: str, say) -> dict[str, float]:
    out: dict[str, float] = {}
    runner.repaint(cases, strategy)
    found = _measured(cases)
    judged = figures.judged(network, [c for c in cases if c.kind == "replacement"])
    out[f"{strategy} colour"], out[f"{strategy} shape"] = (float(v) for v in judged.mean(axis=0))
    errors = found["removal error"][~np.isnan(found["removal error"])]
    out[f"{strategy} removal"] = float((errors <= REMOVAL_LEVELS).mean())
    out[f"{strategy} removal error"] = float(errors.mean())
    out[f"{strategy} colour shift"] = float(np.nanmean(found["colour shift"]))
    out[f"{strategy} seam"] = found["seam"].ratio()
    few = cases[: max(8, len(cases) // 2)]  # enough for margins of many standard errors, in half the time
    runner.repaint(few, strategy, grid.PLAIN)
    compare(found, _measured(few), strategy, out)
    say(f"{strategy}: " + ", ".join(f"{name[len(strategy) + 1:]} {value:.3f}" for name, value in out.items()))
    return out


def measure(runner: Runner, network: classifier.Judge, count: int, say=print) -> dict[str, float]:
    cases = make_cases(count)
    for case in cases:
        runner.write_inputs(case)
    out: dict[str, float] = {}
    out["judge colour"], out["judge shape"] = classifier.validate(network)
    half = -(-count // 2)
    round_trips = [c for c in cases if c.kind == "replacement"][:half]
    runner.repaint(round_trips, "repaint", ROUND_TRIP)
    out["VAE PSNR"] = float(np.mean([figures.psnr(c.picture, c.result) for c in round_trips]))
    say(f"VAE: {out['VAE PSNR']:.2f} dB")
    both = (runner.model / "controlnet").is_dir()
    for strategy in STRATEGIES if both else STRATEGIES[:1]:
        out.update(measure_strategy(runner, network, [c for c in cases if c.kind != "control"], strategy, say))
    if both:
        led = [c for c in cases if c.kind == "control"][:half]
        runner.repaint(led, "controlnet")
        out["control image IoU"] = float(np.mean([figures.overlap(c) for c in led]))
        colour, shape = figures.judged(network, led).mean(axis=0)
        out["control image colour"], out["control image shape"] = float(colour), float(shape)
        say(f"control image: IoU {out['control image IoU']:.3f}, colour {colour:.3f}, shape {shape:.3f}")
    return out


def problems(found: dict[str, float]) -> list[str]:
    """Returns the figures that miss their bars or are missing; the list is empty if all hold."""
    far = float("inf")
    low = [f"{n} is {found.get(n, -far):.3f}, below {b:g}" for n, b in AT_LEAST.items() if found.get(n, -far) < b]
    most = dict(AT_MOST)
    for strategy, gains in GAINS.items():
        most.update({f"{strategy} {name}, defaults less plain": bar for name, bar in gains.items()})
    high = [f"{n} is {found.get(n, far):.3f}, above {b:g}" for n, b in most.items() if found.get(n, far) > b]
    return low + high


def write(found: dict[str, float], path: Path) -> None:
    path.write_text(json.dumps({name: round(value, 4) for name, value in found.items()}, indent=2) + "\n")
