"""Makes folders of small pictures for batches, and checks what came of them."""

import hashlib
import json
import os
import subprocess

import numpy as np
import pytest
from PIL import Image

from conftest import environment, load

PICTURES = 6  # how many the fixture has
PROMPT = "a large yellow circle in the center on a striped cyan background"


def make_pictures(folder, count, size=(64, 48), first=0):
    """Fills `folder`/pictures and `folder`/masks, each picture different; returns the pictures' names."""
    names = [f"p{i:04}.png" for i in range(first, first + count)]
    for kind in ("pictures", "masks"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    width, height = size
    for i, name in enumerate(names, first):
        generator = np.random.default_rng(i)
        pixels = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
        hole = np.zeros((height, width), dtype=np.uint8)
        top, left = generator.integers(2, 12, 2)
        hole[top : top + 20, left : left + 24] = 255
        Image.fromarray(pixels).save(folder / "pictures" / name, compress_level=1)
        Image.fromarray(hole).save(folder / "masks" / name)
    return names


def folder_job(folder, output, *more):
    """Returns the command line for a folder that make_pictures() filled."""
    return ["--image", folder / "pictures", "--mask", folder / "masks", "--prompt", PROMPT, "--seed", "7",
            "--output", output, *more]  # fmt: skip


def digests(folder):
    """Returns every file below a folder, hidden ones too, with the hash of its bytes."""
    if not folder.is_dir():
        return {}
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def batch(work):
    """Makes pictures and masks, and the arguments that inpaint them into `results`."""
    work.names = make_pictures(work.folder, PICTURES)
    work.results = work.folder / "results"
    work.arguments = folder_job(work.folder, work.results, "--steps", "2")
    return work


def start(work, *args, **popen):
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(work.command(*args), cwd=work.folder, env=environment(), **{**streams, **popen})


def whole_outputs(work):
    """Returns the names in the results' folder, temporary files too; each file must be a whole picture."""
    names = sorted(os.listdir(work.results)) if work.results.is_dir() else []
    for name in names:
        load(work.results / name)
    return names
