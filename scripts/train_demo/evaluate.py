"""Measures the demo model with the real executable; exits 1 if a figure misses its bar.

    scripts/evaluate_demo [--scenes N] [--keep FOLDER] [--json FILE] [-- OPTION...]

What follows `--` goes to every run of the executable, before the run's own options: the guide's plain algorithm stays
plain.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import torch

from . import classifier, common, evaluation, runs

ROOT = common.models_folder().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(prog="evaluate_demo", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--scenes", type=int, default=200, help="scenes of each kind")
    parser.add_argument("--binary", type=Path, default=ROOT / "build" / "zimage-inpaint")
    parser.add_argument("--model", type=Path, default=common.models_folder())
    parser.add_argument("--judge", type=Path, default=ROOT / "tests" / "fixtures" / "judge.safetensors")
    parser.add_argument("--keep", type=Path, help="keep the pictures in this folder")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--workers", type=int, default=2, help="how many runs at a time, one thread each")
    parser.add_argument("options", nargs="*", help="options of every run")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        options = tuple(arguments.options)
        runner = runs.Runner(arguments.binary, arguments.model, folder, options, arguments.workers)
        found = evaluation.measure(runner, classifier.load(arguments.judge), arguments.scenes)
    if arguments.json:
        evaluation.write(found, arguments.json)
    missed = evaluation.problems(found)
    for line in missed:
        print(line, file=sys.stderr)
    print(f"{len(missed)} figures miss their bars" if missed else "every figure meets its bar")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
