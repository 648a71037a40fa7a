"""Masks that are typed as shapes, and --save-mask alone, which needs no model."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from conftest import HEIGHT, WIDTH, Work, environment, load

NO_MODEL = {"ZIMAGE_MODEL": "/nowhere/at/all"}
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5  # the pixels' centres


@pytest.fixture
def work(tmp_path):
    return Work(tmp_path)


def rectangle(x, y, width, height):
    return (X >= x) & (X < x + width) & (Y >= y) & (Y < y + height)


def ellipse(x, y, width, height):
    return ((X - x - width / 2) / (width / 2)) ** 2 + ((Y - y - height / 2) / (height / 2)) ** 2 <= 1


def polygon(points):
    """Returns where an outline's winding number isn't 0."""
    winding = np.zeros((HEIGHT, WIDTH), int)
    for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1]):
        turn = 1
        if y0 > y1:
            x0, y0, x1, y1, turn = x1, y1, x0, y0, -1
        if y0 == y1:
            continue
        rows = (Y >= y0) & (Y < y1)
        winding += turn * (rows & (x0 + (Y - y0) * (x1 - x0) / (y1 - y0) <= X))
    return winding != 0


def text(points):
    return "polygon:" + " ".join(f"{x},{y}" for x, y in points)


def mask_of(work, mask, *options, image="picture.png"):
    """Writes the mask alone, with no model anywhere, and returns it."""
    finished = work.run("-i", image, "-m", mask, "--save-mask", "m.png", "--overwrite", "--feather", "0", *options,
                        env=environment(**NO_MODEL))  # fmt: skip
    assert finished.code == 0, finished.err
    assert finished.out == b"m.png\n"
    return load(work.folder / "m.png") == 255


STAR = [(32, 2), (45, 44), (10, 18), (54, 18), (19, 44)]
SHAPES = {
    "rect:10,5,20,30": rectangle(10, 5, 20, 30),
    "rect:10.25,5.75,20.5,30.25": rectangle(10.25, 5.75, 20.5, 30.25),
    "rect:25%,50%,50%,25%": rectangle(16, 24, 32, 12),
    "rect:-10,-10,30,30": rectangle(0, 0, 20, 20),
    "ellipse:8,4,31,25": ellipse(8, 4, 31, 25),
    "ellipse:50%,50%,100%,100%": ellipse(32, 24, 64, 48),
    text(STAR): polygon(STAR),
    "polygon:0,0 100%,0 50%,100%": polygon([(0, 0), (64, 0), (32, 48)]),
    "rect:0,0,10,10+ellipse:20,20,20,20 + polygon:50,1 60,1 55,9": rectangle(0, 0, 10, 10)
    | ellipse(20, 20, 20, 20)
    | polygon([(50, 1), (60, 1), (55, 9)]),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_repaints_the_pixels_whose_centres_lie_in_it(work, shape):
    assert SHAPES[shape].any() and np.array_equal(mask_of(work, shape), SHAPES[shape])


def test_random_polygons(work):
    generator = np.random.default_rng(5)
    for sides in (3, 4, 7, 12):
        points = [tuple(p) for p in (generator.integers(-60, 320, (sides, 2)) / 4).tolist()]
        assert np.array_equal(mask_of(work, text(points)), polygon(points)), points


def test_the_options_of_masks_work_on_shapes(work):
    inside = rectangle(10, 10, 20, 20)
    assert np.array_equal(mask_of(work, "rect:10,10,20,20", "--mask-invert"), ~inside)
    grown = mask_of(work, "rect:10,10,20,20", "--mask-grow", "3")
    assert grown.sum() > inside.sum() and grown[8, 15] and not grown[6, 15]
    assert np.array_equal(mask_of(work, "rect:10,10,20,20", "--feather", "3"), grown)
    frame = "rect:10,10,20,5+rect:10,25,20,5+rect:10,10,5,20+rect:25,10,5,20"
    assert not mask_of(work, frame)[20, 20]
    assert np.array_equal(mask_of(work, frame, "--mask-fill-holes"), inside)
    assert np.array_equal(mask_of(work, "rect:10,10,20,20", "--soft-mask"), inside)
    outpainted = mask_of(work, "rect:10,10,20,20", "--outpaint", "8,0,0,0")
    assert outpainted.shape == (HEIGHT, WIDTH + 8) and outpainted[:, :8].all()
    assert np.array_equal(outpainted[:, 8:], inside)


def test_a_threshold_does_nothing_to_a_shape_and_that_is_said(work):
    for threshold in ("0.9", "=3"):
        finished = work.run("-i", "picture.png", "-m", "rect:1,1,4,4", "--save-mask", f"{threshold[-1]}.png",
                            "--mask-threshold", threshold)  # fmt: skip
        assert finished.code == 0 and "--mask-threshold does nothing to shapes" in finished.err
    assert "threshold" not in work.run("-i", "picture.png", "-m", "rect:1,1,4,4", "--save-mask", "o.png").err


def test_coordinates_are_those_of_the_picture_as_it_is_shown(work):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    Image.fromarray(work.pixels).save(work.folder / "turned.jpg", exif=exif)
    mask = mask_of(work, "rect:0,60,10,4", image="turned.jpg")
    assert mask.shape == (WIDTH, HEIGHT) and mask.sum() == 40 and mask[60:, :10].all()


@pytest.mark.parametrize("shape", ["rect:64,0,5,5", "ellipse:0,-9,9,9", "polygon:70,1 80,1 75,9", "rect:1,1,0.1,0.1"])
def test_a_shape_without_a_pixel_in_the_picture(work, shape):
    refused = work.job(mask=shape)
    assert refused.code == 3 and len(refused.lines) == 1 and "64x48" in refused.err and shape in refused.err
    assert work.job("--mask-invert", mask=shape).code == 3


def test_one_of_several_shapes_outside_is_a_warning(work):
    finished = work.run("-i", "picture.png", "-m", "rect:0,0,9,9+rect:640,0,5,5", "--save-mask", "m.png")
    assert finished.code == 0 and 'warning: the mask\'s "rect:640,0,5,5" lies outside' in finished.err


@pytest.mark.parametrize("shape, place", [("rect:10,20,30", 14), ("rect:10,,30,40", 9), ("polygon:1,2 3,4", 16),
                                          ("ellipse:1,2,3,4px", 16), ("rect:1,2,3,4+x.png", 14), ("rect:1,2,3,0", 10)])  # fmt: skip
def test_a_mistake_in_a_shape(work, shape, place):
    refused = work.job(mask=shape)
    assert refused.code == 2 and len(refused.lines) == 1
    assert f"at character {place}," in refused.err and "rect:10,20,200,100" in refused.err
    (work.folder / "jobs.jsonl").write_text(json.dumps({"image": "picture.png", "mask": shape, "prompt": "x"}))
    batch = work.run("--manifest", "jobs.jsonl")
    assert batch.code == 3 and "jobs.jsonl line 1" in batch.err and f"at character {place}," in batch.err


def test_a_file_whose_name_begins_like_a_shape(work):
    work.save_mask(work.hole, "hole.png")
    os.rename(work.folder / "hole.png", work.folder / "rect:1,1,4,4")
    assert np.array_equal(mask_of(work, "./rect:1,1,4,4"), work.hole)
    assert np.array_equal(mask_of(work, "rect:1,1,4,4"), rectangle(1, 1, 4, 4))


def test_a_run_with_a_shape_is_replayed_reported_and_kept(work):
    shape = "rect:20,10,30,20"
    made = work.job("-o", "shape.png", "--json", mask=shape)
    assert made.code == 0 and json.loads(made.out)["mask"] == shape
    assert work.job("-o", "file.png").code == 0
    assert np.array_equal(load(work.folder / "shape.png"), load(work.folder / "file.png"))  # the hole of mask.png
    assert work.run("--replay", "shape.png", "-o", "again.png").code == 0
    assert (work.folder / "shape.png").read_bytes() == (work.folder / "again.png").read_bytes()
    assert work.job("-o", "shape.png", "--skip-existing", mask=shape).code == 0
    assert work.job("-o", "shape.png", "--skip-existing", mask="rect:20,10,30,21").code == 2


def folder_of(work):
    (work.folder / "in").mkdir()
    for name in ("a.png", "b.png"):
        pixels = np.dstack([work.pixels, np.where(work.hole, 0, 255).astype(np.uint8)])
        Image.fromarray(pixels).save(work.folder / "in" / name)


@pytest.mark.parametrize("mask", ["rect:10,10,9,9", "alpha", "rect:10%,10%,20%,20%"])
def test_one_shape_or_alpha_is_for_every_picture_of_a_folder(work, mask):
    folder_of(work)
    os.mkdir(work.folder / mask)  # a folder of that name isn't meant
    finished = work.job("-o", "out", "--json", image="in", mask=mask)
    assert finished.code == 0, finished.err
    lines = [json.loads(line) for line in finished.out.splitlines()]
    assert [line["mask"] for line in lines] == [mask, mask]
    assert all(line["changed_pixels"] > 0 for line in lines)


def test_shapes_in_a_manifest(work):
    jobs = [{"image": "picture.png", "mask": f"rect:{x},0,8,8", "prompt": "x", "output": f"{x}.png",
             "save-mask": f"m{x}.png", "feather": 0} for x in (0, 20)]  # fmt: skip
    (work.folder / "jobs").mkdir()
    (work.folder / "jobs" / "jobs.jsonl").write_text("".join(json.dumps(job) + "\n" for job in jobs))
    Image.fromarray(work.pixels).save(work.folder / "jobs" / "picture.png")
    finished = work.run("--manifest", "jobs/jobs.jsonl", "--steps", "1")
    assert finished.code == 0, finished.err
    for x in (0, 20):
        assert np.array_equal(load(work.folder / "jobs" / f"m{x}.png") == 255, rectangle(x, 0, 8, 8))


def test_the_mask_alone_is_what_a_run_saves(work):
    shape = text(STAR)
    alone = work.run("-i", "picture.png", "-m", shape, "--save-mask", "alone.png", "--json", "--mask-grow", "2",
                     env=environment(**NO_MODEL))  # fmt: skip
    assert alone.code == 0 and "only the mask is written" in alone.err
    report = json.loads(alone.out)
    assert report["status"] == "ok" and report["output"] == "alone.png" and report["mask"] == shape
    assert report["size"] == [WIDTH, HEIGHT] and report["model"] is None and report["prompt"] is None
    assert work.job("-o", "out.png", "--save-mask", "run.png", "--mask-grow", "2", mask=shape).code == 0
    assert (work.folder / "alone.png").read_bytes() == (work.folder / "run.png").read_bytes()


def test_the_mask_alone_is_checked_like_a_runs(work):
    again = ["-i", "picture.png", "-m", "rect:1,1,4,4", "--save-mask"]
    assert work.run(*again, "m.png").code == 0
    before = (work.folder / "m.png").read_bytes()
    assert work.run(*again, "m.png", "-m", "rect:1,1,5,5").code == 2
    assert (work.folder / "m.png").read_bytes() == before
    kept = work.run(*again, "m.png", "--skip-existing", "--json")
    assert kept.code == 0 and json.loads(kept.out)["status"] == "ok"
    refused = work.run(*again, "m.png", "-m", "rect:1,1,5,5", "--skip-existing")
    assert refused.code == 2 and "--overwrite" in refused.err
    assert (work.folder / "m.png").read_bytes() == before
    assert work.run(*again, "-").code == 2 and not (work.folder / "-").exists()
    assert work.run(*again, "m.png", "-m", "rect:1,1,5,5", "--overwrite", "-q").err == ""
    assert work.run(*again, "no/such/m.png").code == 2
    assert work.run(*again, "picture.png", "--overwrite").code == 2
    assert load(work.folder / "picture.png").shape == (HEIGHT, WIDTH, 3)
    assert work.run("-i", "none.png", "-m", "rect:1,1,4,4", "--save-mask", "n.png").code == 3
    assert work.run("-m", "rect:1,1,4,4", "--save-mask", "n.png").code == 2
    assert work.run("-i", "picture.png", "--save-mask", "n.png").code == 2


@pytest.mark.parametrize("more", [["-o", "out.png"], ["--save-crop", "c.png"], ["--save-previews", "steps"], ["--dry-run"], ["--golden", "mask.png"]])
def test_a_run_still_needs_a_prompt(work, more):
    refused = work.run("-i", "picture.png", "-m", "mask.png", "--save-mask", "m.png", *more)
    assert refused.code == 2 and "no prompt is given" in refused.err
    assert not (work.folder / "m.png").exists()


def test_a_picture_from_stdin(work):
    with open(work.folder / "picture.png", "rb") as picture:
        import subprocess

        command = work.command("-i", "-", "-m", "rect:1,1,4,4", "--save-mask", "m.png", "--feather", "0")
        done = subprocess.run(command, cwd=work.folder, env=environment(**NO_MODEL), stdin=picture, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert np.array_equal(load(work.folder / "m.png") == 255, rectangle(1, 1, 4, 4))


def test_a_comparison_takes_a_shape(work):
    changed = work.pixels.copy()
    changed[5, 5] ^= 255
    Image.fromarray(changed).save(work.folder / "other.png")
    report = json.loads(work.run("compare", "picture.png", "other.png", "--mask", "rect:0,0,10,10", "--json").out)
    assert report["inside"]["changed_pixels"] == 1 and report["outside"]["changed_pixels"] == 0
    assert report["inside"]["pixels"] == 100
    assert work.run("compare", "picture.png", "other.png", "--mask", "rect:0,0,10").code == 2
