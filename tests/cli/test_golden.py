"""`--golden` compares runs of the demo model with pictures."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from conftest import load


def shifted(path, by=3, at=(2, 5)):
    """Changes one sample in a picture file."""
    pixels = load(path).copy()
    value = int(pixels[at][1])
    pixels[at][1] = value + by if value + by <= 255 else value - by
    Image.fromarray(pixels).save(path)


def golden_of(result):
    return json.loads(result.out)["golden"]


@pytest.fixture
def made(work):
    """Lets a run write a golden picture."""
    result = work.job("-o", "made.png", "--golden", "golden.png", "--golden-update", "--json")
    assert result.code == 0, result.err
    report = golden_of(result)
    assert (report["path"], report["status"], report["max"]) == ("golden.png", "updated", None)
    assert "golden picture golden.png written" in result.err
    assert (work.folder / "golden.png").read_bytes() == (work.folder / "made.png").read_bytes()
    return work


def test_updated_then_checked(made):
    result = made.job("-o", "again.png", "--golden", "golden.png", "--json")
    assert result.code == 0, result.err
    report = golden_of(result)
    assert report["status"] == "match" and report["max"] == report["changed_pixels"] == 0
    assert report["psnr"] is None and report["ssim"] == 1 and report["difference"] is None
    assert made.files() == ["again.png", "golden.png", "made.png", "mask.png", "picture.png"]


def test_a_mismatch(made):
    shifted(made.folder / "golden.png")
    result = made.job("-o", "again.png", "--golden", "golden.png")
    assert result.code == 6
    assert result.out == b"again.png\n"
    heading, row = result.lines[-3:-1]
    assert heading.split() == ["golden", "picture", "largest", "mean", "changed", "PSNR"]
    psnr = 10 * np.log10(255**2 * 48 * 64 * 3 / 3**2)
    assert row.split() == ["golden.png", "3", "0.0003", "0.03", "%", f"{psnr:.2f}", "dB"]
    assert result.lines[-1].startswith("error: again.png differs from golden.png by up to 3 levels; the tolerance is 0")
    assert "again-difference.png" in result.lines[-1] and "--golden-update" in result.lines[-1]
    expected = np.zeros((48, 64), np.uint8)
    expected[2, 5] = 255
    assert np.array_equal(load(made.folder / "again-difference.png"), expected)
    assert (made.folder / "again.png").read_bytes() == (made.folder / "made.png").read_bytes()


def test_json_and_the_tolerance(made):
    shifted(made.folder / "golden.png")
    result = made.job("-o", "again.png", "--golden", "golden.png", "--json", "--tolerance", "2")
    assert result.code == 6
    line = json.loads(result.out)  # one line, the job's
    assert (line["status"], line["output"], line["error"]["code"]) == ("mismatch", "again.png", 6)
    report = line["golden"]
    assert (report["status"], report["max"], report["changed_pixels"]) == ("mismatch", 3, 1)
    assert report["mean"] == pytest.approx(3 / (48 * 64 * 3))
    assert report["psnr"] == pytest.approx(10 * np.log10(255**2 * 48 * 64 * 3 / 9))
    assert 0.99 < report["ssim"] < 1
    assert report["difference"] == "again-difference.png"
    result = made.job("-o", "third.png", "--golden", "golden.png", "--json", "--tolerance", "3")
    assert result.code == 0 and golden_of(result)["status"] == "match"
    assert not (made.folder / "third-difference.png").exists()


def test_an_existing_difference_picture(made):
    shifted(made.folder / "golden.png")
    (made.folder / "again-difference.png").write_text("mine")
    result = made.job("-o", "again.png", "--golden", "golden.png")
    assert result.code == 2 and "again-difference.png" in result.err
    assert (made.folder / "again-difference.png").read_text() == "mine"
    assert not (made.folder / "again.png").exists()
    assert made.job("-o", "again.png", "--golden", "golden.png", "--overwrite").code == 6
    assert load(made.folder / "again-difference.png").any()


def test_another_size_is_a_mismatch(made):
    Image.open(made.folder / "golden.png").crop((0, 0, 60, 48)).save(made.folder / "golden.png")
    result = made.job("-o", "again.png", "--golden", "golden.png", "--json")
    assert result.code == 6
    assert "is 60x48, the result 64x48" in result.err
    assert golden_of(result)["status"] == "mismatch" and golden_of(result)["max"] is None


@pytest.mark.parametrize("golden", ["golden.png", "goldens/"])
def test_a_missing_golden_picture_is_found_before_weights_are_read(work, model_copy, golden):
    """The model is broken, so reading a weight or even its header would give another error."""
    for weights in model_copy.rglob("*.safetensors"):
        weights.write_bytes(b"")
    result = work.job("--model", model_copy, "--golden", golden, "-o", "result.png")
    assert result.code == 3
    assert "there is no golden picture" in result.err and "--golden-update" in result.err
    assert work.files() == ["mask.png", "picture.png"]


def test_a_folder_of_golden_pictures(work):
    def several(*args):
        return work.job("-o", "out.png", "--num-images", "2", "--overwrite", "--golden", "goldens/", "--json", *args)

    assert several("--golden-update").code == 0
    assert [f for f in work.files() if f.startswith("goldens")] == ["goldens/out-0.png", "goldens/out-1.png"]
    assert several().code == 0
    shutil.copy(work.folder / "goldens/out-0.png", work.folder / "goldens/out-1.png")
    result = several()
    assert result.code == 6
    assert [json.loads(line)["golden"]["status"] for line in result.out.splitlines()] == ["match", "mismatch"]
    assert json.loads(result.out.splitlines()[1])["golden"]["path"] == "goldens/out-1.png"
    assert [f for f in work.files() if "difference" in f] == ["out-1-difference.png"]
    shifted(work.folder / "goldens/out-0.png")
    result = several()
    assert result.code == 6 and "error: 2 results differ from their golden pictures" in result.err
    assert sum(line.split()[0].startswith("goldens/out-") for line in result.lines if line.startswith("  ")) == 2


def test_stdout(made):
    shifted(made.folder / "golden.png")
    result = made.job("-o", "-", "--golden", "golden.png")
    assert result.code == 6
    assert result.out == (made.folder / "made.png").read_bytes()
    assert "the result differs from golden.png" in result.err
    assert not [f for f in made.files() if "difference" in f]


def test_a_kept_output_is_compared_too(made):
    shifted(made.folder / "golden.png")
    result = made.job("-o", "made.png", "--skip-existing", "--golden", "golden.png", "--json")
    assert result.code == 6 and golden_of(result)["max"] == 3


@pytest.mark.parametrize("args, part", [
    (["--golden-update"], "--golden-update needs a golden picture"),
    (["--golden", "g.png", "--num-images", "2"], "needs a folder"),
    (["--golden", "g.png", "--golden-update", "-o", "g.png"], "the golden picture and an output"),
    (["--golden", "g.jpg", "--golden-update"], "would hold png"),
    (["--golden", "picture.png", "--golden-update"], "would write over picture.png"),
    (["--golden", "./", "-o", "-"], "is a folder"),
], ids=lambda a: " ".join(a) if isinstance(a, list) else None)
def test_options_that_do_not_go_together_are_refused(work, args, part):
    result = work.job(*args)
    assert result.code == 2, result.err
    assert part in result.err and len(result.lines) == 1
    assert work.files() == ["mask.png", "picture.png"]


def test_a_damaged_golden_picture(made):
    (made.folder / "golden.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    result = made.job("-o", "again.png", "--golden", "golden.png")
    assert result.code == 3 and "golden.png" in result.err
