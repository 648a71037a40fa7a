"""The container file passes hadolint, and installs the torch that the wheel is built for."""

import os
import pathlib
import re
import subprocess
import sys

import pytest
from conftest import ROOT


def test_hadolint_finds_nothing():
    tool = pathlib.Path(sys.executable).with_name("hadolint")
    if not tool.is_file():
        message = "hadolint isn't installed (scripts/setup --test installs it)"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    result = subprocess.run([tool, "--no-color", "Containerfile"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (0, "")


def test_the_versions_are_those_of_scripts_setup():
    versions = (ROOT / "scripts" / "versions.env").read_text()
    torch = re.search(r"^TORCH_VERSION=(.*)$", versions, re.MULTILINE)[1]
    index = re.search(r"^TORCH_CPU_INDEX=(.*)/cpu$", versions, re.MULTILINE)[1]
    for page in ("Containerfile", "docs/guide.md"):
        named = set(re.findall(r"\bTORCH=([0-9.]+)\+", (ROOT / page).read_text()))
        assert named == {torch}, page
    assert f'"{index}/${{TORCH#*+}}"' in (ROOT / "Containerfile").read_text()
