"""Runs a table of pictures and masks through the executable as one batch. Each result is checked with Pillow, exiftool
and the tests' own reader of 16-bit PNGs, never with the program's reader."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pytest
from PIL import Image

import picture_table
from conftest import BINARY, environment

ROWS = picture_table.table()
FEATHER = 3  # the feather of rows with odd numbers; the others have none
#: Encoding a whole picture anew may change its kept pixels by this many levels on average.
REENCODED = 2.5
#: Rotating its coefficients may change them by this many levels at most: decoders round them differently, by a level of
#: luma and of both chromas, which is up to 2.8 levels of blue.
TURNED = 3


@dataclass
class Done:
    row: picture_table.Row
    feather: int
    hole: np.ndarray
    source: object
    output: object
    report: dict

    @property
    def before(self):
        """Returns the picture upright; 16-bit pictures as [H, W, C]."""
        return picture_table.deep_pixels(self.row, self.source) if self.row.deep else picture_table.upright(self.source)

    @property
    def after(self):
        return picture_table.deep_pixels(self.row, self.output) if self.row.deep else picture_table.upright(self.output)

    @property
    def effective(self):
        return picture_table.grown(self.hole, self.feather)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    generator = np.random.default_rng(11)
    holes, jobs = {}, []
    for number, row in enumerate(ROWS):
        holes[row.name] = picture_table.write_inputs(row, folder, generator)
        jobs.append({"image": f"{row.name}.{row.ending}", "mask": f"{row.name}-mask.png", "feather": FEATHER * (number % 2)})
    (folder / "jobs.jsonl").write_text("".join(json.dumps(job) + "\n" for job in jobs))
    run = subprocess.run(
        [BINARY, "--manifest", "jobs.jsonl", "-p", "a blue square", "--seed", "5", "--steps", "1", "--crop", "auto", "--json",
         "-q", "-o", "results"],
        cwd=folder, env=environment(), capture_output=True, timeout=900,
    )  # fmt: skip
    reports = [json.loads(line) for line in run.stdout.decode().splitlines()]
    bad = [(r["image"], r["error"]["message"]) for r in reports if r["status"] != "ok"]
    assert run.returncode == 0 and not bad, (bad, run.stderr.decode()[-2000:])
    by_name = {os.path.basename(r["image"]): r for r in reports}
    done = {}
    for job, row in zip(jobs, ROWS):
        report = by_name[job["image"]]
        done[row.name] = Done(row, job["feather"], holes[row.name], folder / job["image"], folder / report["output"], report)
    return done


@lru_cache
def exif_tool(folder):
    """Returns what exiftool says about every result, by file name."""
    if shutil.which("exiftool") is None:
        if os.environ.get("CI"):
            pytest.fail("exiftool is not installed: run scripts/setup --test")
        pytest.skip("exiftool is not installed")
    said = subprocess.run(["exiftool", "-j", "-G1", "-n", "-a", str(folder)], capture_output=True, check=True)
    return {os.path.basename(item["SourceFile"]): item for item in json.loads(said.stdout)}


def test_the_table_is_large_enough():
    assert len(ROWS) >= 60 and len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("name", [row.name for row in ROWS])
def test_row(results, name):
    done = results[name]
    row, report = done.row, done.report
    before, after, effective = done.before, done.after, done.effective
    assert done.output.suffix == done.source.suffix
    assert after.shape[:2] == (row.size[1], row.size[0]) == before.shape[:2]
    assert report["size"] == list(row.size)
    if before.ndim == 2 and after.ndim == 3:
        if after.shape[2] == 1:
            after = after[..., 0]
        else:  # WebP stores grey as RGB
            assert (after[..., 0] == after[..., 1]).all() and (after[..., 1] == after[..., 2]).all()
            after = after[..., 0]
    assert after.shape == before.shape, "channels"
    apart = np.abs(after.astype(int) - before.astype(int))
    apart = apart if apart.ndim == 2 else apart.max(axis=-1)
    if row.ending == "jpg" and row.orientation != 1 and picture_table.turns_without_loss(row):
        sampling = row.save["subsampling"]
        if sampling == "4:2:2" and row.orientation >= 5:
            sampling = "4:4:0"
        outside = ~picture_table.touched(effective, sampling)
        assert apart[outside].max() <= TURNED
        assert report["mean_change_outside_mask"] <= apart[~effective].mean() + 1e-9
        assert report["changed_pixels"] == np.count_nonzero(apart)
    elif row.ending == "jpg" and row.orientation != 1:
        kept = ~effective
        assert apart[kept].mean() < REENCODED and report["mean_change_outside_mask"] > 0
        # The program reports the mean over samples; this one is over each pixel's largest difference.
        assert report["mean_change_outside_mask"] <= apart[kept].mean() + 1e-9
    elif row.ending == "jpg":
        sampling = "grey" if row.mode == "L" else row.save["subsampling"]
        outside = ~picture_table.touched(effective, sampling)
        assert apart[outside].max(initial=0) == 0
        assert "mean_change_outside_mask" not in report
    else:
        assert apart[~effective].max(initial=0) == 0
        assert report["max_change_outside_mask"] == 0
        assert report["changed_pixels"] == np.count_nonzero(apart)
    assert (apart[done.hole] != 0).any(), "nothing was repainted"


@pytest.mark.parametrize("name", [row.name for row in ROWS if row.ending in ("jpg", "webp", "png", "tif") and not row.deep])
def test_metadata(results, name):
    done = results[name]
    row = done.row
    exif = picture_table.exif_in(done.output)
    assert exif.get(274, 1) == 1
    assert exif.get(271) == "Maker"
    assert picture_table.profile_of(done.output) == row.icc
    if row.ending in ("jpg", "webp", "tif"):
        with Image.open(done.output) as picture:
            assert picture.info.get("xmp") == picture_table.XMP


@pytest.mark.parametrize("name", [row.name for row in ROWS])
def test_exiftool_agrees(results, name):
    done = results[name]
    said = exif_tool(done.output.parent)[done.output.name]
    assert not [key for key in said if "Warning" in key or "Error" in key], said
    width = [value for key, value in said.items() if key.endswith(":ImageWidth") and "Exif" not in key and ("IFD0" not in key or done.row.ending == "tif")]
    assert done.row.size[0] in width, said
    assert all(value == 1 for key, value in said.items() if key.endswith(":Orientation")), said
    if done.row.icc:
        assert any(key.startswith("ICC") for key in said), said
    if done.row.deep:
        depths = [str(value).split() for key, value in said.items() if key.endswith((":BitDepth", ":BitsPerSample"))]
        assert any(set(depth) == {"16"} for depth in depths), said


def test_jpeg_keeps_its_tables_and_sampling(results):
    for done in results.values():
        if done.row.ending != "jpg":
            continue
        with Image.open(done.source) as before, Image.open(done.output) as after:
            tables, layer = before.quantization, before.layer
            if done.row.orientation >= 5 and picture_table.turns_without_loss(done.row):
                # The divisors are transposed along with the coefficients, and so are the components' sides.
                tables = {i: np.reshape(table, (8, 8)).T.ravel().tolist() for i, table in tables.items()}
                layer = [(name, v, h, table) for name, h, v, table in layer]
            assert after.quantization == tables, done.row.name
            assert after.layer == layer, done.row.name
            assert bool(before.info.get("progressive")) == bool(after.info.get("progressive")), done.row.name
