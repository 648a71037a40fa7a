"""Runs the real executable as users do. ZIMAGE_BIN names it, ZIMAGE_TEST_MODEL a model instead of the bundled one."""

import os
import pathlib
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("ZIMAGE_BIN", ROOT / "build" / "zimage-inpaint"))
MODEL = pathlib.Path(os.environ.get("ZIMAGE_TEST_MODEL", ROOT / "models" / "demo"))
WIDTH, HEIGHT = 64, 48
TIMEOUT = 120
# These options select the guide's plain algorithm, whatever the defaults are.
PLAIN = ("--crop", "off", "--feather", "0", "--no-color-match", "--mask-grow", "0", "--jump-length", "0")


def environment(**changes):
    """Returns an environment without the developer's own settings, with `changes`; None removes a variable."""
    env = {k: v for k, v in os.environ.items() if k not in ("ZIMAGE_MODEL", "NO_COLOR")}
    env.update(ZIMAGE_MODEL=str(MODEL), OMP_NUM_THREADS="1")
    env.update(changes)
    return {k: v for k, v in env.items() if v is not None}


class Finished:
    def __init__(self, process):
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr.decode("utf-8", "replace")

    @property
    def lines(self):
        return self.err.splitlines()


class Work:
    """A folder with a picture and a mask, in which the executable runs."""

    options = ()  #: options of every job; a job's own come after and win

    def __init__(self, folder):
        self.folder = folder
        generator = np.random.default_rng(1)
        self.pixels = generator.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        self.hole = np.zeros((HEIGHT, WIDTH), dtype=bool)
        self.hole[10:30, 20:50] = True
        Image.fromarray(self.pixels).save(folder / "picture.png")
        self.save_mask(self.hole, "mask.png")

    def save_mask(self, hole, name):
        Image.fromarray(np.where(hole, 255, 0).astype(np.uint8)).save(self.folder / name)

    def command(self, *args):
        return [str(BINARY), *map(os.fspath, args)]

    def run(self, *args, env=None, **popen):
        return Finished(
            subprocess.run(
                self.command(*args),
                cwd=popen.pop("cwd", self.folder),
                env=env or environment(),
                stdin=subprocess.DEVNULL,
                stdout=popen.pop("stdout", subprocess.PIPE),
                stderr=subprocess.PIPE,
                timeout=TIMEOUT,
                **popen,
            )
        )

    def job(self, *more, image="picture.png", mask="mask.png", prompt="a door", **popen):
        """Runs a complete command line with few steps; `more` may repeat an option, and the last one counts."""
        base = ["--image", image, "--mask", mask, "--prompt", prompt, "--seed", "7", "--steps", "2"]
        return self.run(*base, *self.options, *more, **popen)

    def files(self):
        return sorted(p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*") if p.is_file())


@pytest.fixture
def work(tmp_path):
    return Work(tmp_path)


@pytest.fixture
def model_copy(tmp_path_factory):
    """Copies the model, so that a test may break it."""
    target = tmp_path_factory.mktemp("model") / "broken"
    shutil.copytree(MODEL, target)
    return target


def pytest_configure(config):
    if not BINARY.is_file():
        raise pytest.UsageError(f"there is no executable {BINARY}: build it, or set ZIMAGE_BIN")


def load(path):
    with Image.open(path) as picture:
        picture.load()
        return np.asarray(picture)
