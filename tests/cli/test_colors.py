"""What PNG's chunks say about colours: it is carried, and the hole is painted in those colours."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, TiffImagePlugin

from format_files import save, smooth
from kept_files import FIXTURES, HOLE, chunks_of, job_of, pixels_of, warnings_of
from pictures import SRGB, load_tiff16, profile, save_png16

#: The colorants of Adobe RGB (1998) for D50, by its specification's annex.
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
COLOR_CHUNKS = ("cICP", "mDCV", "cLLI", "sRGB", "gAMA", "cHRM", "iCCP")
FILES = ["adobergbchrm.png", "cicp.png", "gama10.png", "gama22chrm.png", "srgb.png"]


@pytest.fixture
def work(work):
    work.options = ("--feather", "0", "--no-color-match")
    return work


def color_chunks(path):
    return [chunk for chunk in chunks_of(path) if chunk[0] in COLOR_CHUNKS]


def with_chunks(path, *chunks, source=FIXTURES / "srgb.png"):
    """Writes the picture of `source` with other chunks about its colours."""
    out = b"\x89PNG\r\n\x1a\n"
    for name, data in chunks_of(source):
        if name in COLOR_CHUNKS:
            continue
        for kind, content in [(name, data)] + (list(chunks) if name == "IHDR" else []):
            body = kind.encode() + content
            out += struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
    path.write_bytes(out)


@pytest.mark.parametrize("name", FILES)
def test_png_keeps_the_chunks(work, name):
    before = color_chunks(FIXTURES / name)
    assert before
    for options in ((), ("--no-metadata",), ("--outpaint", "0,16,0,0")):
        output, _ = job_of(work, name, "out.png", *options)
        assert color_chunks(output) == before
    assert color_chunks(job_of(work, name, "raw.png", "--no-composite")[0]) == []  # it is sRGB, whatever the picture was


@pytest.mark.parametrize("name", FILES)
def test_kept_pixels_stay(work, name):
    output, _ = job_of(work, name, "out.png")
    changed = (pixels_of(output) != pixels_of(FIXTURES / name)).any(axis=-1)
    assert changed[HOLE].any()
    changed[HOLE] = False
    assert not changed.any()


@pytest.mark.parametrize("name, primaries, gamma", [("adobergbchrm.png", ADOBE_RGB, 563 / 256), ("gama10.png", SRGB, 1.0)])
def test_chunks_work_as_a_profile_does(work, name, primaries, gamma):
    """The hole is that of the same picture with an embedded profile instead, and not that of an sRGB picture."""
    output, _ = job_of(work, name, "out.png")
    save(Image.fromarray(pixels_of(FIXTURES / name)), work.folder / "profile.png", icc=profile(primaries, gamma))
    expected = pixels_of(job_of(work, None, "expected.png", source="profile.png")[0]).astype(int)
    as_srgb = pixels_of(job_of(work, "srgb.png", "srgb.png")[0]).astype(int)
    after = pixels_of(output).astype(int)
    assert abs(after - expected)[HOLE].max() <= 1
    assert abs(after - as_srgb)[HOLE].max() > 8


@pytest.mark.parametrize("name", ["srgb.png", "gama22chrm.png"])
def test_srgb_stays_srgb(work, name):
    plain = work.folder / "plain.png"
    with_chunks(plain)
    expected = pixels_of(job_of(work, None, "expected.png", source="plain.png")[0])
    assert (pixels_of(job_of(work, name, "out.png")[0]) == expected).all()
    for ending in ("jpg", "webp", "tif", "bmp"):
        with Image.open(job_of(work, name, f"out.{ending}")[0]) as picture:
            assert "icc_profile" not in picture.info


@pytest.mark.parametrize("ending", ["jpg", "webp", "tif"])
@pytest.mark.parametrize("name, primaries, gamma", [("adobergbchrm.png", ADOBE_RGB, 563 / 256), ("gama10.png", SRGB, 1.0)])
def test_other_formats_get_a_profile(work, ending, name, primaries, gamma):
    """Pillow shows the result with its profile as it shows the picture with a profile that isn't ours."""
    output, _ = job_of(work, name, f"out.{ending}")
    with Image.open(output) as picture:
        icc = picture.info["icc_profile"]
    srgb = ImageCms.createProfile("sRGB")
    colors = Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 40, 3), dtype=np.uint8))
    shown = [
        np.asarray(ImageCms.profileToProfile(colors, ImageCms.ImageCmsProfile(io.BytesIO(data)), srgb)).astype(int)
        for data in (icc, profile(primaries, gamma))
    ]
    assert abs(shown[0] - shown[1]).max() <= 1
    assert abs(shown[0] - np.asarray(colors)).max() > 8
    again, _ = job_of(work, name, f"again.{ending}")
    assert again.read_bytes() == output.read_bytes()


def pq_light(code):
    """SMPTE ST 2084, in cd/m²."""
    power = np.asarray(code, dtype=float) ** (32 / 2523)
    return 10000 * (np.maximum(power - 3424 / 4096, 0) / (2413 / 128 - 2392 / 128 * power)) ** (16384 / 2610)


def test_pq_gets_a_warning_and_no_light_above_white(work):
    output, said = job_of(work, "cicp.png", "out.png")
    assert len(warnings_of(said, ["HDR"])) == 1 and "--format png" not in said
    light = pq_light(pixels_of(output)[HOLE] / 255)
    assert light.max() < 215 and light.mean() > 2  # an 8-bit step is 5 % there
    for ending in ("jpg", "tif"):
        path, said = job_of(work, "cicp.png", f"out.{ending}")
        assert len(warnings_of(said, ["HDR"])) == 1 and "--format png" in said
        with Image.open(path) as picture:
            assert picture.info["icc_profile"]


def test_a_hole_in_pq_has_the_pictures_primaries(work):
    """A picture of PQ and BT.2020 gets the hole of the same sRGB picture, converted by the standards' formulas."""
    grey = np.full((120, 160, 3), 128, dtype=np.uint8)
    save(Image.fromarray(grey), work.folder / "srgb.png")
    expected = pixels_of(job_of(work, None, "expected.png", source="srgb.png")[0])[HOLE] / 255
    # sRGB's mid grey in PQ, with white at 203 cd/m²
    codes = np.arange(65536) / 65535
    light = ((128 / 255 + 0.055) / 1.055) ** 2.4 * 203
    code = int(np.searchsorted(pq_light(codes), light))
    save_png16(work.folder / "plain16.png", np.full((120, 160, 3), code, dtype=np.uint16))
    with_chunks(work.folder / "pq.png", ("cICP", bytes([9, 16, 0, 1])), source=work.folder / "plain16.png")
    path, _ = job_of(work, None, "out.tif", source="pq.png")
    out = pq_light(load_tiff16(path)[HOLE] / 65535) / 203
    # BT.2020 to BT.709, ITU-R BT.2087
    to_709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
    linear = np.clip(out @ to_709.T, 0, 1)
    shown = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert abs(shown - expected).max() < 0.02


def test_cicp_goes_before_other_chunks(work):
    """Display P3 by cICP, beside a profile and a gamma that say otherwise: all are carried, and cICP counts."""
    icc = profile(SRGB, 1.0)
    save(Image.fromarray(pixels_of(FIXTURES / "srgb.png")), work.folder / "icc.png", icc=icc)
    embedded = next(chunk for chunk in chunks_of(work.folder / "icc.png") if chunk[0] == "iCCP")
    gamma, cicp = ("gAMA", (100000).to_bytes(4, "big")), ("cICP", bytes([12, 13, 0, 1]))
    for name, chunks in {"cicp": [cicp], "all": [cicp, gamma, embedded], "icc": [embedded],
                         "icc-gamma": [embedded, gamma], "plain": [],
                         "srgb-gamma": [("sRGB", b"\0"), gamma]}.items():  # fmt: skip
        with_chunks(work.folder / f"{name}.png", *chunks)
    out = {}
    for name in ("cicp", "all", "icc", "icc-gamma", "plain", "srgb-gamma"):
        path, said = job_of(work, None, f"{name}-out.png", source=f"{name}.png")
        out[name] = pixels_of(path)
        assert sorted(c[0] for c in color_chunks(path)) == sorted(c[0] for c in color_chunks(work.folder / f"{name}.png"))
        assert not warnings_of(said, ["cICP", "gAMA"])
    assert (out["all"] == out["cicp"]).all() and (out["icc-gamma"] == out["icc"]).all()
    assert (out["srgb-gamma"] == out["plain"]).all()
    assert (out["cicp"] != out["plain"]).any() and (out["icc"] != out["cicp"]).any()
    with Image.open(work.folder / "all-out.png") as picture:
        assert picture.info["icc_profile"] == icc


def test_chunks_that_cannot_be_used_are_told(work):
    with_chunks(work.folder / "narrow.png", ("cICP", bytes([1, 13, 0, 0])))
    path, said = job_of(work, None, "narrow-out.png", source="narrow.png")
    assert len(warnings_of(said, ["cICP"])) == 1 and color_chunks(path) == color_chunks(work.folder / "narrow.png")
    with_chunks(work.folder / "zero.png", ("gAMA", bytes(4)))
    path, said = job_of(work, None, "zero-out.png", source="zero.png")
    assert len(warnings_of(said, ["gAMA"])) == 1 and color_chunks(path) == []
    hdr = [("cICP", bytes([9, 16, 0, 1])), ("mDCV", bytes(range(24))), ("cLLI", bytes(8))]
    with_chunks(work.folder / "hdr.png", *hdr)
    assert color_chunks(job_of(work, None, "hdr-out.png", source="hdr.png")[0]) == hdr
    assert len(warnings_of(job_of(work, None, "hdr-out.jpg", source="hdr.png")[1], ["mDCV, cLLI"])) == 1


def test_grey_pictures_have_curves_too(work):
    grey = Image.fromarray(np.tile(np.arange(160, dtype=np.uint8), (120, 1)))
    grey.save(work.folder / "grey.png")
    with_chunks(work.folder / "linear.png", ("gAMA", (100000).to_bytes(4, "big")), source=work.folder / "grey.png")
    out = [np.asarray(Image.open(job_of(work, None, f"{name}-out.png", source=f"{name}.png")[0])) for name in ("grey", "linear")]
    assert out[0].ndim == 2 and abs(out[0].astype(int) - out[1])[HOLE].max() > 8


def test_a_tiffs_own_tags_work_as_a_profile_does(work):
    """WhitePoint, PrimaryChromaticities and TransferFunction of TIFF 6.0, section 20."""
    picture = Image.fromarray(pixels_of(FIXTURES / "srgb.png"))
    curve = [round((i / 255) ** (563 / 256) * 65535) for i in range(256)]
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, kind, values in ((318, 5, (0.3127, 0.329)), (319, 5, (0.64, 0.33, 0.21, 0.71, 0.15, 0.06)), (301, 3, curve * 3)):
        tags.tagtype[tag] = kind
        tags[tag] = tuple(values)
    picture.save(work.folder / "tags.tif", tiffinfo=tags)
    save(picture, work.folder / "icc.tif", icc=profile(ADOBE_RGB, 563 / 256))
    save(picture, work.folder / "plain.tif")
    out = {name: job_of(work, None, f"{name}-out.tif", source=f"{name}.tif")[0] for name in ("tags", "icc", "plain")}
    tagged, expected, plain = (pixels_of(path).astype(int)[HOLE] for path in out.values())
    assert abs(tagged - expected).max() <= 1 and abs(tagged - plain).max() > 8
    with Image.open(out["tags"]) as result:
        assert result.info["icc_profile"]


@pytest.mark.parametrize("ending", ["jpg", "webp"])
def test_adobe_rgb_by_exif_alone(work, ending):
    """Cameras say so by the Interoperability index, without a profile (DCF 2.0)."""
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ColorSpace] = 0xFFFF
    exif.get_ifd(ExifTags.IFD.Exif)[0xA005] = {1: "R03", 2: b"0100"}
    save(Image.fromarray(smooth()), work.folder / f"exif.{ending}", exif=exif)
    save(Image.fromarray(smooth()), work.folder / f"plain.{ending}")
    save(Image.fromarray(smooth()), work.folder / f"icc.{ending}", icc=profile(ADOBE_RGB, 563 / 256))
    out = {}
    for name in ("exif", "plain", "icc"):
        finished = work.job("-o", f"{name}-out.png", image=f"{name}.{ending}")
        assert finished.code == 0, finished.err
        out[name] = pixels_of(work.folder / f"{name}-out.png").astype(int)[work.hole]
    assert abs(out["exif"] - out["icc"]).max() <= 1 and abs(out["exif"] - out["plain"]).max() > 4
    with Image.open(work.folder / "exif-out.png") as picture:
        assert picture.info["icc_profile"]
