"""Folders, manifests, shards and reports, through the real executable."""

import json

import numpy as np
import pytest
from PIL import Image

from conftest import Work, load
from pictures import DISPLAY_P3, profile

SEEDLESS = ("--steps", "2", "--prompt", "a door", "--feather", "0", "--crop", "off")
FAST = ("--seed", "3", *SEEDLESS)


class Batch(Work):
    """A folder of pictures and one of masks, small enough to be quick."""

    NAMES = ("a.png", "b.png", "sub/c.png", "sub/deep/d.png")

    def __init__(self, folder):
        super().__init__(folder)
        generator = np.random.default_rng(2)
        for number, name in enumerate(self.NAMES):
            for root in ("in", "masks"):
                (folder / root / name).parent.mkdir(parents=True, exist_ok=True)
            self.pixels = generator.integers(0, 256, (32, 48, 3), dtype=np.uint8)
            Image.fromarray(self.pixels).save(folder / "in" / name)
            hole = np.zeros((32, 48), dtype=bool)
            hole[8:20, 10 + number : 30] = True
            self.save_mask(hole, f"masks/{name}")

    def folder_job(self, *more, **popen):
        return self.run("--image", "in", "--mask", "masks", *FAST, *more, **popen)

    def results(self, folder="in-inpainted"):
        return sorted(p.relative_to(self.folder / folder).as_posix() for p in (self.folder / folder).rglob("*") if p.is_file())

    def manifest(self, *jobs, name="jobs.jsonl"):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps(job) + "\n" for job in jobs))
        return path


@pytest.fixture
def batch(tmp_path):
    return Batch(tmp_path)


def json_lines(result):
    return [json.loads(line) for line in result.out.decode().splitlines()]


def test_a_folder_becomes_a_folder_with_the_same_tree(batch):
    result = batch.folder_job()
    assert result.code == 0, result.err
    assert batch.results() == sorted(batch.NAMES)
    assert sorted(result.out.decode().split()) == sorted(f"in-inpainted/{n}" for n in batch.NAMES)
    assert result.lines[-1].startswith("4 done in ")
    for name in batch.NAMES:
        before, after = load(batch.folder / "in" / name), load(batch.folder / "in-inpainted" / name)
        hole = load(batch.folder / "masks" / name) > 0
        assert (before[~hole] == after[~hole]).all() and (before[hole] != after[hole]).any()


def test_a_batch_gives_the_bytes_of_single_runs(batch):
    assert batch.folder_job("-o", "out").code == 0
    for name in batch.NAMES:
        single = batch.run("--image", f"in/{name}", "--mask", f"masks/{name}", *FAST, "-o", "single.png", "--overwrite")
        assert single.code == 0, single.err
        assert (batch.folder / "single.png").read_bytes() == (batch.folder / "out" / name).read_bytes()


def test_results_that_share_their_forwards_differ_only_by_rounding(batch):
    assert batch.folder_job("-o", "one").code == 0
    result = batch.folder_job("-o", "three", "--batch-size", "3")
    assert result.code == 0, result.err
    for name in batch.NAMES:
        apart = np.abs(load(batch.folder / "one" / name).astype(int) - load(batch.folder / "three" / name))
        assert apart.max() <= 1, name


def test_a_shared_forward_waits_for_its_pictures(work):
    """Pictures with a profile are still being converted to sRGB when the model begins."""
    for folder in ("large", "holes"):
        (work.folder / folder).mkdir()
    x, y = np.meshgrid(np.arange(3200), np.arange(2400))
    hole = np.zeros(x.shape, np.uint8)
    hole[100:2300, 100:3100] = 255
    for i in range(3):
        pixels = np.stack([120 + 80 * np.sin(x / (200 + i)), 120 + 80 * np.cos(y / 150), 0 * x + 140], -1)
        large = Image.fromarray(pixels.astype(np.uint8))
        large.save(work.folder / f"large/{i}.png", compress_level=1, icc_profile=profile(DISPLAY_P3))
        Image.fromarray(hole).save(work.folder / f"holes/{i}.png", compress_level=1)
    for size in ("1", "3"):
        options = ("--prompt", "a door", "--seed", "3", "--steps", "2", "--feather", "16", "--batch-size", size)
        result = work.run("-i", "large", "-m", "holes", *options, "-o", size)
        assert result.code == 0, result.err
    for i in range(3):
        apart = np.abs(load(work.folder / f"1/{i}.png").astype(int) - load(work.folder / f"3/{i}.png"))
        assert apart.max() <= 1, i


def test_a_bad_job_is_reported_and_the_rest_go_on(batch):
    (batch.folder / "masks/b.png").unlink()
    (batch.folder / "in/sub/c.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    result = batch.folder_job("--json", "--report", "report.jsonl")
    assert result.code == 7
    lines = {line["image"]: line for line in json_lines(result)}
    assert {name: line["status"] for name, line in lines.items()} == {
        "in/a.png": "ok", "in/b.png": "error", "in/sub/c.png": "error", "in/sub/deep/d.png": "ok"}  # fmt: skip
    assert lines["in/b.png"]["error"]["code"] == 3 and "no mask" in lines["in/b.png"]["error"]["message"]
    assert lines["in/sub/c.png"]["error"]["code"] == 3
    assert "2 done, 2 failed" in result.lines[-1]
    assert batch.results() == ["a.png", "sub/deep/d.png"]
    assert (batch.folder / "report.jsonl").read_bytes() == result.out


def test_fail_fast_stops_at_the_first_bad_job(batch):
    (batch.folder / "masks/a.png").unlink()
    result = batch.folder_job("--fail-fast")
    assert result.code == 7 and "in/a.png" in result.err
    assert len(batch.results()) < 3


def test_skip_existing_resumes_and_overwrite_redoes(batch):
    assert batch.folder_job().code == 0
    kept = batch.folder / "in-inpainted/a.png"
    times = {name: (batch.folder / "in-inpainted" / name).stat().st_mtime_ns for name in batch.NAMES}
    (batch.folder / "in-inpainted/b.png").unlink()
    again = batch.folder_job("--skip-existing", "--json")
    assert again.code == 0, again.err
    assert sorted(line["status"] for line in json_lines(again)) == ["ok", "skipped", "skipped", "skipped"]
    assert kept.stat().st_mtime_ns == times["a.png"]
    # Without a seed any result counts. With another seed the old result is in the way and is replaced only on request.
    assert batch.run("--image", "in", "--mask", "masks", *SEEDLESS, "--skip-existing").code == 0
    other = batch.folder_job("--seed", "4", "--skip-existing")
    assert other.code == 7 and "made with other parameters" in other.err
    assert kept.stat().st_mtime_ns == times["a.png"]
    assert batch.folder_job("--seed", "4", "--skip-existing", "--overwrite").code == 0
    assert kept.stat().st_mtime_ns != times["a.png"]


def test_existing_results_are_not_replaced_by_default(batch):
    assert batch.folder_job().code == 0
    before = (batch.folder / "in-inpainted/a.png").read_bytes()
    result = batch.folder_job("--seed", "9")
    assert result.code == 7 and "already exists" in result.err
    assert (batch.folder / "in-inpainted/a.png").read_bytes() == before


def test_a_prompt_beside_a_picture_is_used_for_it(batch):
    (batch.folder / "in/b.txt").write_text("a window\n", encoding="utf-8")
    result = batch.folder_job("--json")
    assert {line["image"]: line["prompt"] for line in json_lines(result)} == {
        "in/a.png": "a door", "in/b.png": "a window", "in/sub/c.png": "a door", "in/sub/deep/d.png": "a door"}  # fmt: skip


def test_a_mask_without_a_picture_gives_a_warning(batch):
    batch.save_mask(batch.hole, "masks/nobody.png")
    result = batch.folder_job("--dry-run", "-q")
    assert result.code == 0 and "masks/nobody.png has no picture" in result.err
    assert not (batch.folder / "in-inpainted").exists()


def test_shards_share_the_folder(batch):
    done = []
    for number in ("1/3", "2/3", "3/3"):
        result = batch.folder_job("--shard", number)
        assert result.code == 0, result.err
        done += result.out.decode().split()
    assert sorted(done) == sorted(f"in-inpainted/{n}" for n in batch.NAMES)
    assert batch.folder_job("--shard", "0/3").code == 2


def test_a_manifest_gives_each_job_its_own_options(batch):
    path = batch.manifest(
        {"image": "../in/a.png", "mask": "../masks/a.png", "prompt": "a red door", "seed": 1, "output": "first.png"},
        {"image": "../in/b.png", "mask": "../masks/b.png", "steps": 3, "no-color-match": True, "feather": 0},
        name="lists/jobs.jsonl",
    )
    result = batch.run("--manifest", path, *FAST, "--json")
    assert result.code == 0, result.err
    first, second = json_lines(result)
    assert (first["prompt"], first["seed"], first["steps"]) == ("a red door", 1, 2)
    assert (second["prompt"], second["seed"], second["steps"]) == ("a door", 3, 3)
    assert (batch.folder / "lists/first.png").is_file()
    assert (batch.folder / "in/b-inpainted.png").is_file()


def test_one_picture_may_have_many_jobs(batch):
    path = batch.manifest(*({"seed": k, "output": f"{k}.png"} for k in (1, 2)))
    result = batch.run("--manifest", path, "--image", "in/a.png", "--mask", "masks/a.png", *FAST)
    assert result.code == 0, result.err
    assert (batch.folder / "1.png").read_bytes() != (batch.folder / "2.png").read_bytes()


@pytest.mark.parametrize("line, says", [
    ("not json", "not valid JSON"), ('{"image": "in/a.png", "promt": "x"}', "unknown key 'promt'"),
    ('{"model": "x"}', "can't differ between jobs"), ('{"steps": "many"}', "--steps"),
])  # fmt: skip
def test_a_bad_line_of_a_manifest_is_named_before_anything_runs(batch, line, says):
    good = json.dumps({"image": "in/a.png", "mask": "masks/a.png", "output": "good.png"})
    (batch.folder / "jobs.jsonl").write_text(f"{good}\n\n{line}\n")
    result = batch.run("--manifest", "jobs.jsonl", *FAST)
    assert result.code == 3
    assert len(result.lines) == 1 and "jobs.jsonl line 3" in result.err and says in result.err
    assert not (batch.folder / "good.png").exists()


def test_two_jobs_with_one_output_are_refused_before_anything_runs(batch):
    job = {"image": "in/a.png", "mask": "masks/a.png"}
    path = batch.manifest(job | {"output": "x.png"}, job | {"output": "./in/../x.png"})
    result = batch.run("--manifest", path, *FAST)
    assert result.code == 3 and "line 1" in result.err and "line 2" in result.err
    assert not (batch.folder / "x.png").exists()


def test_bmp_and_png_of_one_name_collide_in_one_format(batch):
    Image.open(batch.folder / "in/a.png").save(batch.folder / "in/a.bmp")
    assert batch.folder_job("--dry-run").code == 0
    result = batch.folder_job("--format", "png")
    assert result.code == 3 and "in/a.bmp" in result.err and "in/a.png" in result.err


def test_what_makes_no_sense_in_a_batch_is_refused(batch):
    assert batch.folder_job("-o", "-").code == 2
    assert batch.folder_job("--replay", "in/a.png").code == 2
    assert batch.folder_job("--manifest", "jobs.jsonl").code == 2
    assert batch.folder_job("-o", "picture.png").code == 2
    assert batch.run("--image", "in", "--mask", "in", *FAST).code == 2
    assert batch.run("--image", "in", "--mask", "masks", "--seed", "1").code == 2  # no prompt anywhere
    assert batch.run("--image", "masks/sub/deep", "--mask", "masks", "--manifest", "no.jsonl", *FAST).code == 2
    (batch.folder / "empty").mkdir()
    assert batch.run("--image", "empty", "--mask", "masks", *FAST).code == 3
    assert batch.run("--manifest", "no-such.jsonl", *FAST).code == 3
    assert batch.folder_job("--model", "/no/such").code == 4


def test_a_model_that_can_not_make_the_first_picture_ends_the_batch(batch, model_copy):
    for weights in (model_copy / "vae").glob("*.safetensors"):
        data = bytearray(weights.read_bytes())
        data[-4096:] = b"\xff" * 4096  # not finite
        weights.write_bytes(bytes(data))
    result = batch.folder_job("--model", model_copy)
    assert result.code == 4, result.err
    assert batch.results() == []


def test_the_report_is_not_replaced_by_default(batch):
    (batch.folder / "report.jsonl").write_text("mine\n")
    result = batch.folder_job("--report", "report.jsonl")
    assert result.code == 2 and (batch.folder / "report.jsonl").read_text() == "mine\n"
    assert batch.folder_job("--report", "no/such/folder.jsonl").code == 2
    assert batch.folder_job("--report", "report.jsonl", "--overwrite").code == 0
    lines = [json.loads(line) for line in (batch.folder / "report.jsonl").read_text().splitlines()]
    assert len(lines) == 4 and all(line["timings_ms"]["total"] > 0 for line in lines)


def test_a_single_run_has_a_report_too(batch):
    assert batch.job("--report", "r.jsonl").code == 0
    assert json.loads((batch.folder / "r.jsonl").read_text())["status"] == "ok"
    assert batch.job("--mask", "none.png", "--report", "r.jsonl", "--overwrite").code == 3


def test_progress_for_people_and_programs(batch):
    plain = batch.folder_job("--progress", "plain")
    assert "[4/4] done in/sub/deep/d.png" in plain.err and "denoise" not in plain.err
    events = batch.folder_job("--progress", "json", "-q", "-o", "more").lines
    parsed = [json.loads(line) for line in events if line.startswith("{")]
    assert parsed[0] == {"event": "batch", "total": 4}
    assert [e["job"] for e in parsed if e["event"] == "job"] == [f"in/{n}" for n in batch.NAMES]
    ends = [e for e in parsed if e["event"] == "job_end"]
    assert ends[-1]["ended"] == 4 and ends[-1]["failed"] == 0 and {e["status"] for e in ends} == {"ok"}


def test_several_results_of_each_picture(batch):
    result = batch.folder_job("--num-images", "2")
    assert result.code == 0, result.err
    assert "a-inpainted-0.png" in batch.results() and "sub/c-inpainted-1.png" in batch.results()
    assert len(batch.results()) == 8 and "4 done" in result.lines[-1]


def test_golden_pictures_form_a_tree_like_the_results(batch):
    assert batch.folder_job("--golden", "golden").code == 7  # there are none yet, and every job says so
    assert batch.folder_job("--golden", "golden", "--golden-update").code == 0
    assert batch.results("golden") == sorted(batch.NAMES)
    assert batch.folder_job("--golden", "golden", "--overwrite").code == 0
    bent = load(batch.folder / "golden/sub/c.png").copy()
    bent[0, 0] ^= 3
    Image.fromarray(bent).save(batch.folder / "golden/sub/c.png")
    result = batch.folder_job("--golden", "golden", "--skip-existing", "--json")
    assert result.code == 6
    statuses = {line["image"]: line["status"] for line in json_lines(result)}
    assert statuses == {f"in/{n}": "mismatch" if n == "sub/c.png" else "skipped" for n in batch.NAMES}
    assert "golden/sub/c.png" in result.err and "1 unlike" in result.lines[-1]
    assert "sub/c-difference.png" in batch.results()
    assert batch.folder_job("--golden", "picture.png").code == 2


def test_a_damaged_golden_picture_fails_only_its_job(batch):
    assert batch.folder_job("--golden", "golden", "--golden-update").code == 0
    (batch.folder / "golden/b.png").write_bytes(b"no picture")
    result = batch.folder_job("--golden", "golden", "--skip-existing", "--json")
    assert result.code == 7
    assert sorted(line["status"] for line in json_lines(result)) == ["error", "skipped", "skipped", "skipped"]
