"""The memory of a batch of a thousand pictures, with many sizes, prompts and masks, stays flat."""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))

from conftest import BINARY, environment  # noqa: E402

PICTURES = int(os.environ.get("ZIMAGE_SOAK_PICTURES", "1000"))
SETTLED = 50  # jobs after which the memory must stay the same
SPAN = 40  # jobs over which the median is taken, because what is in flight differs from one job to the next
GROWTH = 1.05
SIZES = ((64, 48), (96, 64), (48, 80), (128, 96), (75, 53), (240, 160))
COLOURS = ("red", "green", "blue", "yellow", "purple", "black")
SHAPES = ("circle", "square", "triangle", "cross")
GROUNDS = ("striped", "checkered", "dotted", "gradient", "plain")


def prompt(i):
    colour, shape, ground = COLOURS[i % 6], SHAPES[i % 4], GROUNDS[i % 5]
    return f"a {'large' if i % 2 else 'small'} {colour} {shape} on a {ground} background, number {i}"


def make(folder):
    """Makes pictures of all formats, each with a mask and a prompt; the first jobs have every size and format."""
    for kind in ("pictures", "masks"):
        (folder / kind).mkdir()
    for i in range(PICTURES):
        generator = np.random.default_rng(i)
        width, height = SIZES[i % len(SIZES)]
        pixels = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
        hole = np.zeros((height, width), dtype=np.uint8)
        top, left = generator.integers(0, height - 12), generator.integers(0, width - 12)
        hole[top : top + int(generator.integers(4, 40)), left : left + int(generator.integers(4, 60))] = 255
        stem = f"{i:04}"
        Image.fromarray(pixels).save(folder / "pictures" / f"{stem}.{('png', 'jpg', 'webp')[i % 3]}")
        Image.fromarray(hole).save(folder / "masks" / f"{stem}.png")
        (folder / "pictures" / f"{stem}.txt").write_text(prompt(i))


def resident_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return None


def run(folder, arguments, manifest=None):
    """Returns the resident size at each job's end."""
    command = [str(BINARY), *arguments, "--output", "results", "--seed", "3", "--crop", "auto", "--json", "--quiet"]
    stdin = subprocess.DEVNULL if manifest is None else subprocess.PIPE
    process = subprocess.Popen(command, cwd=folder, env=environment(), stdin=stdin, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)  # fmt: skip

    def drive():
        with process.stdin:
            process.stdin.writelines(manifest)

    drivers = [threading.Thread(target=process.stderr.read)]
    if manifest is not None:
        drivers.append(threading.Thread(target=drive))
    for driver in drivers:
        driver.start()
    sizes = []
    for line in process.stdout:
        assert json.loads(line)["status"] == "ok", line
        sizes.append(resident_mb(process.pid))
    for driver in drivers:
        driver.join()
    assert process.wait() == 0
    return [size for size in sizes if size is not None]


def check(sizes):
    assert len(sizes) > 0.95 * PICTURES
    settled = statistics.median(sizes[SETTLED : SETTLED + SPAN])
    end = statistics.median(sizes[-SPAN:])
    print(f"after {SETTLED} jobs {settled:.1f} MB, at the end {end:.1f} MB ({end / settled:.3f}), "
          f"every {PICTURES // 10}: {' '.join(f'{size:.0f}' for size in sizes[:: PICTURES // 10])}")  # fmt: skip
    assert end <= GROWTH * settled


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("soak")
    make(made)
    return made


def test_jobs_from_a_folder(folder):
    check(run(folder, ["--image", "pictures", "--mask", "masks", "--overwrite"]))


def test_jobs_from_stdin(folder):
    lines = [
        json.dumps({"image": str(path), "mask": f"masks/{path.stem}.png", "prompt": prompt(int(path.stem)),
                    "mask-grow": int(path.stem) % 4}) + "\n"
        for path in sorted(pathlib.Path("pictures") / p.name for p in (folder / "pictures").iterdir() if p.suffix != ".txt")
    ]  # fmt: skip
    check(run(folder, ["--manifest", "-", "--overwrite"], lines))
