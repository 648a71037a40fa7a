"""A table of pictures and masks such as people have, and checks for each result. Used by test_pictures.py."""

from dataclasses import dataclass, field

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps

from pictures import DISPLAY_P3, load_png16, load_tiff16, profile, save_png16, save_tiff16

#: Pillow's transpositions from the upright picture to the stored one, by orientation.
STORED = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
SRGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
P3_PROFILE = profile(DISPLAY_P3)
GREY_PROFILE = profile(None, 1.8)
XMP = b'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><a b="c"/></x:xmpmeta><?xpacket end="w"?>'


@dataclass
class Row:
    """One picture and its mask."""

    name: str
    size: tuple[int, int]  # width and height when upright
    ending: str
    mode: str = "RGB"  # Pillow's, or "RGB;16", "L;16", "RGBA;16", "LA;16"
    orientation: int = 1
    icc: bytes | None = None
    mask: str = "box"
    save: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)

    @property
    def deep(self):
        return self.mode.endswith(";16")


def pixels_of(row, generator):
    """Returns a picture that JPEG keeps well, with some noise: [H, W, 4] of 16 bits."""
    width, height = row.size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = [np.sin(x / 37 + k) * np.cos(y / 29 - k) for k in range(4)]
    smooth = np.stack(waves, axis=-1) * 14000 + 32768
    return np.clip(smooth + generator.normal(0, 300, smooth.shape), 0, 65535).astype(np.uint16)


def hole_of(row, generator):
    """Returns [H, W], true where the picture is to be repainted."""
    width, height = row.size
    hole = np.zeros((height, width), dtype=bool)
    if row.mask == "full":
        hole[:] = True
    elif row.mask == "pixel":
        hole[generator.integers(height), generator.integers(width)] = True
    elif row.mask == "noise":
        hole = generator.uniform(size=hole.shape) < 0.2
        hole[0, 0] = True
    elif row.mask == "strokes":
        for k in range(1, 8):
            y = (k * 7919) % height
            hole[y : y + k, width // 4 : 3 * width // 4 + 1] = True
            hole[height // 4 : 3 * height // 4 + 1, (k * 7907) % width : (k * 7907) % width + k] = True
    elif row.mask == "corners":
        side = max(1, min(width, height) // 12)
        hole[:side, :side] = hole[-side:, -side:] = True
    else:
        hole[height // 3 : max(height * 2 // 3, height // 3 + 1), width // 3 : max(width * 2 // 3, width // 3 + 1)] = True
    return hole


def picture_of(row, deep):
    """Returns the upright picture for Pillow to save."""
    eight = (deep >> 8).astype(np.uint8)
    if row.mode == "P":
        return Image.fromarray(eight[..., :3]).quantize(64)
    if row.mode == "PA":
        return Image.fromarray(eight[..., :3]).quantize(32)
    rgba = Image.fromarray(eight, "RGBA")
    return rgba.convert("RGB").convert(row.mode) if row.mode in ("1", "L", "RGB") else rgba.convert(row.mode)


def stored(picture, orientation):
    """Rotates the picture so that a reader that heeds the flag sees it upright."""
    if orientation == 1:
        return picture
    return picture.transpose(Image.Transpose(STORED[orientation]))


def exif_of(row):
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Maker"
    exif[ExifTags.Base.Orientation] = row.orientation
    return exif


def write_inputs(row, folder, generator):
    """Saves NAME.ENDING and NAME-mask.png; returns the hole."""
    deep, hole = pixels_of(row, generator), hole_of(row, generator)
    path = folder / f"{row.name}.{row.ending}"
    channels = {"L": [0], "LA": [0, 3], "RGB": [0, 1, 2], "RGBA": [0, 1, 2, 3]}.get(row.mode[:-3])
    if row.deep and row.ending == "png":
        save_png16(path, deep[..., channels] if len(channels) > 1 else deep[..., 0])
    elif row.deep and row.save:
        Image.fromarray(deep[..., 0]).save(path, **row.save)  # 16-bit grey TIFF
    elif row.deep:
        save_tiff16(path, deep[..., channels], ">")
    else:
        save_with_metadata(row, picture_of(row, deep), path)
    mask = Image.fromarray(hole.astype(np.uint8) * 255)
    if row.options.get("mask-scale"):
        mask = mask.resize([side * row.options["mask-scale"] for side in mask.size], Image.Resampling.NEAREST)
    mask.save(folder / f"{row.name}-mask.png")
    return hole


def save_with_metadata(row, picture, path):
    more = dict(row.save)
    if row.icc:
        more["icc_profile"] = row.icc
    if row.mode == "PA":
        more["transparency"] = bytes(range(0, 256, 8))
    if row.ending == "tif":
        more["tiffinfo"] = {274: row.orientation, 271: "Maker", 700: XMP}
    elif row.ending in ("png", "jpg", "webp"):
        more["exif"] = exif_of(row)
    if row.ending in ("jpg", "webp"):
        more["xmp"] = XMP
    stored(picture, row.orientation).save(path, **more)


def grown(hole, pixels):
    """Returns every pixel within `pixels` of the hole, measured from centre to centre."""
    if pixels == 0:
        return hole
    height, width = hole.shape
    padded = np.pad(hole, pixels)
    out = np.zeros_like(hole)
    for dy in range(-pixels, pixels + 1):
        for dx in range(-pixels, pixels + 1):
            if dx * dx + dy * dy <= pixels * pixels:
                out |= padded[pixels + dy : pixels + dy + height, pixels + dx : pixels + dx + width]
    return out


def deep_pixels(row, path):
    """Returns uint16 [H, W, C]. Pillow reads one-channel 16-bit TIFFs, whose compressions the tests' reader lacks."""
    if path.suffix == ".png":
        return load_png16(path)
    if row.mode != "L;16":
        return load_tiff16(path)
    with Image.open(path) as picture:
        assert picture.mode == "I;16"
        return np.asarray(picture)[..., None]


def upright(path):
    with Image.open(path) as picture:
        picture.load()
        turned = ImageOps.exif_transpose(picture)
        if turned.mode == "P":
            turned = turned.convert("RGBA" if "transparency" in picture.info else "RGB")
        return np.asarray(turned.convert("L") if turned.mode == "1" else turned)


def turns_without_loss(row):
    """Returns whether the rotation leaves no partly filled MCU at the left or the top."""
    width, height = row.size if row.orientation < 5 else row.size[::-1]
    unit = {"4:4:4": (8, 8), "4:2:2": (16, 8), "4:2:0": (16, 16)}[row.save["subsampling"]]
    from_right, from_bottom = row.orientation in (2, 3, 7, 8), row.orientation in (3, 4, 6, 7)
    return not (from_right and width % unit[0]) and not (from_bottom and height % unit[1])


def touched(changed, sampling):
    """Returns the pixels of a JPEG that may decode differently: the MCUs that hold a changed pixel, and one pixel
    around them where the decoder interpolates subsampled colour across their border."""
    unit = {"4:4:4": (8, 8), "4:2:2": (8, 16), "4:4:0": (16, 8), "4:2:0": (16, 16), "grey": (8, 8)}[sampling]
    height, width = changed.shape
    rows, columns = -(-height // unit[0]), -(-width // unit[1])
    cells = np.zeros((rows * unit[0], columns * unit[1]), dtype=bool)
    cells[:height, :width] = changed
    cells = cells.reshape(rows, unit[0], columns, unit[1]).any(axis=(1, 3))
    wide = np.repeat(np.repeat(cells, unit[0], axis=0), unit[1], axis=1)[:height, :width]
    reach = {"4:4:4": (0, 0), "4:2:2": (0, 1), "4:4:0": (1, 0), "4:2:0": (1, 1), "grey": (0, 0)}[sampling]
    padded = np.pad(wide, ((reach[0],) * 2, (reach[1],) * 2))
    out = np.zeros_like(wide)
    for dy in range(2 * reach[0] + 1):
        for dx in range(2 * reach[1] + 1):
            out |= padded[dy : dy + height, dx : dx + width]
    return out


def table():
    """Returns the rows: every format, depth and orientation, sizes from one pixel to 24 million, masks of all kinds."""
    rows = []

    def add(name, *args, **more):
        rows.append(Row(name, *args, **more))

    sizes = [(1, 1), (1, 17), (3, 2), (16, 16), (33, 31), (100, 1), (257, 129), (640, 480)]
    masks = ["full", "pixel", "box", "noise", "strokes", "corners", "box", "strokes"]
    for (size, mask) in zip(sizes, masks):
        for ending in ("png", "jpg", "webp"):
            save = {"quality": 90, "subsampling": "4:2:0"} if ending == "jpg" else {"lossless": True} if ending == "webp" else {}
            add(f"size-{size[0]}x{size[1]}-{ending}", size, ending, mask=mask, save=save)
    for mode in ("1", "L", "LA", "RGBA", "P", "PA", "L;16", "LA;16", "RGB;16", "RGBA;16"):
        add(f"png-{mode.replace(';', '-')}", (70, 50), "png", mode=mode, mask="noise" if mode == "L" else "box")
    for orientation in range(1, 9):
        for ending in ("png", "jpg", "webp", "tif"):
            save = {"quality": 92, "subsampling": "4:4:4"} if ending == "jpg" else {"lossless": True} if ending == "webp" else {}
            add(f"turned-{orientation}-{ending}", (60, 44), ending, orientation=orientation, save=save, mask="corners")
    for orientation in range(2, 9):
        for sampling in ("4:2:2", "4:2:0"):
            add(f"turned-{orientation}-{sampling.replace(':', '')}", (96, 80), "jpg", orientation=orientation,
                mask="corners", save={"quality": 85, "subsampling": sampling})  # fmt: skip
    for sampling in ("4:4:4", "4:2:2", "4:2:0"):
        for progressive in (False, True):
            add(f"jpeg-{sampling.replace(':', '')}-{progressive}", (123, 77), "jpg", mask="strokes",
                save={"quality": 80, "subsampling": sampling, "progressive": progressive})  # fmt: skip
    add("jpeg-grey", (90, 70), "jpg", mode="L", save={"quality": 85})
    for mode, icc in (("RGB", SRGB_PROFILE), ("RGB", P3_PROFILE), ("RGBA", P3_PROFILE), ("L", GREY_PROFILE)):
        for ending in ("png", "tif"):
            add(f"profile-{mode}-{len(rows)}-{ending}", (64, 48), ending, mode=mode, icc=icc)
    add("profile-jpeg", (64, 48), "jpg", icc=P3_PROFILE, save={"quality": 90, "subsampling": "4:2:0"})
    for mode, compression in (("RGB", "tiff_lzw"), ("RGBA", "tiff_deflate"), ("L", None), ("P", None), ("L;16", "tiff_lzw")):
        add(f"tiff-{mode.replace(';', '-')}", (52, 41), "tif", mode=mode, save={"compression": compression})
    for mode in ("LA;16", "RGB;16", "RGBA;16"):
        add(f"tiff-{mode.replace(';', '-')}", (53, 38), "tif", mode=mode)
    add("bmp", (55, 37), "bmp")
    add("bmp-palette", (55, 37), "bmp", mode="P")
    add("bmp-grey", (54, 35), "bmp", mode="L", mask="noise")
    add("mask-twice-as-large", (80, 60), "png", options={"mask-scale": 2})
    add("large-png", (3000, 2000), "png", mask="strokes", save={"compress_level": 1})
    add("large-jpg", (6000, 4000), "jpg", mask="strokes", save={"quality": 90, "subsampling": "4:2:0"})
    return rows


def profile_of(path):
    with Image.open(path) as picture:
        return picture.info.get("icc_profile")


def exif_in(path):
    with Image.open(path) as picture:
        return picture.getexif()


