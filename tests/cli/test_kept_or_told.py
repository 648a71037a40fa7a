"""What a picture's file holds beside its pixels is in the result, or one line names it: IPTC, Photoshop's resources, EXIF
and a JPEG's segments. Checked with Pillow and with the tests' own readers of bytes; the credits of the usual kinds are in
test_credits.py, PNG, TIFF and other formats in test_kept_chunks.py."""

import io
import struct

import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from format_files import save, with_exif
from kept_files import (FIXTURES, data_set, job_of, packet, packet_of, picture, pixels_of, properties_of, resource, segments_of,
                        told, told_once, warnings_of)  # fmt: skip

DC = "{http://purl.org/dc/elements/1.1/}"
XMP_BASIC = "{http://ns.adobe.com/xap/1.0/}"
IPTC_CORE = "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}"
RESULTS = ["png", "jpg", "webp", "tif", "bmp"]


# --- Nothing is told without a reason ------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", RESULTS)
@pytest.mark.parametrize("source", ["png", "jpg", "webp", "tif", "bmp", "gif", "ppm", "tga", "png-P", "png-L", "png-1", "tif-L", "gif-P"])
def test_a_plain_picture_loses_nothing(work, source, to):
    ending, _, mode = source.partition("-")
    made = picture().convert(mode) if mode else picture()
    made.save(work.folder / f"in.{ending}", **({"dpi": (300, 300)} if ending in ("png", "jpg", "tif", "bmp") else {}))
    _, said = job_of(work, None, f"out.{to}", source=f"in.{ending}")
    assert told(said) == []
    # A result of our own is a plain picture too, wherever it goes.
    _, said = job_of(work, None, "again.bmp", source=f"out.{to}")
    assert told(said) == []


def test_nothing_is_lost_where_all_that_was_transparent_is_painted(work):
    pixels = np.dstack([pixels_of(FIXTURES / "srgb.png"), np.full((120, 160), 255, dtype=np.uint8)])
    pixels[30:60, 50:80, 3] = 0
    Image.fromarray(pixels).save(work.folder / "cut.png")
    finished = work.job("-o", "out.jpg", image="cut.png", mask="alpha")
    assert finished.code == 0 and "transparency" not in finished.err, finished.err
    pixels[5, 5, 3] = 200
    Image.fromarray(pixels).save(work.folder / "cut.png")
    finished = work.job("-o", "out.jpg", "--overwrite", image="cut.png", mask="alpha")
    assert finished.code == 0 and "transparency" in finished.err
    _, said = job_of(work, None, "masked.jpg", source="cut.png")
    assert len(warnings_of(said, ["transparency"])) == 1


# --- IPTC and Photoshop's resources --------------------------------------------------------------------------------------


def save_segments(path, *segments, source=None):
    """Saves a JPEG with segments (number of APPn, content) right behind its start."""
    data = source or (FIXTURES / "comment.jpg").read_bytes()
    made = b"".join(bytes([0xFF, 0xE0 + number]) + struct.pack(">H", len(content) + 2) + content for number, content in segments)
    path.write_bytes(data[:2] + made + data[2:])


def photoshop(*resources):
    return 13, b"Photoshop 3.0\0" + b"".join(resources)


def photoshop_of(path):
    return b"".join(c[14:] for marker, c in segments_of(path.read_bytes()) if marker == 0xED)


IPTC = (
    data_set(1, 90, b"\x1b%G")
    + data_set(2, 80, "Zoë".encode())
    + data_set(2, 65, b"Editor")
    + data_set(2, 70, b"2.1")
    + data_set(2, 12, b"IPTC:01001000:Arts::")
    + data_set(2, 62, b"20240229")
    + data_set(2, 118, b"zoe@example.org")
    + data_set(2, 188, b"owner")
    + data_set(2, 230, b"a note")
)


def test_iptc_without_a_property_in_xmp_is_told(work):
    save_segments(work.folder / "in.jpg", photoshop(resource(0x404, IPTC)))
    output, said = job_of(work, None, "out.jpg", source="in.jpg")
    assert resource(0x404, IPTC) in photoshop_of(output) and told(said) == []
    for ending in ("png", "webp"):
        output, said = job_of(work, None, f"out.{ending}", source="in.jpg")
        line = told_once(said, "IPTC Contact", "IPTC OwnerID", "IPTC DocumentNotes", "--format jpeg")
        assert "creator" not in line and "Program" not in line
        properties = properties_of(packet_of(output))
        assert properties[DC + "creator"] == ["Zoë"] and properties[XMP_BASIC + "CreatorTool"] == "Editor 2.1"
        assert properties[IPTC_CORE + "SubjectCode"] == ["01001000"] and properties[XMP_BASIC + "CreateDate"] == "2024-02-29"
    _, said = job_of(work, None, "out.bmp", source="in.jpg")
    told_once(said, "IPTC", "comments")


def test_a_preview_in_iptc_is_removed(work):
    record = data_set(2, 80, b"me") + data_set(2, 202, b"OLDPICTURE") + data_set(2, 5, b"title")
    save_segments(work.folder / "in.jpg", photoshop(resource(0x404, record), resource(0x425, bytes(16))))
    for ending in ("jpg", "tif"):
        output, said = job_of(work, None, f"out.{ending}", source="in.jpg")
        data = output.read_bytes()
        assert b"OLDPICTURE" not in data and data_set(2, 80, b"me") + data_set(2, 5, b"title") in data
        assert told(said) == []


def xmp_segment(inside):
    return 1, b"http://ns.adobe.com/xap/1.0/\0" + packet(inside).encode()


def test_credits_that_differ_from_the_xmp_are_told(work):
    inside = 'photoshop:City="Graz &amp; Wien"><dc:creator><rdf:Seq><rdf:li>{}</rdf:li></rdf:Seq></dc:creator>'
    record = data_set(1, 90, b"\x1b%G") + data_set(2, 80, "Zoë".encode()) + data_set(2, 90, b"Graz & Wien")
    for name in ("Zoë", "Zo&#xeb;", "Someone"):
        save_segments(work.folder / "in.jpg", photoshop(resource(0x404, record)), xmp_segment(inside.format(name)))
        output, said = job_of(work, None, "out.png", source="in.jpg")
        shown = "Someone" if name == "Someone" else "Zoë"
        assert properties_of(packet_of(output))[DC + "creator"] == [shown]
        if name == "Someone":
            assert "City" not in told_once(said, "IPTC creator (XMP says something else)")
        else:
            assert told(said) == []
        # Where both have their places, both stay.
        output, said = job_of(work, None, "out.jpg", source="in.jpg")
        assert record in photoshop_of(output) and told(said) == []


def test_text_that_differs_from_the_xmp_is_told(work):
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", packet("><dc:creator><rdf:Seq><rdf:li>X</rdf:li></rdf:Seq></dc:creator>"))
    info.add_text("Author", "Y")
    picture().save(work.folder / "in.png", pnginfo=info)
    told_once(job_of(work, None, "out.jpg", source="in.png")[1], 'text "Author" creator (XMP says something else)')


def test_paths_and_guides_are_kept_and_other_resources_told(work):
    path, guides = resource(2000, b"P" * 26), resource(0x408, struct.pack(">IIII", 1, 576, 576, 1) + struct.pack(">IB", 320, 0))
    grid = resource(0x408, struct.pack(">IIII", 1, 576, 576, 0))
    own = [resource(0x3ED, bytes(16)), resource(0x40C, b"THUMBNAIL"), resource(0x41E, bytes(4)), resource(0x40D, bytes(4))]
    save_segments(work.folder / "in.jpg", photoshop(path, guides, *own))
    for ending in ("jpg", "tif"):
        output, said = job_of(work, None, f"out.{ending}", source="in.jpg")
        data = output.read_bytes()
        assert path in data and guides in data and b"THUMBNAIL" not in data and told(said) == []
    told_once(job_of(work, None, "out.png", source="in.jpg")[1], "Photoshop's paths", "Photoshop's guides")
    # They lie at places in the picture.
    output, said = job_of(work, None, "grown.jpg", "--outpaint", "16,0,0,0", source="in.jpg")
    told_once(said, "Photoshop's paths")
    assert path not in output.read_bytes()
    save_segments(work.folder / "plain.jpg", photoshop(grid, *own))
    assert told(job_of(work, None, "plain-out.jpg", source="plain.jpg")[1]) == []
    save_segments(work.folder / "more.jpg", photoshop(resource(0x429, b"comps"), resource(4100, b"plug-in"), resource(20000, b"x")))
    told_once(job_of(work, None, "out.jpg", source="more.jpg")[1], "layer comps", "plug-in", "20000")


# --- JPEG ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", RESULTS)
def test_other_segments_of_a_jpeg_are_told_in_one_line(work, to):
    save_segments(work.folder / "in.jpg", (1, b"FLIR\0SECRET"), (4, b"SCALADO\0SECRET"), (7, b"\1\2SECRET"), (11, b"JP\0\1" + b"SECRET" * 9),
                  (12, b"Ducky\0\1\0\4\0\0\0\x3c\0\0"), (14, b"Adobe\0\x64" + bytes(5)), (15, b"Q\0SECRET"))  # fmt: skip
    output, said = job_of(work, None, f"out.{to}", source="in.jpg")
    line = told_once(said, 'APP1 segment "FLIR"', 'APP4 segment "SCALADO"', "APP7 segment", 'APP11 segment "JP"', "APP15 segment")
    assert "Ducky" not in line and "APP14" not in line and b"SECRET" not in output.read_bytes()


@pytest.mark.parametrize("progressive", [False, True])
def test_segments_behind_the_pixels(work, progressive):
    file = io.BytesIO()
    picture().save(file, "JPEG", progressive=progressive, quality=90, restart_marker_rows=2)
    late = b"\xff\xfe\0\x06late" + b"\xff\xe9\0\x0aSEGMENT\0" + b"\xff\xff\xfe\0\x05two"
    (work.folder / "in.jpg").write_bytes(file.getvalue()[:-2] + late + b"\xff\xd9")
    output, said = job_of(work, None, "out.jpg", source="in.jpg")
    assert [c for marker, c in segments_of(output.read_bytes()) if marker == 0xFE] == [b"late", b"two"]
    told_once(said, 'APP9 segment "SEGMENT"')


def test_a_second_exif_and_a_jfif_thumbnail(work):
    block = b"Exif\0\0" + with_exif().tobytes()[6:]
    save_segments(work.folder / "in.jpg", (1, block), (1, block))
    told_once(job_of(work, None, "out.jpg", source="in.jpg")[1], "a second EXIF segment")
    data = (FIXTURES / "comment.jpg").read_bytes()
    at = data.index(b"JFIF\0")
    size = int.from_bytes(data[at - 2 : at], "big")
    thumbnail = b"OLD" * 4
    data = data[: at - 2] + struct.pack(">H", size + len(thumbnail)) + data[at : at + 12] + bytes([2, 2]) + thumbnail + data[at + 14 :]
    (work.folder / "thumb.jpg").write_bytes(data)
    output, said = job_of(work, None, "thumb-out.jpg", source="thumb.jpg")
    assert thumbnail in data and thumbnail not in output.read_bytes() and told(said) == []


def exif_block(order, first, exif=(), second=(), tail=b""):
    """Returns an EXIF block with three directories of (tag, type, count, bytes of the value); `tail` lies at its end, and
    a value of None is its offset."""
    size = lambda entries: 2 + 12 * len(entries) + 4
    entries = [list(first) + ([(0x8769, 4, 1, "exif")] if exif else []), list(exif), list(second)]
    at, starts = 8, []
    for one in entries:
        starts.append(at if one else 0)
        at += size(one) if one else 0
    values, out = b"", b""
    for i, one in enumerate(entries):
        if not one:
            continue
        out += struct.pack(order + "H", len(one))
        for tag, kind, count, value in one:
            if value == "exif":
                value = struct.pack(order + "I", starts[1])
            if value is None:
                value = "tail"
            elif len(value) > 4:
                value, values = struct.pack(order + "I", at + len(values)), values + value + bytes(len(value) % 2)
            out += struct.pack(order + "HHI", tag, kind, count) + (b"TAIL" if value == "tail" else value.ljust(4, b"\0"))
        out += struct.pack(order + "I", starts[2] if i == 0 else 0)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    return (head + out + values).replace(b"TAIL", struct.pack(order + "I", at + len(values))) + tail


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_every_picture_in_exif_is_removed(work, order, ending):
    word = lambda value: struct.pack(order + "I", value)
    small = io.BytesIO()
    picture().resize((16, 12)).save(small, "JPEG")
    raw = b"RAWPIXELS" * 4
    maker = b"NOTES" + small.getvalue() + b"SERIAL"
    block = exif_block(order, [(0x010F, 2, 6, b"Maker\0")], [(0x927C, 7, len(maker), maker)],
                       [(0x0103, 3, 1, struct.pack(order + "H", 1)), (0x0111, 4, 1, None), (0x0117, 4, 1, word(len(raw)))], raw)  # fmt: skip
    picture().save(work.folder / f"in.{ending}", exif=block if ending == "png" else b"Exif\0\0" + block)
    before = (work.folder / f"in.{ending}").read_bytes()
    assert raw in before and small.getvalue() in before
    output, said = job_of(work, None, f"out.{ending}", source=f"in.{ending}")
    data = output.read_bytes()
    assert raw not in data and small.getvalue()[:300] not in data and told(said) == []
    assert b"NOTES" in data and b"SERIAL" in data
    with Image.open(output) as opened:
        assert opened.getexif()[0x010F] == "Maker"
        assert len(opened.getexif().get_ifd(ExifTags.IFD.Exif)[0x927C]) == len(maker)


def test_maker_notes_are_told_where_they_cannot_be_kept(work):
    exif = with_exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] = b"some notes of a camera"
    save(picture(), work.folder / "in.jpg", exif=exif)
    told_once(job_of(work, None, "out.tif", source="in.jpg")[1], "maker notes", "--format jpeg")
    assert told(job_of(work, None, "out.png", source="in.jpg")[1]) == []
    told_once(job_of(work, None, "out.bmp", source="in.jpg")[1], "EXIF")
