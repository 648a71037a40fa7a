"""Repaints the same scenes with the demo model in two dtypes and measures how far the pictures are apart.

    scripts/compare_dtypes [--dtypes int8 bf16] [--scenes N] [--json FILE]

For each strategy it prints the mean difference over the whole picture and over the hole, in 8-bit levels, and the
largest mean of a picture. Exits 1 if a mean over the whole pictures is above 2 levels.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from . import common, grid
from .cases import make_cases
from .runs import Runner

ROOT = common.models_folder().parent.parent
MOST = 2.0


def measure(runner: Runner, count: int, dtypes: list[str]) -> dict[str, dict]:
    made = make_cases(count)
    for case in made:
        runner.write_inputs(case)
    found = {}
    for strategy in grid.STRATEGIES:
        cases = [case for case in made if case.control is None or strategy == "controlnet"]
        pictures = []
        for dtype in dtypes:
            runner.repaint(cases, strategy, ("--dtype", dtype))
            pictures.append([case.result.astype(np.float64) for case in cases])
        differences = [np.abs(a - b) for a, b in zip(*pictures)]
        means = [float(difference.mean()) for difference in differences]
        holes = [float(difference[case.effective].mean()) for difference, case in zip(differences, cases)]
        found[strategy] = {
            "pictures": len(cases), "mean": float(np.mean(means)), "mean in the hole": float(np.mean(holes)),
            "largest mean of a picture": max(means),
        }  # fmt: skip
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="compare_dtypes", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--dtypes", nargs=2, default=["int8", "bf16"])
    parser.add_argument("--scenes", type=int, default=50, help="scenes of each kind")
    parser.add_argument("--binary", type=Path, default=ROOT / "build" / "zimage-inpaint")
    parser.add_argument("--model", type=Path, default=common.models_folder())
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(arguments.binary, arguments.model, Path(folder))
        found = measure(runner, arguments.scenes, arguments.dtypes)
    for strategy, values in found.items():
        print(f"{strategy}: " + ", ".join(f"{name} {value:.3f}" for name, value in values.items()))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")
    return 1 if any(values["mean"] > MOST for values in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
