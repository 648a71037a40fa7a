"""Files of the published names, shapes and types are recognised: sparse ones, whose weights are holes.

Their sizes are compared with the published ones by scripts/make_published_shapes.py.
"""

import subprocess
import sys

import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))

from published_files import published  # noqa: E402

TOKENIZER = ROOT / "tests" / "fixtures" / "tokenizer"
FILES = [file.path for file in published()]
DITS = [path for path in FILES if "z_image_turbo" in path or "z-image-turbo" in path]
TEXTS = [path for path in FILES if "qwen" in path.lower()]
CONTROLS = [path for path in FILES if "Controlnet" in path]
DIT = "comfy/models/diffusion_models/z_image_turbo_bf16.safetensors"
TEXT = "comfy/models/text_encoders/qwen_3_4b.safetensors"
VAE = "comfy/models/vae/ae.safetensors"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    script = [sys.executable, ROOT / "scripts" / "make_published_shapes.py", folder]
    made = subprocess.run(script, capture_output=True, text=True, timeout=300)
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


def dry_run(work, folder, *more, dit=DIT, text=TEXT):
    parts = ["--model", folder / dit, "--text-encoder", folder / text, "--vae", folder / VAE, "--tokenizer", TOKENIZER]
    done = work.job(*parts, *more, "--device", "cpu", "--dry-run", "-v", "-o", "out.png")
    assert done.code == 0, done.err
    return done


def test_every_part_is_there():
    assert len(DITS) + len(TEXTS) + len(CONTROLS) + 1 == len(FILES)


@pytest.mark.parametrize("path", DITS)
def test_a_published_dit_would_load(work, folder, path):
    dry_run(work, folder, dit=path)


@pytest.mark.parametrize("path", TEXTS)
def test_a_published_text_encoder_would_load(work, folder, path):
    dry_run(work, folder, text=path)


@pytest.mark.parametrize("path", CONTROLS)
def test_a_published_controlnet_would_load(work, folder, path):
    said = dry_run(work, folder, "--controlnet", folder / path)
    assert ("2.1-lite" if "lite" in path else "2.1") in said.err + said.out.decode()


@pytest.mark.parametrize("path", FILES)
def test_a_published_file_is_inspected(work, folder, path):
    done = work.run("inspect", folder / path)
    assert done.code == 0, done.err


def test_a_folder_of_comfyui_would_load(work, folder):
    done = work.job("--model", folder / DIT, "--tokenizer", TOKENIZER, "--text-encoder", folder / TEXT, "--dry-run")
    assert done.code == 0, done.err  # the VAE lies where ComfyUI keeps it
