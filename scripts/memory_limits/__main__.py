"""Runs models of the published shapes, with random weights, within memory limits on the CPU.

    scripts/check_memory_limits [MODEL:GB[:refused]…] [--keep FOLDER] [--steps N] [-- OPTION…]

Prints for each run how it ended, its peak memory beside the program's own estimate, what it read and how long it took.
Exits 1 if the kernel killed one, one failed, an estimate is missing or more than 10 % from the peak, or if a run that
must be refused isn't, or is only after its weights were read. The options after -- go to the program.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from . import files
from .run import Measured, run_limited

ROOT = Path(__file__).resolve().parent.parent.parent
GB = 1e9
NEAR = 0.10  # how far an estimate may be from the peak
HEADERS = 1 * GB  # what a refusal may read: the program, libtorch, the files' headers
OUT_OF_MEMORY = 5  # the exit code


@dataclass
class Row:
    model: str
    limit: float  # GB
    refused: bool = False

    def __str__(self) -> str:
        return f"{self.model} in {self.limit:g} GB"


#: The limits that are promised in docs/benchmarks.md, and one that nothing fits in.
ROWS = [Row("Q4_K_M", 6), Row("Q8_0", 9), Row("bf16", 15), Row("bf16", 6), Row("F32", 15), Row("bf16", 1, True)]


def parse_row(text: str) -> Row:
    model, limit, *rest = text.split(":")
    if model not in files.MODELS or rest not in ([], ["refused"]):
        raise argparse.ArgumentTypeError(f"{text}: a row is MODEL:GB, of {', '.join(files.MODELS)}")
    return Row(model, float(limit), bool(rest))


def problems_of(row: Row, measured: Measured) -> list[str]:
    problems = []
    if measured.kills:
        problems.append("the kernel killed it")
    elif measured.late:
        problems.append("it took too long")
    elif row.refused:
        if measured.code != OUT_OF_MEMORY:
            problems.append(f"it ended with {measured.code} and was not refused")
        if not measured.error.get("hint"):
            problems.append("it doesn't say what would fit")
        if measured.read > HEADERS:
            problems.append("it was refused after weights had been read")
    elif measured.code != 0:
        problems.append(f"it ended with {measured.code}")
    elif measured.estimate is None:
        problems.append("the program estimates no peak")
    elif abs(measured.estimate / measured.used - 1) > NEAR:
        problems.append(f"the estimate is more than {NEAR:.0%} from the peak")
    return problems


def describe(row: Row, measured: Measured, size: int) -> str:
    estimate = "none"
    if measured.estimate:
        estimate = f"{measured.estimate / GB:.2f} GB ({measured.estimate / measured.used - 1:+.0%})"
    return (f"{row!s:<16} exit {measured.code}, killed {'yes' if measured.kills else 'no'}, "
            f"peak {measured.used / GB:.2f} GB (own {measured.own / GB:.2f}, VmHWM {measured.resident / GB:.2f}), "
            f"estimate {estimate}, read {measured.read / GB:.2f} of {size / GB:.2f} GB, {measured.seconds:.0f} s")  # fmt: skip


def make_pictures(folder: Path) -> None:
    gradient = Image.linear_gradient("L").resize((512, 512))
    Image.merge("RGB", (gradient, gradient.rotate(90), gradient.rotate(180))).save(folder / "picture.png")
    mask = Image.new("L", (512, 512))
    mask.paste(255, (160, 160, 352, 352))
    mask.save(folder / "mask.png")


def check(row: Row, folder: Path, work: Path, arguments: argparse.Namespace) -> list[str]:
    parts = files.write_model(folder, row.model, arguments.share)
    dit, encoder, vae = parts
    command = [arguments.binary, "--model", dit, "--text-encoder", encoder, "--vae", vae, "--device", "cpu",
               "--image", work / "picture.png", "--mask", work / "mask.png", "--prompt", "a red door", "--seed", "1",
               "--crop", "off", "--steps", str(arguments.steps), "--output", work / "out.png", "--overwrite",
               "--json", "--progress", "none", *arguments.options]  # fmt: skip
    limit = int(row.limit * GB)
    planned = run_limited([*command, "--dry-run"], limit, arguments.timeout, work)
    if planned.estimate:
        print(f"{row!s:<16} the plan says {planned.estimate / GB:.2f} GB", flush=True)
    files.forget(parts)
    measured = run_limited(command, limit, arguments.timeout, work)
    print(describe(row, measured, sum(path.stat().st_size for path in parts)), flush=True)
    said = measured.error.get("message") or (measured.message if measured.code else "")
    if said:
        print(f"{'':<16} {said} ({measured.error.get('hint', '')})", flush=True)
    return problems_of(row, measured)


def main() -> int:
    parser = argparse.ArgumentParser(prog="check_memory_limits", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("rows", nargs="*", type=parse_row, metavar="MODEL:GB", help="default: the limits of the roadmap")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the model files are, and stay: up to 62 GB")
    parser.add_argument("--share", type=float, default=1.0, help="how much of the F32 folder's matrices isn't a hole")
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=1800, metavar="SECONDS", help="of one run")
    parser.add_argument("--binary", type=Path, default=ROOT / "build/zimage-inpaint")
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    arguments = parser.parse_args(words[:end])
    arguments.options = words[end + 1 :]
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        make_pictures(work)
        for row in arguments.rows or ROWS:
            problems = check(row, arguments.keep or work / "models", work, arguments)
            for problem in problems:
                print(f"{'':<16} WRONG: {problem}", flush=True)
            failed += bool(problems)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
