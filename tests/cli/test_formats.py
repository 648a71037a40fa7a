"""Formats, depths, orientations, colour profiles and metadata, checked with Pillow, not with the program's own reader."""

import io
import json
import shutil
import subprocess

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, ImageOps, PngImagePlugin

from conftest import HEIGHT, WIDTH, load
from pictures import DISPLAY_P3, SRGB, load_png16, profile, save_png16

ENDINGS = ["png", "jpg", "webp", "tif"]
#: What a result is, by its input.
RESULT = {"png": "png", "jpg": "jpg", "webp": "webp", "tif": "png"}
XMP = b'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><a b="c"/></x:xmpmeta><?xpacket end="w"?>'


@pytest.fixture
def work(work):
    """Without the feather, so that the hole is all that may change."""
    work.options = ("--feather", "0")
    return work


def save(picture, path, exif=None, icc=None, xmp=None):
    """Losslessly, but for JPEG."""
    more = {}
    if path.suffix == ".webp":
        more["lossless"] = True
    if path.suffix == ".jpg":
        more["quality"] = 95
    if exif is not None:
        more["exif"] = exif
    if icc is not None:
        more["icc_profile"] = icc
    if xmp is not None and path.suffix == ".png":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp.decode())
        more["pnginfo"] = info
    elif xmp is not None and path.suffix == ".tif":
        more["tiffinfo"] = {700: xmp}
    elif xmp is not None:
        more["xmp"] = xmp
    picture.save(path, **more)


def with_exif(orientation=1):
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Maker"
    exif[ExifTags.Base.Orientation] = orientation
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ISOSpeedRatings] = 320
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExifImageWidth] = 9
    return exif


def result_of(work, finished):
    assert finished.code == 0, finished.err
    return work.folder / finished.out.decode().strip()


def smooth():
    """A picture that JPEG keeps well."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([x * 3 + 20, y * 4 + 30, 200 - x - y], axis=-1).astype(np.uint8)


def kept(work, ending):
    """Where nothing may change: with JPEG outside the 16x16 blocks that the hole lies in, and the pixel around them that
    takes part in their colours."""
    if ending != "jpg":
        return ~work.hole
    rows, columns = np.nonzero(work.hole)
    touched = np.zeros_like(work.hole)
    top, left = max(rows.min() // 16 * 16 - 1, 0), max(columns.min() // 16 * 16 - 1, 0)
    touched[top : (rows.max() // 16 + 1) * 16 + 1, left : (columns.max() // 16 + 1) * 16 + 1] = True
    return ~touched


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(work, ending, orientation):
    upright = Image.fromarray(smooth())
    turn = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's transpositions that undo it
    stored = upright.transpose(Image.Transpose(turn[orientation])) if orientation > 1 else upright
    path = work.folder / f"in.{ending}"
    if ending == "tif":
        stored.save(path, tiffinfo={274: orientation, 271: "Maker"})
    else:
        save(stored, path, exif=with_exif(orientation))
    with Image.open(path) as picture:
        seen = np.asarray(ImageOps.exif_transpose(picture))
    assert seen.shape == (HEIGHT, WIDTH, 3)
    output = result_of(work, work.job(image=path.name))
    with Image.open(output) as picture:
        exif = picture.getexif()
        assert exif.get(ExifTags.Base.Orientation, 1) == 1
        assert exif[ExifTags.Base.Make] == "Maker"
        if ending != "tif":
            inner = exif.get_ifd(ExifTags.IFD.Exif)
            assert inner[ExifTags.Base.ISOSpeedRatings] == 320 and inner[ExifTags.Base.ExifImageWidth] == WIDTH
        after = np.asarray(picture.convert("RGB"))
    assert after.shape == seen.shape
    changed = abs(after.astype(int) - seen)
    # A turned JPEG is encoded anew as a whole, with its own tables.
    assert changed[kept(work, ending)].max() <= (0 if ending != "jpg" or orientation == 1 else 6)


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_mask_is_turned_as_the_picture_is(work, orientation):
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
    after = load_png16(result_of(work, work.job(image="deep.tif")))
    assert np.array_equal(after[~work.hole][:, 0], pixels[~work.hole])


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
    assert output.name == "in-inpainted.png"
    with Image.open(output) as after:
        before = picture.convert("L") if mode == "1" else picture
        assert after.mode == before.mode
        assert np.array_equal(np.asarray(after)[~work.hole], np.asarray(before)[~work.hole])


def test_tiffs_that_are_refused(work):
    Image.fromarray(work.pixels).convert("CMYK").save(work.folder / "cmyk.tif")
    result = work.job(image="cmyk.tif")
    assert result.code == 3 and "CMYK" in result.err
    Image.fromarray(work.pixels[..., 0].astype(np.float32)).save(work.folder / "float.tif")
    result = work.job(image="float.tif")
    assert result.code == 3 and "floating-point" in result.err
    assert work.job("-o", "out.tif").code == 2


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
    """As the same picture in sRGB is painted, once both are seen in sRGB."""
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
    assert abs(raw - plain)[work.hole].mean() > 20  # that they differ at all without the profile


def test_16_bits_with_a_profile(work):
    """The deep path of the conversion, and grey."""
    pixels = np.random.default_rng(4).integers(0, 65536, (HEIGHT, WIDTH), dtype=np.uint16)
    Image.fromarray(pixels).save(work.folder / "grey.tif", icc_profile=profile(None, 1.8))
    output = result_of(work, work.job(image="grey.tif"))
    after = load_png16(output)
    assert after.shape == (HEIGHT, WIDTH, 1)
    assert np.array_equal(after[~work.hole][:, 0], pixels[~work.hole])
    with Image.open(output) as picture:
        assert picture.info["icc_profile"] == profile(None, 1.8)


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


def test_srgb_with_a_profile_is_worked_on_as_it_is(work):
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


# --- EXIF, XMP, what made it --------------------------------------------------------------------------------------------


def xmp_of(path):
    with Image.open(path) as picture:
        xmp = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp")
    return xmp.encode() if isinstance(xmp, str) else xmp


@pytest.mark.parametrize("ending", ENDINGS)
def test_xmp_is_kept(work, ending):
    save(Image.fromarray(smooth()), work.folder / f"in.{ending}", xmp=XMP)
    assert xmp_of(result_of(work, work.job(image=f"in.{ending}"))) == XMP


def made_by(path):
    """What the file says made it: PNG text or EXIF's UserComment."""
    with Image.open(path) as picture:
        if picture.format == "PNG":
            return picture.text.get("zimage-inpaint")
        comment = picture.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment)
    if comment is None or not comment.strip(b"\0"):
        return None
    assert comment.startswith(b"ASCII\0\0\0")
    return comment[8:].decode("ascii")


@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
@pytest.mark.parametrize("exif", [None, with_exif()])
def test_the_result_says_what_made_it(work, ending, exif):
    save(Image.fromarray(smooth()), work.folder / f"in.{ending}", exif=exif)
    output = result_of(work, work.job(image=f"in.{ending}"))
    assert json.loads(made_by(output))["options"]["seed"] == 7
    plain = result_of(work, work.job("--no-metadata", "-o", f"plain.{ending}", image=f"in.{ending}"))
    assert made_by(plain) is None
    for path in (output, plain):
        with Image.open(path) as picture:
            assert picture.getexif().get(ExifTags.Base.Make) == (None if exif is None else "Maker")
    # Worked on again, it says what made it now, once.
    again = result_of(work, work.job("--seed", "8", image=output.name))
    assert json.loads(made_by(again))["options"]["seed"] == 8
    assert made_by(result_of(work, work.job("--no-metadata", "-o", f"bare.{ending}", image=output.name))) is None


@pytest.mark.parametrize("ending", ["jpg", "webp"])
def test_replay_and_skip_existing_read_exif(work, ending):
    save(Image.fromarray(smooth()), work.folder / f"in.{ending}")
    output = result_of(work, work.job(image=f"in.{ending}"))
    result = work.run("--replay", output.name, "-o", f"again.{ending}")
    assert result.code == 0, result.err
    assert (work.folder / f"again.{ending}").read_bytes() == output.read_bytes()
    assert "skipped" in work.job("--skip-existing", image=f"in.{ending}").err
    other = work.job("--skip-existing", "--steps", "3", image=f"in.{ending}")
    assert other.code == 2 and "other parameters" in other.err


def test_a_persons_own_comment_gives_way_unless_told_otherwise(work):
    exif = with_exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = b"ASCII\0\0\0my cat"
    save(Image.fromarray(smooth()), work.folder / "in.webp", exif=exif)
    result = work.job(image="in.webp")
    assert "EXIF comment" in result.err and made_by(result_of(work, result)).startswith("{")
    kept = result_of(work, work.job("--no-metadata", "-o", "kept.webp", image="in.webp"))
    assert made_by(kept) == "my cat"


def test_a_thumbnail_of_the_old_picture_goes(work):
    exif = with_exif()
    small = io.BytesIO()
    Image.fromarray(smooth()).resize((16, 12)).save(small, "JPEG")
    thumbnail = small.getvalue()
    block = exif.tobytes()
    # A second directory behind the block's end, with the thumbnail after it.
    prefix, body = block[:6], bytearray(block[6:])
    order = "little" if body[:2] == b"II" else "big"
    first = int.from_bytes(body[4:8], order)
    next_at = first + 2 + 12 * int.from_bytes(body[first : first + 2], order)
    at = len(body)
    entries = [(0x0201, at + 2 + 24 + 4), (0x0202, len(thumbnail))]
    body[next_at : next_at + 4] = at.to_bytes(4, order)
    body += (2).to_bytes(2, order)
    for tag, value in entries:
        body += tag.to_bytes(2, order) + (4).to_bytes(2, order) + (1).to_bytes(4, order) + value.to_bytes(4, order)
    body += bytes(4) + thumbnail
    save(Image.fromarray(smooth()), work.folder / "in.png", exif=bytes(prefix + body))
    assert thumbnail in (work.folder / "in.png").read_bytes()
    output = result_of(work, work.job(image="in.png"))
    assert thumbnail not in output.read_bytes()
    with Image.open(output) as picture:
        assert picture.getexif()[ExifTags.Base.Make] == "Maker"


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("ending", ENDINGS)
def test_exiftool_finds_nothing_wrong(work, ending):
    path = work.folder / f"in.{ending}"
    save(Image.fromarray(smooth()), path, exif=with_exif(6) if ending != "tif" else None, icc=profile(DISPLAY_P3), xmp=XMP)
    mask = np.ones((WIDTH, HEIGHT), dtype=bool) if ending != "tif" else work.hole
    work.save_mask(mask, "m.png")
    output = result_of(work, work.job(image=path.name, mask="m.png"))
    told = json.loads(subprocess.run(["exiftool", "-j", "-n", "-validate", "-warning", "-error", "-Orientation",
                                      "-Make", "-ProfileDescription", "-ImageWidth", str(output)],
                                     stdout=subprocess.PIPE, check=True).stdout)[0]
    assert told.get("Error") is None and told.get("Orientation", 1) == 1
    assert told["ProfileDescription"] == "test profile"
    assert told["ImageWidth"] == (HEIGHT if ending != "tif" else WIDTH)


# --- The report ----------------------------------------------------------------------------------------------------------


def test_a_lossy_file_encoded_whole_says_how_much_it_changed(work):
    result = work.job("--json", "--format", "jpeg", "--quality", "40")
    report = json.loads(result.out)
    after = load(work.folder / "picture-inpainted.jpg").astype(int)
    expected = abs(after - work.pixels)[~work.hole].mean()
    assert abs(report["mean_change_outside_mask"] - expected) < 1e-9 and expected > 0
    assert "on average" in result.err
    exact = work.job("--json", "-o", "exact.webp")
    assert "mean_change_outside_mask" not in json.loads(exact.out) and "on average" not in exact.err


def test_the_report_is_about_the_original(work):
    save(Image.fromarray(smooth()), work.folder / "in.png", icc=profile(DISPLAY_P3))
    report = json.loads(work.job("--json", image="in.png").out)
    after = load(work.folder / "in-inpainted.png")
    assert report["changed_pixels"] == int((after != smooth()).any(axis=-1).sum()) > 0
    assert report["max_change_outside_mask"] == 0
