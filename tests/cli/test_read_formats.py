"""Tests the formats that are only read, GIF, PNM, PSD and TGA, as pictures and as masks."""

import struct

import numpy as np
import pytest
from PIL import Image

from conftest import HEIGHT, WIDTH, load
from format_files import result_of, work
from pictures import DISPLAY_P3, load_png16, profile


def psd(pixels, resources=b""):
    """Returns a PSD without layers: its planes of 8 or 16 bits, unpacked."""
    height, width, planes = pixels.shape
    depth = 8 * pixels.itemsize
    header = b"8BPS" + struct.pack(">HxxxxxxHIIHH", 1, planes, height, width, depth, 3)
    data = pixels.astype(pixels.dtype.newbyteorder(">")).transpose(2, 0, 1).tobytes()
    return header + struct.pack(">II", 0, len(resources)) + resources + struct.pack(">IH", 0, 0) + data


@pytest.mark.parametrize("name", ["a.tga", "a.ppm", "a.pgm", "a.gif", "a.psd"])
def test_the_result_is_png(work, name):
    path = work.folder / name
    picture = Image.fromarray(work.pixels)
    if name == "a.psd":
        path.write_bytes(psd(work.pixels))
    else:
        picture.convert("L" if name == "a.pgm" else "RGB").save(path)
    with Image.open(path) as stored:
        before = np.asarray(stored.convert("RGB") if name == "a.gif" else stored)
    work.save_mask(work.hole, "mask.pgm")
    output = result_of(work, work.job(image=name, mask="mask.pgm"))
    assert output.name == "a-inpainted.png"
    after = load(output)
    assert after.shape == before.shape
    assert np.array_equal(after[~work.hole], before[~work.hole])
    assert (after[work.hole] != before[work.hole]).any()


def test_16_bits_are_kept(work):
    pixels = np.random.default_rng(4).integers(0, 65536, (HEIGHT, WIDTH, 3), dtype=np.uint16)
    (work.folder / "deep.ppm").write_bytes(b"P6\n%d %d\n65535\n" % (WIDTH, HEIGHT) + pixels.astype(">u2").tobytes())
    (work.folder / "deep.psd").write_bytes(psd(pixels))
    for name in ("deep.ppm", "deep.psd"):
        after = load_png16(result_of(work, work.job("--overwrite", image=name)))
        assert np.array_equal(after[~work.hole], pixels[~work.hole])


def test_a_mask_of_any_largest_value(work):
    assert work.job("-o", "a.png").code == 0
    for largest in (1, 100, 1000):
        levels = (work.hole * largest).astype(">u2" if largest > 255 else np.uint8)
        (work.folder / "m.pgm").write_bytes(b"P5\n# mask\n%d %d %d\n" % (WIDTH, HEIGHT, largest) + levels.tobytes())
        assert work.job("--overwrite", "-o", "b.png", mask="m.pgm").code == 0
        assert np.array_equal(load(work.folder / "a.png"), load(work.folder / "b.png"))


def test_what_is_left_out_is_said(work):
    frames = [Image.fromarray(np.roll(work.pixels, k)) for k in range(3)]
    frames[0].save(work.folder / "a.gif", save_all=True, append_images=frames[1:])
    with Image.open(work.folder / "a.gif") as stored:
        before = np.asarray(stored.convert("RGB"))
    result = work.job(image="a.gif")
    assert "a.gif has several frames; only the first is read" in result.err
    assert np.array_equal(load(result_of(work, result))[~work.hole], before[~work.hole])
    with_selection = np.concatenate([work.pixels, work.pixels[..., :1]], axis=-1)
    (work.folder / "b.psd").write_bytes(psd(with_selection))
    result = work.job(image="b.psd")
    assert "b.psd is read flattened" in result.err
    assert np.array_equal(load(result_of(work, result))[~work.hole], work.pixels[~work.hole])


def test_a_psd_keeps_its_profile(work):
    icc = profile(DISPLAY_P3)
    resource = b"8BIM" + struct.pack(">HHI", 1039, 0, len(icc)) + icc + b"\0" * (len(icc) % 2)
    (work.folder / "a.psd").write_bytes(psd(work.pixels, resource))
    with Image.open(result_of(work, work.job(image="a.psd"))) as after:
        assert after.info["icc_profile"] == icc
        assert np.array_equal(np.asarray(after)[~work.hole], work.pixels[~work.hole])


def test_they_are_not_written(work):
    Image.fromarray(work.pixels).save(work.folder / "a.tga")
    result = work.job("-o", "b.tga", image="a.tga")
    assert result.code == 2 and "b.tga" in result.err and ".png" in result.err
    assert result_of(work, work.job("-o", "b.webp", image="a.tga")).name == "b.webp"


def test_what_is_not_read_is_named(work):
    Image.fromarray(work.hole).save(work.folder / "mask.pbm")
    result = work.job(mask="mask.pbm")
    assert result.code == 3 and "mask.pbm is a PBM, which is not supported" in result.err
    assert work.files() == ["mask.pbm", "mask.png", "picture.png"]


def test_a_folder_of_them(work):
    folder = work.folder / "in"
    folder.mkdir()
    for name in ("a.tga", "b.ppm", "c.gif"):
        Image.fromarray(work.pixels).save(folder / name)
    (folder / "d.psd").write_bytes(psd(work.pixels))
    result = work.job(image="in")
    assert result.code == 0, result.err
    assert sorted(path.name for path in (work.folder / "in-inpainted").iterdir()) == ["a.png", "b.png", "c.png", "d.png"]
