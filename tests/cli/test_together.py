"""Two runs at once on one folder: what the other has made counts as kept."""

import json

import pytest

from conftest import TIMEOUT
from demo_folder import PICTURES, batch, digests, json_lines, start, whole_outputs  # noqa: F401


@pytest.mark.parametrize("more", [[], ["--batch-size", "3"], ["--num-images", "2"]])
def test_two_equal_runs_on_one_folder(batch, more):  # noqa: F811
    arguments = [*batch.arguments, "--skip-existing", "--json", *more]
    runs = [start(batch, *arguments) for _ in range(2)]
    outcomes = [run.communicate(timeout=TIMEOUT) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], [err.decode() for _, err in outcomes]
    lines = [json_lines(out.decode()) for out, _ in outcomes]
    results = PICTURES * (2 if "--num-images" in more else 1)
    assert [len(found) for found in lines] == [results, results]
    assert {line["status"] for found in lines for line in found} <= {"ok", "skipped"}
    made = [line["output"] for found in lines for line in found if line["status"] == "ok"]
    assert len(made) == len(set(made)) == results  # each by one of the two
    assert len(whole_outputs(batch)) == results
    # A single run makes the same.
    both = digests(batch.results)
    alone = batch.run(*batch.arguments, *more, "--overwrite")
    assert alone.code == 0
    if "--batch-size" not in more:
        assert digests(batch.results) == both


def test_two_equal_runs_without_a_seed(batch):  # noqa: F811
    arguments = ["-i", "pictures", "-m", "masks", "-p", "a door", "--steps", "2", "-o", "r", "--skip-existing"]
    runs = [start(batch, *arguments) for _ in range(2)]
    errors = [run.communicate(timeout=TIMEOUT)[1].decode() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], errors


def test_two_equal_runs_of_one_picture(work):
    arguments = ["-i", "picture.png", "-m", "mask.png", "-p", "a door", "--seed", "7", "--steps", "8", "--skip-existing",
                 "--save-mask", "m.png", "--save-crop", "c.png", "--save-latents", "l.safetensors", "--json"]  # fmt: skip
    runs = [start(work, *arguments) for _ in range(3)]
    outcomes = [run.communicate(timeout=TIMEOUT) for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], [err.decode() for _, err in outcomes]
    assert sorted(json.loads(out)["status"] for out, _ in outcomes) == ["ok", "skipped", "skipped"]
    assert work.files() == ["c.png", "l.safetensors", "m.png", "mask.png", "picture-inpainted.png", "picture.png"]


def test_two_equal_runs_with_one_report_lose_no_line(batch):  # noqa: F811
    arguments = [*batch.arguments, "--steps", "8", "--skip-existing", "--report", "report.jsonl"]
    first = start(batch, *arguments)
    while not (batch.folder / "report.jsonl").is_file():
        assert first.poll() is None
    second = start(batch, *arguments)
    errors = [run.communicate(timeout=TIMEOUT)[1].decode() for run in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], errors
    lines = json_lines((batch.folder / "report.jsonl").read_text())
    if "the lines of both go there" in errors[1]:
        assert len(lines) == 2 * PICTURES
    else:  # the first had ended already
        assert len(lines) == PICTURES


def test_a_run_with_other_options_still_fails(batch):  # noqa: F811
    assert batch.run(*batch.arguments).code == 0
    other = batch.run(*batch.arguments, "--steps", "1", "--skip-existing")
    assert other.code == 7 and "made with other parameters" in other.err
