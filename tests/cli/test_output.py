"""What goes to stdout, what goes to files, and what the result holds."""

import io
import json
import os
import re
import subprocess

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from conftest import HEIGHT, WIDTH, environment, load

KEYS = ["status", "output", "image", "mask", "prompt", "seed", "strength", "strategy", "steps", "sigmas", "size", "regions",
        "changed_pixels", "max_change_outside_mask", "timings_ms", "peak_memory_mb", "memory", "model"]


@pytest.fixture
def work(work):
    """Turns off the feather, so that only the hole may change, and the crop, so that the picture keeps its size."""
    work.options = ("--feather", "0", "--crop", "off")
    return work


def test_plain_progress_names_each_stage_once_a_picture(work):
    result = work.job("--num-images", "2", "--progress", "plain")
    assert result.code == 0, result.err
    stages = [line for line in result.err.splitlines() if line in
              ("load", "encode prompt", "encode picture", "denoise", "decode", "composite")]
    each = ["encode prompt", "encode picture", "denoise", "decode", "composite"]
    assert stages == ["load", *each, *each]


def test_stdout_holds_only_the_path(work):
    result = work.job()
    assert result.code == 0, result.err
    assert result.out == b"picture-inpainted.png\n"
    assert work.files() == ["mask.png", "picture-inpainted.png", "picture.png"]


def test_the_demo_model_says_so_every_time(work):
    env = environment(ZIMAGE_MODEL=None)
    assert "demo model" in work.job(env=env).err
    assert "demo model" in work.job("-q", "--overwrite", env=env).err
    report = json.loads(work.job("--json", "--overwrite", env=env).out)
    assert report["model"]["demo"] is True


def test_kept_pixels_are_identical(work):
    work.job()
    result = load(work.folder / "picture-inpainted.png")
    assert result.shape == work.pixels.shape
    assert np.array_equal(result[~work.hole], work.pixels[~work.hole])
    assert (result[work.hole] != work.pixels[work.hole]).any()


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "I;16", "P", "1"])
def test_kept_pixels_are_identical_in_every_mode(work, mode):
    if mode == "I;16":
        picture = Image.fromarray(work.pixels.astype(np.uint16)[..., 0] * 257 + 3)
    else:
        picture = Image.fromarray(work.pixels).convert(mode)
        if mode in ("LA", "RGBA"):
            picture.putalpha(Image.fromarray(work.pixels[..., 1]))
    picture.save(work.folder / "other.png")
    result = work.job(image="other.png")
    assert result.code == 0, result.err
    with Image.open(work.folder / "other.png") as before, Image.open(work.folder / "other-inpainted.png") as after:
        if mode == "P":
            before = before.convert("RGB")
        if mode == "1":
            before = before.convert("L")
        assert before.mode.split(";")[0] == after.mode.split(";")[0]
        assert np.array_equal(np.asarray(before)[~work.hole], np.asarray(after)[~work.hole])


def test_odd_sizes(work):
    pixels = work.pixels[:37, :53]
    Image.fromarray(pixels).save(work.folder / "odd.png")
    work.save_mask(work.hole[:37, :53], "odd-mask.png")
    result = work.job(image="odd.png", mask="odd-mask.png")
    assert result.code == 0, result.err
    after = load(work.folder / "odd-inpainted.png")
    assert np.array_equal(after[~work.hole[:37, :53]], pixels[~work.hole[:37, :53]])


def test_alpha_as_mask(work):
    picture = Image.fromarray(work.pixels)
    alpha = np.where(work.hole, 0, 200).astype(np.uint8)
    picture.putalpha(Image.fromarray(alpha))
    picture.save(work.folder / "cutout.png")
    result = work.job(image="cutout.png", mask="alpha")
    assert result.code == 0, result.err
    after = load(work.folder / "cutout-inpainted.png")
    assert (after[..., 3][work.hole] == 255).all()
    assert np.array_equal(after[~work.hole], np.asarray(picture)[~work.hole])


def test_inverted_mask(work):
    work.save_mask(~work.hole, "inverted.png")
    assert work.job("-o", "a.png").code == 0
    assert work.job("-o", "b.png", "--mask-invert", mask="inverted.png").code == 0
    assert np.array_equal(load(work.folder / "a.png"), load(work.folder / "b.png"))


def test_a_full_mask_gives_a_notice(work):
    work.save_mask(np.ones_like(work.hole), "white.png")
    result = work.job(mask="white.png")
    assert result.code == 0 and "whole picture" in result.err


def test_picture_on_stdout(work):
    to_file = work.job()
    to_stdout = work.job("-o", "-")
    assert to_file.code == to_stdout.code == 0
    assert to_stdout.out == (work.folder / "picture-inpainted.png").read_bytes()
    assert load(io.BytesIO(to_stdout.out)).shape == (HEIGHT, WIDTH, 3)


def test_json_has_every_field(work):
    result = work.job("--json", "--strength", "0.8")
    assert result.code == 0, result.err
    assert result.out.endswith(b"\n") and result.out.count(b"\n") == 1
    report = json.loads(result.out)
    assert set(KEYS) <= report.keys() and "error" not in report
    assert report["status"] == "ok" and report["output"] == "picture-inpainted.png"
    assert report["seed"] == 7 and report["steps"] == 2 and report["strength"] == 0.8
    assert report["strategy"] == "repaint" and report["size"] == [WIDTH, HEIGHT]
    # The levels that ran are fp32, like the latents.
    assert report["sigmas"][0] == np.float32(0.8) and report["sigmas"][-1] == 0
    assert report["max_change_outside_mask"] == 0
    after = load(work.folder / "picture-inpainted.png")
    assert report["changed_pixels"] == int((after != work.pixels).any(axis=-1).sum()) > 0
    timings = report["timings_ms"]
    total = timings.pop("total")
    assert {"load", "encode prompt", "denoise", "write"} <= timings.keys() and min(timings.values()) > 0
    assert sum(timings.values()) <= total + 0.1 and report["peak_memory_mb"] > 10
    region = report["regions"][0]
    assert [region["x"], region["y"], region["width"], region["height"]] == [0, 0, WIDTH, HEIGHT]


def test_the_report_of_a_lossy_file_is_true(work):
    report = json.loads(work.job("--json", "--format", "jpeg", "--quality", "30").out)
    after = load(work.folder / "picture-inpainted.jpg").astype(int)
    change = abs(after - work.pixels)
    assert report["changed_pixels"] == int(change.any(axis=-1).sum())
    assert report["max_change_outside_mask"] == int(change[~work.hole].max()) > 0


def test_several_images(work):
    result = work.job("--num-images", "3", "-o", "out.png")
    assert result.code == 0, result.err
    assert result.out == b"out-0.png\nout-1.png\nout-2.png\n"
    pictures = [load(work.folder / f"out-{k}.png") for k in range(3)]
    assert not np.array_equal(pictures[0], pictures[1])
    assert work.job("--seed", "9", "-o", "single.png").code == 0
    assert np.array_equal(load(work.folder / "single.png"), pictures[2])
    assert (work.folder / "single.png").read_bytes() == (work.folder / "out-2.png").read_bytes()


def test_several_images_in_json(work):
    lines = work.job("--num-images", "2", "--json").out.splitlines()
    assert [json.loads(line)["seed"] for line in lines] == [7, 8]
    assert [json.loads(line)["output"] for line in lines] == ["picture-inpainted-0.png", "picture-inpainted-1.png"]


KINDS = [("png", "PNG"), ("jpg", "JPEG"), ("webp", "WEBP"), ("bmp", "BMP"), ("DIB", "BMP"), ("tiff", "TIFF"), ("TIF", "TIFF")]


@pytest.mark.parametrize("ending, kind", KINDS)
def test_formats(work, ending, kind):
    Image.fromarray(work.pixels).save(work.folder / f"in.{ending}", format=kind)
    result = work.job(image=f"in.{ending}")
    assert result.code == 0, result.err
    name = result.out.decode().strip()
    assert name == f"in-inpainted.{ending}"
    to_named = work.job("-o", f"named.{ending}")
    assert to_named.code == 0, to_named.err
    for output in (name, f"named.{ending}"):
        with Image.open(work.folder / output) as picture:
            assert picture.format.replace("DIB", "BMP") == kind


@pytest.mark.parametrize("name, ending", [("bmp", "bmp"), ("tiff", "tif"), ("tif", "tif")])
def test_a_requested_format(work, name, ending):
    result = work.job("--format", name, "--quality", "40")
    assert result.out.decode() == f"picture-inpainted.{ending}\n", result.err
    after = load(work.folder / f"picture-inpainted.{ending}")
    assert np.array_equal(after[~work.hole], work.pixels[~work.hole])


def test_output_folder_and_format(work):
    (work.folder / "results").mkdir()
    result = work.job("-o", "results", "--format", "webp")
    assert result.out == b"results/picture-inpainted.webp\n"


def test_side_outputs(work):
    result = work.job("--save-mask", "m.png", "--save-crop", "c.png", "--save-latents", "l.safetensors")
    assert result.code == 0, result.err
    assert np.array_equal(load(work.folder / "m.png"), np.where(work.hole, 255, 0))
    assert np.array_equal(load(work.folder / "c.png"), work.pixels)
    latents = load_file(work.folder / "l.safetensors")["latents"]
    assert latents.shape == (1, 16, HEIGHT // 8, WIDTH // 8) and np.isfinite(latents).all()


def test_raw_decode(work):
    assert work.job("--no-composite").code == 0
    after = load(work.folder / "picture-inpainted.png")
    assert after.shape == (HEIGHT, WIDTH, 3)
    assert (after[~work.hole] != work.pixels[~work.hole]).any()


def test_overwrite(work):
    assert work.job().code == 0
    assert work.job().code == 2
    assert work.job("--overwrite").code == 0


def test_dry_run_writes_nothing(work):
    result = work.job("--dry-run", "--json", "-o", "x.png", "--save-mask", "m.png")
    assert result.code == 0, result.err
    report = json.loads(result.out)
    assert report["status"] == "planned" and report["output"] == "x.png" and report["sigmas"][-1] == 0
    assert any(name.endswith("model.safetensors") for name in report["model"]["files"])
    assert work.files() == ["mask.png", "picture.png"]
    assert b"sigmas" in work.job("--dry-run").out


@pytest.mark.parametrize("option", ["--report", "--log-file"])
@pytest.mark.parametrize("other", ["picture.png", "./mask.png", "out.png", "grown.png"])
def test_a_report_or_log_may_not_be_another_file(work, option, other):
    before = {name: (work.folder / name).read_bytes() for name in work.files()}
    result = work.job("--overwrite", "--output", "out.png", "--save-mask", "grown.png", option, other)
    assert result.code == 2 and "name the same file" in result.err
    assert {name: (work.folder / name).read_bytes() for name in work.files()} == before


def test_messages_stay_off_stdout(work):
    result = work.job("-vv", "--progress", "plain")
    assert result.out == b"picture-inpainted.png\n"
    assert "sigmas" in result.err and "strategy repaint" in result.err and "denoise 2/2" in result.err


def test_quiet_is_quiet(work):
    result = work.job("-q")
    assert all(line.startswith("warning: ") for line in result.lines), result.err


def test_progress_events(work):
    events = [json.loads(line) for line in work.job("-q", "--progress", "json").lines if line.startswith("{")]
    assert {"event": "step", "step": 2, "total": 2} in events
    assert any(event["event"] == "stage" and event["stage"] == "denoise" for event in events)


def test_progress_events_count_the_bytes_of_the_model(work):
    # With --skip-existing nothing is loaded before the inputs are known, of which the events would be held back.
    job = work.job("-q", "--progress", "json", "--skip-existing")
    events = [json.loads(line) for line in job.lines if line.startswith("{")]
    loading = [(event["bytes"], event["total"]) for event in events if event["event"] == "loading"]
    assert all(0 <= loaded <= total for loaded, total in loading)
    # The parts are the text encoder, the DiT and the VAE.
    assert len([total for loaded, total in loading if loaded == total]) == 3
    first_step = next(number for number, event in enumerate(events) if event["event"] == "step")
    assert all(event["event"] != "loading" for event in events[first_step:])


def test_the_number_of_forwards_is_printed_with_strength(work):
    result = work.job("--strength", "0.6", "--steps", "8", "--json", "--dry-run")
    forwards = json.loads(result.out)["forwards"]
    assert 1 < forwards < 8 and f"strength 0.6 leaves {forwards} forwards" in result.err


def test_a_random_seed_is_printed_and_works(work):
    args = ["-i", "picture.png", "-m", "mask.png", "-p", "a door", "--steps", "2"]
    result = work.run(*args)
    seeds = [line.split()[1] for line in result.lines if line.startswith("seed ")]
    assert len(seeds) == 1
    first = load(work.folder / "picture-inpainted.png")
    assert work.run(*args, "--seed", seeds[0], "--overwrite").code == 0
    assert np.array_equal(first, load(work.folder / "picture-inpainted.png"))


def test_log_file(work):
    result = work.job("-q", "--log-file", "run.log")
    assert result.code == 0
    lines = (work.folder / "run.log").read_text().splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3} zimage-inpaint [\d.]+, commit \w+", lines[0])
    assert any("sigmas" in line for line in lines)


@pytest.mark.parametrize("name", ["with blanks.png", "new\nline.png", "ünïcödé 門.png", "quote'\".png", "%s%n.png", "-dash.png"])
def test_names(work, name):
    os.rename(work.folder / "picture.png", work.folder / name)
    result = work.job("--json", image="./" + name)
    assert result.code == 0, result.err
    report = json.loads(result.out)
    assert report["image"] == "./" + name
    assert (work.folder / report["output"]).is_file()
    plain = work.job("--overwrite", image="./" + name)
    assert plain.out.decode() == "./" + name[:-4] + "-inpainted.png\n"


def test_a_name_that_is_not_utf8(work):
    name = b"caf\xe9.png"
    os.rename(work.folder / "picture.png", os.path.join(os.fsencode(work.folder), name))
    command = [work.command()[0].encode(), b"-i", name, b"-m", b"mask.png", b"-p", b"x", b"--steps", b"1", b"--json"]
    result = subprocess.run(command, cwd=work.folder, env=environment(), capture_output=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["image"] == "caf\ufffd.png"
    assert os.path.exists(os.path.join(os.fsencode(work.folder), b"caf\xe9-inpainted.png"))
