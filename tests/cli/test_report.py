"""`report` makes one page of a report's lines."""

import json
import os
import re

import numpy as np
import pytest
from PIL import Image

from conftest import Work, load
from report_page import edge_of, is_edge, make_runs, read_page


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    work = Work(tmp_path_factory.mktemp("runs"))
    work.lines = make_runs(work)
    return work


@pytest.fixture(scope="module")
def page(runs):
    made = runs.run("report", "report.jsonl")
    assert (made.code, made.out, made.err) == (0, b"report.html\n", "")
    return read_page(runs.folder / "report.html")


def write_lines(work, *lines, name="lines.jsonl"):
    (work.folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return name


def told_at(jobs):
    """Returns after how many jobs of one status, of which four are made at once, a twentieth more of them is done."""
    return [n for n in (*range(4, jobs, 4), jobs) if n * 20 // jobs > (n - 4) * 20 // jobs]


def page_of(work, *lines):
    made = work.run("report", write_lines(work, *lines), "--overwrite")
    assert made.code == 0, made.err
    assert made.lines == ([] if len(lines) < 20 else ["jobs", *(f"jobs {n}/{len(lines)}" for n in told_at(len(lines)))])
    return read_page(work.folder / made.out.decode().strip())


def test_failures_come_first_and_then_golden_mismatches(page, runs):
    assert [job.status for job in page.jobs] == ["failed", "differs", "done", "done"]
    assert [line["status"] for line in runs.lines].count("ok") == 2
    parts = ["failed", "differing", "results"]
    assert [name for name in page.ids if name in parts] == parts
    summary = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", page.source.split("</dl>")[0]))
    assert {key: summary[key] for key in ("jobs", "failed", "differ", "done")} == {
        "jobs": "4", "failed": "1", "differ": "1", "done": "2"}  # fmt: skip
    assert "Model: demo (cpu, fp32)" in page.source


def test_the_page_stands_alone(page):
    assert re.findall(r"https?:", page.source) == []
    assert all(link.startswith(("#", "data:image/webp;base64,")) for link in page.links)
    targets = [link[1:] for link in page.links if link.startswith("#")]
    assert targets and set(targets) <= set(page.ids) and len(set(page.ids)) == len(page.ids)
    (policy,) = [meta["content"] for meta in page.metas if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src data:; ") and "unsafe" not in policy
    assert '<html lang="en">' in page.source


def test_a_job_shows_its_pictures_and_the_mask_s_edge(page, runs):
    job = page.job("p0000.png")
    assert list(job.pictures) == ["picture", "result", "difference"] and not job.problems
    hole = load(runs.folder / "masks/p0000.png") > 0
    shown, _ = job.pictures["picture"]
    assert np.array_equal(is_edge(shown), edge_of(hole))
    picture = load(runs.folder / "pictures/p0000.png")
    far = np.zeros_like(hole)
    far[:, 45:] = True  # the hole ends at 36
    assert np.array_equal(np.asarray(shown.convert("RGB"))[far], picture[far])
    result = load(runs.folder / "results/p0000.png")
    assert np.array_equal(np.asarray(job.pictures["result"][0].convert("RGB")), result)
    change = np.abs(result.astype(int) - picture).max(axis=2)
    drawn = np.asarray(job.pictures["difference"][0].convert("L")).astype(int)
    assert np.array_equal(drawn > 0, change > 0)
    assert np.abs(drawn - change * 255 / change.max()).max() <= 1
    for text in ("Seed7", "Steps2", "Size64 × 48", f"white is {change.max()} of 255 levels", "repaint"):
        assert text in job.text, text


def test_a_golden_mismatch_shows_the_worst_pixel(page, runs):
    job = page.job("p0001.png")
    assert list(job.pictures) == ["picture", "golden", "result", "difference"]
    golden, result = load(runs.folder / "golden/p0001.png"), load(runs.folder / "results/p0001.png")
    values = " ".join(map(str, result[40, 5])) + " instead of " + " ".join(map(str, golden[40, 5]))
    assert f"The worst pixel is at 5, 40: {values}." in job.text
    assert "Largest difference4 levels" in job.text and "× 63.8: white is 4 of 255 levels" in job.text
    assert np.array_equal(np.asarray(job.pictures["golden"][0].convert("RGB")), golden)
    drawn = job.pictures["difference"][0]
    assert drawn.getpixel((5, 40)) == (255, 255, 255) and is_edge(drawn).any()


def test_a_failure_says_why(page, runs):
    job = page.job("p0002.png")
    (line,) = [line for line in runs.lines if line["status"] == "error"]
    assert line["error"]["message"] in job.text and line["error"]["hint"] in job.text
    assert list(job.pictures) == ["picture"]
    assert "The mask's edge isn't drawn: masks/p0002.png is not a picture" in job.text


def test_another_folder_finds_the_pictures_beside_the_report(runs, tmp_path):
    made = runs.run("report", runs.folder / "report.jsonl", "-o", tmp_path / "page.html", "--json", cwd=tmp_path)
    assert made.code == 0, made.err
    told = json.loads(made.out)
    assert (told["jobs"], told["failed"], told["mismatched"]) == (4, 1, 1)
    assert told["bytes"] == (tmp_path / "page.html").stat().st_size
    assert not read_page(tmp_path / "page.html").jobs[-1].problems
    assert os.listdir(tmp_path) == ["page.html"]
    streamed = runs.run("report", runs.folder / "report.jsonl", "-o", "-", cwd=tmp_path)
    assert streamed.code == 0 and streamed.out == (tmp_path / "page.html").read_bytes()


def test_text_from_a_report_is_only_text(work):
    nasty = "</p><script>alert(1)</script><img src=x onerror=alert(2)>&amp;\x00\x1b[31m\u202egpj.exe \"'`"
    line = {"status": "error", "image": nasty, "mask": nasty, "prompt": nasty, "seed": nasty, "strategy": nasty,
            "steps": [nasty], "size": [nasty, 1], "error": {"message": nasty, "hint": nasty, "code": nasty},
            "model": {"name": nasty, "path": nasty}, "timings_ms": {nasty: 1}, "golden": {"status": nasty},
            "regions": [{"x": nasty}]}  # fmt: skip
    page = page_of(work, line, {"status": nasty})
    assert page.source.count("<script") == 1 and "onerror" not in page.source.replace("onerror=alert(2)", "")
    assert not any(c in page.source for c in "\x00\x1b\u202e")
    assert "[U+202E]gpj.exe" in page.jobs[0].text and "\\x1b[31m" in page.jobs[0].text
    assert [job.status for job in page.jobs] == ["failed", "other"]


def test_files_that_are_gone_or_have_changed(work):
    assert work.job("-o", "out.png", "--report", "report.jsonl").code == 0
    line = json.loads((work.folder / "report.jsonl").read_text())
    assert page_of(work, line).jobs[0].text.count("since") == 0

    work.save_mask(~work.hole, "mask.png")
    Image.fromarray(255 - work.pixels).save(work.folder / "picture.png")
    text = page_of(work, line).jobs[0].text
    assert "The picture has changed since" in text and "The mask has changed since" in text

    text = page_of(work, {**line, "seed": 8}).jobs[0].text
    assert 'The result\'s file was written again since: by its metadata, its seed is "7".' in text
    text = page_of(work, {**line, "seed": 8, "status": "skipped"}).jobs[0].text
    assert 'The kept result is of an earlier run: by its metadata, its seed is "7".' in text

    (work.folder / "picture.png").unlink()
    (work.folder / "out.png").write_bytes((work.folder / "out.png").read_bytes()[:500])
    job = page_of(work, line).jobs[0]
    assert list(job.problems) == ["picture", "result"] and not job.pictures
    assert "picture.png" in job.problems["picture"] and "out.png" in job.problems["result"]


def test_the_mask_is_read_as_the_run_read_it(work):
    work.save_mask(~work.hole, "mask.png")
    made = work.job("--mask-invert", "--mask-grow", "2", "--outpaint", "0,0,16,0", "-o", "out.jpg",
                    "--report", "report.jsonl")  # fmt: skip
    assert made.code == 0, made.err
    assert work.run("report", "report.jsonl").code == 0
    (job,) = read_page(work.folder / "report.html").jobs
    shown, _ = job.pictures["picture"]
    assert shown.size == (80, 48) and list(job.pictures) == ["picture", "result", "difference"]
    edge = is_edge(shown)
    assert edge[8, 30] and edge[31, 30] and edge[:, 64].all()
    assert not edge[:, 79].any()  # the canvas ends there, and nothing is kept beyond
    assert not edge[0, :60].any() and not edge[10:28, 24:46].any()

    (work.folder / "mask.png").unlink()
    assert work.run("report", "report.jsonl", "--overwrite").code == 0
    (job,) = read_page(work.folder / "report.html").jobs
    assert job.pictures["picture"][0].size == (80, 48) and list(job.pictures) == ["picture", "result", "difference"]
    assert "The mask's edge isn't drawn: " in job.text


def test_an_upright_picture_in_another_colour_space(work):
    from PIL import ImageCms

    picture = Image.new("RGB", (64, 48), (200, 40, 40))
    exif = Image.Exif()
    exif[274] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture.save(work.folder / "picture.jpg", exif=exif, quality=100, icc_profile=profile)
    job = page_of(work, {"status": "ok", "image": "picture.jpg", "output": "gone.png"}).jobs[0]
    assert job.pictures["picture"][0].size == (48, 64)


def test_transparency_is_a_mask(work):
    alpha = np.where(work.hole, 0, 255).astype(np.uint8)
    Image.fromarray(np.dstack([work.pixels, alpha])).save(work.folder / "picture.png")
    assert work.job("-o", "out.png", "--report", "report.jsonl", mask="alpha").code == 0
    assert work.run("report", "report.jsonl").code == 0
    (job,) = read_page(work.folder / "report.html").jobs
    assert np.array_equal(is_edge(job.pictures["picture"][0]), edge_of(work.hole))


def annotations_of(work, box):
    """Writes a box as COCO and as LabelMe annotate it."""
    x, y, width, height = box
    corners = [x, y, x + width, y, x + width, y + height, x, y + height]
    coco = {"images": [{"id": 1, "file_name": "picture.png", "width": 64, "height": 48}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, "segmentation": [corners]}],
            "categories": [{"id": 1, "name": "door"}]}  # fmt: skip
    shapes = [{"label": "door", "points": [[x, y], [x + width, y + height]], "shape_type": "rectangle", "flags": {}},
              {"label": "gate", "points": [[0, 0], [9, 9]], "shape_type": "rectangle", "flags": {}}]  # fmt: skip
    labelme = {"version": "5.4.1", "flags": {}, "shapes": shapes, "imagePath": "x.png", "imageData": None,
               "imageWidth": 64, "imageHeight": 48}  # fmt: skip
    (work.folder / "coco.json").write_text(json.dumps(coco))
    (work.folder / "labelme.json").write_text(json.dumps(labelme))


@pytest.mark.parametrize("mask", ["rect:10,8,20,16", "coco.json", "labelme.json:door"])
def test_shapes_and_annotations_have_their_edge(work, mask, tmp_path_factory):
    annotations_of(work, (10, 8, 20, 16))
    made = work.job("-o", "out.png", "--report", "report.jsonl", mask=mask)
    assert made.code == 0, made.err
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    made = work.run("report", work.folder / "report.jsonl", "-o", "page.html", cwd=elsewhere)
    assert (made.code, made.err) == (0, "")
    (job,) = read_page(elsewhere / "page.html").jobs
    hole = np.zeros((48, 64), bool)
    hole[8:24, 10:30] = True
    assert np.array_equal(is_edge(job.pictures["picture"][0]), edge_of(hole))
    assert "The mask has changed" not in job.text and "isn't drawn" not in job.text


def test_a_mask_without_an_edge(work):
    job = page_of(work, {"status": "ok", "image": "picture.png", "mask": "rect:0,0,100%,100%"}).jobs[0]
    assert "the mask covers all of it" in job.text and not is_edge(job.pictures["picture"][0]).any()
    for mask in ("rect:1,2", "rect:900,900,5,5", "coco.json", "picture.json:"):
        job = page_of(work, {"status": "ok", "image": "picture.png", "mask": mask}).jobs[0]
        assert list(job.pictures) == ["picture"] and "The mask's edge isn't drawn: " in job.text, mask


def test_previews_and_masks_alone(work):
    """Neither is a result: nothing is compared with it, and no edge is drawn by options that nobody recorded."""
    made = work.job("--mask-invert", "--preview", "drawn.png", "--report", "report.jsonl")
    assert made.code == 0, made.err
    made = work.run("-i", "picture.png", "-m", "mask.png", "--mask-invert", "--save-mask", "saved.png", "--json")
    assert made.code == 0, made.err
    lines = [json.loads((work.folder / "report.jsonl").read_text()), json.loads(made.out)]
    drawn, saved = page_of(work, *lines).jobs
    for job, title, status, name in ((drawn, "Preview", "previewed", "drawn.png"), (saved, "Mask", "done", "saved.png")):
        assert list(job.pictures) == ["picture", "result"] and not job.problems
        assert job.status == status and f"{title}" in job.text.split("Details")[0] and name in job.text
        assert np.array_equal(np.asarray(job.pictures["picture"][0].convert("RGB")), work.pixels)
        shown = np.asarray(job.pictures["result"][0].convert("RGB"))
        assert np.array_equal(shown, load(work.folder / name) if name == "drawn.png" else
                              np.dstack([load(work.folder / name)] * 3))  # fmt: skip
        assert "seed" not in job.text and "since" not in job.text


def test_a_comparison_of_two_files(work):
    other = work.pixels.copy()
    other[3, 4, 1] ^= 1
    Image.fromarray(other).save(work.folder / "other.png")
    made = work.run("compare", "picture.png", "other.png", "--json")
    assert made.code == 6
    (work.folder / "check.jsonl").write_bytes(made.out)
    assert work.run("report", "check.jsonl").code == 0
    (job,) = read_page(work.folder / "check.html").jobs
    assert list(job.pictures) == ["golden", "result", "difference"] and job.status == "differs"
    assert "The worst pixel is at 4, 3:" in job.text and "Tolerance0" in job.text


def test_a_plan_shows_the_picture_alone(work):
    made = work.job("-o", "out.png", "--dry-run", "--json")
    (work.folder / "plan.jsonl").write_bytes(made.out)
    assert work.run("report", "plan.jsonl").code == 0
    (job,) = read_page(work.folder / "plan.html").jobs
    assert job.status == "planned" and list(job.pictures) == ["picture"] and not job.problems


def test_bad_lines_and_a_line_that_breaks_off(work):
    good = json.dumps({"status": "ok", "image": "picture.png"})
    report = work.folder / "report.jsonl"
    for text, part in [
        (f"{good}\nnot json\n{good}\n", "report.jsonl line 2 is not valid JSON"),
        (f"{good}\n7\n", "report.jsonl line 2 is not a JSON object"),
        ('{"image": "picture.png"}\n', "report.jsonl line 1 is no line of a report"),
        ("", "report.jsonl"),
        ("\n\n", "there is no job in report.jsonl"),
    ]:
        report.write_text(text)
        made = work.run("report", "report.jsonl")
        assert made.code == 3 and part in made.err and len(made.lines) == 1, made.err
        assert not (work.folder / "report.html").exists()
    report.write_text(f'{good}\n{{"status": "ok", "ima')
    made = work.run("report", "report.jsonl")
    assert made.code == 0 and "report.jsonl: its last line breaks off" in made.err
    page = read_page(work.folder / "report.html")
    assert len(page.jobs) == 1 and "The report's last line breaks off" in page.source
    made = work.run("report", "report.jsonl", "--overwrite", "--json")
    assert json.loads(made.out)["truncated"] is True


def test_where_the_page_goes(work):
    report = write_lines(work, {"status": "ok"})
    assert work.run("report", report).out == b"lines.html\n"
    (work.folder / "lines.html").write_text("mine")
    made = work.run("report", report)
    assert made.code == 2 and "lines.html already exists" in made.err
    assert (work.folder / "lines.html").read_text() == "mine"
    assert work.run("report", report, "--overwrite").code == 0
    made = work.run("report", report, "-o", report, "--overwrite")
    assert made.code == 2 and "is the report itself" in made.err
    assert work.run("report", report, "-o", "no/folder.html").code == 2
    assert work.run("report", "gone.jsonl").code == 3
    assert work.run("report", report, "-o", "-", "--json").code == 2
    assert work.run("report").code == 2
    with open("/dev/full", "wb") as full:
        assert work.run("report", report, "-o", "-", stdout=full).code == 1


def noise(folder, name, width, height, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / name, compress_level=1)


def test_a_few_jobs_have_large_pictures(work):
    smooth = np.add.outer(np.arange(1500), np.arange(2000)) % 2000 // 8
    Image.fromarray(smooth.astype(np.uint8)).convert("RGB").save(work.folder / "large.png")
    job = page_of(work, {"status": "ok", "image": "large.png", "output": "large.png"}).jobs[0]
    assert job.pictures["picture"][0].size == job.pictures["result"][0].size == (1280, 960)
    assert "no sample differs" in job.text


def nearly_edge(picture):
    """Finds magenta that a lossy file has changed a little."""
    red, green, blue = np.moveaxis(np.asarray(picture.convert("RGB")).astype(int), 2, 0)
    return (red - green > 100) & (blue - green > 30) & (red - blue > 30)


def test_a_thin_stroke_on_a_large_picture_is_seen(work):
    Image.new("L", (3000, 2000), 128).save(work.folder / "large.png")
    stroke = np.zeros((2000, 3000), np.uint8)
    stroke[500:1500, 1500] = 255
    Image.fromarray(stroke).save(work.folder / "stroke.png")
    job = page_of(work, {"status": "ok", "image": "large.png", "mask": "stroke.png"}).jobs[0]
    shown, _ = job.pictures["picture"]
    assert shown.size == (1280, 853)
    rows, columns = np.nonzero(nearly_edge(shown))
    assert len(set(rows)) >= 400 and 636 <= columns.min() <= columns.max() <= 644


def shows_edge(picture):
    """Returns whether noise, which is grey on average, is drawn over where the mask's upper edge is, at a third."""
    columns = slice(picture.width * 3 // 8, picture.width * 5 // 8)
    rows = np.asarray(picture.convert("RGB"))[:, columns].mean(axis=1)
    near = rows[picture.height // 3 - 1 : picture.height // 3 + 3]
    white = near.min(axis=1).max() > 170
    magenta = (near[:, 0] - near[:, 1]).max() > 30
    return bool(white and magenta)


def test_a_thousand_jobs_stay_below_20_mb(work):
    """Noise is the worst that a picture can be; each of these is too large for its share as it is."""
    for i in range(3):
        noise(work.folder, f"p{i}.png", 100, 75, i)
    mask = Image.new("L", (400, 300))
    mask.paste(255, (100, 100, 300, 200))
    mask.save(work.folder / "other_size.png")
    assert "the mask is resized" in work.run("-i", "p0.png", "-m", "other_size.png", "--save-mask", "m.png").err
    lines = [{"status": "ok", "image": f"p{i % 3}.png", "output": f"p{(i + 1) % 3}.png", "seed": i,
              "mask": None if i == 3 else "other_size.png",
              "prompt": "a stone bridge over a quiet river, morning light " * 8} for i in range(1000)]  # fmt: skip
    page = page_of(work, *lines)
    assert len(page.jobs) == 1000
    assert 10e6 < len(page.source.encode()) < 20e6
    assert all(len(job.pictures) == 3 for job in page.jobs)
    assert min(job.pictures["result"][0].width for job in page.jobs) >= 48
    assert [shows_edge(job.pictures["picture"][0]) for job in page.jobs[:4]] == [True, True, True, False]
