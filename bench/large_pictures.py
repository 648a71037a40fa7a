#!/usr/bin/env python3
"""Measures what 24-megapixel pictures cost besides the model, against Pillow's decode and encode of the same file.

    bench/large_pictures.py [--binary build/zimage-inpaint] [--rounds 7] [--threads 2] [--case NAME]... [--json FILE]

The cost is the wall time of a run with the demo model minus that of a run with a small picture. Both process a region
of about the same size, so the work that every picture needs cancels out. The two runs and Pillow's work, in a process
of its own, take turns; the shortest time of each counts, because other load on the machine only slows them down. Exits
1 if a case costs more than 2.5 times what Pillow takes.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "cli"))

from large_pictures import CASES, SMALL, write_all  # noqa: E402

MOST_TIMES_PILLOW = 2.5

PILLOW = """
import io, sys, time
from PIL import Image
data = open(sys.argv[1], "rb").read()
options = {"jpg": {"format": "jpeg", "quality": "keep"}, "png": {"format": "png"},
           "tif": {"format": "tiff", "compression": "tiff_lzw"}}[sys.argv[1][-3:]]
Image.init()
begin = time.perf_counter()
image = Image.open(io.BytesIO(data))
image.load()
image.save(io.BytesIO(), **options)
print(time.perf_counter() - begin)
"""


def pillow_seconds(path):
    done = subprocess.run([sys.executable, "-c", PILLOW, str(path)], stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)


def run_seconds(arguments, folder, picture, mask):
    command = [arguments.binary, "-q", "--overwrite", "--seed", "1", "-p", "a red circle", "-o", folder / f"out-{picture}",
               "-i", folder / picture, "-m", folder / mask, "--model", ROOT / "models" / "demo"]  # fmt: skip
    environment = dict(os.environ, OMP_NUM_THREADS=str(arguments.threads))
    begin = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin


def measure(arguments, folder, case):
    picture, mask = CASES[case]
    small, large, pillow = [], [], []
    for _ in range(arguments.rounds):
        small.append(run_seconds(arguments, folder, *SMALL))
        large.append(run_seconds(arguments, folder, picture, mask))
        pillow.append(pillow_seconds(folder / picture))
    cost = min(large) - min(small)
    return {"case": case, "seconds": cost, "pillow_seconds": min(pillow), "ratio": cost / min(pillow)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=ROOT / "build" / "zimage-inpaint")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--case", action="append", choices=CASES)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_all(folder)
        for case in arguments.case or CASES:
            rows.append(measure(arguments, folder, case))
            print("{case:10} {seconds:6.2f} s, {ratio:5.2f} times Pillow's {pillow_seconds:.2f} s".format(**rows[-1]), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 1 if any(row["ratio"] > MOST_TIMES_PILLOW for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
