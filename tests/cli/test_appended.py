"""Contents behind a JPEG's picture: no result announces what it doesn't have. Extended XMP is kept."""

import hashlib
import shutil
import struct
import subprocess

import pytest
from PIL import Image, PngImagePlugin

from kept_files import FIXTURES, job_of, packet_of, pixels_of, properties_of, segments_of, warnings_of

ENDINGS = ["jpg", "png", "webp", "tif", "bmp"]
#: What announces a gain map, a video or a second picture.
ANNOUNCEMENTS = [b"hdr-gain-map", b"hdrgm", b"GainMap", b"Container:Directory", b"MotionPhoto", b"MicroVideo", b"MPF\0"]
EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
DEPTH = "{http://ns.google.com/photos/1.0/depthmap/}"


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name, word", [("ultrahdr.jpg", "gain map"), ("mpo.jpg", "2 pictures"), ("motion.jpg", "video")])
def test_nothing_is_announced_that_is_not_there(work, name, word, ending):
    assert any(word in (FIXTURES / name).read_bytes() for word in ANNOUNCEMENTS)
    output, said = job_of(work, name, f"out.{ending}")
    assert len(warnings_of(said, ["left out", "no other"])) == 1 and word in said
    data = output.read_bytes()
    assert not [word for word in ANNOUNCEMENTS if word in data]
    with Image.open(output) as picture:
        assert getattr(picture, "n_frames", 1) == 1 and picture.size == (160, 120)
    if ending == "jpg":
        assert data.endswith(b"\xff\xd9") and data.count(b"\xff\xd9") == 1
    if ending != "bmp" and name != "mpo.jpg":
        assert properties_of(packet_of(output)) == {}


def test_bytes_of_unknown_kind_are_told(work):
    (work.folder / "tail.jpg").write_bytes((FIXTURES / "comment.jpg").read_bytes() + b"tail")
    (work.folder / "zeros.jpg").write_bytes((FIXTURES / "comment.jpg").read_bytes() + bytes(64))
    output, said = job_of(work, None, "out.jpg", source="tail.jpg")
    assert len(warnings_of(said, ["4 bytes"])) == 1 and not output.read_bytes().endswith(b"tail")
    assert not warnings_of(job_of(work, None, "zeros-out.jpg", source="zeros.jpg")[1], ["left out"])


def extension_of(path):
    """Returns the identifiers of a JPEG's Extended XMP and its whole text."""
    parts = [c[len(EXTENSION) :] for marker, c in segments_of(path.read_bytes()) if marker == 0xE1 and c.startswith(EXTENSION)]
    text = b""
    for part in parts:
        size, at = struct.unpack(">II", part[32:40])
        assert at == len(text)
        text += part[40:]
    assert not parts or size == len(text)
    return {part[:32].decode() for part in parts}, text


def test_jpeg_keeps_extended_xmp(work):
    before = extension_of(FIXTURES / "extxmp.jpg")
    assert len(before[1]) > 100000
    for options in ((), ("--quality", "90"), ("--no-metadata",)):
        output, said = job_of(work, "extxmp.jpg", "out.jpg", *options)
        assert extension_of(output) == before == ({hashlib.md5(before[1]).hexdigest().upper()}, before[1])
        assert packet_of(output) == packet_of(FIXTURES / "extxmp.jpg")
        assert not warnings_of(said, ["XMP"])


@pytest.mark.parametrize("ending", ["png", "webp", "tif"])
def test_extended_xmp_becomes_one_packet(work, ending):
    output, _ = job_of(work, "extxmp.jpg", f"out.{ending}")
    assert b"HasExtendedXMP" not in output.read_bytes()
    properties = properties_of(packet_of(output))
    assert properties[DEPTH + "Format"] == "RangeInverse" and len(properties[DEPTH + "Data"]) == 120000
    # Back in a JPEG it is too large for one segment.
    again, _ = job_of(work, None, "again.jpg", source=output.name)
    ids, text = extension_of(again)
    assert ids == {hashlib.md5(text).hexdigest().upper()}
    assert properties_of(text) == properties
    assert ids == {properties_of(packet_of(again))["{http://ns.adobe.com/xmp/note/}HasExtendedXMP"]}


def test_a_missing_part_of_extended_xmp_is_told(work):
    data = (FIXTURES / "extxmp.jpg").read_bytes()
    at = data.rindex(EXTENSION) - 4
    (size,) = struct.unpack(">H", data[at + 2 : at + 4])
    (work.folder / "gap.jpg").write_bytes(data[:at] + data[at + 2 + size :])
    output, said = job_of(work, None, "out.jpg", source="gap.jpg")
    assert len(warnings_of(said, ["Extended XMP"])) == 1
    assert b"HasExtendedXMP" not in output.read_bytes() and EXTENSION not in output.read_bytes()
    assert properties_of(packet_of(output))[DEPTH + "Format"] == "RangeInverse"


def test_pictures_in_xmp_that_show_the_old_picture_are_left_out(work):
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:GImage="http://ns.google.com/photos/1.0/image/" GImage:Data="T0xE" '
        b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"><xmp:Thumbnails><rdf:Alt><rdf:li>T0xE</rdf:li>'
        b"</rdf:Alt></xmp:Thumbnails></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    Image.fromarray(pixels_of(FIXTURES / "srgb.png")).save(work.folder / "old.webp", lossless=True, xmp=packet)
    output, _ = job_of(work, None, "out.webp", source="old.webp")
    assert b"T0xE" not in output.read_bytes()
    assert properties_of(packet_of(output)) == {"{http://ns.adobe.com/xap/1.0/}Rating": "4"}


def test_an_animated_png_is_told(work):
    frames = [Image.fromarray(pixels_of(FIXTURES / "srgb.png")), Image.new("RGB", (160, 120), "red")]
    frames[0].save(work.folder / "moving.png", save_all=True, append_images=frames[1:])
    output, said = job_of(work, None, "out.png", source="moving.png")
    assert len(warnings_of(said, ["animated PNG"])) == 1
    with Image.open(output) as picture:
        assert getattr(picture, "n_frames", 1) == 1


def with_credentials(path):
    """Writes a picture with the start of a C2PA manifest, and XMP that refers to it."""
    box = struct.pack(">I", 60) + b"jumb" + struct.pack(">I", 37) + b"jumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\3c2pa\0" + bytes(30)
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:dcterms="http://purl.org/dc/terms/" dcterms:created="1" '
        b'dcterms:provenance="self#jumbf=c2pa/urn:uuid:1"/></rdf:RDF></x:xmpmeta>'
    )
    picture = Image.fromarray(pixels_of(FIXTURES / "srgb.png"))
    if path.suffix == ".tif":
        picture.save(path, tiffinfo={700: packet, 0xCD41: box})
    elif path.suffix == ".png":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet.decode())
        info.add(b"caBX", box)
        picture.save(path, pnginfo=info)
    else:
        picture.save(path, xmp=packet)
        data = bytearray(path.read_bytes())
        if path.suffix == ".jpg":
            content = b"JP\0\1" + struct.pack(">I", 1) + box
            data[2:2] = b"\xff\xeb" + struct.pack(">H", len(content) + 2) + content
        else:
            data += b"C2PA" + struct.pack("<I", len(box)) + box
            data[4:8] = struct.pack("<I", len(data) - 8)
        path.write_bytes(data)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
def test_content_credentials_are_told(work, ending):
    with_credentials(work.folder / f"in.{ending}")
    assert b"jumb" in (work.folder / f"in.{ending}").read_bytes()
    output, said = job_of(work, None, f"out.{ending}", source=f"in.{ending}")
    assert len(warnings_of(said, ["C2PA"])) == 1
    assert b"c2pa" not in output.read_bytes() and b"jumb" not in output.read_bytes()
    assert properties_of(packet_of(output)) == {"{http://purl.org/dc/terms/}created": "1"}


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("name", ["ultrahdr.jpg", "mpo.jpg", "motion.jpg", "extxmp.jpg", "iptc.jpg"])
def test_exiftool_finds_nothing_wrong(work, name):
    output, _ = job_of(work, name, "out.jpg")
    told = subprocess.run(["exiftool", "-validate", "-warning", "-error", "-a", str(output)], stdout=subprocess.PIPE, check=True)
    assert b"Error" not in told.stdout and b"Extended XMP" not in told.stdout, told.stdout
