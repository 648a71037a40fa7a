"""Masks and the composite: what may change, what may not, and how the seam is made."""

import json

import numpy as np
import pytest
from PIL import Image

from conftest import HEIGHT, WIDTH, load


def distances(hole):
    """Exact distance of every pixel to the nearest pixel of the hole."""
    rows, columns = np.nonzero(hole)
    y, x = np.mgrid[0 : hole.shape[0], 0 : hole.shape[1]]
    return np.sqrt(((y[..., None] - rows) ** 2 + (x[..., None] - columns) ** 2).min(axis=-1))


def outcome(work, *options, **more):
    """The result and its report."""
    finished = work.job("--json", "--overwrite", "-o", "out.png", *options, **more)
    assert finished.code == 0, finished.err
    return load(work.folder / "out.png").astype(int), json.loads(finished.out)


def test_a_feather_changes_its_band_and_nothing_beyond(work):
    hard, _ = outcome(work)
    soft, report = outcome(work, "--feather", "5", "--save-mask", "effective.png")
    away = distances(work.hole)
    effective = load(work.folder / "effective.png") == 255
    assert np.array_equal(effective, away <= 5)
    assert np.array_equal(soft[~effective], work.pixels[~effective])
    assert np.array_equal(soft[work.hole], hard[work.hole])
    band = effective & ~work.hole
    assert (soft[band] != work.pixels[band]).any(axis=-1).mean() > 0.9
    assert report["max_change_outside_mask"] == 0
    # Less and less of the result, the further out: the band lies between the picture and the model's own pixels.
    raw, _ = outcome(work, "--no-composite")
    share = [np.abs(soft - work.pixels)[np.abs(away - d) < 0.1].sum() / np.abs(raw - work.pixels)[np.abs(away - d) < 0.1].sum()
             for d in range(1, 6)]  # fmt: skip
    assert all(a > b > 0 for a, b in zip(share, share[1:]))


@pytest.mark.parametrize("mode", ["L", "RGBA", "I;16"])
def test_a_feather_in_other_modes(work, mode):
    if mode == "I;16":
        Image.fromarray(work.pixels.astype(np.uint16)[..., 0] * 257 + 3).save(work.folder / "other.png")
    else:
        Image.fromarray(work.pixels).convert(mode).save(work.folder / "other.png")
    after, report = outcome(work, "--feather", "3", "--color-match", image="other.png")
    before = load(work.folder / "other.png").astype(int)
    beyond = distances(work.hole) > 3
    assert before.shape == after.shape
    assert np.array_equal(before[beyond], after[beyond])
    assert report["max_change_outside_mask"] == 0


def test_the_colour_match_changes_the_hole_alone_and_by_little(work):
    # A smooth picture: the model's shift of it is smooth as well.
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    smooth = np.stack([90 + x, 120 + y, 100 + (x + y) // 2], axis=-1).astype(np.uint8)
    Image.fromarray(smooth).save(work.folder / "smooth.png")
    plain, _ = outcome(work, image="smooth.png")
    matched, report = outcome(work, "--color-match", image="smooth.png")
    assert np.array_equal(matched[~work.hole], smooth[~work.hole])
    assert report["max_change_outside_mask"] == 0
    change = np.abs(matched - plain)[work.hole]
    assert 0 < change.max() <= 17


def test_the_same_again_is_the_same(work):
    options = ("--feather", "4", "--color-match")
    first, _ = outcome(work, *options)
    second, _ = outcome(work, *options)
    assert np.array_equal(first, second)


def test_off_is_off(work):
    """The values that change nothing give the bytes of a run without them."""
    work.job("-o", "plain.png")
    work.job("-o", "off.png", "--feather", "0", "--no-color-match")
    assert (work.folder / "plain.png").read_bytes() == (work.folder / "off.png").read_bytes()


def test_a_replay_brings_the_seam_back(work):
    work.job("-o", "made.png", "--feather", "3", "--color-match")
    again = work.run("--replay", "made.png", "-o", "again.png")
    assert again.code == 0, again.err
    assert (work.folder / "made.png").read_bytes() == (work.folder / "again.png").read_bytes()
