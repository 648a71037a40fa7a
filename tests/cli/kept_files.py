"""The pictures of tests/fixtures/metadata, and readers of what a result keeps of them. Used by test_colors.py,
test_appended.py, test_credits.py and test_resolution.py."""

import re
import struct
import xml.etree.ElementTree as ET

import numpy as np
from PIL import Image, ImageOps

from conftest import ROOT

FIXTURES = ROOT / "tests" / "fixtures" / "metadata"
#: The hole of every job: rows and columns.
HOLE = (slice(26, 64), slice(49, 84))
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


def job_of(work, name, output, *options, source=None):
    """Inpaints a fixture (or `source` in the job's folder) in a job that must succeed; returns the result's path and
    what was said."""
    path = work.folder / source if source else FIXTURES / name
    with Image.open(path) as picture:
        hole = np.zeros(ImageOps.exif_transpose(picture).size[::-1], dtype=bool)
    hole[HOLE] = True
    work.save_mask(hole, "hole.png")
    finished = work.job("-o", output, "--overwrite", *options, image=path, mask="hole.png")
    assert finished.code == 0, finished.err
    return work.folder / output, finished.err


def warnings_of(said, words):
    """Returns the lines with any of the words."""
    return [line for line in said.splitlines() if any(word in line for word in words)]


def pixels_of(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def chunks_of(path):
    """Returns (name, data) of each chunk of a PNG."""
    data, at, out = path.read_bytes(), 8, []
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        out.append((data[at + 4 : at + 8].decode(), data[at + 8 : at + 8 + size]))
        at += 12 + size
    return out


def segments_of(data):
    """Returns (marker, content) of a JPEG's segments up to its first scan."""
    assert data[:2] == b"\xff\xd8"
    at, out = 2, []
    while data[at + 1] != 0xDA:
        (size,) = struct.unpack(">H", data[at + 2 : at + 4])
        out.append((data[at + 1], data[at + 4 : at + 2 + size]))
        at += 2 + size
    return out


def packet_of(path):
    """Returns the XMP packet as Pillow finds it; b"" if there is none."""
    with Image.open(path) as picture:
        picture.load()
        xmp = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp") or b""
    return xmp.encode() if isinstance(xmp, str) else xmp


def properties_of(packet):
    """Returns what an XMP packet says: {"{namespace}name": text or list of texts}."""
    packet = re.sub(rb"<\?xpacket[^>]*\?>", b"", packet).strip(b"\0 \n\xef\xbb\xbf")
    out = {}
    for description in ET.fromstring(packet).iter(RDF + "Description"):
        out.update({k: v for k, v in description.attrib.items() if not k.startswith(RDF)})
        for child in description:
            items = [item.text for item in child.iter(RDF + "li")]
            out[child.tag] = items or child.text
    return out


#: What a line says that tells of a loss.
TOLD = ["lacks", "left out", "no other", "is lost", "only the first"]


def picture():
    return Image.fromarray(pixels_of(FIXTURES / "srgb.png"))


def told(said):
    return warnings_of(said, TOLD)


def told_once(said, *names):
    """Asserts that one line names all of it; returns the line."""
    lines = told(said)
    assert len(lines) == 1, said
    for name in names:
        assert name in lines[0], lines
    return lines[0]


def packet(inside):
    """Returns an XMP packet; `inside` begins with attributes of its rdf:Description and their end."""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        f'rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" {inside}'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )


def data_set(record, number, value):
    return struct.pack(">BBBH", 0x1C, record, number, len(value)) + value


def resource(number, data):
    return b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + data + bytes(len(data) % 2)
