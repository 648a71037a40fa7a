"""IPTC, comments and PNG's text: kept in the same format, else carried to where the other format has them."""

import pytest
from PIL import Image, IptcImagePlugin, PngImagePlugin

from kept_files import FIXTURES, chunks_of, job_of, packet_of, pixels_of, properties_of, segments_of, warnings_of

DC = "{http://purl.org/dc/elements/1.1/}"
USER_COMMENT = "{http://ns.adobe.com/exif/1.0/}UserComment"
COMMENT = "Grüße ☕"
OWN = {"parameters", "zimage-inpaint"}


def iptc_of(path):
    with Image.open(path) as picture:
        return IptcImagePlugin.getiptcinfo(picture)


def text_of(path):
    with Image.open(path) as picture:
        picture.load()
        return {key: value for key, value in picture.text.items() if key not in OWN}


def comments_of(path):
    return [content.decode() for marker, content in segments_of(path.read_bytes()) if marker == 0xFE]


@pytest.mark.parametrize("ending", ["jpg", "tif"])
@pytest.mark.parametrize("options", [(), ("--no-metadata",), ("--outpaint", "16,0,0,0")])
def test_iptc_is_kept(work, ending, options):
    before = iptc_of(FIXTURES / "iptc.jpg")
    assert before[(2, 80)] == "Atelier Ä".encode() and before[(2, 25)] == [b"a", b"b"]
    output, said = job_of(work, "iptc.jpg", f"out.{ending}", *options)
    assert iptc_of(output) == before
    assert not warnings_of(said, ["IPTC"])
    # It survives a second run, and the way back.
    again, _ = job_of(work, None, "again.jpg", source=output.name)
    assert iptc_of(again) == before


@pytest.mark.parametrize("ending", ["png", "webp"])
def test_iptc_becomes_xmp_elsewhere(work, ending):
    output, said = job_of(work, "iptc.jpg", f"out.{ending}")
    properties = properties_of(packet_of(output))
    assert properties[DC + "creator"] == ["Atelier Ä"] and properties[DC + "subject"] == ["a", "b"]
    assert not warnings_of(said, ["lacks"])


@pytest.mark.parametrize("name", ["comment.jpg", "iptc.jpg"])
def test_comments_are_kept(work, name):
    assert comments_of(FIXTURES / name) == [COMMENT]
    for options in ((), ("--quality", "80"), ("--no-metadata",)):
        assert comments_of(job_of(work, name, "out.jpg", *options)[0]) == [COMMENT]
    output, _ = job_of(work, name, "out.png")
    assert text_of(output)["Comment"] == COMMENT
    assert comments_of(job_of(work, None, "back.jpg", source="out.png")[0]) == [COMMENT]
    for ending in ("webp", "tif"):
        output, said = job_of(work, name, f"out.{ending}")
        assert properties_of(packet_of(output))[USER_COMMENT] == [COMMENT]
        assert not warnings_of(said, ["lacks"])
    output, said = job_of(work, name, "out.bmp")
    assert len(warnings_of(said, ["comments"])) == 1


def test_png_keeps_its_text(work):
    def chunks(path):
        kept = [c for c in chunks_of(path) if c[0] in ("tEXt", "zTXt", "iTXt")]
        return [c for c in kept if c[1].split(b"\0")[0].decode() not in OWN]

    before = chunks(FIXTURES / "text.png")
    assert [c[0] for c in before] == ["iTXt", "iTXt", "zTXt"]
    for options in ((), ("--no-metadata",)):
        output, said = job_of(work, "text.png", "out.png", *options)
        after = chunks(output)
        assert after[:2] == before[:2] and after[2][0] == "zTXt"
        assert text_of(output) == text_of(FIXTURES / "text.png")
        assert not warnings_of(said, ["text"])


@pytest.mark.parametrize("ending", ["jpg", "webp", "tif"])
def test_png_text_becomes_xmp_elsewhere(work, ending):
    before = text_of(FIXTURES / "text.png")
    output, said = job_of(work, "text.png", f"out.{ending}")
    properties = properties_of(packet_of(output))
    assert properties[DC + "rights"] == ["© Atelier Ä"] and properties[DC + "description"] == ["日本語"]
    if ending == "jpg":
        assert comments_of(output) == [before["Comment"]]
    else:
        assert properties[USER_COMMENT] == [before["Comment"]]
    assert not warnings_of(said, ["lacks"])


def save_text(path, **text):
    info = PngImagePlugin.PngInfo()
    for key, value in text.items():
        info.add_text(key, value)
    Image.fromarray(pixels_of(FIXTURES / "srgb.png")).save(path, pnginfo=info)


def test_text_without_a_place_gets_one_notice(work):
    save_text(work.folder / "in.png", Author="A", workflow="{}", prompt="{}")
    for ending in ("jpg", "bmp"):
        _, said = job_of(work, None, f"out.{ending}", source="in.png")
        lines = warnings_of(said, ["workflow"])
        assert len(lines) == 1 and "prompt" in lines[0] and ("Author" in lines[0]) == (ending == "bmp")
    assert text_of(job_of(work, None, "out.png", source="in.png")[0]) == {"Author": "A", "workflow": "{}", "prompt": "{}"}


def test_an_earlier_runs_own_text_is_replaced(work):
    save_text(work.folder / "in.png", Author="A", parameters="another program's")
    output, said = job_of(work, None, "out.png", source="in.png")
    assert len(warnings_of(said, ["parameters"])) == 1
    kept, said = job_of(work, None, "kept.png", "--no-metadata", source="in.png")
    with Image.open(kept) as picture:
        assert picture.text == {"Author": "A", "parameters": "another program's"} and not warnings_of(said, ["parameters"])
    again, said = job_of(work, None, "again.png", "--seed", "8", source="out.png")
    assert not warnings_of(said, ["parameters"])
    with Image.open(again) as picture:
        assert set(picture.text) == {"Author", *OWN} and "Seed: 8" in picture.text["parameters"]
    with Image.open(job_of(work, None, "bare.png", "--no-metadata", source="out.png")[0]) as picture:
        assert picture.text == {"Author": "A"}
    _, said = job_of(work, None, "again.jpg", source="out.png")
    assert not warnings_of(said, ["lacks"])


def test_xmp_that_is_there_wins(work):
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<r:Description r:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator><r:Seq><r:li>X</r:li></r:Seq>'
        "</dc:creator></r:Description></r:RDF></x:xmpmeta>"
    )
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", packet)
    info.add_text("Author", "text")
    info.add_text("Title", "<a & b>")
    Image.fromarray(pixels_of(FIXTURES / "srgb.png")).save(work.folder / "in.png", pnginfo=info)
    properties = properties_of(packet_of(job_of(work, None, "out.webp", source="in.png")[0]))
    assert properties == {DC + "creator": ["X"], DC + "title": ["<a & b>"]}


def test_imagemagicks_profiles_in_text_are_read(work):
    with Image.open(FIXTURES / "iptc.jpg") as picture:
        resource = picture.info["photoshop"][0x0404]
    irb = b"8BIM\x04\x04\0\0" + len(resource).to_bytes(4, "big") + resource + bytes(len(resource) % 2)
    exif = Image.Exif()
    exif[271], exif[274] = "Maker", 6
    block = exif.tobytes()
    text = {f"Raw profile type {kind}": f"\n{kind}\n{len(data):8}\n{data.hex()}\n" for kind, data in (("iptc", irb), ("exif", block))}
    save_text(work.folder / "in.png", **text)
    output, _ = job_of(work, None, "out.jpg", source="in.png")
    assert iptc_of(output)[(2, 80)] == "Atelier Ä".encode()
    with Image.open(output) as picture:
        assert picture.size == (120, 160) and picture.getexif()[271] == "Maker" and picture.getexif()[274] == 1


def test_gif_comments_are_kept(work):
    Image.fromarray(pixels_of(FIXTURES / "srgb.png")).quantize(64).save(work.folder / "in.gif", comment=b"a comment")
    assert text_of(job_of(work, None, "out.png", source="in.gif")[0]) == {"Comment": "a comment"}
