#!/usr/bin/env python3
"""Makes tests/fixtures/annotations: COCO's annotations and the masks that pycocotools makes of their runs.

    pip install pycocotools numpy; scripts/make_annotation_fixtures.py

instances.json has two pictures. Every run-length code is pycocotools' own, once as text and once as a list of counts.
runs.json gives each code's mask as rows of 0 and 1. Polygons aren't in it: pycocotools traces their edges, so that its
pixels at the edge differ from those whose centres lie inside; the tests have a formula of their own.
"""

import json
import pathlib

import numpy as np
from pycocotools import mask as coco

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "tests" / "fixtures" / "annotations"
WIDTH, HEIGHT = 64, 48


def counts_of(mask):
    """Returns the lengths of runs down the columns, kept pixels first."""
    flat = mask.flatten(order="F").astype(int)
    edges = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    return ([0] if flat[0] else []) + lengths


def masks():
    """Returns masks by name: smooth, noisy, full, a single pixel, and one that begins with a repainted pixel."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    generator = np.random.default_rng(12)
    return {
        "disc": (x - 40) ** 2 + (y - 20) ** 2 <= 120,
        "noise": generator.random((HEIGHT, WIDTH)) < 0.3,
        "full": np.ones((HEIGHT, WIDTH), bool),
        "pixel": (x == 63) & (y == 47),
        "corner": (x < 9) & (y < 5),
        "stripes": (x // 3) % 2 == 1,
    }


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    categories = [{"id": i, "name": name} for i, name in enumerate(masks(), 1)]
    annotations, rows = [], {}
    for category, (name, mask) in zip(categories, masks().items()):
        code = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
        counts = counts_of(mask)
        listed = coco.frPyObjects({"size": [HEIGHT, WIDTH], "counts": counts}, HEIGHT, WIDTH)
        assert listed["counts"] == code["counts"], name
        rows[name] = ["".join(map(str, row)) for row in coco.decode(code).tolist()]
        for image, segmentation in ((1, code["counts"].decode("ascii")), (2, counts)):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": category["id"],
                    "iscrowd": int(image == 2),
                    "area": int(mask.sum()),
                    "bbox": [float(v) for v in coco.toBbox(code)],
                    "segmentation": {"size": [HEIGHT, WIDTH], "counts": segmentation},
                }
            )
    images = [{"id": i, "file_name": f"val/{name}.png", "width": WIDTH, "height": HEIGHT} for i, name in ((1, "text"), (2, "list"))]
    write("instances.json", {"images": images, "annotations": annotations, "categories": categories})
    write("runs.json", rows)


def write(name, value):
    """Writes an object with a line for each key."""
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(part)}" for key, part in value.items())
    (FOLDER / name).write_text("{\n" + lines + "\n}\n", encoding="ascii")


if __name__ == "__main__":
    main()
