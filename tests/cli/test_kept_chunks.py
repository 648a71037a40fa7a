"""What PNG, TIFF, WebP, BMP, GIF, PNM and TGA files hold beside their pixels is in the result, or one line names it. See
test_kept_or_told.py."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, PngImagePlugin, TiffImagePlugin

from format_files import with_exif
from kept_files import (FIXTURES, chunks_of, data_set, job_of, packet, packet_of, picture, pixels_of, properties_of, resource,
                        told, told_once, warnings_of)  # fmt: skip
from pictures import DISPLAY_P3, profile

DC = "{http://purl.org/dc/elements/1.1/}"


# --- PNG -----------------------------------------------------------------------------------------------------------------


def save_chunks(path, before=(), behind=(), source=None, tail=b""):
    """Saves a PNG with chunks right behind its header and right before its end."""
    data = source or (FIXTURES / "srgb.png").read_bytes()
    made = [b"".join(struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in some) for some in (before, behind)]
    path.write_bytes(data[:33] + made[0] + data[33:-12] + made[1] + data[-12:] + tail)


def names_of(path):
    return [name for name, _ in chunks_of(path) if name not in ("IHDR", "tEXt", "iTXt", "IDAT", "IEND", "sRGB", "gAMA", "cHRM")]


def test_png_keeps_the_chunks_that_stay_true(work):
    kept = [(b"pCAL", b"scale\0" + struct.pack(">iiBB", 0, 255, 0, 2) + b"m\0000\0001"), (b"oFFs", struct.pack(">iiB", 5, 6, 0)),
            (b"sTER", b"\1"), (b"sCAL", b"\0011\0001"), (b"prVa", b"private")]  # fmt: skip
    save_chunks(work.folder / "in.png", kept, [(b"abCd", b"late")])
    output, said = job_of(work, None, "out.png", source="in.png")
    assert [c for c in chunks_of(output) if c[0].encode() in dict(kept)] == [(n.decode(), d) for n, d in kept]
    names = [name for name, _ in chunks_of(output)]
    assert names.index("abCd") > max(i for i, n in enumerate(names) if n == "IDAT") > names.index("prVa")
    assert told(said) == []
    Image.open(output).load()
    told_once(job_of(work, None, "out.webp", source="in.png")[1], "pCAL chunk", "prVa chunk", "abCd chunk")
    output, said = job_of(work, None, "grown.png", "--outpaint", "16,0,0,0", source="in.png")
    told_once(said, "oFFs chunk", "sTER chunk")
    assert "oFFs" not in names_of(output) and "pCAL" in names_of(output)


def test_png_tells_of_the_chunks_that_do_not(work):
    save_chunks(work.folder / "in.png", [(b"tIME", struct.pack(">HBBBBB", 2024, 1, 2, 3, 4, 5)), (b"sBIT", b"\5\6\5"),
                                         (b"sPLT", b"p\0\x08" + bytes(6)), (b"prVA", b"unsafe"), (b"prIv", b"\xff\xd8\xff\xe0OLDPICTURE"), (b"iDOT", bytes(28))])  # fmt: skip
    output, said = job_of(work, None, "out.png", source="in.png")
    line = told_once(said, "tIME", "sBIT", "sPLT", "prVA chunk", "prIv chunk")
    assert "iDOT" not in line and names_of(output) == [] and b"OLDPICTURE" not in output.read_bytes()
    save_chunks(work.folder / "full.png", [(b"sBIT", b"\x08\x08\x08")])
    assert told(job_of(work, None, "full-out.png", source="full.png")[1]) == []


@pytest.mark.parametrize("mode, depth, before, after", [
    ("RGB", 8, struct.pack(">HHH", 255, 128, 1), struct.pack(">HHH", 255, 128, 1)),
    ("L", 8, struct.pack(">H", 77), struct.pack(">H", 77)),
    ("1", 1, struct.pack(">H", 1), struct.pack(">H", 255)),
    ("P", 8, b"\2", None),
])  # fmt: skip
def test_png_keeps_its_background(work, mode, depth, before, after):
    made = picture().convert(mode)
    file = io.BytesIO()
    made.save(file, "PNG")
    if after is None:
        after = struct.pack(">HHH", *made.getpalette()[6:9])
    data = file.getvalue()
    at = data.index(b"IDAT") - 4
    chunk = struct.pack(">I", len(before)) + b"bKGD" + before + struct.pack(">I", zlib.crc32(b"bKGD" + before))
    (work.folder / "in.png").write_bytes(data[:at] + chunk + data[at:])
    output, said = job_of(work, None, "out.png", source="in.png")
    assert dict(chunks_of(output))["bKGD"] == after and told(said) == []
    for name in ("out.jpg", "out.webp", "out.tif"):
        told_once(job_of(work, None, name, source="in.png")[1], "bKGD chunk", "--format png keeps it")


def test_bytes_behind_a_picture_are_told(work):
    save_chunks(work.folder / "in.png", tail=b"SECRET")
    data = {"png": (work.folder / "in.png").read_bytes()}
    for ending in ("webp", "bmp", "gif", "ppm"):
        file = io.BytesIO()
        picture().save(file, {"ppm": "PPM"}.get(ending, ending.upper()))
        data[ending] = file.getvalue() + b"SECRET"
    for ending, content in data.items():
        (work.folder / f"in.{ending}").write_bytes(content)
        output, said = job_of(work, None, "out.png", source=f"in.{ending}")
        told_once(said, "6 bytes behind its picture")
        assert b"SECRET" not in output.read_bytes()
        (work.folder / f"in.{ending}").write_bytes(content[:-6] + bytes(6))
        assert told(job_of(work, None, "out.png", source=f"in.{ending}")[1]) == []


def test_text_beyond_the_limits_is_told(work):
    save_chunks(work.folder / "in.png", [(b"tEXt", b"Note\0" + str(i).encode()) for i in range(140)])
    output, said = job_of(work, None, "out.png", source="in.png")
    line = told_once(said, "entries of text")
    kept = sum(data.startswith(b"Note") for name, data in chunks_of(output) if name == "tEXt")
    assert f"has {140 - kept} entries" in line and kept > 100


def test_imagemagicks_iptc_in_a_png_becomes_xmp(work):
    record = data_set(2, 80, b"me") + data_set(2, 118, b"contact")
    block = resource(0x404, record)
    info = PngImagePlugin.PngInfo()
    info.add_text("Raw profile type iptc", f"\niptc\n{len(block):8}\n{block.hex()}\n")
    picture().save(work.folder / "in.png", pnginfo=info)
    output, said = job_of(work, None, "out.png", source="in.png")
    assert properties_of(packet_of(output))[DC + "creator"] == ["me"]
    told_once(said, "IPTC Contact")


# --- TIFF ----------------------------------------------------------------------------------------------------------------

GEO = {33550: (0.5, 0.5, 0.0), 33922: (0.0, 0.0, 0.0, 1000.0, 2000.0, 0.0), 34735: (1, 1, 0, 1, 1024, 0, 1, 1), 34737: "WGS 84|",
       42112: "<GDALMetadata/>", 42113: "-9999"}  # fmt: skip
GEO_TYPES = {33550: 12, 33922: 12, 34735: 3, 34737: 2, 42112: 2, 42113: 2, 50000: 4}


def tiff_tags(path):
    with Image.open(path) as opened:
        return dict(opened.tag_v2)


def save_tags(path, tags, made=None, **more):
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in tags.items():
        if tag in GEO_TYPES:
            info.tagtype[tag] = GEO_TYPES[tag]
        info[tag] = value
    (made or picture()).save(path, tiffinfo=info, **more)


@pytest.mark.parametrize("big", [False, True])
def test_geotiff_tags_are_kept(work, big):
    save_tags(work.folder / "in.tif", {**GEO, 270: "a description"}, big_tiff=big)
    assert {tag: tiff_tags(work.folder / "in.tif")[tag] for tag in GEO} == GEO
    output, said = job_of(work, None, "out.tif", source="in.tif")
    assert {tag: tiff_tags(output).get(tag) for tag in (*GEO, 270)} == {**GEO, 270: "a description"} and told(said) == []
    again, said = job_of(work, None, "again.tif", source="out.tif")
    assert {tag: tiff_tags(again).get(tag) for tag in GEO} == GEO and told(said) == []
    for ending in ("png", "jpg", "webp", "bmp"):
        output, said = job_of(work, None, f"out.{ending}", source="in.tif")
        told_once(said, "GeoTIFF tags", "GDAL's metadata", "--format tiff")
    output, said = job_of(work, None, "grown.tif", "--outpaint", "0,0,16,0", source="in.tif")
    assert "GDAL" not in told_once(said, "GeoTIFF tags")
    assert {tag: tiff_tags(output).get(tag) for tag in (33550, 33922, 42113)} == {33550: None, 33922: None, 42113: "-9999"}


def test_tags_of_a_tiff_survive_another_byte_order(work):
    """The provenance's EXIF has its low bytes first."""
    pixels = np.asarray(picture())
    entries = [(256, 3, struct.pack(">H", 160)), (257, 3, struct.pack(">H", 120)), (258, 3, struct.pack(">HHH", 8, 8, 8)),
               (259, 3, struct.pack(">H", 1)), (262, 3, struct.pack(">H", 2)), (273, 4, None), (277, 3, struct.pack(">H", 3)),
               (278, 3, struct.pack(">H", 120)), (279, 4, struct.pack(">I", pixels.size)), (286, 5, struct.pack(">II", 7, 2)),
               (33550, 12, struct.pack(">ddd", 0.5, 0.25, 0)), (34735, 3, struct.pack(">HHHH", 1, 1, 0, 0))]  # fmt: skip
    sizes = {3: 2, 4: 4, 5: 8, 12: 8}
    at = 8 + 2 + 12 * len(entries) + 4
    values, directory = b"", struct.pack(">H", len(entries))
    total = at + sum(len(v) for _, _, v in entries if v is not None and len(v) > 4)
    for tag, kind, value in entries:
        value = struct.pack(">I", total) if value is None else value
        directory += struct.pack(">HHI", tag, kind, len(value) // sizes[kind])
        if len(value) > 4:
            directory, values = directory + struct.pack(">I", at + len(values)), values + value
        else:
            directory += value.ljust(4, b"\0")
    (work.folder / "in.tif").write_bytes(b"MM\0*\0\0\0\x08" + directory + bytes(4) + values + pixels.tobytes())
    output, said = job_of(work, None, "out.tif", source="in.tif")
    after = tiff_tags(output)
    assert after[33550] == (0.5, 0.25, 0.0) and after[34735] == (1, 1, 0, 0) and after[286] == 3.5 and told(said) == []


def test_other_tags_and_pictures_of_a_tiff_are_told(work):
    save_tags(work.folder / "in.tif", {50000: 5, 37724: b"Adobe Photoshop Document Data Block\0"})
    told_once(job_of(work, None, "out.tif", source="in.tif")[1], "TIFF tag 50000", "Photoshop's layers")
    two = [picture(), picture().resize((80, 60))]
    two[0].save(work.folder / "pages.tif", save_all=True, append_images=two[1:])
    told_once(job_of(work, None, "out.tif", source="pages.tif")[1], "several pages")
    # A page that says that it is a smaller copy is no page of its own.
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[254] = 1
    two[1].encoderinfo = {"tiffinfo": info}
    two[0].save(work.folder / "pyramid.tif", save_all=True, append_images=two[1:])
    with Image.open(work.folder / "pyramid.tif") as opened:
        opened.seek(1)
        assert opened.tag_v2[254] == 1
    assert told(job_of(work, None, "out.tif", source="pyramid.tif")[1]) == []


def test_more_channels_of_a_tiff_are_told(work):
    made = Image.fromarray(np.dstack([pixels_of(FIXTURES / "srgb.png"), np.zeros((120, 160), np.uint8)]))
    file = io.BytesIO()
    made.save(file, "TIFF")
    # Pillow calls the fourth channel alpha; here it means nothing in particular.
    alpha, other = struct.pack("<HHIHH", 338, 3, 1, 2, 0), struct.pack("<HHIHH", 338, 3, 1, 0, 0)
    assert alpha in file.getvalue()
    (work.folder / "in.tif").write_bytes(file.getvalue().replace(alpha, other))
    told_once(job_of(work, None, "out.tif", source="in.tif")[1], "1 more channel")


# --- WebP, BMP, GIF, PNM, TGA --------------------------------------------------------------------------------------------


def save_webp(path, *chunks, extended=True):
    file = io.BytesIO()
    picture().save(file, "WEBP", lossless=True, **({"icc_profile": profile(DISPLAY_P3)} if extended else {}))
    data = file.getvalue() + b"".join(n + struct.pack("<I", len(c)) + c + bytes(len(c) % 2) for n, c in chunks)
    path.write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])


def test_chunks_of_a_webp(work):
    block = with_exif().tobytes()[6:]
    for extended in (True, False):
        # The header doesn't announce them.
        save_webp(work.folder / "in.webp", (b"EXIF", block), (b"XMP ", packet('photoshop:City="Graz">').encode()), (b"prVA", b"SECRET"), extended=extended)
        output, said = job_of(work, None, "out.webp", source="in.webp")
        told_once(said, "prVA chunk")
        with Image.open(output) as opened:
            assert opened.getexif()[ExifTags.Base.Make] == "Maker"
        assert properties_of(packet_of(output)) == {"{http://ns.adobe.com/photoshop/1.0/}City": "Graz"}
        assert b"SECRET" not in output.read_bytes()


def save_bmp(path, kind, points=((0, 0, 0),) * 3, gamma=0.0, longer=b""):
    """Saves a BMP whose header describes its colours itself."""
    pixels = np.asarray(picture())[::-1, :, ::-1]
    numbers = [round(value * (1 << 30)) for point in points for value in point]
    header = struct.pack("<IiiHHIIiiII", 108 + len(longer), 160, 120, 1, 24, 0, pixels.size, 0, 0, 0, 0) + bytes(16)
    header += struct.pack("<I9I3I", kind, *numbers, *[round(gamma * 65536)] * 3) + longer
    path.write_bytes(b"BM" + struct.pack("<IHHI", 14 + len(header) + pixels.size, 0, 0, 14 + len(header)) + header + pixels.tobytes())


def test_colours_of_a_bmp_without_a_profile(work):
    adobe_rgb = [(0.5767309, 0.2973769, 0.0270343), (0.1855540, 0.6273491, 0.0706872), (0.1881852, 0.0752741, 0.9911085)]
    save_bmp(work.folder / "in.bmp", 0, adobe_rgb, 563 / 256)
    output, said = job_of(work, None, "out.png", source="in.bmp")
    with Image.open(output) as opened:
        made = ImageCms.ImageCmsProfile(io.BytesIO(opened.info["icc_profile"]))
        assert np.array_equal(np.asarray(opened)[:20], pixels_of(FIXTURES / "srgb.png")[:20]) and told(said) == []
    # Red of Adobe RGB, adapted to D50.
    assert np.allclose(made.profile.red_colorant[0], (0.60974, 0.31111, 0.01947), atol=0.001)
    save_bmp(work.folder / "plain.bmp", 0)
    output, said = job_of(work, None, "plain.png", source="plain.bmp")
    with Image.open(output) as opened:
        assert "icc_profile" not in opened.info and told(said) == []
    save_bmp(work.folder / "linked.bmp", 0x4C494E4B, longer=bytes(16))
    _, said = job_of(work, None, "linked.png", source="linked.bmp")
    assert len(warnings_of(said, ["in another file"])) == 1


def test_extensions_of_a_gif(work):
    file = io.BytesIO()
    picture().quantize(64).save(file, "GIF", comment=b"first")
    data = bytearray(file.getvalue())
    data[12] = 17  # a pixel is (17 + 15) / 64 times as wide as high
    at = 13 + 3 * (2 << (data[10] & 7))
    xmp = packet('photoshop:City="Graz">').encode()
    trailer = b"\1" + bytes(range(255, -1, -1)) + b"\0"
    icc = profile(DISPLAY_P3)
    blocks = b"".join(bytes([len(icc[i : i + 255])]) + icc[i : i + 255] for i in range(0, len(icc), 255)) + b"\0"
    extensions = b"\x21\xff\x0bXMP DataXMP" + xmp + trailer + b"\x21\xff\x0bICCRGBG1012" + blocks + b"\x21\xff\x0bSOMETHING10\3abc\0"
    (work.folder / "in.gif").write_bytes(data[:at] + extensions + data[at:])
    output, said = job_of(work, None, "out.png", source="in.gif")
    assert properties_of(packet_of(output)) == {"{http://ns.adobe.com/photoshop/1.0/}City": "Graz"}
    told_once(said, 'application extension "SOMETHING10"')
    with Image.open(output) as opened:
        opened.load()
        assert opened.info["icc_profile"] == icc and opened.text["Comment"] == "first" and opened.info["aspect"] == (64, 32)


def test_comments_of_pnm_and_texts_of_tga(work):
    pixels = pixels_of(FIXTURES / "srgb.png")
    (work.folder / "in.ppm").write_bytes(b"P6\n# by a program\n160 120\n#  second\n255\n" + pixels.tobytes())
    output, said = job_of(work, None, "out.png", source="in.ppm")
    values = [data for name, data in chunks_of(output) if name == "tEXt" and data.startswith(b"Comment")]
    assert values == [b"Comment\0by a program", b"Comment\0second"] and told(said) == []
    picture().save(work.folder / "in.tga", id_section=b"an id")
    data = (work.folder / "in.tga").read_bytes()
    data = data[:-26] if data.endswith(b"TRUEVISION-XFILE.\0") else data
    area = struct.pack("<H", 495) + b"Zoe".ljust(41, b"\0") + b"line one".ljust(81, b"\0") + b"line two".ljust(243, b"\0")
    area = area.ljust(426, b"\0") + b"Painter".ljust(48, b"\0") + struct.pack("<HHHH", 2, 1, 22, 10)
    (work.folder / "in.tga").write_bytes(data + area.ljust(495, b"\0") + struct.pack("<II", len(data), 0) + b"TRUEVISION-XFILE.\0")
    output, said = job_of(work, None, "tga.png", source="in.tga")
    with Image.open(output) as opened:
        opened.load()
        texts = {key: opened.text[key] for key in ("Author", "Comment", "Software")}
    assert texts == {"Author": "Zoe", "Comment": "an id\nline one\nline two", "Software": "Painter"}
    # A pixel is twice as wide as high.
    assert opened.info["aspect"] == (1, 2)
    told_once(said, "its gamma")
