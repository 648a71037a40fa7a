"""EXIF, XMP and what made a result, in every format, checked with Pillow and exiftool."""

import io
import json
import shutil
import subprocess

import numpy as np
import pytest
from PIL import ExifTags, Image

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
