"""Writes picture files with metadata, and finds where a result must equal its picture. Used by test_formats.py and
test_metadata.py."""

import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from conftest import HEIGHT, WIDTH

ENDINGS = ["png", "jpg", "webp", "tif"]
XMP = b'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><a b="c"/></x:xmpmeta><?xpacket end="w"?>'


@pytest.fixture
def work(work):
    """Turns off the feather, so that only the hole may change."""
    work.options = ("--feather", "0")
    return work


def save(picture, path, exif=None, icc=None, xmp=None):
    """Saves a picture with metadata, losslessly except as JPEG."""
    more = {}
    if path.suffix == ".webp":
        more["lossless"] = True
    if path.suffix == ".jpg":
        more["quality"] = 95
    if path.suffix == ".tif" and (exif is not None or xmp is not None):
        more["exif"] = Image.Exif()
        # Pillow writes only directories that were read from bytes.
        more["exif"].load(exif.tobytes() if exif is not None else b"")
        if xmp is not None:
            more["exif"][700] = xmp
    elif exif is not None:
        more["exif"] = exif
    if icc is not None:
        more["icc_profile"] = icc
    if xmp is not None and path.suffix == ".png":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp.decode())
        more["pnginfo"] = info
    elif xmp is not None and path.suffix != ".tif":
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
    """Returns a picture that JPEG keeps well."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([x * 3 + 20, y * 4 + 30, 200 - x - y], axis=-1).astype(np.uint8)


def kept(work, ending):
    """Returns where nothing may change. With JPEG that is outside the 16x16 blocks that the hole touches and one pixel
    around them, which shares their colours."""
    if ending != "jpg":
        return ~work.hole
    rows, columns = np.nonzero(work.hole)
    touched = np.zeros_like(work.hole)
    top, left = max(rows.min() // 16 * 16 - 1, 0), max(columns.min() // 16 * 16 - 1, 0)
    touched[top : (rows.max() // 16 + 1) * 16 + 1, left : (columns.max() // 16 + 1) * 16 + 1] = True
    return ~touched
