"""Measures what options beyond the guide's plain algorithm change, compared with it on the same pictures and seeds.

    scripts/measure_defaults [--scenes N] [--json FILE] [--markdown FILE] [--only WORLD ...] [--strategy NAME ...]

Every row is a run of the real executable over pictures that the demo model was never trained on. The options are
compared with the base of their world: every figure comes with its difference from the base's and the standard error of
that difference, from pairs of the same picture. The seam ratio is over all pictures together, so its error comes from
leaving out each picture in turn. docs/defaults.md says what the figures mean and what was chosen.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from . import cases, classifier, common, figures, grid, larger, paired, runs

ROOT = common.models_folder().parent.parent
FIGURES = ("seam ratio", "false step", "hole error", "colour shift", "band error", "colour", "shape", "megapixels", "forwards")


def blurred(hole: np.ndarray, reach: int) -> np.ndarray:
    """Draws the hole in white, fading to black over `reach` pixels around it: a mask for --soft-mask."""
    mask = hole.astype(np.float32)
    for step in range(1, reach + 1):
        ring = figures.near(hole, step) & (mask == 0)
        mask[ring] = 1 - step / (reach + 1)
    return np.rint(mask * 255).astype(np.uint8)


def make_world(name: str, count: int) -> list[cases.Case]:
    if name == "small":
        return [c for c in cases.make_cases(count) if c.kind != "control"]
    if name == "tight":
        return cases.make_tight_cases(count)
    return larger.make_cases(name, max(2, count // 4 if name == "zoomed" else count // 2))


def measure(runner: runs.Runner, network, made: list[cases.Case], strategy: str, row: grid.Row) -> dict:
    """Returns an array of every figure with one value per picture, NaN where it has no meaning."""
    for case in made:
        case.mask = blurred(case.hole, row.blur) if row.blur else None
        runner.write_inputs(case)
    lines = runner.repaint(made, strategy, row.options)
    removal = np.array([c.kind == "removal" for c in made])
    where = lambda chosen, f: np.array([f(c) if ok else np.nan for c, ok in zip(made, chosen)])  # noqa: E731
    borders = [(c.hole, c.effective) for c in made]
    out = {
        "seams": paired.Seams.of(made),
        "false step": np.array([max(figures.false_step(c, b) for b in both) if ok else np.nan
                                for c, both, ok in zip(made, borders, removal)]),
        "hole error": where(removal, figures.hole_error),
        "colour shift": where(removal, figures.colour_shift),
        "band error": np.array([figures.band_error(c) for c in made]),
        "megapixels": np.array([sum(np.prod(r["working_size"]) for r in line["regions"]) / 1e6 for line in lines]),
        "forwards": np.array([line["forwards"] for line in lines], dtype=float),
    }  # fmt: skip
    right = np.full((len(made), 2), np.nan)
    if not removal.all():
        right[~removal] = figures.judged(network, [c for c, gone in zip(made, removal) if not gone])
    out["colour"], out["shape"] = right.T
    return out


def summary(found: dict, base: dict) -> dict[str, list[float]]:
    """Returns, by figure, its value, its difference from the base's and the standard error of the difference."""
    out = {"seam ratio": [found["seams"].ratio(), *paired.seam_difference(found["seams"], base["seams"])]}
    for name in FIGURES[1:]:
        if not np.isnan(found[name]).all():
            out[name] = [float(np.nanmean(found[name])), *paired.mean_difference(found[name], base[name])]
    return out


def table(rows: dict[str, dict[str, list[float]]]) -> str:
    names = [n for n in FIGURES if any(n in row for row in rows.values())]
    lines = ["| options | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]

    def cell(figure: str, values: list[float] | None, base: bool) -> str:
        if values is None:
            return ""
        value, apart, error = values
        if figure in ("forwards", "megapixels"):
            return f"{value:.3g}"
        if figure in ("colour", "shape"):
            return f"{value:.1%}" + ("" if base else f" ({apart * 100:+.1f} ± {error * 100:.1f})")
        return f"{value:.2f}" + ("" if base else f" ({apart:+.2f} ± {error:.2f})")

    for number, (name, row) in enumerate(rows.items()):
        lines.append(f"| {name} | " + " | ".join(cell(n, row.get(n), number == 0) for n in names) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="measure_defaults", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--scenes", type=int, default=60, help="how many of each world; fewer of the larger ones")
    parser.add_argument("--binary", type=Path, default=ROOT / "build" / "zimage-inpaint")
    parser.add_argument("--model", type=Path, default=common.models_folder())
    parser.add_argument("--judge", type=Path, default=ROOT / "tests" / "fixtures" / "judge.safetensors")
    parser.add_argument("--workers", type=int, default=1, help="how many runs at a time, one thread each")
    parser.add_argument("--only", nargs="*", choices=grid.WORLDS, default=grid.WORLDS, help="worlds")
    parser.add_argument("--strategy", nargs="*", choices=grid.STRATEGIES, default=grid.STRATEGIES)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    network = classifier.load(arguments.judge)
    results, text = {}, []
    with tempfile.TemporaryDirectory() as folder:
        runner = runs.Runner(arguments.binary, arguments.model, Path(folder), workers=arguments.workers)
        for world in arguments.only:
            made = make_world(world, arguments.scenes)
            for strategy in arguments.strategy:
                rows, base = {}, None
                for row in grid.rows(world, strategy):
                    begin = time.monotonic()
                    found = measure(runner, network, made, strategy, row)
                    base = base or found
                    rows[row.name] = summary(found, base)
                    print(f"{world} {strategy} {row.name}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
                results[f"{world} {strategy}"] = rows
                text += [f"### {world}, {strategy}: {len(made)} pictures", "", table(rows), ""]
                print("\n".join(text[-4:]), flush=True)
                if arguments.json:
                    arguments.json.write_text(json.dumps(results, indent=1) + "\n")
                if arguments.markdown:
                    arguments.markdown.write_text("\n".join(text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
