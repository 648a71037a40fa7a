"""Runs `get` with small files, against a server that has them.

The published files take gigabytes, and nothing else has their hashes. So most tests run build/tests/get_stand_in, which
is the program linked with another table of files (tests/tools/get_stand_in.cpp).
"""

import hashlib
import json
import os
import subprocess
import time

import pytest

from conftest import BINARY, TIMEOUT, Finished, environment
from hub import Hub
from model_files import case

STAND_IN = BINARY.parent / "tests" / "get_stand_in"
DIT = "split_files/diffusion_models/z_image_turbo_bf16.safetensors"
TEXT = "split_files/text_encoders/qwen_3_4b.safetensors"


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """Makes a small DiT and a small text encoder. Returns what the table says of them, and their files."""
    folder = tmp_path_factory.mktemp("parts")
    case.bf16_files(folder, split=False)
    files = {}
    for option, path in (("model", DIT), ("text-encoder", TEXT)):
        file = folder / path.rpartition("/")[2]
        shown = subprocess.run([BINARY, "inspect", "--json", file], env=environment(), capture_output=True, check=True)
        facts = json.loads(shown.stdout)
        row = {"repository": "them/small", "path": path, "option": option, "bytes": facts["bytes"],
               "sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "licence": "MIT", "version": facts["version"] or ""}
        row |= {key: facts[key] for key in ("kind", "layers", "width", "parameters")}
        files[option] = (row, file)
    return files


class Getting:
    """A folder in which the program with the small files runs, against a server that has them."""

    def __init__(self, work, hub, parts):
        self.work, self.hub, self.folder = work, hub, work.folder
        self.rows = {"turbo": [parts["model"][0], parts["text-encoder"][0]], "turbo-int8": [parts["text-encoder"][0]]}
        self.sources = {row["path"]: file for row, file in parts.values()}
        hub.files = {f"them/small/{path}": file for path, file in self.sources.items()}
        self.text = parts["text-encoder"][1].read_bytes()

    def environment(self, **changes):
        table = self.folder / "table.json"
        table.write_text(json.dumps([{"name": name, "files": rows} for name, rows in self.rows.items()]))
        return environment(**{"HF_ENDPOINT": self.hub.url, "ZIMAGE_STAND_IN_FILES": str(table)} | changes)

    def command(self, *args):
        return [str(STAND_IN), "get", *map(str, args)]

    def run(self, *args, **changes):
        popen = changes.pop("popen", {})
        return Finished(subprocess.run(self.command(*args), cwd=self.folder, env=self.environment(**changes),
                                       stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, **popen))  # fmt: skip

    def start(self, *args, **popen):
        return subprocess.Popen(self.command(*args), cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **popen)  # fmt: skip

    def models(self, folder="zimage-models"):
        root = self.folder / folder
        return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


@pytest.fixture
def getting(work, parts):
    with Hub() as hub:
        yield Getting(work, hub, parts)


def wait_for_part(getting):
    """Waits until the server has stopped sending, and curl has written some of it."""
    assert getting.hub.stalled.wait(TIMEOUT)
    part = getting.folder / "zimage-models" / (TEXT + ".part")
    end = time.monotonic() + TIMEOUT
    while (not part.exists() or part.stat().st_size == 0) and time.monotonic() < end:
        time.sleep(0.01)


def error_of(done, code):
    assert done.code == code and done.out == b"", done.err
    (line,) = [line for line in done.lines if line.startswith("error: ")]
    return line


def paste(getting, script, **changes):
    """Runs a script as if it were pasted, with the program on PATH."""
    programs = getting.folder / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "zimage-inpaint").unlink(missing_ok=True)
    (programs / "zimage-inpaint").symlink_to(STAND_IN)
    env = getting.environment(PATH=f"{programs}:{os.environ['PATH']}", **changes)
    return Finished(subprocess.run(["sh"], input=script, cwd=getting.folder, env=env, capture_output=True, timeout=TIMEOUT))


def put_program(getting, name, text):
    programs = getting.folder / "bin"
    programs.mkdir(exist_ok=True)
    (programs / name).write_text(text)
    (programs / name).chmod(0o755)
    return f"{programs}:{os.environ['PATH']}"
