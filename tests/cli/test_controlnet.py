"""ControlNets with the executable: strategy, scale, errors, and what a run records."""

import json
import shutil
import struct

import numpy as np
import pytest
from PIL import Image

from conftest import ROOT, environment, load

FIXTURES = ROOT / "tests" / "fixtures"
NETS = FIXTURES / "controlnets"
BASE = NETS / "base" / "transformer"
A = FIXTURES / "models" / "a"
ON_BASE = ["--model", BASE, "--text-encoder", A / "text_encoder", "--tokenizer", A / "tokenizer", "--vae", A / "vae"]
ON_A = ["--model", A]
V21 = [*ON_BASE, "--controlnet", NETS / "v21" / "controlnet.safetensors"]
LITE = [*ON_BASE, "--controlnet", NETS / "lite" / "controlnet.safetensors"]
V1 = [*ON_A, "--controlnet", NETS / "v1" / "controlnet.safetensors"]


@pytest.fixture
def work(work):
    edges = np.zeros_like(work.pixels)
    edges[12:28:4] = 255
    Image.fromarray(edges).save(work.folder / "edges.png")
    return work


def report(result):
    assert result.code == 0, result.err
    return json.loads(result.out)


def failure(work, result, code, *parts):
    assert result.code == code, result.err
    errors = [line for line in result.lines if line.startswith("error: ")]
    assert len(errors) == 1
    for part in parts:
        assert part in errors[0]
    assert work.files() == ["edges.png", "mask.png", "picture.png"]


def test_a_33_channel_file_inpaints_without_repaint(work):
    done = report(work.job(*V21, "--feather", "0", "--json", "-o", "out.png"))
    assert done["strategy"] == "controlnet" and "2.1" in done["strategy_reason"]
    assert done["control_scale"] == 0.75 and done["model"]["controlnet"] == "2.1"
    assert done["max_change_outside_mask"] == 0
    assert (load(work.folder / "out.png")[~work.hole] == work.pixels[~work.hole]).all()


def test_a_16_channel_file_steers_repaint(work):
    done = report(work.job(*V1, "--control-image", "edges.png", "--json", "-o", "out.png"))
    assert done["strategy"] == "repaint" and "version 1" in done["strategy_reason"]
    assert done["model"]["controlnet"] == "1"


@pytest.mark.parametrize("net", [V21, V1], ids=["2.1", "v1"])
def test_scale_0_equals_a_run_without_hints(work, net):
    report(work.job(*net, "--control-image", "edges.png", "--control-scale", "0", "--json", "-o", "zero.png"))
    report(work.job(*net, "--control-image", "edges.png", "--json", "-o", "some.png"))
    zero, some = (load(work.folder / name) for name in ("zero.png", "some.png"))
    assert (zero != some).any()
    if net is V1:  # both runs use RePaint
        report(work.job(*ON_A, "--json", "-o", "none.png"))
        assert (load(work.folder / "none.png") == zero).all()


def test_the_control_image_matters_and_may_have_another_size(work):
    report(work.job(*V21, "--json", "-o", "without.png"))
    report(work.job(*V21, "--control-image", "edges.png", "--json", "-o", "with.png"))
    Image.open(work.folder / "edges.png").resize((128, 96)).save(work.folder / "large.png")
    report(work.job(*V21, "--control-image", "large.png", "--json", "-o", "large-edges.png"))
    names = ("without.png", "with.png", "large-edges.png")
    assert len({load(work.folder / name).tobytes() for name in names}) == 3


def test_the_default_scale_is_explained(work):
    said = work.job(*LITE, "-v", "--dry-run")
    assert said.code == 0
    assert "control scale 0.9: version 2.1-lite" in said.err and "strategy controlnet: " in said.err
    for name, scale, why in (("x-Tile-2.1", 0.85, "'tile'"), ("x-2.1-2602-8steps", 0.9, "'2602'")):
        shutil.copy(NETS / "v21" / "controlnet.safetensors", work.folder / f"{name}.safetensors")
        said = work.job(*ON_BASE, "--controlnet", f"{name}.safetensors", "-v", "--dry-run")
        assert f"control scale {scale}: {why} in the file's name" in said.err


def test_a_scale_out_of_the_useful_range_gives_a_warning(work):
    assert "warning: --control-scale 1.2 is outside" in work.job(*V21, "--control-scale", "1.2", "--dry-run").err
    assert "outside" not in work.job(*V21, "--control-scale", "0.65", "--dry-run").err


def test_impossible_strategies_are_refused(work):
    failure(work, work.job(*ON_A, "--strategy", "controlnet"), 2, "--controlnet")
    failure(work, work.job(*V21, "--strategy", "repaint"), 2, "33-channel")
    failure(work, work.job(*V1, "--control-image", "edges.png", "--strategy", "controlnet"), 4, "33-channel")
    failure(work, work.job(*V1), 2, "--control-image")
    failure(work, work.job(*ON_A, "--control-image", "edges.png"), 2, "--controlnet")


def test_files_that_are_no_controlnet_are_refused(work):
    failure(work, work.job(*ON_A, "--controlnet", "none.safetensors"), 4, "none.safetensors")
    failure(work, work.job(*ON_A, "--controlnet", A / "transformer"), 4, "is a Z-Image DiT: give it with --model")
    failure(work, work.job(*ON_A, "--controlnet", NETS / "v20_absent" / "controlnet.safetensors"), 4, "evenly")


@pytest.mark.parametrize(
    ("tensor", "what"),
    [
        ("layers.0.attention.to_q.lora_A.weight", "is a LoRA: give it with --lora"),
        ("input_hint_block.0.weight", "is a ControlNet of another model"),
        ("controlnet_cond_embedding.conv_in.weight", "is a ControlNet of another model"),
        ("something.weight", "none of a Z-Image model's files"),
    ],
)
def test_the_error_says_what_another_file_is(work, tensor, what):
    header = json.dumps({tensor: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (work.folder / "other.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + struct.pack("<f", 1.0))
    result = work.job(*ON_A, "--controlnet", "other.safetensors")
    assert result.code == 4 and what in result.err and "other.safetensors" in result.err


def test_a_replay_uses_the_controlnet_again(work):
    report(work.job(*V21, "--control-image", "edges.png", "--control-scale", "0.8", "--json", "-o", "first.png"))
    again = work.run("--replay", "first.png", "-o", "again.png", "--json", env=environment(ZIMAGE_MODEL=None))
    assert report(again)["control_scale"] == 0.8
    assert (work.folder / "first.png").read_bytes() == (work.folder / "again.png").read_bytes()
