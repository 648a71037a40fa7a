"""Reads a page of `report` as an HTML parser sees it, and makes the runs that it shows."""

import base64
import html.parser
import io
import json

import numpy as np
from PIL import Image

from demo_folder import PROMPT, make_pictures

VOID = {"meta", "img", "input", "br", "link", "hr"}
EDGE = (255, 0, 128)


class Job:
    def __init__(self, attributes):
        self.attributes = attributes
        self.text = ""
        self.pictures = {}  # by the figure's class: (PIL image, attributes)
        self.problems = {}  # by the figure's class: the text in the picture's place

    @property
    def status(self):
        return self.attributes["data-status"]


class Page(html.parser.HTMLParser):
    """Fails if a tag isn't closed by its own end."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.source = text
        self.open = []
        self.jobs = []
        self.links = []
        self.ids = []
        self.texts = {}  # the text in each kind of element
        self.metas = []
        self.figure = None
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        assert not any(name.startswith("on") or name == "style" for name in attributes), attributes
        if "id" in attributes:
            self.ids.append(attributes["id"])
        self.links += [attributes[name] for name in ("href", "src", "action", "srcset") if name in attributes]
        if tag == "meta":
            self.metas.append(attributes)
        if tag == "article":
            self.jobs.append(Job(attributes))
        if tag == "figure":
            self.figure = attributes["class"]
        if tag == "img":
            assert attributes["alt"].strip()
            kind, _, data = attributes["src"].partition(",")
            assert kind == "data:image/webp;base64"
            picture = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
            picture.load()
            assert picture.size == (int(attributes["width"]), int(attributes["height"]))
            self.jobs[-1].pictures[self.figure] = (picture, attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open, self.getpos())
        self.open.pop()

    def handle_data(self, data):
        for tag in set(self.open):
            self.texts[tag] = self.texts.get(tag, "") + data
        if "article" in self.open:
            self.jobs[-1].text += data
        if self.figure and self.open[-3:] == ["figure", "div", "p"]:
            self.jobs[-1].problems[self.figure] = data

    def job(self, name):
        (found,) = [job for job in self.jobs if f"{name}" in job.text.split("#")[0]]
        return found


def read_page(path):
    return Page(path.read_text(encoding="utf-8"))


def edge_of(hole):
    """Returns the pixels of a hole that have a kept one beside them: the magenta line of a small picture."""
    kept = np.pad(~hole, 1, constant_values=False)
    near = kept[1:-1, :-2] | kept[1:-1, 2:] | kept[:-2, 1:-1] | kept[2:, 1:-1]
    return hole & near


def is_edge(picture):
    return (np.asarray(picture.convert("RGB")) == EDGE).all(axis=2)


def make_runs(work):
    """Makes a batch of four, in which p0001 is unlike its golden picture and p0002 fails. Returns the report's lines."""
    make_pictures(work.folder, 4)
    arguments = ["--image", "pictures", "--mask", "masks", "--prompt", PROMPT, "--seed", "7", "--steps", "2",
                 "--output", "results", "--golden", "golden/"]  # fmt: skip
    made = work.run(*arguments, "--golden-update")
    assert made.code == 0, made.err
    golden = Image.open(work.folder / "golden/p0001.png")
    red, green, blue = golden.getpixel((5, 40))
    golden.putpixel((5, 40), (red, green ^ 4, blue))
    golden.save(work.folder / "golden/p0001.png")
    (work.folder / "masks/p0002.png").write_bytes(b"no picture")
    made = work.run(*arguments, "--overwrite", "--report", "report.jsonl")
    assert made.code == 7, made.err
    return [json.loads(line) for line in (work.folder / "report.jsonl").read_text().splitlines()]
