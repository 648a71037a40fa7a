"""The memory plan: shown before anything is read, followed, and refused where it can't fit."""

import json
import resource
import shutil

import numpy as np
import pytest

from conftest import MODEL, load
from demo_folder import start

STAGES = ["encode prompt", "encode picture", "denoise", "decode"]


def plan(work, *args):
    result = work.job("--dry-run", "--json", *args)
    assert result.code == 0, result.err
    return json.loads(result.out)["memory"]


def test_a_dry_run_shows_the_plan(work):
    memory = plan(work)
    assert [stage["stage"] for stage in memory["stages"]] == STAGES
    assert memory["peak_bytes"] == max(stage["weights_bytes"] + stage["work_bytes"] for stage in memory["stages"])
    assert memory["fits"] and memory["peak_bytes"] < memory["limit_bytes"]
    assert memory["residency"] == "every part stays in memory" and memory["dtype_reason"] == "the model is small"
    text = work.job("--dry-run").out.decode()
    for stage in STAGES:
        assert f" {stage} " in text
    assert "every part stays in memory" in text


def test_a_larger_picture_takes_more(work):
    small, large = (plan(work, "--crop", "off", "--outpaint", f"0,0,{grow},{grow}")["stages"] for grow in (0, 960))
    for stage, other in zip(small, large):
        more = stage["stage"] != "encode prompt"
        assert other["weights_bytes"] == stage["weights_bytes"]
        assert (other["work_bytes"] > stage["work_bytes"]) == more, stage["stage"]


def test_offload_decides_what_stays(work):
    none, stage, stream = (plan(work, "--offload", mode) for mode in ("none", "stage", "stream"))
    weights = [[part["weights_bytes"] for part in memory["stages"]] for memory in (none, stage, stream)]
    assert weights[0][1] > weights[1][1]  # the DiT isn't there while the VAE encodes
    assert weights[1][2] > weights[2][2]  # only layers of it are there while it works
    assert "leaves" in stage["residency"] and "for each forward" in stream["residency"]


@pytest.mark.parametrize("mode", ["none", "stage", "stream"])
def test_the_picture_is_the_same_whatever_stays(work, mode):
    assert work.job("--seed", "3", "-o", "auto.png").code == 0
    result = work.job("--seed", "3", "-o", "other.png", "--offload", mode)
    assert result.code == 0, result.err
    difference = np.abs(load(work.folder / "auto.png").astype(int) - load(work.folder / "other.png"))
    # Packed weights and others round differently in fp32's last bits.
    assert (difference <= 1).mean() >= 0.999 and difference.max() <= 2


@pytest.mark.parametrize("change", ["shrinks", "is overwritten"])
def test_a_model_file_that_changes_ends_the_run(work, change):
    shutil.copytree(MODEL, work.folder / "model")
    file = work.folder / "model" / "transformer" / "diffusion_pytorch_model.safetensors"
    process = start(work, "-i", "picture.png", "-m", "mask.png", "-p", "a door", "-o", "out.png", "--model", "model",
                    "--offload", "stream", "--steps", "500", "--progress", "plain")  # fmt: skip
    for line in process.stderr:
        if line.startswith(b"denoise"):
            break
    with open(file, "r+b") as opened:
        if change == "shrinks":
            opened.truncate(5000)
        else:
            opened.seek(file.stat().st_size // 2)
            opened.write(bytes(100000))
    error = process.communicate()[1].decode().splitlines()[-1]
    assert process.returncode == 4, error
    assert "diffusion_pytorch_model.safetensors" in error
    assert ("became shorter" in error and change == "shrinks") or "was written to while it was in use" in error
    assert "out.png" not in work.files()


def test_a_limit_of_the_address_space_is_respected(work):
    limits = (650 << 20, 650 << 20)
    result = work.job(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limits))
    assert result.code == 5, result.err
    assert "memory" in result.lines[-1]


def test_random_weights_count_though_they_are_streamed(work):
    result = work.run("bench", "--random-weights", "published", "--max-memory", "3GB", "--offload", "stream",
                      "--size", "64x64", "--device", "cpu")  # fmt: skip
    assert result.code == 5, result.err
    assert "--max-memory allows" in result.lines[-1]


def test_several_pictures_and_regions_with_parts_that_leave(work):
    result = work.job("--seed", "3", "--num-images", "2", "--offload", "stage", "--guidance-scale", "2")
    assert result.code == 0, result.err
    assert [name for name in work.files() if "inpainted" in name] == [
        "picture-inpainted-0.png",
        "picture-inpainted-1.png",
    ]


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_what_cannot_fit_is_refused_before_a_weight_is_read(work, dry):
    result = work.job("--max-memory", "100MB", *dry)
    assert result.code == 5 and result.out == b"", result.err
    error = result.lines[-1]
    assert error.startswith("error: the run needs ") and "--max-memory allows 95.4 MiB" in error
    assert "load" not in result.lines
    assert work.files() == ["mask.png", "picture.png"]


def test_the_refusal_names_what_fits(work):
    size = ("--crop", "off", "--outpaint", "0,0,1984,1984")
    least = plan(work, *size, "--offload", "stream")["peak_bytes"]
    small = plan(work, "--offload", "none")["peak_bytes"]
    assert small < least
    limit = (small + least) // 2 // 1_000_000
    result = work.job(*size, "--offload", "none", "--max-memory", f"{limit}MB", "--dry-run")
    assert result.code == 5
    assert "--megapixels" in result.lines[-1], result.err


def test_doctor_counts_memory(work):
    done = work.run("doctor", "--json", "--max-memory", "100MB")
    report = json.loads(done.out)
    assert done.code == 5 and report["problems"][0]["code"] == "memory"
    assert not report["model"]["memory"]["fits"]
    done = work.run("doctor", "--json")
    assert done.code == 0 and json.loads(done.out)["model"]["memory"]["fits"]
    text = work.run("doctor").out.decode()
    for stage in STAGES:
        assert f" {stage} " in text
