"""EXIF, XMP and a result's provenance in every format, checked with Pillow and exiftool."""

import io
import json
import shutil
import subprocess

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from conftest import HEIGHT, WIDTH, load
from format_files import ENDINGS, XMP, kept, result_of, save, smooth, with_exif, work
from pictures import DISPLAY_P3, profile


def xmp_of(path):
    with Image.open(path) as picture:
        xmp = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp")
    return xmp.encode() if isinstance(xmp, str) else xmp


@pytest.mark.parametrize("ending", ENDINGS)
def test_xmp_is_kept(work, ending):
    save(Image.fromarray(smooth()), work.folder / f"in.{ending}", xmp=XMP)
    assert xmp_of(result_of(work, work.job(image=f"in.{ending}"))) == XMP


def made_by(path):
    """Returns the file's provenance, from PNG text or EXIF's UserComment."""
    with Image.open(path) as picture:
        if picture.format == "PNG":
            return picture.text.get("zimage-inpaint")
        comment = picture.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment)
    if comment is None or not comment.strip(b"\0"):
        return None
    assert comment.startswith(b"ASCII\0\0\0")
    return comment[8:].decode("ascii")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("exif", [None, with_exif()])
def test_the_result_holds_its_provenance(work, ending, exif):
    save(Image.fromarray(smooth()), work.folder / f"in.{ending}", exif=exif)
    output = result_of(work, work.job(image=f"in.{ending}"))
    assert json.loads(made_by(output))["options"]["seed"] == 7
    plain = result_of(work, work.job("--no-metadata", "-o", f"plain.{ending}", image=f"in.{ending}"))
    assert made_by(plain) is None
    for path in (output, plain):
        with Image.open(path) as picture:
            assert picture.getexif().get(ExifTags.Base.Make) == (None if exif is None else "Maker")
    # After a second run it has one provenance, the new one.
    again = result_of(work, work.job("--seed", "8", image=output.name))
    assert json.loads(made_by(again))["options"]["seed"] == 8
    assert made_by(result_of(work, work.job("--no-metadata", "-o", f"bare.{ending}", image=output.name))) is None


@pytest.mark.parametrize("ending", ["jpg", "webp", "tif"])
def test_replay_and_skip_existing_read_exif(work, ending):
    save(Image.fromarray(smooth()), work.folder / f"in.{ending}")
    output = result_of(work, work.job(image=f"in.{ending}"))
    result = work.run("--replay", output.name, "-o", f"again.{ending}")
    assert result.code == 0, result.err
    assert (work.folder / f"again.{ending}").read_bytes() == output.read_bytes()
    assert "skipped" in work.job("--skip-existing", image=f"in.{ending}").err
    other = work.job("--skip-existing", "--steps", "3", image=f"in.{ending}")
    assert other.code == 2 and "other parameters" in other.err


def test_bmp_acts_like_a_file_without_metadata(work):
    """It can't be replayed, and is skipped if it exists and is whole."""
    said = {}
    for ending, options in (("bmp", ()), ("jpg", ("--no-metadata",))):
        save(Image.fromarray(smooth()), work.folder / f"in.{ending}")
        job = dict(image=f"in.{ending}")
        output = result_of(work, work.job(*options, **job))
        replayed = work.run("--replay", output.name, "-o", f"again.{ending}")
        same = work.job(*options, "--skip-existing", **job)
        other = work.job(*options, "--skip-existing", "--steps", "3", **job)
        output.write_bytes(output.read_bytes()[:-300])
        damaged = work.job(*options, "--skip-existing", **job)
        said[ending] = [(run.code, run.err.replace(ending, "")) for run in (replayed, same, other, damaged)]
    assert said["bmp"][0][0] == 3 and "has no provenance" in said["bmp"][0][1]
    assert "skipped" in said["bmp"][1][1] and "skipped" in said["bmp"][2][1] and "skipped" not in said["bmp"][3][1]
    assert [code for code, _ in said["bmp"]] == [code for code, _ in said["jpg"]]


@pytest.mark.parametrize("exif, xmp, told", [(with_exif(), None, 1), (None, XMP, 1), (with_exif(), XMP, 1), (None, None, 0)])
def test_bmp_says_what_it_loses_once(work, exif, xmp, told):
    save(Image.fromarray(smooth()), work.folder / "in.webp", exif=exif, xmp=xmp)
    result = work.job("-o", "out.bmp", image="in.webp")
    names = [name for name, value in (("EXIF", exif), ("XMP", xmp)) if value is not None]
    assert result.code == 0 and result.err.count("lacks metadata of in.webp: " + ", ".join(names)) == told
    assert result.err.count("lacks") == told and result.err.count("EXIF") == (exif is not None)
    assert b"Maker" not in (work.folder / "out.bmp").read_bytes()


def test_tiff_keeps_gps_and_camera(work):
    exif = with_exif()
    exif[ExifTags.Base.XPTitle] = "a title".encode("utf-16-le")
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (47.0, 30.0, 15.5)
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    save(Image.fromarray(smooth()), work.folder / "in.jpg", exif=exif)
    first = result_of(work, work.job("-o", "out.tif", image="in.jpg"))
    for output in (first, result_of(work, work.job(image="out.tif"))):
        with Image.open(output) as picture:
            after = picture.getexif()
            assert after[ExifTags.Base.Make] == "Maker" and after[ExifTags.Base.Orientation] == 1
            assert after.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] == (47.0, 30.0, 15.5)
            assert after.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ISOSpeedRatings] == 320
            assert bytes(after[ExifTags.Base.XPTitle]).decode("utf-16-le").rstrip("\0") == "a title"


def test_a_users_comment_is_replaced_unless_metadata_is_off(work):
    exif = with_exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = b"ASCII\0\0\0my cat"
    save(Image.fromarray(smooth()), work.folder / "in.webp", exif=exif)
    result = work.job(image="in.webp")
    assert "EXIF comment" in result.err and made_by(result_of(work, result)).startswith("{")
    kept = result_of(work, work.job("--no-metadata", "-o", "kept.webp", image="in.webp"))
    assert made_by(kept) == "my cat"


def test_the_old_pictures_thumbnail_is_removed(work):
    exif = with_exif()
    small = io.BytesIO()
    Image.fromarray(smooth()).resize((16, 12)).save(small, "JPEG")
    thumbnail = small.getvalue()
    block = exif.tobytes()
    # This appends a second directory to the block, and the thumbnail after it.
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
    save(Image.fromarray(smooth()), path, exif=with_exif(6), icc=profile(DISPLAY_P3), xmp=XMP)
    work.save_mask(np.ones((WIDTH, HEIGHT), dtype=bool), "m.png")
    output = result_of(work, work.job(image=path.name, mask="m.png"))
    told = json.loads(subprocess.run(["exiftool", "-j", "-n", "-validate", "-warning", "-error", "-Orientation",
                                      "-Make", "-ProfileDescription", "-ImageWidth", str(output)],
                                     stdout=subprocess.PIPE, check=True).stdout)[0]
    assert told.get("Error") is None and told.get("Orientation", 1) == 1
    assert told["ProfileDescription"] == "test profile"
    assert told["ImageWidth"] == HEIGHT and told["Make"] == "Maker"


# --- The report ----------------------------------------------------------------------------------------------------------


def test_a_wholly_encoded_lossy_file_reports_its_change(work):
    result = work.job("--json", "--format", "jpeg", "--quality", "40")
    report = json.loads(result.out)
    after = load(work.folder / "picture-inpainted.jpg").astype(int)
    expected = abs(after - work.pixels)[~work.hole].mean()
    assert abs(report["mean_change_outside_mask"] - expected) < 1e-9 and expected > 0
    assert "on average" in result.err
    exact = work.job("--json", "-o", "exact.webp")
    assert "mean_change_outside_mask" not in json.loads(exact.out) and "on average" not in exact.err


def test_the_report_compares_with_the_original(work):
    save(Image.fromarray(smooth()), work.folder / "in.png", icc=profile(DISPLAY_P3))
    report = json.loads(work.job("--json", image="in.png").out)
    after = load(work.folder / "in-inpainted.png")
    assert report["changed_pixels"] == int((after != smooth()).any(axis=-1).sum()) > 0
    assert report["max_change_outside_mask"] == 0


@pytest.mark.parametrize("sides", [(40, 30), (400, 250)], ids=["small", "large"])
@pytest.mark.parametrize("orientation", [1, 3, 5, 6])
def test_the_report_of_a_jpeg_covers_all_of_it(work, orientation, sides):
    # Both holes are small parts of the picture, so most of what is compared lies far from them.
    generator = np.random.default_rng(orientation)
    stored = np.kron(generator.integers(0, 200, (36, 48, 3)), np.ones((16, 16, 1)))
    stored = (stored + generator.integers(0, 50, stored.shape)).astype(np.uint8)
    save(Image.fromarray(stored), work.folder / "in.jpg", exif=with_exif(orientation), icc=profile(DISPLAY_P3))
    with Image.open(work.folder / "in.jpg") as picture:
        before = np.asarray(ImageOps.exif_transpose(picture)).astype(int)
    mask = np.zeros(before.shape[:2], dtype=bool)
    mask[200 : 200 + sides[1], 100 : 100 + sides[0]] = True
    work.save_mask(mask, "m.png")
    result = work.job("--json", "--num-images", "2", "--save-mask", "effective.png", image="in.jpg", mask="m.png")
    kept = load(work.folder / "effective.png") == 0
    reports = [json.loads(line) for line in result.out.splitlines()]
    assert len(reports) == 2
    for report in reports:
        apart = abs(load(work.folder / report["output"]).astype(int) - before)
        assert report["changed_pixels"] == int(apart.any(axis=-1).sum())
        assert report["max_change_outside_mask"] == apart[kept].max()
        if orientation != 1:
            assert apart[kept].max() > 0
            assert abs(report["mean_change_outside_mask"] - apart[kept].mean()) < 1e-9
