"""Formats, depths, orientations and colour profiles, checked with Pillow rather than the program's own reader."""

import io
import json
import shutil
import struct
import subprocess

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, ImageOps

from conftest import HEIGHT, WIDTH, load
from format_files import ENDINGS, kept, result_of, save, smooth, with_exif, work
from pictures import DISPLAY_P3, SRGB, load_png16, load_tiff16, profile, save_png16, save_tiff16


#: One level of luma and of both chromas changes blue by at most this many levels.
TURNED = 3


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(work, ending, orientation):
    upright = Image.fromarray(smooth())
    turn = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's transpositions that undo the orientation
    stored = upright.transpose(Image.Transpose(turn[orientation])) if orientation > 1 else upright
    path = work.folder / f"in.{ending}"
    save(stored, path, exif=with_exif(orientation))
    with Image.open(path) as picture:
        seen = np.asarray(ImageOps.exif_transpose(picture))
    assert seen.shape == (HEIGHT, WIDTH, 3)
    result = work.job(image=path.name)
    assert "encoded anew" not in result.err
    output = result_of(work, result)
    with Image.open(output) as picture:
        exif = picture.getexif()
        assert exif.get(ExifTags.Base.Orientation, 1) == 1
        assert exif[ExifTags.Base.Make] == "Maker"
        inner = exif.get_ifd(ExifTags.IFD.Exif)
        assert inner[ExifTags.Base.ISOSpeedRatings] == 320 and inner[ExifTags.Base.ExifImageWidth] == WIDTH
        after = np.asarray(picture.convert("RGB"))
    assert after.shape == seen.shape
    changed = abs(after.astype(int) - seen)
    # A JPEG's coefficients are rotated, and decoders round rotated ones differently.
    assert changed[kept(work, ending)].max() <= (0 if ending != "jpg" or orientation == 1 else TURNED)


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_mask_is_rotated_like_the_picture(work, orientation):
    turned = Image.open(work.folder / "mask.png").transpose(Image.Transpose({3: 3, 6: 2}[orientation]))
    save(turned, work.folder / "turned.png", exif=with_exif(orientation))
    assert work.job("-o", "a.png").code == 0
    assert work.job("-o", "b.png", mask="turned.png").code == 0
    assert np.array_equal(load(work.folder / "a.png"), load(work.folder / "b.png"))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bits_are_kept(work, channels):
    generator = np.random.default_rng(2)
    pixels = generator.integers(0, 65536, (HEIGHT, WIDTH, channels), dtype=np.uint16)
    save_png16(work.folder / "deep.png", pixels if channels > 1 else pixels[..., 0])
    after = load_png16(result_of(work, work.job(image="deep.png")))
    assert after.shape == pixels.shape
    assert np.array_equal(after[~work.hole], pixels[~work.hole])
    assert (after[work.hole] != pixels[work.hole]).any()


def test_16_bit_grey_tiff(work):
    pixels = np.random.default_rng(3).integers(0, 65536, (HEIGHT, WIDTH), dtype=np.uint16)
    Image.fromarray(pixels).save(work.folder / "deep.tif", compression="tiff_lzw")
    with Image.open(result_of(work, work.job(image="deep.tif"))) as picture:
        assert picture.mode == "I;16" and picture.info["compression"] == "tiff_lzw"
        after = np.asarray(picture)
    assert np.array_equal(after[~work.hole], pixels[~work.hole])
    assert (after[work.hole] != pixels[work.hole]).any()


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("order", "<>")
def test_16_bits_are_kept_in_tiff(work, channels, order):
    pixels = np.random.default_rng(6).integers(0, 65536, (HEIGHT, WIDTH, channels), dtype=np.uint16)
    save_tiff16(work.folder / "deep.tif", pixels, order)
    assert np.array_equal(load_tiff16(work.folder / "deep.tif"), pixels)
    save_png16(work.folder / "deep.png", pixels if channels > 1 else pixels[..., 0])
    same = work.job("-o", "a.tif", image="deep.tif")
    assert "16 bits" not in same.err
    for output in (result_of(work, same), result_of(work, work.job("-o", "b.tif", image="deep.png"))):
        after = load_tiff16(output)
        assert after.shape == pixels.shape
        assert np.array_equal(after[~work.hole], pixels[~work.hole])
        assert (after[work.hole] != pixels[work.hole]).any()


def test_bmp_keeps_8_of_16_bits_and_says_so(work):
    pixels = np.random.default_rng(6).integers(0, 65536, (HEIGHT, WIDTH, 3), dtype=np.uint16)
    save_png16(work.folder / "deep.png", pixels)
    result = work.job("--json", "-o", "out.bmp", image="deep.png")
    assert "16 bits" in result.err and result.code == 0
    after = load(work.folder / "out.bmp")
    assert np.array_equal(after[~work.hole], ((pixels.astype(int) + 128) // 257)[~work.hole])
    report = json.loads(result.out)
    assert report["max_change_outside_mask"] == 0  # at 8 bits
    changed = (after != (pixels.astype(int) + 128) // 257).any(axis=-1)
    assert report["changed_pixels"] == np.count_nonzero(changed) > 0


@pytest.mark.parametrize("ending", ["png", "tif", "bmp"])
def test_a_palette_becomes_rgb(work, ending):
    picture = Image.fromarray(work.pixels).quantize(40)
    picture.save(work.folder / f"palette.{ending}")
    output = result_of(work, work.job(image=f"palette.{ending}"))
    with Image.open(output) as after:
        assert after.mode == "RGB"
        assert np.array_equal(np.asarray(after)[~work.hole], np.asarray(picture.convert("RGB"))[~work.hole])


def test_a_palette_with_transparency_becomes_rgba(work):
    picture = Image.fromarray(work.pixels).quantize(40)
    picture.save(work.folder / "palette.png", transparency=bytes(range(0, 240, 6)))
    with Image.open(work.folder / "palette.png") as stored:
        before = np.asarray(stored.convert("RGBA"))
    after = load(result_of(work, work.job(image="palette.png")))
    assert after.shape[2] == 4 and np.array_equal(after[~work.hole], before[~work.hole])


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "1"])
def test_tiff_modes(work, mode):
    picture = Image.fromarray(work.pixels).convert(mode)
    picture.save(work.folder / "in.tif", compression="tiff_deflate")
    output = result_of(work, work.job(image="in.tif"))
    assert output.name == "in-inpainted.tif"
    with Image.open(output) as after:
        before = picture.convert("L") if mode == "1" else picture
        assert after.mode == before.mode and after.info["compression"] == "tiff_adobe_deflate"
        assert np.array_equal(np.asarray(after)[~work.hole], np.asarray(before)[~work.hole])


def test_unsupported_tiffs_are_refused(work):
    Image.fromarray(work.pixels).convert("CMYK").save(work.folder / "cmyk.tif")
    result = work.job(image="cmyk.tif")
    assert result.code == 3 and "CMYK" in result.err
    Image.fromarray(work.pixels[..., 0].astype(np.float32)).save(work.folder / "float.tif")
    result = work.job(image="float.tif")
    assert result.code == 3 and "floating-point" in result.err


# Maps Pillow's names to the result's compression: lossless ones stay, others become deflate.
COMPRESSIONS = {"raw": "raw", "packbits": "packbits", "tiff_lzw": "tiff_lzw", "tiff_adobe_deflate": "tiff_adobe_deflate",
                "tiff_deflate": "tiff_adobe_deflate", "jpeg": "tiff_adobe_deflate", "zstd": "tiff_adobe_deflate"}  # fmt: skip


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_tiff_keeps_its_compression(work, compression):
    path = work.folder / "in.tif"
    Image.fromarray(smooth()).save(path, compression=compression, dpi=(300, 200))
    output = result_of(work, work.job(image="in.tif"))
    with Image.open(output) as picture:
        assert picture.info["compression"] == COMPRESSIONS[compression] and picture.info["dpi"] == (300, 200)
        picture.load()
        assert np.array_equal(np.asarray(picture)[~work.hole], load(path)[~work.hole])
    again = result_of(work, work.job("-o", "again.tif", image="in.tif"))
    assert again.read_bytes() == output.read_bytes()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA"])
def test_bmp_modes(work, mode):
    picture = Image.fromarray(work.pixels).convert("RGB" if mode == "RGBA" else mode)
    if mode == "RGBA":
        picture.putalpha(Image.fromarray(work.pixels[..., 1]))
    stored = "in.png" if mode in ("LA", "RGBA") else "in.bmp"  # Pillow writes no alpha into BMP
    picture.save(work.folder / stored)
    output = result_of(work, work.job("-o", "out.bmp", image=stored))
    with Image.open(output) as after:
        assert after.format == "BMP" and after.mode == {"1": "L", "LA": "RGBA"}.get(mode, mode)
        before = picture.convert(after.mode)
        assert np.array_equal(np.asarray(after)[~work.hole], np.asarray(before)[~work.hole])
    again = result_of(work, work.job("-o", "again.bmp", image="out.bmp"))
    with Image.open(again) as after:
        assert after.mode == before.mode
        assert np.array_equal(np.asarray(after)[~work.hole], np.asarray(before)[~work.hole])


def bmp_profile(path):
    """Returns the profile that the BITMAPV5HEADER says is embedded."""
    data = path.read_bytes()
    assert data[:2] == b"BM" and struct.unpack_from("<I", data, 2) == (len(data),)
    if struct.unpack_from("<I", data, 14)[0] < 124 or data[70:74] != b"DEBM":
        return None
    at, size = struct.unpack_from("<II", data, 126)
    return data[14 + at : 14 + at + size]


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_bmp_keeps_a_profile(work, mode):
    icc = profile(None, 1.8) if mode in ("L", "LA") else profile(DISPLAY_P3)
    picture = Image.fromarray(smooth()).convert(mode)
    save(picture, work.folder / "in.png", icc=icc)
    output = result_of(work, work.job("-o", "a.bmp", image="in.png"))
    # A grey profile doesn't fit RGBA.
    assert bmp_profile(output) == (None if mode == "LA" else icc)
    if mode == "LA":
        return
    again = result_of(work, work.job(image="a.bmp"))
    assert again.name == "a-inpainted.bmp" and bmp_profile(again) == icc
    for path in (output, again):
        assert np.array_equal(load(path)[~work.hole], np.asarray(picture)[~work.hole])
        if shutil.which("exiftool"):
            said = subprocess.run(["exiftool", "-s3", "-ProfileDescription", str(path)], stdout=subprocess.PIPE, check=True)
            assert said.stdout == b"test profile\n"
    painted = result_of(work, work.job("-o", "b.png", image="in.png"))
    assert np.array_equal(load(output), load(painted))


def test_a_tiff_of_several_pages(work):
    pages = [Image.fromarray(work.pixels), Image.fromarray(255 - work.pixels)]
    pages[0].save(work.folder / "pages.tif", save_all=True, append_images=pages[1:])
    result = work.job(image="pages.tif")
    assert "several pages" in result.err
    assert np.array_equal(load(result_of(work, result))[~work.hole], work.pixels[~work.hole])


# --- Colour profiles ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("primaries, gamma", [(DISPLAY_P3, 2.2), (SRGB, 1.0)])
def test_a_profile_is_kept_and_so_are_the_pixels(work, ending, primaries, gamma):
    icc = profile(primaries, gamma)
    save(Image.fromarray(smooth()), work.folder / f"in.{ending}", icc=icc)
    before = load(work.folder / f"in.{ending}").astype(int)
    output = result_of(work, work.job(image=f"in.{ending}"))
    with Image.open(output) as picture:
        assert picture.info["icc_profile"] == icc
    after = load(output).astype(int)
    assert abs(after - before)[kept(work, ending)].max() == 0
    assert (after[work.hole] != before[work.hole]).any()


def test_the_hole_is_painted_in_the_colours_of_the_profile(work):
    """The result equals that of the same picture in sRGB, once both are converted to sRGB."""
    icc = profile(SRGB, 1.0)
    pixels = smooth()
    srgb = Image.fromarray(pixels)
    linear = ImageCms.profileToProfile(srgb, ImageCms.createProfile("sRGB"), ImageCms.getOpenProfile(io.BytesIO(icc)))
    save(srgb, work.folder / "srgb.png")
    save(linear, work.folder / "linear.png", icc=icc)
    plain = load(result_of(work, work.job(image="srgb.png"))).astype(int)
    output = result_of(work, work.job(image="linear.png"))
    with Image.open(output) as picture:
        back = ImageCms.profileToProfile(picture, ImageCms.getOpenProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB"))
    seen = np.asarray(back).astype(int)
    raw = load(output).astype(int)
    assert abs(seen - plain)[work.hole].mean() < 3
    assert abs(raw - plain)[work.hole].mean() > 20  # without the profile they do differ


@pytest.mark.parametrize("feather", [0, 9])
def test_only_the_regions_are_converted_and_it_does_not_show(work, feather):
    """Uses two regions in a larger picture; the rest of the working copy stays empty."""
    icc = profile(SRGB, 1.0)
    srgb = Image.fromarray(np.tile(smooth(), (6, 8, 1)))
    linear = ImageCms.profileToProfile(srgb, ImageCms.createProfile("sRGB"), ImageCms.getOpenProfile(io.BytesIO(icc)))
    save(srgb, work.folder / "srgb.png")
    save(linear, work.folder / "linear.png", icc=icc)
    hole = np.zeros((srgb.height, srgb.width), dtype=bool)
    hole[0:20, 0:30] = hole[-30:-8, -40:-12] = True
    work.save_mask(hole, "holes.png")
    options = ("--crop", "auto", "--megapixels", "0.01", "--feather", str(feather))
    plain = load(result_of(work, work.job(*options, image="srgb.png", mask="holes.png"))).astype(int)
    result = work.job(*options, image="linear.png", mask="holes.png")
    assert "2 regions" in result.err
    output = result_of(work, result)
    with Image.open(output) as picture:
        back = ImageCms.profileToProfile(picture, ImageCms.getOpenProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB"))
    assert abs(np.asarray(back).astype(int) - plain)[hole].mean() < 3
    changed = (load(output) != np.asarray(linear)).any(axis=2)
    rows, columns = np.nonzero(changed & ~hole)
    assert changed[hole].any() and (len(rows) > 0) == (feather > 0)
    assert abs(np.asarray(back).astype(int) - plain)[changed].mean() < 3
    near = ((rows < 20 + feather) & (columns < 30 + feather)) | (
        (rows >= srgb.height - 30 - feather) & (columns >= srgb.width - 40 - feather)
    )
    assert near.all()


def test_a_crop_of_a_picture_with_a_profile_is_in_srgb(work):
    icc = profile(SRGB, 1.0)
    to_srgb = (ImageCms.getOpenProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB"))
    linear = Image.fromarray(np.tile(smooth(), (3, 3, 1)))
    save(linear, work.folder / "linear.png", icc=icc)
    work.save_mask(np.pad(work.hole, ((HEIGHT, HEIGHT), (WIDTH, WIDTH))), "hole.png")
    result = work.job("--crop", "auto", "--save-crop", "crop.png", "--json", image="linear.png", mask="hole.png")
    box = json.loads(result.out)["regions"][0]
    x, y = box["x"], box["y"]
    seen = ImageCms.profileToProfile(linear, *to_srgb).crop((x, y, x + box["width"], y + box["height"]))
    assert seen.size != linear.size
    assert abs(load(work.folder / "crop.png").astype(int) - np.asarray(seen)).max() <= 1


def test_16_bits_with_a_profile(work):
    """Tests the conversion at 16 bits, and in grey."""
    pixels = np.random.default_rng(4).integers(0, 65536, (HEIGHT, WIDTH), dtype=np.uint16)
    Image.fromarray(pixels).save(work.folder / "grey.tif", icc_profile=profile(None, 1.8))
    output = result_of(work, work.job(image="grey.tif"))
    with Image.open(output) as picture:
        assert picture.mode == "I;16" and picture.info["icc_profile"] == profile(None, 1.8)
        assert np.array_equal(np.asarray(picture)[~work.hole], pixels[~work.hole])


def test_a_grey_profile_that_is_lost_is_said(work):
    Image.fromarray(smooth()[..., 0]).save(work.folder / "grey.png", icc_profile=profile(None, 2.2))
    assert "warning: the result can't be grey" in work.job("--output", "out.webp", image="grey.png").err
    assert "can't be grey" not in work.job("--output", "out.tif", image="grey.png").err


def test_a_profile_with_alpha_as_the_mask(work):
    picture = Image.fromarray(smooth())
    picture.putalpha(Image.fromarray(np.where(work.hole, 0, 200).astype(np.uint8)))
    save(picture, work.folder / "cut.png", icc=profile(DISPLAY_P3))
    after = load(result_of(work, work.job(image="cut.png", mask="alpha")))
    assert (after[..., 3][work.hole] == 255).all()
    assert np.array_equal(after[~work.hole], np.asarray(picture)[~work.hole])


def test_a_profile_and_outpainting(work):
    icc = profile(DISPLAY_P3)
    save(Image.fromarray(smooth()), work.folder / "in.png", icc=icc)
    output = result_of(work, work.job("--outpaint", "16,0,0,16", image="in.png"))
    with Image.open(output) as picture:
        assert picture.size == (WIDTH + 16, HEIGHT + 16) and picture.info["icc_profile"] == icc
        inner = np.asarray(picture)[:HEIGHT, 16:]
    assert np.array_equal(inner[~work.hole], smooth()[~work.hole])


def test_a_raw_decode_is_srgb(work):
    save(Image.fromarray(smooth()), work.folder / "in.png", icc=profile(DISPLAY_P3))
    with Image.open(result_of(work, work.job("--no-composite", image="in.png"))) as picture:
        assert "icc_profile" not in picture.info


def test_srgb_with_a_profile_is_not_converted(work):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    save(Image.fromarray(work.pixels), work.folder / "srgb.png", icc=icc)
    output = result_of(work, work.job(image="srgb.png"))
    work.job()
    assert np.array_equal(load(output), load(work.folder / "picture-inpainted.png"))
    with Image.open(output) as picture:
        assert picture.info["icc_profile"] == icc


@pytest.mark.parametrize("icc, why", [(b"damaged" * 30, "damaged"), (profile(None), "grey")])
def test_a_profile_that_does_not_fit(work, icc, why):
    save(Image.fromarray(smooth()), work.folder / "in.webp", icc=icc)
    result = work.job(image="in.webp")
    assert "colour profile" in result.err and why in result.err
    output = result_of(work, result)
    assert np.array_equal(load(output)[~work.hole], smooth()[~work.hole])
    with Image.open(output) as picture:
        assert "icc_profile" not in picture.info


# --- JPEG coefficients --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("icc", [None, profile(DISPLAY_P3)], ids=["srgb", "p3"])
@pytest.mark.parametrize("whole", [True, False], ids=["all-scans", "scans-missing"])
def test_a_tall_jpeg_far_from_its_mask(work, icc, whole):
    """Rows far from the mask come from the source's coefficients, and from the picture where those can't be kept."""
    size = (64, 480)
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    picture = np.stack([x * 3 + 20, y * 200 // size[1] + 30, 255 - y * 180 // size[1]], axis=2).astype(np.uint8)
    path = work.folder / "tall.jpg"
    more = {"icc_profile": icc} if icc else {}
    Image.fromarray(picture).save(path, quality=92, progressive=not whole, **more)
    if not whole:
        data = path.read_bytes()
        scans = [i for i in range(len(data) - 1) if data[i : i + 2] == b"\xff\xda"]
        assert len(scans) > 5
        path.write_bytes(data[: scans[5]] + b"\xff\xd9")
    hole = np.zeros(size[::-1], bool)
    hole[200:230, 20:40] = True
    work.save_mask(hole, "tall-mask.png")
    before = load(path)
    done = work.job("--num-images", "2", "-o", "out.jpg", image="tall.jpg", mask="tall-mask.png")
    assert done.code == 0, done.err
    assert ("lacks scans" in done.err) == (not whole)
    for output in sorted(work.folder.glob("out*.jpg")):
        change = abs(load(output).astype(int) - before)
        far = np.ones(size[1], bool)
        far[160:272] = False
        assert change[far].max() == 0 if whole else change[far].mean() < 2
        assert change[hole].mean() > 5
    assert len(list(work.folder.glob("out*.jpg"))) == 2
