"""Runs the examples of docs/golden-checks.md as they stand."""

import json
import re
import shutil
import subprocess
import textwrap

import pytest

from conftest import BINARY, MODEL, ROOT, environment

PAGE = (ROOT / "docs" / "golden-checks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)


def block(language, part):
    (found,) = [text for kind, text in BLOCKS if kind == language and part in text]
    return found


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "zimage-inpaint").symlink_to(BINARY.resolve())
    (tmp_path / "golden").mkdir()
    for name in ("picture.png", "mask.png"):
        shutil.copy(MODEL / name, tmp_path / "golden" / name)
    return tmp_path


def shell(folder, script):
    path = f"{folder / 'bin'}:/usr/bin:/bin"
    return subprocess.run(["sh", "-eu", "-c", script], cwd=folder, env=environment(PATH=path, TMPDIR=str(folder)),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)


def action():
    """Returns the lines below the step's `run: |`."""
    text = block("yaml", "pull_request")
    return textwrap.dedent(re.search(r"name: Compare\n +run: \|\n((?: {10}.*\n)+)", text)[1])


def test_the_examples_in_turn(repository):
    run = action()
    (repository / "golden" / "check.sh").write_text(block("sh", "mktemp"))
    hook = re.search(r"entry: (.*)", block("yaml", "language: system"))[1]

    missing = shell(repository, run)
    assert missing.returncode == 3 and "there is no golden picture golden/expected.png" in missing.stderr

    made = shell(repository, run.replace("--golden ", "--golden-update --golden "))
    assert made.returncode == 0, made.stderr
    again = shell(repository, "rm -r out\n" + run)
    assert again.returncode == 0, again.stderr
    assert json.loads((repository / "out" / "report.json").read_text())["golden"]["status"] == "match"
    assert shell(repository, hook).returncode == 0
    assert not list(repository.glob("tmp.*"))

    shutil.copy(repository / "golden" / "picture.png", repository / "golden" / "expected.png")
    wrong = shell(repository, "rm -r out\n" + run)
    assert wrong.returncode == 6 and "golden/expected.png" in wrong.stderr
    assert (repository / "out" / "result-difference.png").is_file()
    stopped = shell(repository, hook)
    assert stopped.returncode == 6 and "golden pictures that differ" in stopped.stderr
    (left,) = repository.glob("tmp.*")
    assert (left / "result-difference.png").is_file()


def test_the_command_lines(repository):
    lines = [line.strip() for line in PAGE.splitlines() if line.startswith("    zimage-inpaint")]
    assert len(lines) == 5
    shutil.copy(MODEL / "picture.png", repository / "photo.png")
    shutil.copy(MODEL / "mask.png", repository / "mask.png")
    for line in lines:
        result = shell(repository, line)
        assert result.returncode == 0, result.stderr
    assert (repository / "check.html").read_text().count("<article") == 1
