"""The region that the model processes, and the canvas grown beyond the picture."""

import json

import numpy as np
import pytest
from PIL import Image
from conftest import HEIGHT, PLAIN, WIDTH, load


@pytest.fixture
def wide(work):
    """Makes a picture far larger than the working area, with one hole."""
    generator = np.random.default_rng(3)
    work.pixels = generator.integers(0, 256, (400, 600, 3), dtype=np.uint8)
    work.hole = np.zeros((400, 600), dtype=bool)
    work.hole[150:190, 300:360] = True
    Image.fromarray(work.pixels).save(work.folder / "picture.png")
    work.save_mask(work.hole, "mask.png")
    return work


def outcome(work, *options, **more):
    finished = work.job("--json", "--overwrite", "-o", "out.png", *PLAIN, "--crop", "auto", *options, **more)
    assert finished.code == 0, finished.err
    return load(work.folder / "out.png"), json.loads(finished.out), finished.err


def holds(region, hole):
    rows, columns = np.nonzero(hole)
    return (
        region["x"] <= columns.min() and columns.max() < region["x"] + region["width"]
        and region["y"] <= rows.min() and rows.max() < region["y"] + region["height"]
    )  # fmt: skip


def test_only_the_surroundings_are_processed(wide):
    after, report, _ = outcome(wide, "--save-crop", "crop.png")
    (region,) = report["regions"]
    assert holds(region, wide.hole)
    assert region["width"] < 300 and region["height"] < 200
    working = region["working_size"]
    assert all(side % 16 == 0 for side in working)
    assert 0.5 < working[0] * working[1] / 16384 < 2
    assert np.array_equal(after[~wide.hole], wide.pixels[~wide.hole])
    assert (after[wide.hole] != wide.pixels[wide.hole]).any(axis=-1).mean() > 0.9
    assert report["max_change_outside_mask"] == 0 and report["size"] == [600, 400]
    x, y = region["x"], region["y"]
    shown = wide.pixels[y : y + region["height"], x : x + region["width"]]
    assert np.array_equal(load(wide.folder / "crop.png"), shown)


def test_megapixels_and_padding_set_the_region(wide):
    _, small, _ = outcome(wide, "--padding", "5")
    _, large, _ = outcome(wide, "--padding", "100")
    assert large["regions"][0]["width"] > small["regions"][0]["width"] + 100
    _, fine, _ = outcome(wide, "--megapixels", "0.04")
    working = fine["regions"][0]["working_size"]
    assert 0.02e6 < working[0] * working[1] < 0.07e6


def test_parts_far_apart_are_processed_one_by_one(wide):
    wide.hole[:] = False
    wide.hole[10:30, 10:40] = True
    wide.hole[360:390, 550:590] = True
    wide.save_mask(wide.hole, "mask.png")
    after, report, said = outcome(wide, "--feather", "4", "--save-crop", "crop.png", "--save-latents", "l.safetensors")
    assert len(report["regions"]) == 2 and "2 regions" in said
    rows, columns = np.nonzero((after != wide.pixels).any(axis=-1) & ~wide.hole)
    assert len(rows) > 0  # the feather
    for y, x in zip(rows, columns):
        assert wide.hole[max(y - 4, 0) : y + 5, max(x - 4, 0) : x + 5].any()
    assert (after[wide.hole] != wide.pixels[wide.hole]).any(axis=-1).mean() > 0.9
    assert (wide.folder / "crop-0.png").is_file() and (wide.folder / "crop-1.png").is_file()
    # A region doesn't depend on the others, because each starts from a fresh generator.
    alone = wide.hole.copy()
    alone[:200] = False
    wide.save_mask(alone, "alone.png")
    single, one, _ = outcome(wide, "--feather", "4", mask="alone.png")
    assert one["regions"] == report["regions"][1:]
    assert np.array_equal(single[200:], after[200:])


def test_the_raw_decode_is_one_region(wide):
    wide.hole[380:390, 10:20] = True
    wide.save_mask(wide.hole, "mask.png")
    raw, report, _ = outcome(wide, "--no-composite")
    (region,) = report["regions"]
    assert list(raw.shape[1::-1]) == region["working_size"]


def test_a_picture_of_about_the_working_area_is_processed_whole(work):
    off = work.job("--json", *PLAIN, "-o", "off.png")
    auto, report, _ = outcome(work, "--megapixels", "0.01")
    assert [report["regions"][0][k] for k in ("width", "height")] == [WIDTH, HEIGHT]
    small = Image.fromarray(np.random.default_rng(5).integers(0, 256, (112, 128, 3), dtype=np.uint8))
    small.save(work.folder / "small.png")
    work.save_mask(np.pad(work.hole, ((30, 34), (30, 34))), "small-mask.png")
    work.job(*PLAIN, "-o", "off.png", "--overwrite", image="small.png", mask="small-mask.png")
    auto, _, _ = outcome(work, image="small.png", mask="small-mask.png")
    assert off.code == 0
    assert np.array_equal(auto, load(work.folder / "off.png"))


def test_thin_strokes_survive_the_scaling(wide):
    for thickness in (1, 3):
        wide.hole[:] = False
        wide.hole[:, 303 : 303 + thickness] = True
        wide.hole[201 : 201 + thickness, :] = True
        wide.save_mask(wide.hole, "mask.png")
        after, report, _ = outcome(wide)
        assert report["regions"][0]["working_size"][0] < 300
        changed = (after != wide.pixels).any(axis=-1)
        assert not changed[~wide.hole].any() and changed[wide.hole].mean() > 0.9


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "I;16"])
def test_outpainting_keeps_the_picture_and_paints_the_border(work, mode):
    if mode == "I;16":
        Image.fromarray(work.pixels.astype(np.uint16)[..., 0] * 257 + 3).save(work.folder / "other.png")
    else:
        Image.fromarray(work.pixels).convert(mode).save(work.folder / "other.png")
    finished = work.run("-i", "other.png", "-p", "a door", "--seed", "7", "--steps", "2", "--outpaint", "5,0,30,16",
                        "--feather", "0", "--json", "--save-mask", "effective.png", "-o", "out.png")  # fmt: skip
    assert finished.code == 0, finished.err
    report = json.loads(finished.out)
    after, before = load(work.folder / "out.png"), load(work.folder / "other.png")
    assert after.shape[:2] == (HEIGHT + 16, WIDTH + 35)
    assert np.array_equal(after[:HEIGHT, 5 : 5 + WIDTH], before)
    assert report["size"] == [WIDTH + 35, HEIGHT + 16] and report["mask"] is None
    effective = load(work.folder / "effective.png") == 255
    assert not effective[:HEIGHT, 5 : 5 + WIDTH].any() and effective.sum() == effective.size - WIDTH * HEIGHT
    assert after[effective].std() > 0
    if mode == "RGBA":
        assert (after[effective][:, 3] == 255).all()
    again = work.run("--replay", "out.png", "-o", "again.png")
    assert again.code == 0, again.err
    assert (work.folder / "again.png").read_bytes() == (work.folder / "out.png").read_bytes()


def test_outpainting_with_a_mask_a_crop_and_a_feather(wide):
    after, report, _ = outcome(wide, "--outpaint", "0,0,0,40", "--feather", "3", "--save-mask", "effective.png")
    effective = load(wide.folder / "effective.png") == 255
    assert after.shape == (440, 600, 3)
    assert effective[400:].all() and effective[:400][wide.hole].all()
    kept = ~effective[:400]
    assert np.array_equal(after[:400][kept], wide.pixels[kept]) and kept.sum() > 200000
    assert report["max_change_outside_mask"] == 0


@pytest.mark.parametrize("value", ["1,2,3", "1,2,3,4,5", "-1,0,0,0", "a,b,c,d", "1,2,3,4 ", "70000,0,0,0", "1.5,0,0,0", ""])
def test_a_wrong_outpaint_is_refused(work, value):
    finished = work.job(f"--outpaint={value}")
    assert finished.code == 2 and "outpaint" in finished.err
    assert work.files() == ["mask.png", "picture.png"]


def test_without_a_mask_or_a_border_there_is_nothing_to_do(work):
    finished = work.run("-i", "picture.png", "-p", "a door", "--outpaint", "0,0,0,0")
    assert finished.code == 2 and "no mask" in finished.err


def test_an_enormous_canvas_is_refused(work):
    finished = work.run("-i", "picture.png", "-p", "a door", "--outpaint", "60000,60000,0,0")
    assert finished.code == 3 and "60064x60048" in finished.err


def test_by_default_an_outpainted_border_fades_into_the_picture(work):
    finished = work.run("-i", "picture.png", "-p", "a door", "--seed", "7", "--steps", "2", "--outpaint", "0,0,30,0",
                        "--json", "-o", "out.png")  # fmt: skip
    assert finished.code == 0 and json.loads(finished.out)["max_change_outside_mask"] == 0
    changed = (load(work.folder / "out.png")[:, :WIDTH] != work.pixels).any(axis=-1)
    assert not changed[:, : WIDTH - 4].any() and changed[:, WIDTH - 4 :].mean() > 0.8


def test_by_default_the_surroundings_are_processed(wide):
    finished = wide.job("--json", "-o", "out.png")
    (region,) = json.loads(finished.out)["regions"]
    assert holds(region, wide.hole) and region["width"] < 300
    whole = wide.job("--json", "--crop", "off", "-o", "off.png")
    assert json.loads(whole.out)["regions"][0]["width"] == 600


def test_a_dry_run_reports_the_regions(wide):
    finished = wide.job("--json", "--crop", "auto", "--dry-run")
    assert finished.code == 0, finished.err
    assert holds(json.loads(finished.out)["regions"][0], wide.hole)
    assert "region" in wide.job("--crop", "auto", "--dry-run").out.decode()
