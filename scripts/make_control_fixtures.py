#!/usr/bin/env python3
"""Makes tests/fixtures/{controlnets,controlnet_pictures} with the trainer's own code, or checks them.

    make_control_fixtures.py --trainer PATH           writes them
    make_control_fixtures.py --trainer PATH --check   makes them in a temporary folder and compares

PATH is a checkout of https://github.com/aigc-apps/VideoX-Fun (commit 804a4258 was used), of which only
videox_fun/models/z_image_transformer2d.py and z_image_transformer2d_control.py are read. The base models are those of
tests/fixtures/models (make_fixtures.py makes them) and one more with six layers, made here.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import diffusers
import torch
import transformers
from torch import nn

from reference import control, control_fixtures, control_pictures
from reference.fixture_files import compare_trees

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
SETS = ("controlnets", "controlnet_pictures")


def make(root: Path, trainer: type[nn.Module]) -> None:
    for name in SETS:
        shutil.rmtree(root / name, ignore_errors=True)
    control_fixtures.make(root / "controlnets", FIXTURES, trainer)
    control_pictures.make(root / "controlnet_pictures", root / "controlnets", FIXTURES, trainer)


def check(trainer: type[nn.Module]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), trainer)
        problems = [f"{name}/{p}" for name in SETS for p in compare_trees(Path(folder) / name, FIXTURES / name)]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(problems)} differences from the committed fixtures")
    return 1 if problems else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trainer", type=Path, required=True, help="a checkout of VideoX-Fun")
    parser.add_argument("--check", action="store_true", help="compare with the committed fixtures and write nothing")
    arguments = parser.parse_args()
    for file in control.FILES:
        path = arguments.trainer / "videox_fun" / "models" / f"{file}.py"
        if not path.is_file():
            parser.error(f"{path} is missing: --trainer takes a checkout of VideoX-Fun")
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    diffusers.logging.set_verbosity_error()
    diffusers.logging.disable_progress_bar()
    trainer = control.load_trainer(arguments.trainer)
    if arguments.check:
        return check(trainer)
    make(FIXTURES, trainer)
    size = sum(p.stat().st_size for name in SETS for p in (FIXTURES / name).rglob("*") if p.is_file())
    print(f"wrote {size / 1e6:.2f} MB to {FIXTURES}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
