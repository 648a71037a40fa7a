"""`zimage-inpaint compare` on files that Pillow wrote, checked against numpy's figures."""

import json

import numpy as np
import pytest
from PIL import Image

from conftest import load

SIZE = (37, 52)  # height, width


@pytest.fixture
def base():
    return np.random.default_rng(3).integers(20, 236, (*SIZE, 3), dtype=np.uint8)


def save(work, name, array, **options):
    Image.fromarray(array).save(work.folder / name, **options)
    return name


def compare(work, *args, code):
    result = work.run("compare", *args, "--json")
    assert result.code == code, result.err
    assert result.out.count(b"\n") == 1
    return json.loads(result.out)


def mirrored_blur(values):
    """Applies the 11-tap Gaussian of sigma 1.5 along both sides, mirrored beyond the borders."""
    offsets = np.arange(-5, 6)
    weights = np.exp(-(offsets**2) / (2 * 1.5**2))
    weights /= weights.sum()
    for axis in (0, 1):
        padded = np.pad(values, [(5, 5) if a == axis else (0, 0) for a in (0, 1)], mode="symmetric")
        values = sum(w * np.take(padded, range(k, k + values.shape[axis]), axis=axis) for k, w in enumerate(weights))
    return values


def ssim_map(a, b):
    """Computes Wang et al. 2004, equation 13, on Rec. 601 luma."""
    a, b = (p.astype(float) @ [0.299, 0.587, 0.114] for p in (a, b))
    ma, mb = mirrored_blur(a), mirrored_blur(b)
    va, vb, cov = mirrored_blur(a * a) - ma**2, mirrored_blur(b * b) - mb**2, mirrored_blur(a * b) - ma * mb
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return (2 * ma * mb + c1) * (2 * cov + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))


def figures(a, b, where, ssim):
    """Returns what the measures over `where` ought to be."""
    d = np.abs(a.astype(float) - b.astype(float))[where]
    mse = (d**2).mean()
    return {
        "max": d.max(), "mean": d.mean(), "psnr": None if mse == 0 else 10 * np.log10(255**2 / mse),
        "ssim": ssim[where].mean(), "changed_pixels": int(d.any(axis=1).sum()), "pixels": int(where.sum()),
        "changed_share": d.any(axis=1).mean(),
    }


def test_identical_pictures(work, base):
    a, b = save(work, "a.png", base), save(work, "b.bmp", base)
    report = compare(work, a, b, code=0)
    assert report["status"] == "match" and report["psnr"] is None and report["ssim"] == 1
    assert report["max"] == report["mean"] == report["changed_pixels"] == 0
    result = work.run("compare", a, b)
    assert result.code == 0 and result.err == ""
    assert result.out.decode().splitlines()[1].split() == ["whole", "0", "0.00000", "0", "0.000%", "inf", "1.000000"]


def test_one_level_and_the_tolerance(work, base):
    other = base.copy()
    other[4, 7, 1] += 1
    a, b = save(work, "a.png", base), save(work, "b.png", other)
    report = compare(work, a, b, code=6)
    assert (report["status"], report["max"], report["changed_pixels"]) == ("mismatch", 1, 1)
    assert report["mean"] == pytest.approx(1 / base.size)
    assert compare(work, a, b, "--tolerance", "1", code=0)["status"] == "match"
    result = work.run("compare", a, b, "-q")
    assert result.code == 6
    assert result.lines == [f"error: {a} and {b} differ by up to 1 level; the tolerance is 0"]
    other[4, 7, 1] += 1
    save(work, "b.png", other)
    assert compare(work, a, b, "--tolerance", "1", code=6)["max"] == 2


def test_measures_inside_and_outside_a_mask(work, base):
    rng = np.random.default_rng(4)
    noise = rng.integers(-9, 10, base.shape)
    hole = np.zeros(SIZE, bool)
    hole[5:30, 9:40] = True
    noise[hole] *= 2
    other = (base + noise).astype(np.uint8)
    a, b = save(work, "a.png", base), save(work, "b.png", other)
    work.save_mask(hole, "hole.png")
    report = compare(work, a, b, "--mask", "hole.png", code=6)
    ssim = ssim_map(base, other)
    for part, where in ((report, np.ones(SIZE, bool)), (report["inside"], hole), (report["outside"], ~hole)):
        for key, value in figures(base, other, where, ssim).items():
            assert part[key] == (None if value is None else pytest.approx(value, rel=1e-9)), key
    assert report["inside"]["ssim"] < report["outside"]["ssim"] < 1
    table = work.run("compare", a, b, "--mask", "hole.png").out.decode().splitlines()
    assert [line.split()[0] for line in table[1:]] == ["whole", "inside", "outside"]


def test_a_mask_of_another_size(work, base):
    big = np.kron(base, np.ones((2, 2, 1), np.uint8))
    other = big.copy()
    other[:40, :40] ^= 4
    a, b = save(work, "a.png", big), save(work, "b.png", other)
    hole = np.zeros(SIZE, bool)
    hole[:20, :20] = True
    work.save_mask(hole, "hole.png")
    report = compare(work, a, b, "--mask", "hole.png", code=6)
    assert report["outside"]["max"] == 0 and report["inside"]["pixels"] == report["inside"]["changed_pixels"] == 1600
    work.save_mask(hole[:, :30], "hole.png")
    result = work.run("compare", a, b, "--mask", "hole.png")
    assert result.code == 3 and "aspect ratio" in result.err and result.out == b""


def test_different_sizes(work, base):
    a, b = save(work, "a.png", base), save(work, "b.png", base[:, :-1])
    report = compare(work, a, b, code=6)
    assert report["status"] == "mismatch" and report["max"] is None
    assert (report["size"], report["size_b"]) == ([52, 37], [51, 37])
    result = work.run("compare", a, b)
    assert result.lines == ["error: a.png and b.png have different sizes: 52x37 and 51x37"] and result.out == b""


def test_channels_and_depths(work, base):
    grey = base[..., 0]
    a = save(work, "grey.png", grey)
    assert compare(work, a, save(work, "rgb.png", np.dstack([grey] * 3)), code=0)["max"] == 0
    opaque = save(work, "rgba.png", np.dstack([base, np.full(SIZE, 255, np.uint8)]))
    assert compare(work, save(work, "plain.png", base), opaque, code=0)["max"] == 0
    alpha = np.full(SIZE, 255, np.uint8)
    alpha[3, 3] = 155
    report = compare(work, "plain.png", save(work, "hole.png", np.dstack([base, alpha])), code=6)
    assert (report["max"], report["changed_pixels"], report["ssim"]) == (100, 1, 1)
    assert report["mean"] == pytest.approx(100 / alpha.size / 4)


def test_sixteen_bits(work, base):
    deep = base[..., 0].astype(np.uint16) * 257
    a = save(work, "eight.png", base[..., 0])
    b = save(work, "deep.png", deep)
    assert compare(work, a, b, code=0)["max"] == 0
    finer = deep.copy()
    finer[2, 2] += 1
    report = compare(work, b, save(work, "finer.png", finer), code=6)
    assert report["max"] == pytest.approx(1 / 257) and report["changed_pixels"] == 1
    assert report["psnr"] == pytest.approx(10 * np.log10(65535**2 / (1 / finer.size)))
    assert compare(work, b, "finer.png", "--tolerance", "1", code=0)["status"] == "match"


def test_the_difference_picture(work, base):
    other = base.copy()
    other[4, 7, 1] += 10
    other[9, 9] += 5
    a, b = save(work, "a.png", base), save(work, "b.png", other)
    report = compare(work, a, b, "--difference", "d.png", code=6)
    assert report["difference"] == "d.png" and report["amplification"] == pytest.approx(25.5)
    expected = np.zeros(SIZE, np.uint8)
    expected[4, 7], expected[9, 9] = 255, 128
    assert np.array_equal(load(work.folder / "d.png"), expected)
    before = (work.folder / "d.png").read_bytes()
    result = work.run("compare", a, a, "--difference", "d.png")
    assert result.code == 2 and "--overwrite" in result.err
    assert (work.folder / "d.png").read_bytes() == before
    assert work.run("compare", a, a, "--difference", "d.png", "--overwrite").code == 0
    assert not load(work.folder / "d.png").any()


@pytest.mark.parametrize("args, code, part", [
    (["a.png"], 2, "B is missing"),
    (["a.png", "b.png", "c.png"], 2, "unexpected argument 'c.png'"),
    (["a.png", "b.png", "--tolerence", "1"], 2, "did you mean --tolerance?"),
    (["a.png", "b.png", "--tolerance", "x"], 2, "--tolerance can't be 'x'"),
    (["a.png", "nothing.png"], 3, "nothing.png"),
    (["a.png", "text.png"], 3, "text.png"),
], ids=lambda a: a[-1] if isinstance(a, list) else None)
def test_mistakes(work, base, args, code, part):
    save(work, "a.png", base), save(work, "b.png", base)
    (work.folder / "text.png").write_text("no picture")
    result = work.run("compare", *args)
    assert result.code == code and len(result.lines) == 1 and part in result.err and result.out == b""
    error = compare(work, *args, code=code)
    assert error["status"] == "error" and error["command"] == "compare" and error["error"]["code"] == code


def test_compare_has_its_own_help(work):
    for flag in ("--help", "-h", "--help-all"):
        result = work.run("compare", flag)
        text = result.out.decode()
        assert result.code == 0 and result.err == ""
        assert "Usage: zimage-inpaint compare A B [options]" in text and "--tolerance N" in text
        assert "--steps" not in text and max(map(len, text.splitlines())) <= 100
    assert work.run("compare", "--version").out.startswith(b"zimage-inpaint ")
    assert b"compare" in work.run("--help").out


def test_the_log_file_and_a_closed_stdout(work, base):
    a = save(work, "a.png", base)
    b = save(work, "b.png", base[:-1])
    assert work.run("compare", a, b, "--log-file", "log.txt").code == 6
    assert "different sizes" in (work.folder / "log.txt").read_text()
    result = work.run("compare", a, b, preexec_fn=lambda: __import__("os").close(1))
    assert result.code == 2 and "stdout is closed" in result.err
