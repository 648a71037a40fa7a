"""Finds a model's files in the folders that people have: the demo model's, laid out as ComfyUI's users keep theirs."""

import json
import shutil

import pytest

from conftest import MODEL, environment

#: Part of the demo: its folder in ComfyUI's tree and its name there. The demo's sizes don't all show in its tensors, so
#: each config.json goes with its weights.
PARTS = {
    "transformer": "diffusion_models/z_image_demo.safetensors",
    "text_encoder": "text_encoders/qwen_demo.safetensors",
    "vae": "vae/ae.safetensors",
    "controlnet": "model_patches/net.safetensors",
}
PLAIN = ("--no-metadata", "-o", "out.png")


def place(part, target):
    (weights,) = (MODEL / part).glob("*.safetensors")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(weights, target)
    shutil.copy(MODEL / part / "config.json", target.parent)


@pytest.fixture
def models(tmp_path_factory):
    models = tmp_path_factory.mktemp("home") / "ComfyUI" / "models"
    for part, name in PARTS.items():
        place(part, models / name)
    shutil.copy(MODEL / "tokenizer" / "tokenizer.json", models / "text_encoders")
    (models / "loras").mkdir()
    return models


def picture(work, *args, **popen):
    result = work.job(*PLAIN, "--overwrite", *args, **popen)
    assert result.code == 0, result.err
    return (work.folder / "out.png").read_bytes()


def failure(work, *args):
    result = work.job("-o", "failed.png", *args)
    assert result.code == 4, result.err
    (line,) = [line for line in result.lines if line.startswith("error: ")]
    assert not (work.folder / "failed.png").exists()
    return line


def test_one_command_with_comfyui_s_folder_makes_the_same_picture(work, models):
    expected = picture(work)
    assert picture(work, "--model", models.parent) == expected
    assert picture(work, "--model", models) == expected
    assert picture(work, "--model", models / PARTS["transformer"]) == expected
    assert picture(work, env=environment(ZIMAGE_MODEL=str(models))) == expected
    assert picture(work, "--model", PARTS["transformer"], "--image", work.folder / "picture.png",
                   "--mask", work.folder / "mask.png", "-o", work.folder / "out.png", cwd=models) == expected  # fmt: skip


def test_loose_files_in_one_folder(work, models, tmp_path_factory):
    # A config.json can be beside one part only, so the other two stay in folders of their own.
    loose = tmp_path_factory.mktemp("loose")
    place("transformer", loose / "z_image_turbo.safetensors")
    expected = picture(work)
    parts = ["--text-encoder", models / "text_encoders", "--vae", models / "vae"]
    assert picture(work, "--model", loose, *parts) == expected
    assert picture(work, "--model", loose / "z_image_turbo.safetensors", *parts) == expected


def test_names_are_looked_for_in_the_tree(work, models):
    net = models / PARTS["controlnet"]
    expected = picture(work, "--controlnet", net)
    assert picture(work, "--model", models, "--controlnet", "net.safetensors", "--vae", "ae.safetensors") == expected
    message = failure(work, "--model", models, "--controlnet", "other.safetensors")
    assert "other.safetensors does not exist, nor is it in" in message and str(net.parent) in message


def test_a_name_that_two_files_have_is_not_guessed(work, models):
    for folder in ("a", "b"):
        place("vae", models / "vae" / folder / "same.safetensors")
    message = failure(work, "--model", models, "--vae", "same.safetensors")
    assert "several files are called same.safetensors" in message and "give the path of one" in message
    for folder in ("a", "b"):
        shutil.rmtree(models / "vae" / folder)


def test_the_report_names_the_files(work, models):
    result = work.job("--model", models, "--json", "--dry-run", "-v")
    assert result.code == 0, result.err
    model = json.loads(result.out)["model"]
    assert model["name"] == "z_image_demo.safetensors" and model["path"] == str(models)
    assert {str(models / name) for part, name in PARTS.items() if part != "controlnet"} <= set(model["files"])
    for name in ("DiT", "text encoder", "VAE"):
        assert any(f"{name}: {models}" in line for line in result.lines)


def test_what_is_missing_is_all_in_one_line(work, models):
    for name in ("text_encoders/qwen_demo.safetensors", "vae/ae.safetensors"):
        (models / name).unlink()
    message = failure(work, "--model", models)
    assert f"text encoder (there is none in {models / 'text_encoders'}" in message and "--text-encoder" in message
    assert f"VAE (there is none in {models / 'vae'}" in message and "--vae" in message


def test_two_models_are_told_apart_by_their_file(work, models):
    twin = models / "checkpoints" / "z_image_twin.safetensors"
    place("transformer", twin)
    message = failure(work, "--model", models)
    assert str(twin) in message and str(models / PARTS["transformer"]) in message and "--model" in message
    assert picture(work, "--model", twin)


@pytest.mark.parametrize(("option", "part"), [("--model", "vae"), ("--model", "text_encoder"), ("--vae", "transformer"),
                                              ("--text-encoder", "controlnet"), ("--controlnet", "vae")])  # fmt: skip
def test_a_file_of_another_kind_says_what_it_is(work, models, option, part):
    right = {"vae": "--vae", "text_encoder": "--text-encoder", "transformer": "--model", "controlnet": "--controlnet"}
    message = failure(work, "--model", models, option, models / PARTS[part])
    assert f"{models / PARTS[part]} is " in message and f"give it with {right[part]}" in message


def test_the_doctor_finds_what_a_run_finds(work, models):
    done = work.run("doctor", "--json", "--model", models, "--device", "cpu")
    assert done.code == 0
    assert json.loads(done.out)["model"]["usable"]
