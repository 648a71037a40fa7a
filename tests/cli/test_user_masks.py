"""Masks as people have them: labels, dark or coloured strokes, half-transparent holes, photographs by mistake."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from conftest import HEIGHT, WIDTH, load
from pictures import save_png16

VOC = [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0]  # the first colours of PASCAL VOC's palette


def hole_of(work, value, kept=0, dtype=np.uint8):
    return np.where(work.hole, value, kept).astype(dtype)


def save_palette(work, name, labels, palette=VOC):
    image = Image.fromarray(labels, "P")
    image.putpalette(palette)
    image.save(work.folder / name)


def repainted(work, *options, **more):
    """Runs without a model's work, and returns what the program says, the code and the effective mask."""
    finished = work.job("-o", "out.png", "--overwrite", "--steps", "1", "--feather", "0", "--save-mask", "effective.png",
                        *options, **more)  # fmt: skip
    assert finished.code == 0, finished.err
    return finished, load(work.folder / "effective.png") == 255


def mask_warnings(finished):
    return [line for line in finished.lines if line.startswith("warning: the mask")]


def advised(error):
    """Returns the option that an error gives."""
    return re.search(r"--mask-threshold (0\.\d+)", error.split("(", 1)[1]).group(1)


def make_zero_one(work):
    Image.fromarray(hole_of(work, 1)).save(work.folder / "m.png")
    return "1 of 255", "0.003"


def make_zero_one_16(work):
    save_png16(work.folder / "m.png", hole_of(work, 1, dtype=np.uint16))
    return "1 of 65535", "0.00001"


def make_voc(work):
    save_palette(work, "m.png", hole_of(work, 1))
    return "38 of 255", "0.1"


def make_grey(work):
    Image.fromarray(hole_of(work, 127)).save(work.folder / "m.png")
    return "127 of 255", "0.4"


def make_red_strokes(work):
    Image.fromarray(np.where(work.hole[..., None], (255, 0, 0), (0, 0, 0)).astype(np.uint8)).save(work.folder / "m.png")
    return "76 of 255", "0.2"


def make_half_transparent_white(work):
    white = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    white[..., 3] = hole_of(work, 100)
    Image.fromarray(white).save(work.folder / "m.png")
    return "100 of 255", "0.3"


MASKS = [make_zero_one, make_zero_one_16, make_voc, make_grey, make_red_strokes, make_half_transparent_white]


@pytest.mark.parametrize("make", MASKS)
def test_a_dark_mask_names_its_brightest_value_and_the_threshold_that_works(work, make):
    brightest, threshold = make(work)
    refused = work.job(mask="m.png")
    assert refused.code == 3 and len(refused.lines) == 1
    error = refused.lines[0]
    assert f"its brightest value is {brightest}" in error and advised(error) == threshold
    _, effective = repainted(work, "--mask-threshold", advised(error), mask="m.png")
    assert np.array_equal(effective, work.hole)


def test_a_half_transparent_hole(work):
    pixels = np.dstack([work.pixels, hole_of(work, 200, 255)])
    Image.fromarray(pixels).save(work.folder / "faint.png")
    refused = work.job(image="faint.png", mask="alpha")
    assert refused.code == 3 and "its most transparent pixel has an alpha of 200 of 255" in refused.err
    _, effective = repainted(work, "--mask-threshold", advised(refused.err), image="faint.png", mask="alpha")
    assert np.array_equal(effective, work.hole)
    _, effective = repainted(work, "--mask-threshold", "=200", image="faint.png", mask="alpha")
    assert np.array_equal(effective, work.hole)


@pytest.mark.parametrize("value", [0, 77])
def test_a_mask_of_one_value_gets_no_threshold(work, value):
    Image.fromarray(np.full((HEIGHT, WIDTH), value, np.uint8)).save(work.folder / "m.png")
    refused = work.job(mask="m.png")
    assert refused.code == 3 and "--mask-threshold 0" not in refused.err and "paint white" in refused.err


def test_black_strokes_on_a_transparent_mask(work):
    strokes = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    strokes[..., 3] = hole_of(work, 255)
    Image.fromarray(strokes).save(work.folder / "m.png")
    refused = work.job(mask="m.png")
    assert refused.code == 3 and "only its transparency varies" in refused.err and "white" in refused.err


def test_an_inverted_mask_of_labels_tells_why_everything_is_repainted(work):
    make_zero_one(work)
    finished, effective = repainted(work, "--mask-invert", mask="m.png")
    assert effective.all() and "it has values from 0 to 1 of 255" in finished.err
    threshold = advised(finished.err)
    finished, effective = repainted(work, "--mask-invert", "--mask-threshold", threshold, mask="m.png")
    assert np.array_equal(effective, ~work.hole) and not mask_warnings(finished)


def test_a_dark_mask_beside_an_outpainting_is_not_lost_in_silence(work):
    make_zero_one(work)
    finished = work.job("--outpaint", "0,0,16,0", "-o", "out.png", mask="m.png")
    assert finished.code == 0 and "warning: the mask m.png repaints nothing" in finished.err
    assert "--mask-threshold 0.003" in finished.err


def labels(work):
    """Returns labels 0 to 3: the hole has a part of each of 1, 2 and 3."""
    out = hole_of(work, 1)
    out[10:30, 30:40] = 2
    out[10:30, 40:50] = 3
    return out


def save_grey4(work, name, values):
    """Writes a 4-bit grey PNG, which decoders turn into 8 bits."""
    import struct
    import zlib

    rows = b"".join(b"\0" + ((row[0::2] << 4) | row[1::2]).astype(np.uint8).tobytes() for row in values)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 4, 0, 0, 0, 0)
    (work.folder / name).write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) +
                                     chunk(b"IEND", b""))  # fmt: skip


def save_small_bmp(work, values, bits):
    """Writes a BMP of 1 or 4 bits with a palette of VOC's colours; Pillow writes none of 4 bits."""
    import struct

    height, width = values.shape
    grid = np.zeros((height, -(-width // 32) * 32), np.uint8)
    grid[:, :width] = values
    parts = [grid[:, i :: 8 // bits] << (8 - bits * (i + 1)) for i in range(8 // bits)]
    rows = np.bitwise_or.reduce(parts)
    palette = b"".join(bytes((*VOC[3 * i : 3 * i + 3][::-1], 0)) for i in range(1 << min(bits, 2)))
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 0, 0, 0, 0, len(palette) // 4, 0)
    start = 14 + len(header) + len(palette)
    data = rows[::-1].tobytes()
    (work.folder / "m.png").write_bytes(b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + header + palette + data)


def save_as(work, kind, values, **options):
    image = Image.fromarray(values, "P")
    image.putpalette(VOC)
    image.save(work.folder / "m.png", kind, **options)


def save_pgm(work, values):
    """Writes a PGM whose largest value is 3, which decoders scale to 255."""
    height, width = values.shape
    (work.folder / "m.png").write_bytes(b"P5\n%d %d\n3\n" % (width, height) + values.tobytes())


KINDS = {
    "GIF": lambda work, values: save_as(work, "GIF", values),
    "BMP of 8 bits": lambda work, values: save_as(work, "BMP", values),
    "BMP of 4 bits": lambda work, values: save_small_bmp(work, values, 4),
    "TIFF with a palette": lambda work, values: save_as(work, "TIFF", values, compression="tiff_lzw"),
    "PGM of 2 bits": lambda work, values: save_pgm(work, values),
    "grey": lambda work, values: Image.fromarray(values).save(work.folder / "m.png"),
    "palette": lambda work, values: save_palette(work, "m.png", values),
    "grey of 4 bits": lambda work, values: save_grey4(work, "m.png", values),
    "grey of 16 bits": lambda work, values: save_png16(work.folder / "m.png", values.astype(np.uint16)),
    "RGB": lambda work, values: Image.fromarray(np.dstack([values] * 3)).save(work.folder / "m.png"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_label_is_picked_by_the_masks_own_value(work, kind):
    KINDS[kind](work, labels(work))
    for label in (1, 3):
        finished, effective = repainted(work, f"--mask-threshold={'='}{label}", mask="m.png")
        assert np.array_equal(effective, labels(work) == label), label
        assert not mask_warnings(finished)
    _, effective = repainted(work, "--mask-threshold", "=3", "--mask-invert", mask="m.png")
    assert np.array_equal(effective, labels(work) != 3)
    missing = work.job("--mask-threshold", "=7", mask="m.png")
    assert missing.code == 3
    if kind in ("palette", "BMP of 8 bits", "BMP of 4 bits", "PGM of 2 bits", "GIF"):
        assert "its values go from 0 to 3" in missing.err
    elif kind == "TIFF with a palette":  # its 256 entries are black from the fifth on
        assert "has one colour for its values 0 and 7 (give --mask-threshold =0 " in missing.err
    else:
        assert "it has 0, 1, 2, 3" in missing.err


def test_a_label_of_one_bit(work):
    """In a TIFF of scanned text 0 is white, and in a BMP the palette says what is."""
    bits = work.hole
    Image.fromarray(bits).save(work.folder / "black.tif")
    Image.fromarray(bits).save(work.folder / "white.tif", compression="group4", tiffinfo={262: 0})
    save_small_bmp(work, bits.astype(np.uint8), 1)
    for name in ("black.tif", "m.png"):
        assert np.array_equal(repainted(work, "--mask-threshold", "=1", mask=name)[1], bits), name
    stored = Image.open(work.folder / "white.tif").tag_v2[262]
    label = "=0" if stored == 0 else "=1"
    assert np.array_equal(repainted(work, "--mask-threshold", label, mask="white.tif")[1], bits)


def test_a_refusal_lists_the_labels(work):
    save_palette(work, "m.png", labels(work))
    refused = work.job(mask="m.png")
    assert refused.code == 3 and "--mask-threshold =3 repaints that value alone, of 0, 1, 2, 3" in refused.err


def test_a_colour_is_picked(work):
    strokes = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    strokes[work.hole] = (255, 0, 0)
    strokes[40:44, 5:30] = (0, 0, 255)
    Image.fromarray(strokes).save(work.folder / "m.png")
    _, effective = repainted(work, "--mask-threshold", "=#ff0000", mask="m.png")
    assert np.array_equal(effective, work.hole)
    missing = work.job("--mask-threshold", "=#00ff00", mask="m.png")
    assert missing.code == 3 and "#0000ff" in missing.err and "#ff0000" in missing.err and "255" in missing.err
    Image.fromarray(hole_of(work, 255)).save(work.folder / "grey.png")
    grey = work.job("--mask-threshold", "=#00ff00", mask="grey.png")
    assert grey.code == 3 and "is grey" in grey.err


def test_a_label_is_replayed_and_compared(work):
    Image.fromarray(labels(work)).save(work.folder / "m.png")
    assert work.job("-o", "made.png", "--mask-threshold", "=3", mask="m.png").code == 0
    assert work.run("--replay", "made.png", "-o", "again.png").code == 0
    assert (work.folder / "made.png").read_bytes() == (work.folder / "again.png").read_bytes()
    other = work.job("-o", "made.png", "--mask-threshold", "=2", "--skip-existing", mask="m.png")
    assert other.code == 2 and "other parameters" in other.err


def test_a_part_below_the_threshold_is_told(work):
    """White and dark red strokes: the red ones would be lost in silence."""
    strokes = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    strokes[10:30, 20:36] = 255
    strokes[10:30, 36:50] = (128, 0, 0)
    Image.fromarray(strokes).save(work.folder / "m.png")
    finished, effective = repainted(work, mask="m.png")
    assert effective.sum() == 20 * 16
    assert "280 pixels of the value 38 of 255, which are kept" in finished.err
    finished, effective = repainted(work, "--mask-threshold", advised(finished.err), mask="m.png")
    assert np.array_equal(effective, work.hole) and not mask_warnings(finished)


def test_soft_edges_are_no_reason_to_warn(work):
    mask = np.zeros((HEIGHT * 4, WIDTH * 4), np.uint8)
    mask[40:120, 80:200] = 255
    Image.fromarray(mask).resize((WIDTH, HEIGHT), Image.BICUBIC).save(work.folder / "m.png")
    assert not mask_warnings(repainted(work, mask="m.png")[0])
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    blurred = np.clip(255 * np.exp(-((x - 32) ** 2 + (y - 24) ** 2) / 120), 0, 255).astype(np.uint8)
    Image.fromarray(blurred).save(work.folder / "m.png")
    assert not mask_warnings(repainted(work, mask="m.png")[0])
    assert not mask_warnings(repainted(work, "--soft-mask", mask="m.png")[0])


def photograph(work):
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    waves = np.stack([130 + 70 * np.sin(x / 9), 120 + 60 * np.cos((x + y) / 7), 110 + 80 * np.sin(y / 5)], -1)
    Image.fromarray(waves.astype(np.uint8)).save(work.folder / "photo.jpg", quality=95)


def test_a_picture_and_a_mask_that_are_swapped(work):
    photograph(work)
    swapped = work.job("-o", "out.png", image="mask.png", mask="photo.jpg")
    assert "the mask photo.jpg looks like a photograph, and the picture mask.png like a mask" in swapped.err
    assert "--image and --mask seem to be swapped" in swapped.err
    twice = work.job("-o", "out.png", "--overwrite", image="photo.jpg", mask="photo.jpg")
    assert "are --image and --mask swapped?" in twice.err
    soft = work.job("-o", "out.png", "--overwrite", "--soft-mask", image="photo.jpg", mask="photo.jpg")
    assert "looks like a photograph" in soft.err
    Image.open(work.folder / "photo.jpg").convert("L").save(work.folder / "grey.png")
    grey = work.job("-o", "out.png", "--overwrite", image="photo.jpg", mask="grey.png")
    assert "looks like a photograph" in grey.err
    right = work.job("-o", "out.png", "--overwrite", image="photo.jpg", mask="mask.png")
    assert right.code == 0 and not mask_warnings(right)


def sprite(work):
    """A picture that is transparent on its left half, and half-transparent in a band."""
    pixels = np.dstack([work.pixels, np.full((HEIGHT, WIDTH), 255, np.uint8)])
    pixels[:, :32, 3] = 0
    pixels[:, 32:36, 3] = 100
    Image.fromarray(pixels).save(work.folder / "sprite.png")
    return pixels


def box(work, left, right):
    hole = np.zeros((HEIGHT, WIDTH), bool)
    hole[10:30, left:right] = True
    work.save_mask(hole, "m.png")
    return hole


def test_a_mask_on_transparent_pixels_alone(work):
    sprite(work)
    hole = box(work, 5, 25)
    finished = work.job("-o", "out.png", "--feather", "0", image="sprite.png", mask="m.png")
    assert finished.code == 0
    assert "warning: the mask m.png lies on transparent pixels alone: nothing of the result will be seen" in finished.err
    assert (load(work.folder / "out.png")[hole][:, 3] == 0).all()
    # What it advises makes the hole opaque.
    assert "--mask alpha" in finished.err and "--format jpeg" in finished.err
    alpha = work.job("-o", "alpha.png", "--feather", "0", image="sprite.png", mask="alpha")
    assert alpha.code == 0 and "will be seen" not in alpha.err
    assert (load(work.folder / "alpha.png")[hole][:, 3] == 255).all()
    jpeg = work.job("--format", "jpeg", image="sprite.png", mask="m.png")
    assert jpeg.code == 0 and "will be seen" not in jpeg.err
    assert load(work.folder / "sprite-inpainted.jpg").shape == (HEIGHT, WIDTH, 3)


def test_a_mask_that_is_partly_on_transparent_pixels(work):
    sprite(work)
    box(work, 12, 52)
    finished = work.job("-o", "out.png", image="sprite.png", mask="m.png")
    assert "on transparent pixels for 50 % of it, where nothing will be seen" in finished.err
    assert "on half-transparent ones for 10 % of it" in finished.err
    box(work, 32, 36)
    faint = work.job("-o", "out.png", "--overwrite", image="sprite.png", mask="m.png")
    assert "on half-transparent pixels for 100 % of it, where little will be seen" in faint.err
    box(work, 40, 60)
    opaque = work.job("-o", "out.png", "--overwrite", image="sprite.png", mask="m.png")
    assert opaque.code == 0 and "transparent" not in opaque.err


def test_the_mask_of_a_comparison(work):
    make_zero_one(work)
    result = work.run("compare", "picture.png", "picture.png", "--mask", "m.png")
    assert result.code == 0 and "no pixel that is at least half white" in result.err


def test_the_report_names_the_advice(work):
    make_zero_one(work)
    report = json.loads(work.job("--json", mask="m.png").out)
    assert report["error"]["hint"].startswith("--mask-threshold 0.003 ")
