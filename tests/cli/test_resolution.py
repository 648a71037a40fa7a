"""The resolution survives every pair of formats, and what changes the picture's size or orientation."""

import pytest
from PIL import ExifTags, Image

from format_files import save, smooth
from kept_files import FIXTURES, job_of

FORMATS = ["png", "jpg", "tif", "bmp", "webp"]
SOURCES = {"png": "d.png", "jpg": "d.jpg", "tif": "d.tif", "bmp": "d.bmp"}


def dpi_of(path):
    """Returns the resolution as Pillow finds it, in dots per inch."""
    with Image.open(path) as picture:
        if picture.format == "WEBP":
            exif = picture.getexif()
            factor = 2.54 if exif.get(ExifTags.Base.ResolutionUnit) == 3 else 1
            return tuple(float(exif[tag]) * factor for tag in (ExifTags.Base.XResolution, ExifTags.Base.YResolution))
        return tuple(map(float, picture.info["dpi"]))


def near(found, expected):
    """PNG and BMP have whole dots per metre, of which 300 dpi is none."""
    return all(abs(a - b) < 0.02 for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("source", SOURCES)
def test_dpi_survives(work, source, to):
    output, _ = job_of(work, SOURCES[source], f"out.{to}", "--no-metadata")
    assert near(dpi_of(output), (300, 300))
    if to not in ("png", "bmp"):
        assert dpi_of(output) == (300, 300)
    back, _ = job_of(work, None, f"back.{source}", source=output.name)
    assert near(dpi_of(back), (300, 300))


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("options", [("--outpaint", "0,0,16,16"), ("--outpaint", "16,0,0,0", "--crop", "off"), ("--no-composite",),
                                     ("--crop", "off"), ("--format", "jpeg", "--quality", "80")])  # fmt: skip
@pytest.mark.parametrize("source", ["d.png", "d.jpg"])
def test_dpi_survives_every_way(work, source, options, to):
    if "--quality" in options:
        options = ("--quality", "80") if to in ("jpg", "webp") else ()
    assert near(dpi_of(job_of(work, source, f"out.{to}", *options)[0]), (300, 300))


def test_dots_per_centimetre_and_two_numbers(work):
    save(Image.fromarray(smooth()), work.folder / "plain.png")
    Image.fromarray(smooth()).save(work.folder / "two.png", dpi=(300, 150))
    data = bytearray((FIXTURES / "d.jpg").read_bytes())
    at = data.index(b"JFIF\0") + 7
    data[at : at + 5] = bytes([2, 0, 118, 0, 59])
    (work.folder / "cm.jpg").write_bytes(data)
    for to in FORMATS:
        finished = work.job("-o", f"two.{to}", "--overwrite", image="two.png")
        assert finished.code == 0, finished.err
        assert near(dpi_of(work.folder / f"two.{to}"), (300, 150))
        assert near(dpi_of(job_of(work, None, f"cm-out.{to}", source="cm.jpg")[0]), (118 * 2.54, 59 * 2.54))
    output, _ = job_of(work, None, "cm-out.jpg", source="cm.jpg")
    at = output.read_bytes().index(b"JFIF\0") + 7
    assert output.read_bytes()[at : at + 5] == bytes([2, 0, 118, 0, 59])


@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "webp"])
@pytest.mark.parametrize("to", FORMATS)
def test_a_turned_picture_turns_its_resolution(work, ending, to):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.XResolution], exif[ExifTags.Base.YResolution], exif[ExifTags.Base.ResolutionUnit] = 300.0, 150.0, 2
    save(Image.fromarray(smooth()), work.folder / f"in.{ending}", exif=exif)
    work.save_mask(work.hole.T, "turned.png")
    finished = work.job("-o", f"out.{to}", image=f"in.{ending}", mask="turned.png")
    assert finished.code == 0, finished.err
    assert near(dpi_of(work.folder / f"out.{to}"), (150, 300))


def test_a_picture_without_resolution_gets_none(work):
    save(Image.fromarray(smooth()), work.folder / "in.png")
    for to in ("png", "jpg", "tif", "bmp"):
        finished = work.job("-o", f"out.{to}", image="in.png")
        assert finished.code == 0, finished.err
        with Image.open(work.folder / f"out.{to}") as picture:
            # Pillow says 72 dpi for a JPEG or a TIFF that doesn't say any.
            assert picture.info.get("jfif_unit", 0) == 0
            assert to in ("jpg", "tif") or "dpi" not in picture.info
            assert to != "tif" or not {282, 283, 296} & set(picture.tag_v2)
    finished = work.job("-o", "out.webp", image="in.png")
    with Image.open(work.folder / "out.webp") as picture:
        assert ExifTags.Base.XResolution not in picture.getexif()
