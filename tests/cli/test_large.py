"""24 megapixels: memory above the model's, and time outside the model against Pillow's decode and encode of the same file.

Each figure is a difference to a small picture's run, so that what any picture takes doesn't count. A run's time begins
with the first line in its log: until then the system loads libtorch, which takes about as long as all that is measured
here, and not always the same. Runs and Pillow's work alternate, and the shortest time of each counts, because other load
on the machine slows all of them.

On a virtual machine the host may take the processors away for a while (Linux counts it as stolen time), which slows
what has two busy threads more than what has one: such runs don't count, and where there are no others nothing is told.

Where memory was before matters: a virtual machine's host supplies what nobody used of late at ten times the cost of what
a process before gave back. So Pillow works in a process of its own, and each of the two follows a small picture's run.
"""

import datetime
import json
import os
import pathlib
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageFilter

from pictures import DISPLAY_P3, profile

SIDES = (6000, 4000)
#: The picture, its mask, and how often.
CASES = {
    "smooth": ("large.jpg", "large-mask.png", 8),
    "noisy": ("noisy.jpg", "large-mask.png", 8),
    "telephone": ("camera.jpg", "camera-mask.jpg", 8),
    "stroke": ("large.jpg", "stroke-mask.png", 8),
    "PNG": ("large.png", "large-mask.png", 2),
    "TIFF": ("large.tif", "large-mask.png", 3),
}
MOST_STOLEN = 0.02  #: of a run's seconds
MODEL_STAGES = ("load", "encode prompt", "encode picture", "denoise", "decode")
MOST_MEMORY_MB = 1500
MOST_TIMES_PILLOW = 1.5


def picture():
    """Waves and a little noise on every eighth row: a smooth photo."""
    width, height = SIDES
    x = np.sin(np.arange(width, dtype=np.float32) / 37) * 90
    y = np.cos(np.arange(height, dtype=np.float32) / 29)
    noise = np.random.default_rng(1).integers(0, 9, (height // 8, width, 3), dtype=np.uint8)
    pixels = np.repeat((np.outer(y, x) + 120).astype(np.uint8)[..., None], 3, axis=2)
    pixels[::8] += noise
    return Image.fromarray(pixels)


def noisy(image):
    """As a camera's at a high sensitivity: three times the bits."""
    noise = np.random.default_rng(2).normal(0, 8, (SIDES[1] // 8, SIDES[0], 3)).astype(np.int8)
    pixels = np.asarray(image).astype(np.int16)
    pixels += np.tile(noise, (8, 1, 1))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    large = picture()
    large.save(folder / "large.jpg", quality=92)
    noisy(large).save(folder / "noisy.jpg", quality=93)
    large.save(folder / "large.png", compress_level=1)
    large.save(folder / "large.tif", compression="tiff_lzw")
    large.crop((0, 0, 128, 128)).save(folder / "small.png")
    mask = np.zeros(SIDES[::-1], np.uint8)
    mask[1500:2300, 2500:3500] = 255
    Image.fromarray(mask).save(folder / "large-mask.png", compress_level=1)
    Image.fromarray(mask[1450:1578, 2450:2578]).save(folder / "small-mask.png")
    # From corner to corner, nine pixels wide: the region is nearly all of the picture.
    stroke = np.zeros(SIDES[::-1], np.uint8)
    for x in range(SIDES[0]):
        y = x * (SIDES[1] - 9) // SIDES[0]
        stroke[y : y + 9, x] = 255
    Image.fromarray(stroke).save(folder / "stroke-mask.png", compress_level=1)
    # As a telephone has it: upright on its side, in its own colours, and with a mask that somebody painted.
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    large.save(folder / "camera.jpg", quality=92, exif=exif, icc_profile=profile(DISPLAY_P3))
    painted = Image.fromarray(mask).filter(ImageFilter.GaussianBlur(12))
    painted.transpose(Image.Transpose.ROTATE_270).save(folder / "camera-mask.jpg", quality=80)
    return folder


def stolen_seconds():
    """Of all processors, since the machine was started; 0 where it isn't counted."""
    try:
        counters = pathlib.Path("/proc/stat").read_text().splitlines()[0].split()
    except OSError:
        return 0.0
    return int(counters[8]) / os.sysconf("SC_CLK_TCK") if len(counters) > 8 else 0.0


class Times:
    """The shortest of several runs from which nothing was stolen."""

    def __init__(self):
        self.all, self.undisturbed = [], []

    def add(self, run):
        """`run` gives a result and the seconds that count."""
        stolen, begin = stolen_seconds(), time.perf_counter()
        result, seconds = run()
        self.all.append(seconds)
        if stolen_seconds() - stolen <= MOST_STOLEN * (time.perf_counter() - begin):
            self.undisturbed.append(seconds)
        return result


def measure(work, folder, name, mask):
    """The report, and the seconds outside the model."""
    log = work.folder / "run.log"
    log.unlink(missing_ok=True)
    output = ["--overwrite", "-o", f"out-{name}"]
    result = work.job("--json", "--log-file", log.name, *output, image=folder / name, mask=folder / mask)
    end = datetime.datetime.now()
    assert result.code == 0, result.err
    begin = datetime.datetime.fromisoformat(log.read_text().split()[0])
    report = json.loads(result.out)
    return report, (end - begin).total_seconds() - sum(report["timings_ms"].get(stage, 0) for stage in MODEL_STAGES) / 1000


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


def pillow(path):
    done = subprocess.run([sys.executable, "-c", PILLOW, path], stdout=subprocess.PIPE, text=True, check=True)
    return None, float(done.stdout)


def compare_with_pillow(work, pictures, case):
    """How many times Pillow's time ours is (None if it can't be told), and the megabytes above a small picture's run."""
    name, mask, rounds = CASES[case]
    small_times, large_times, pillow_times, memory = Times(), Times(), Times(), []
    while len(large_times.undisturbed) < rounds and len(large_times.all) < 2 * rounds:
        small_times.add(lambda: measure(work, pictures, "small.png", "small-mask.png"))
        pillow_times.add(lambda: pillow(pictures / name))
        small = small_times.add(lambda: measure(work, pictures, "small.png", "small-mask.png"))
        large = large_times.add(lambda: measure(work, pictures, name, mask))
        memory.append(large["peak_memory_mb"] - small["peak_memory_mb"])
        assert large["max_change_outside_mask"] == 0 or name.endswith("jpg")
    # More than the samples themselves, or it isn't measured.
    assert 100 < min(memory)
    all_times = (small_times, large_times, pillow_times)
    if not all(times.undisturbed for times in all_times):
        return None, max(memory)
    small, large, peer = (min(times.undisturbed) for times in all_times)
    taken = large - small
    ratio = taken / peer
    print(f"{case}: {taken:.2f} s, {ratio:.2f} times Pillow's {peer:.2f}, {max(memory):.0f} MB above a small picture's run; "
          f"{len(large_times.undisturbed)} of {len(large_times.all)} rounds count")  # fmt: skip
    assert 0.1 < ratio
    return ratio, max(memory)


@pytest.mark.parametrize("case", CASES)
def test_a_large_picture_takes_little_more_than_its_file(work, pictures, case):
    ratio, memory = compare_with_pillow(work, pictures, case)
    assert memory < MOST_MEMORY_MB
    if ratio is None:
        pytest.skip("the host took the processors away in every run")
    assert ratio <= MOST_TIMES_PILLOW
