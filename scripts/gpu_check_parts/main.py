"""Checks and measures the program on a machine with a card, in at most 8 minutes. Where there is a card, run this first.

    scripts/gpu_check [--out FOLDER] [--minutes 8] [--wheels FOLDER] [--debs FOLDER] [--python PYTHON]
    scripts/gpu_check --fetch-debs FOLDER        on a machine like it that has a network
    scripts/gpu_check --device cpu --tiny        the same parts with tiny models on the CPU, in under a minute

It builds with the torch of --python if no program is in build/, asks doctor about the device and its kernels, runs the gpu
tests, and measures bench with random weights of the published shapes, diffusers beside it, and a whole run. Each part has
its own limit. A part that fails is reported and the others go on; a part for which no time is left isn't begun. After each
part FOLDER (by default $OUT, else ./gpu-check) has results.json, log.txt, and table.md for docs/benchmarks.md. Exits 1 if
a part failed.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from . import checks, packages, speed
from .commands import Log
from .job import ROOT, Job
from .record import FAILED, LEFT_OUT, NO_TIME, OK, Budget, Failure, LeftOut, PartResult, Record

SIZES = "1024x1024,512x512,2048x2048"
RESERVE = 5.0  # seconds that stay for what comes after the last part


@dataclass
class Part:
    """What is run, for how many seconds at most, and with how many it is worth to begin."""

    name: str
    call: Callable[[Job, float], dict]
    most: float
    least: float


def plan(sizes: list[str], minutes: float) -> list[Part]:
    """Returns the parts, the most telling first: the time may not be enough for all. The build may take half of it."""
    parts = [
        Part("wheels", checks.wheels, 30, 5),
        Part("packages", packages.unpack, 30, 5),
        Part("build", checks.build, minutes * 30, 30),
        Part("doctor", checks.doctor, 60, 5),
        Part("gpu tests", checks.gpu_tests, 90, 10),
    ]

    def measure(kind: str, size: str) -> Part:
        return Part(f"bench {kind} {size}", partial(speed.bench, kind=kind, size=size), 75, 15)

    first, *others = sizes
    parts += [
        measure("bf16", first),
        Part("diffusers", partial(speed.diffusers, compiled=False), 75, 25),
        Part("diffusers compiled", partial(speed.diffusers, compiled=True), 120, 45),
        Part("model files", speed.write_files, 75, 30),
        Part("first picture", speed.first_picture, 75, 20),
        measure("controlnet", first),
        measure("fp8", first),
    ]
    for kind in ("bf16", "controlnet", "fp8"):
        parts += [measure(kind, size) for size in others]
    return parts


def run_part(part: Part, job: Job, budget: Budget) -> PartResult:
    least = 0.5 if job.arguments.tiny else part.least
    limit = budget.limit(part.most, least + RESERVE)
    if limit is None:
        return PartResult(part.name, NO_TIME, message=f"{max(budget.left(), 0):.0f} s were left")
    job.log.say(f"{part.name} …")
    begin = time.monotonic()
    try:
        figures = part.call(job, limit - RESERVE)
        result = PartResult(part.name, OK, message=figures.pop("message", ""), figures=figures)
    except Failure as failure:
        result = PartResult(part.name, FAILED, message=str(failure))
    except LeftOut as left_out:
        result = PartResult(part.name, LEFT_OUT, message=str(left_out))
    except Exception as error:  # a mistake of this script, or an answer that nobody expected, costs one part
        result = PartResult(part.name, FAILED, message=f"{type(error).__name__}: {error}")
    result.seconds = round(time.monotonic() - begin, 1)
    return result


def parse(argv: list[str]):
    parser = argparse.ArgumentParser(
        prog="gpu_check", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda", help="cuda, cuda:N or cpu (cuda)")
    parser.add_argument("--tiny", action="store_true", help="tiny models and pictures, to try the script itself")
    parser.add_argument("--minutes", type=float, default=8.0, help="all parts together (8)")
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("OUT") or "gpu-check"), metavar="FOLDER")
    parser.add_argument("--build", type=Path, metavar="FOLDER", help="use this build, and never build")
    parser.add_argument("--python", default=sys.executable, help="has torch and numpy, and may have diffusers")
    parser.add_argument("--wheels", type=Path, metavar="FOLDER", help="install these for --python first, for this run alone")
    parser.add_argument("--debs", type=Path, metavar="FOLDER", help="unpack these packages beside the build, to build with")
    parser.add_argument("--fetch-debs", type=Path, metavar="FOLDER", help="download the packages to build with, and do no more")
    parser.add_argument("--without", action="append", default=[], metavar="WORD", help="leave out parts with it in their name")
    parser.add_argument("--sizes", help=f"the most telling first ({SIZES}, tiny: 64x64)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    arguments = parser.parse_args(argv)
    arguments.sizes = (arguments.sizes or ("64x64" if arguments.tiny else SIZES)).split(",")
    return arguments


def main(argv: list[str] | None = None) -> int:
    arguments = parse(sys.argv[1:] if argv is None else argv)
    if arguments.fetch_debs:
        return packages.fetch(arguments.fetch_debs)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that what was started ends too
    budget = Budget(arguments.minutes * 60)
    arguments.out.mkdir(parents=True, exist_ok=True)
    log = Log(arguments.out / "log.txt")
    about = {"device": arguments.device, "tiny": arguments.tiny, "sizes": arguments.sizes, "dtype": "bf16"}
    record = Record(arguments.out, about)
    with tempfile.TemporaryDirectory() as folder:
        job = Job(arguments, log, record, Path(folder), arguments.build or ROOT / "build")
        job.see_scripts()
        about["steps"] = record.about["steps"] = job.steps
        record.write()
        try:
            for part in plan(arguments.sizes, arguments.minutes):
                if any(word in part.name for word in arguments.without):
                    result = PartResult(part.name, LEFT_OUT, message="--without")
                else:
                    result = run_part(part, job, budget)
                log.say(f"{part.name}: {result.status}{': ' + result.message if result.message else ''}")
                record.add(result)
        finally:
            job.clean()
    log.say(f"{arguments.out}/table.md has the figures")
    return 1 if record.failed() else 0
