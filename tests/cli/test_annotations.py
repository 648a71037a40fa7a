"""COCO's and LabelMe's annotations as masks."""

import json

import numpy as np
import pytest
from PIL import Image

from conftest import HEIGHT, ROOT, WIDTH, Work, load

FIXTURES = ROOT / "tests" / "fixtures" / "annotations"
BOX = [20, 10, 50, 10, 50, 30, 20, 30]  # the hole of mask.png


@pytest.fixture
def work(tmp_path):
    return Work(tmp_path)


def coco(work, annotations, names=("picture.png",), size=(WIDTH, HEIGHT), name="c.json"):
    images = [{"id": i, "file_name": n, "width": size[0], "height": size[1]} for i, n in enumerate(names)]
    entries = [{"id": i, "image_id": 0, "category_id": 1, "iscrowd": 0, **a} for i, a in enumerate(annotations)]
    categories = [{"id": 1, "name": "door"}, {"id": 2, "name": "a: b"}]
    file = {"info": {}, "images": images, "annotations": entries, "categories": categories}
    (work.folder / name).write_text(json.dumps(file))


def labelme(work, shapes, name, size=(WIDTH, HEIGHT)):
    file = {"version": "5.4.1", "flags": {}, "shapes": shapes, "imagePath": "x.png", "imageData": None,
            "imageWidth": size[0], "imageHeight": size[1]}  # fmt: skip
    (work.folder / name).write_text(json.dumps(file))


def shape(label, points, kind="polygon"):
    return {"label": label, "points": points, "group_id": None, "shape_type": kind, "flags": {}}


def saved(work, mask, *options, image="picture.png"):
    finished = work.run("-i", image, "-m", mask, "--save-mask", "m.png", "--overwrite", "--feather", "0", *options)
    assert finished.code == 0, finished.err
    return load(work.folder / "m.png") == 255, finished


@pytest.mark.parametrize("picture", ["text", "list"])
def test_runs_are_pycocotools_masks(work, picture):
    Image.fromarray(work.pixels).save(work.folder / f"{picture}.png")
    masks = json.loads((FIXTURES / "runs.json").read_text())
    for label, rows in masks.items():
        mask, _ = saved(work, f"{FIXTURES / 'instances.json'}:{label}", image=f"{picture}.png")
        assert np.array_equal(mask, np.array([[c == "1" for c in row] for row in rows])), label


def test_a_polygon_is_the_shape_of_the_same_points(work):
    points = [3.5, 4.25, 60.1, 9, 33, 44.75, 12, 30]
    coco(work, [{"segmentation": [points]}])
    shape_text = "polygon:" + " ".join(f"{x},{y}" for x, y in zip(points[::2], points[1::2]))
    assert np.array_equal(saved(work, "c.json")[0], saved(work, shape_text)[0])


def test_labels_are_names_or_numbers_and_may_hold_a_colon(work):
    coco(work, [{"segmentation": [BOX]}, {"segmentation": [[0, 0, 9, 0, 9, 9]], "category_id": 2}])
    assert np.array_equal(saved(work, "c.json:door")[0], work.hole)
    assert np.array_equal(saved(work, "c.json:1")[0], work.hole)
    assert saved(work, "c.json:a: b")[0].sum() == saved(work, "c.json:2")[0].sum() > 0
    assert saved(work, "c.json")[0].sum() == work.hole.sum() + saved(work, "c.json:2")[0].sum()
    refused = work.job(mask="c.json:window")
    assert refused.code == 3 and 'c.json has no label "window" (it has a: b, door)' in refused.err
    assert work.job(mask="c.json:").code == 2


def test_a_picture_that_isnt_in_the_file_or_has_no_annotation(work):
    coco(work, [{"segmentation": [BOX]}], names=["other.png", "picture.png"])
    nothing = work.job(mask="c.json")
    assert nothing.code == 3 and "the mask c.json repaints nothing: it has no annotation of this picture" in nothing.err
    coco(work, [{"segmentation": [BOX]}], names=["other.png", "third.png"])
    missing = work.job(mask="c.json")
    assert missing.code == 3 and 'c.json has no picture "picture.png" (it has other.png, third.png)' in missing.err
    coco(work, [{"segmentation": [BOX]}])
    label = work.job(mask="c.json:2")
    assert label.code == 3 and 'this picture has no annotation "2" (this picture has door)' in label.err
    outpainted = work.job("--outpaint", "0,0,16,0", "-o", "out.png", mask="c.json:2")
    assert outpainted.code == 0 and "warning: the mask c.json:2 repaints nothing" in outpainted.err


def test_annotations_of_another_size_are_as_a_mask_of_another_size(work):
    coco(work, [{"segmentation": [[2 * v for v in BOX]]}], size=(2 * WIDTH, 2 * HEIGHT))
    mask, finished = saved(work, "c.json")
    assert np.array_equal(mask, work.hole) and "c.json is 128x96, the picture picture.png is 64x48" in finished.err
    coco(work, [{"segmentation": [BOX]}], size=(HEIGHT, WIDTH))
    refused = work.job(mask="c.json")
    assert refused.code == 3 and "annotations c.json are of 48x64, the picture picture.png is 64x48" in refused.err


def test_a_folder_takes_each_pictures_own_annotations(work):
    (work.folder / "in").mkdir()
    for name in ("a.png", "b.png", "c.png"):
        Image.fromarray(work.pixels).save(work.folder / "in" / name)
    coco(work, [{"segmentation": [BOX]}, {"segmentation": [[0, 0, 8, 0, 8, 8, 0, 8]], "image_id": 1}],
         names=["x/a.png", "x/b.png", "x/d.png"])  # fmt: skip
    finished = work.job("-o", "out", "--feather", "0", "--json", image="in", mask="c.json")
    assert finished.code == 7
    reports = {json.loads(line)["image"]: json.loads(line) for line in finished.out.splitlines()}
    assert [reports[f"in/{n}.png"]["status"] for n in "abc"] == ["ok", "ok", "error"]
    assert "has no picture" in reports["in/c.png"]["error"]["message"]
    for name, hole in (("a", work.hole), ("b", np.pad(np.ones((8, 8), bool), ((0, HEIGHT - 8), (0, WIDTH - 8))))):
        changed = (load(work.folder / "out" / f"{name}.png") != work.pixels).any(-1)
        assert changed.any() and not (changed & ~hole).any()


@pytest.mark.parametrize("image", ["in", "in/a.png"])
def test_a_label_needs_a_file_of_annotations(work, image):
    (work.folder / "in").mkdir()
    Image.fromarray(work.pixels).save(work.folder / "in" / "a.png")
    refused = work.run("-i", image, "-m", "in:person", "-p", "x", "-o", "out.png" if image.endswith("png") else "out")
    assert refused.code == 2 and "a label needs a FILE.json" in refused.err, refused.err
    assert not (work.folder / "out").exists()


def test_labelmes_shapes(work):
    shapes = [shape("door", [[20, 10], [50, 30]], "rectangle"), shape("disc", [[10, 40], [10, 44]], "circle"),
              shape("way", [[0, 0], [9, 9]], "line"), shape("way", [[3, 3]], "point")]  # fmt: skip
    labelme(work, shapes, "l.json")
    assert np.array_equal(saved(work, "l.json:door")[0], work.hole)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    disc = (x - 10) ** 2 + (y - 40) ** 2 <= 16
    mask, finished = saved(work, "l.json")
    assert np.array_equal(mask, work.hole | disc)
    assert 'a shape of the type "line" is left out' in finished.err and 'type "point" is left out' in finished.err


@pytest.mark.parametrize("beside", [True, False])
def test_a_folder_of_labelmes_files(work, beside):
    (work.folder / "in").mkdir()
    (work.folder / "masks").mkdir()
    folder = "in" if beside else "masks"
    for name in ("a", "b"):
        Image.fromarray(work.pixels).save(work.folder / "in" / f"{name}.png")
    labelme(work, [shape("door", [[20, 10], [50, 30]], "rectangle")], f"{folder}/a.json")
    finished = work.job("-o", "out", "--json", image="in", mask=folder)
    assert finished.code == 7
    reports = [json.loads(line) for line in finished.out.splitlines()]
    assert {r["image"]: r["status"] for r in reports} == {"in/a.png": "ok", "in/b.png": "error"}
    assert "there is no mask for it" in finished.err


def test_a_stray_json_beside_masks_is_no_mask_and_two_masks_of_a_name_are_refused(work):
    (work.folder / "in").mkdir()
    (work.folder / "masks").mkdir()
    Image.fromarray(work.pixels).save(work.folder / "in" / "a.png")
    work.save_mask(work.hole, "masks/a.png")
    (work.folder / "masks" / "dataset.json").write_text("{}")
    finished = work.job("-o", "out", image="in", mask="masks")
    assert finished.code == 0 and "dataset" not in finished.err
    labelme(work, [shape("door", [[20, 10], [50, 30]], "rectangle")], "masks/a.json")
    twice = work.job("-o", "out2", image="in", mask="masks")
    assert twice.code == 7 and "two masks have its name" in twice.err
    same = work.job("-o", "out3", image="in", mask="in")
    assert same.code == 2 and "are the same folder" in same.err


def test_annotations_are_hashed_and_replayed(work):
    coco(work, [{"segmentation": [BOX]}])
    assert work.job("-o", "made.png", mask="c.json:door").code == 0
    assert work.run("--replay", "made.png", "-o", "again.png").code == 0
    assert (work.folder / "made.png").read_bytes() == (work.folder / "again.png").read_bytes()
    (work.folder / "moved").mkdir()
    for name in ("made.png", "c.json", "picture.png"):
        (work.folder / name).rename(work.folder / "moved" / name)
    assert work.run("--replay", "moved/made.png", "-o", "found.png").code == 0
    with open(work.folder / "moved" / "c.json", "a") as file:
        file.write("\n")
    changed = work.run("--replay", "moved/made.png", "-o", "changed.png")
    assert changed.code == 0 and "the mask is not the one that was used" in changed.err


def test_a_file_in_another_encoding_or_of_another_kind(work):
    coco(work, [{"segmentation": [BOX]}])
    text = (work.folder / "c.json").read_text()
    (work.folder / "bom.json").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert np.array_equal(saved(work, "bom.json")[0], work.hole)
    (work.folder / "wide.json").write_bytes(text.encode("utf-16"))
    wide = work.job(mask="wide.json")
    assert wide.code == 3 and "UTF-16" in wide.err
    (work.folder / "other.json").write_text('{"type": "FeatureCollection"}')
    other = work.job(mask="other.json")
    assert other.code == 3 and "holds no annotations of COCO or LabelMe" in other.err
    assert work.job(mask="none.json").code == 3
    (work.folder / "picture.json").write_bytes((work.folder / "mask.png").read_bytes())
    assert work.job(mask="picture.json").code == 3


def test_a_picture_from_stdin_has_no_name_to_look_for(work):
    import subprocess

    coco(work, [{"segmentation": [BOX]}])
    with open(work.folder / "picture.png", "rb") as picture:
        command = work.command("-i", "-", "-m", "c.json", "--save-mask", "m.png")
        done = subprocess.run(command, cwd=work.folder, stdin=picture, capture_output=True)
    assert done.returncode == 3 and b"stdin" in done.stderr
