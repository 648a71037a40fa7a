"""Makes 24-megapixel pictures and their masks, for the memory test and the time benchmark."""

import numpy as np
from PIL import ExifTags, Image, ImageFilter

from pictures import DISPLAY_P3, profile

SIDES = (6000, 4000)
#: Each case's picture and mask.
CASES = {
    "smooth": ("large.jpg", "large-mask.png"),
    "noisy": ("noisy.jpg", "large-mask.png"),
    "telephone": ("camera.jpg", "camera-mask.jpg"),
    "stroke": ("large.jpg", "stroke-mask.png"),
    "PNG": ("large.png", "large-mask.png"),
    "TIFF": ("large.tif", "large-mask.png"),
}
SMALL = ("small.png", "small-mask.png")


def picture():
    """Draws waves, with a little noise on every eighth row, like a smooth photo."""
    width, height = SIDES
    x = np.sin(np.arange(width, dtype=np.float32) / 37) * 90
    y = np.cos(np.arange(height, dtype=np.float32) / 29)
    noise = np.random.default_rng(1).integers(0, 9, (height // 8, width, 3), dtype=np.uint8)
    pixels = np.repeat((np.outer(y, x) + 120).astype(np.uint8)[..., None], 3, axis=2)
    pixels[::8] += noise
    return Image.fromarray(pixels)


def noisy(image):
    """Adds noise like a camera's at high sensitivity, which takes three times the bits."""
    noise = np.random.default_rng(2).normal(0, 8, (SIDES[1] // 8, SIDES[0], 3)).astype(np.int8)
    pixels = np.asarray(image).astype(np.int16)
    pixels += np.tile(noise, (8, 1, 1))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def write_all(folder):
    """Writes every picture and mask of CASES and SMALL."""
    large = picture()
    large.save(folder / "large.jpg", quality=92)
    noisy(large).save(folder / "noisy.jpg", quality=93)
    large.save(folder / "large.png", compress_level=1)
    large.save(folder / "large.tif", compression="tiff_lzw")
    large.crop((0, 0, 128, 128)).save(folder / "small.png")
    mask = np.zeros(SIDES[::-1], np.uint8)
    mask[1500:2300, 2500:3500] = 255
    Image.fromarray(mask).save(folder / "large-mask.png", compress_level=1)
    Image.fromarray(mask[1450:1578, 2450:2578]).save(folder / "small-mask.png")
    # This stroke runs from corner to corner, nine pixels wide, so the region is nearly the whole picture.
    stroke = np.zeros(SIDES[::-1], np.uint8)
    for x in range(SIDES[0]):
        y = x * (SIDES[1] - 9) // SIDES[0]
        stroke[y : y + 9, x] = 255
    Image.fromarray(stroke).save(folder / "stroke-mask.png", compress_level=1)
    # A phone stores an upright picture on its side, with its own colour profile; this mask is painted softly.
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    large.save(folder / "camera.jpg", quality=92, exif=exif, icc_profile=profile(DISPLAY_P3))
    painted = Image.fromarray(mask).filter(ImageFilter.GaussianBlur(12))
    painted.transpose(Image.Transpose.ROTATE_270).save(folder / "camera-mask.jpg", quality=80)
