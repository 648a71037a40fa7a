"""Masks and the composite: what may change, what may not, and how the seam is made."""

import json

import numpy as np
import pytest
from PIL import Image

from conftest import HEIGHT, PLAIN, WIDTH, load


def distances(hole):
    """Returns the exact distance of every pixel to the nearest pixel of the hole."""
    rows, columns = np.nonzero(hole)
    y, x = np.mgrid[0 : hole.shape[0], 0 : hole.shape[1]]
    return np.sqrt(((y[..., None] - rows) ** 2 + (x[..., None] - columns) ** 2).min(axis=-1))


def outcome(work, *options, **more):
    """Returns the result of the plain algorithm with some options, and its report."""
    finished = work.job("--json", "--overwrite", "-o", "out.png", *PLAIN, *options, **more)
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
    # Further out there is less and less of the result: the band lies between the picture and the model's own pixels.
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


def test_the_colour_match_changes_only_the_hole_and_by_little(work):
    # On a smooth picture the model's colour shift is smooth as well.
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    smooth = np.stack([90 + x, 120 + y, 100 + (x + y) // 2], axis=-1).astype(np.uint8)
    Image.fromarray(smooth).save(work.folder / "smooth.png")
    plain, _ = outcome(work, image="smooth.png")
    matched, report = outcome(work, "--color-match", image="smooth.png")
    assert np.array_equal(matched[~work.hole], smooth[~work.hole])
    assert report["max_change_outside_mask"] == 0
    change = np.abs(matched - plain)[work.hole]
    assert 0 < change.max() <= 17


def test_a_grown_mask_is_a_disc_around_it(work):
    after, _ = outcome(work, "--mask-grow", "4", "--save-mask", "effective.png")
    effective = load(work.folder / "effective.png") == 255
    assert np.array_equal(effective, distances(work.hole) <= 4)
    assert np.array_equal(after[~effective], work.pixels[~effective])
    assert (after[effective & ~work.hole] != work.pixels[effective & ~work.hole]).any()
    both, _ = outcome(work, "--mask-grow", "4", "--feather", "3", "--save-mask", "effective.png")
    assert (load(work.folder / "effective.png") == 255).sum() > effective.sum()
    assert np.array_equal(both[effective], after[effective])


def test_holes_are_filled(work):
    ring = work.hole.copy()
    ring[16:20, 30:40] = False
    work.save_mask(ring, "ring.png")
    outcome(work, "--mask-fill-holes", "--save-mask", "effective.png", mask="ring.png")
    assert np.array_equal(load(work.folder / "effective.png") == 255, work.hole)
    outcome(work, "--save-mask", "effective.png", mask="ring.png")
    assert np.array_equal(load(work.folder / "effective.png") == 255, ring)


@pytest.mark.parametrize("factor", [2, 3, 0.5])
def test_a_mask_of_another_size_is_resized_with_a_notice(work, factor):
    mask = Image.fromarray(np.where(work.hole, 255, 0).astype(np.uint8))
    mask.resize((int(WIDTH * factor), int(HEIGHT * factor)), Image.NEAREST).save(work.folder / "other.png")
    finished = work.job("-o", "out.png", "--feather", "0", "--save-mask", "effective.png", mask="other.png")
    assert finished.code == 0
    assert f"{int(WIDTH * factor)}x{int(HEIGHT * factor)}" in finished.err and "resized" in finished.err
    assert np.array_equal(load(work.folder / "effective.png") == 255, work.hole)


def test_a_full_mask_gives_a_notice_and_an_empty_one_is_refused(work):
    work.save_mask(np.ones_like(work.hole), "white.png")
    full = work.job(mask="white.png")
    assert full.code == 0 and "nothing of it is kept" in full.err
    work.save_mask(np.zeros_like(work.hole), "black.png")
    for options in ([], ["--mask-grow", "9"], ["--mask-fill-holes"], ["--soft-mask"]):
        empty = work.job("--overwrite", *options, mask="black.png")
        assert empty.code == 3 and "black.png" in empty.err


@pytest.mark.parametrize("thickness", [1, 2, 3, 5, 7])
def test_a_thin_stroke_is_repainted(work, thickness):
    for offset in (0, 3, 6, 7):
        stroke = np.zeros_like(work.hole)
        stroke[:, 17 + offset : 17 + offset + thickness] = True
        work.save_mask(stroke, "stroke.png")
        after, report = outcome(work, mask="stroke.png")
        changed = (after != work.pixels).any(axis=-1)
        assert not changed[~stroke].any()
        assert changed[stroke].mean() > 0.9
        assert report["changed_pixels"] == changed.sum()


def test_a_soft_mask_of_black_and_white_acts_like_a_hard_one(work):
    hard, _ = outcome(work)
    soft, _ = outcome(work, "--soft-mask")
    assert np.array_equal(hard, soft)


def test_a_soft_mask_keeps_the_picture_by_degrees(work):
    """Darker masks stay nearer to the picture."""
    error = []
    for value in (25, 128, 255):
        Image.fromarray(np.where(work.hole, value, 0).astype(np.uint8)).save(work.folder / "grey.png")
        base = [*PLAIN, "--steps", "8", "--overwrite", "--no-composite", "-o", "raw.png"]
        work.job(*base, "--strength", "0.001", mask="mask.png")
        kept = load(work.folder / "raw.png").astype(int)
        assert work.job(*base, "--soft-mask", mask="grey.png").code == 0
        error.append(np.abs(load(work.folder / "raw.png").astype(int) - kept)[work.hole].mean())
    assert error[0] < error[1] < error[2]


def test_a_soft_mask_counts_every_value_unless_a_threshold_is_given(work):
    ramp = np.zeros((HEIGHT, WIDTH), np.uint8)
    ramp[10:30, 20:50] = np.linspace(1, 255, 30).astype(np.uint8)
    Image.fromarray(ramp).save(work.folder / "ramp.png")
    outcome(work, "--soft-mask", "--save-mask", "effective.png", mask="ramp.png")
    assert np.array_equal(load(work.folder / "effective.png") == 255, ramp > 0)
    outcome(work, "--soft-mask", "--mask-threshold", "0.5", "--save-mask", "effective.png", mask="ramp.png")
    assert np.array_equal(load(work.folder / "effective.png") == 255, ramp >= 128)


def test_resampling_visits_more_levels_and_keeps_the_rest(work):
    plain, before = outcome(work, "--steps", "4")
    jumped, after = outcome(work, "--steps", "4", "--jump-length", "1", "--jump-count", "2")
    assert before["forwards"] == 4 and after["forwards"] == 7
    rises = [b > a for a, b in zip(after["sigmas"], after["sigmas"][1:])]
    assert sum(rises) == 3 and after["sigmas"][-1] == 0
    assert np.array_equal(jumped[~work.hole], work.pixels[~work.hole])
    assert not np.array_equal(jumped, plain)
    for off in (["--jump-length", "0", "--jump-count", "5"], ["--jump-length", "3", "--jump-count", "1"]):
        again, _ = outcome(work, "--steps", "4", *off)
        assert np.array_equal(again, plain)


def test_a_second_run_gives_the_same_result(work):
    options = ("--feather", "4", "--color-match", "--jump-length", "1", "--jump-count", "2", "--crop", "auto")
    first, _ = outcome(work, *options)
    second, _ = outcome(work, *options)
    assert np.array_equal(first, second)


def test_giving_the_defaults_changes_nothing(work):
    """Giving the defaults makes the same bytes as leaving them out, metadata included."""
    work.job("-o", "plain.png")
    work.job("-o", "given.png", "--feather", "4", "--color-match", "--mask-grow", "0", "--jump-length", "0",
             "--jump-count", "1", "--crop", "auto", "--outpaint", "0,0,0,0")  # fmt: skip
    assert (work.folder / "plain.png").read_bytes() == (work.folder / "given.png").read_bytes()


def test_by_default_the_mask_and_a_feather_of_4_may_change(work):
    finished = work.job("--json", "-o", "out.png", "--save-mask", "effective.png")
    assert finished.code == 0, finished.err
    effective = load(work.folder / "effective.png") == 255
    assert np.array_equal(effective, distances(work.hole) <= 4)
    changed = (load(work.folder / "out.png") != work.pixels).any(axis=-1)
    assert not changed[~effective].any() and changed[effective & ~work.hole].mean() > 0.8


def test_options_that_are_off_are_replayed_as_off(work):
    """The plain algorithm differs from the defaults; --replay and --skip-existing must see that."""
    assert work.job("-o", "made.png", *PLAIN).code == 0
    assert work.run("--replay", "made.png", "-o", "again.png").code == 0
    assert (work.folder / "made.png").read_bytes() == (work.folder / "again.png").read_bytes()
    assert (load(work.folder / "made.png")[~work.hole] == work.pixels[~work.hole]).all()
    same = work.job("-o", "made.png", *PLAIN, "--skip-existing", "--json")
    assert json.loads(same.out)["status"] == "skipped"
    for other in ((), ("--feather", "0", "--crop", "off"), ("--no-color-match", "--crop", "off"), (*PLAIN, "--mask-grow", "1")):
        refused = work.job("-o", "made.png", *other, "--skip-existing")
        assert refused.code == 2 and "other parameters" in refused.err


def test_a_replay_restores_every_option(work):
    Image.fromarray(np.where(work.hole, 200, 0).astype(np.uint8)).save(work.folder / "grey.png")
    made = work.job("-o", "made.png", "--feather", "3", "--color-match", "--soft-mask", "--mask-grow", "2", "--crop", "auto",
                    "--mask-fill-holes", "--jump-length", "1", "--jump-count", "2", "--padding", "9", "--megapixels", "0.02",
                    "--outpaint", "0,16,0,0", mask="grey.png")  # fmt: skip
    assert made.code == 0, made.err
    again = work.run("--replay", "made.png", "-o", "again.png")
    assert again.code == 0, again.err
    assert (work.folder / "made.png").read_bytes() == (work.folder / "again.png").read_bytes()
