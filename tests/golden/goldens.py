"""The golden cases: what is run, and how near the result must be to the committed picture.

test_golden.py uses them, and so does scripts/make_goldens, which draws the inputs and writes the pictures.
"""

import os
import pathlib
import subprocess

import numpy as np
from PIL import Image

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
MODEL = ROOT / "models" / "demo"

# fp32 sums are added in another order on another CPU, or with another vector width or thread count. After eight steps
# that changes a pixel by a rounding, seldom by more.
LEVELS, SHARE, LARGEST = 1, 0.999, 4

# These options select the guide's plain algorithm, whatever the defaults are; a case's own options come after and win.
PLAIN = ("--crop", "off", "--feather", "0", "--no-color-match", "--mask-grow", "0", "--jump-length", "0")

CASES = {
    "repaint": (),
    "repaint-euler": ("--sampler", "euler", "--steps", "12"),
    "repaint-strength": ("--strength", "0.7"),
    "repaint-guidance": ("--guidance-scale", "2.0", "--negative-prompt", "a small black square"),
    "repaint-wide": (),
    "repaint-finish": ("--feather", "5", "--color-match"),
    "controlnet": ("--controlnet", str(MODEL / "controlnet")),
    "controlnet-edges": ("--controlnet", str(MODEL / "controlnet"), "--control-image", "{folder}/{name}-control.png"),
    "controlnet-tall": ("--controlnet", str(MODEL / "controlnet"), "--control-scale", "0.9"),
}


def command(binary, name: str, output) -> list[str]:
    prompt = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").strip()
    options = [option.format(folder=FOLDER, name=name) for option in CASES[name]]
    return [
        str(binary), "--model", str(MODEL), "--image", str(FOLDER / f"{name}-image.png"),
        "--mask", str(FOLDER / f"{name}-mask.png"), "--prompt", prompt, "--seed", "11", "--device", "cpu",
        "--dtype", "fp32", "-q", "--overwrite", "--no-metadata", "--output", str(output), *PLAIN, *options,
    ]  # fmt: skip


def run(binary, name: str, output, **environment: str) -> None:
    env = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    finished = subprocess.run(command(binary, name, output), capture_output=True, text=True, env=env, timeout=120)
    assert finished.returncode == 0, finished.stderr


def load(path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def differences(result, name: str) -> list[str]:
    """Returns what is wrong with a result, in words; the list is empty if it is near enough."""
    expected, value = load(FOLDER / f"{name}.png"), load(result)
    if expected.shape != value.shape:
        return [f"{name}: its size is {value.shape}, not {expected.shape}"]
    apart = np.abs(value - expected).max(axis=-1)
    hole = load(FOLDER / f"{name}-mask.png").max(axis=-1) >= 128
    problems = []
    if apart.max() > LARGEST:
        problems.append(f"{name}: a pixel is {apart.max()} levels off, but only {LARGEST} are allowed")
    share = float((apart[hole] <= LEVELS).mean())
    if share < SHARE:
        problems.append(f"{name}: {share:.2%} of the hole is within {LEVELS} level, but {SHARE:.1%} must be")
    if "--feather" in CASES[name]:
        return problems  # the band outside the mask may change; tests/cli checks it
    kept = np.abs(value - load(FOLDER / f"{name}-image.png")).max(axis=-1)[~hole]
    if kept.max() != 0:
        problems.append(f"{name}: a kept pixel changed by {kept.max()} levels")
    return problems
