"""Every command of docs/batches.md does what the page says."""

import json
import os
import re
import subprocess
import sys

from conftest import BINARY, ROOT, TIMEOUT, environment
from demo_folder import PICTURES, batch, json_lines, whole_outputs  # noqa: F401

PAGE = (ROOT / "docs" / "batches.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def run(work, *command):
    env = environment(PATH=f"{BINARY.resolve().parent}:{os.environ['PATH']}")
    return subprocess.run(command, cwd=work.folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=TIMEOUT)  # fmt: skip


def test_the_commands(batch):  # noqa: F811
    (batch.folder / "jobs.jsonl").write_text(blocks("json")[0])
    told = []
    for block in blocks("sh"):
        done = run(batch, "sh", "-c", block)
        assert done.returncode == 0, (block, done.stderr)
        told.append(done.stdout.split())
    folder, manifest, resumed, reported, page, shared = told
    assert folder == [f"pictures-inpainted/{name}" for name in batch.names]
    assert manifest == ["results/p0000-inpainted.png", "results/blue.png"]
    assert resumed == [f"results/{name}" for name in batch.names]
    assert len(json_lines((batch.folder / "report.jsonl").read_text())) == len(reported) == PICTURES
    assert page == ["report.html"] and (batch.folder / "report.html").read_text().count("<article") == PICTURES
    assert sorted(shared) == [f"shared/{name}" for name in batch.names]
    assert len(whole_outputs(batch)) == PICTURES + 2


def test_the_driver(batch):  # noqa: F811
    done = run(batch, sys.executable, "-c", blocks("python")[0])
    assert done.returncode == 0, done.stderr
    assert done.stdout == "ok driven/p0000-inpainted.png\nok driven/p0001-inpainted.png\n"


def test_the_files_that_the_page_links_to_exist():
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (ROOT / "docs" / target).is_file(), target
    assert json.loads(blocks("json")[0].splitlines()[0])["seed"] == 1
