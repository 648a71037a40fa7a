#!/usr/bin/env python3
"""Makes tests/fixtures/{models,sampling,pictures} from the oracles, or checks the committed ones.

    make_fixtures.py                 writes them
    make_fixtures.py --check         makes them in a temporary folder and compares with the committed ones
    make_fixtures.py --self-check    checks the reference itself: pipeline, order of convergence, fp64

It uses the tokenizer in tests/fixtures/tokenizer, which make_tokenizer_fixtures.py makes.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import diffusers
import torch
import transformers

from reference import model_fixtures, picture_fixtures, sampling_fixtures, self_check
from reference.fixture_files import compare_trees

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
SETS = ("models", "sampling", "pictures")


def make(root: Path, tokenizer: Path) -> None:
    for name in SETS:
        shutil.rmtree(root / name, ignore_errors=True)
    model_fixtures.make(root / "models", tokenizer)
    sampling_fixtures.make(root / "sampling")
    picture_fixtures.make(root / "pictures", root / "models")


def check(tokenizer: Path) -> int:
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), tokenizer)
        problems = [f"{name}/{p}" for name in SETS for p in compare_trees(Path(folder) / name, FIXTURES / name)]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(problems)} differences from the committed fixtures")
    return 1 if problems else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the committed fixtures and write nothing")
    parser.add_argument("--self-check", action="store_true", help="check the reference implementation itself")
    parser.add_argument("--tokenizer", type=Path, default=FIXTURES / "tokenizer" / "tokenizer.json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    diffusers.logging.set_verbosity_error()
    diffusers.logging.disable_progress_bar()
    if not arguments.self_check and not arguments.tokenizer.is_file():
        parser.error(f"{arguments.tokenizer} is missing: run scripts/make_tokenizer_fixtures.py first")
    if arguments.self_check:
        return self_check.run(FIXTURES)
    if arguments.check:
        return check(arguments.tokenizer)
    make(FIXTURES, arguments.tokenizer)
    size = sum(p.stat().st_size for name in SETS for p in (FIXTURES / name).rglob("*") if p.is_file())
    print(f"wrote {size / 1e6:.2f} MB to {FIXTURES}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
