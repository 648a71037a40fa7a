"""Turbo, base and De-Turbo have their own defaults; cfg-truncation and cfg-normalization act on guided runs."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from conftest import MODEL, PLAIN, load

TURBO, BASE, DE_TURBO = (8, 3.0, 1.0), (30, 6.0, 4.0), (25, 3.0, 3.0)


def set_shift(model, shift):
    """Rewrites the model's scheduler config; None removes it."""
    path = model / "scheduler" / "scheduler_config.json"
    config = json.loads(path.read_text())
    path.unlink()
    if shift is not None:
        path.write_text(json.dumps({**config, "shift": shift}))


def rename(model, name):
    return model.rename(model.parent / name)


def plan(work, model, *more):
    """Returns the report of a dry run without --steps."""
    result = work.run("-i", "picture.png", "-m", "mask.png", "-p", "a door", "--seed", "7", "--model", model,
                      "--dry-run", "--json", *more)  # fmt: skip
    assert result.code == 0, result.err
    return json.loads(result.out)


def sampling_of(report):
    return report["steps"], report["shift"], report["guidance_scale"]


def made(work, name, *more, model=MODEL):
    """Inpaints with the plain algorithm and returns the report and the picture's pixels."""
    result = work.job("--model", model, "--json", "-o", name, *PLAIN, *more)
    assert result.code == 0, result.err
    return json.loads(result.out), load(work.folder / name)


def provenance(path):
    with Image.open(path) as picture:
        return json.loads(picture.text["zimage-inpaint"])


def test_the_demo_is_sampled_like_turbo(work):
    report = plan(work, MODEL)
    assert sampling_of(report) == TURBO and report["model"]["variant"] == "turbo"
    assert (report["forwards"], report["guided_forwards"], len(report["sigmas"])) == (8, 0, 9)


def test_a_scheduler_config_with_a_shift_of_6_makes_a_base_model(work, model_copy):
    set_shift(model_copy, 6.0)
    report = plan(work, model_copy)
    assert sampling_of(report) == BASE and report["model"]["variant"] == "base"
    assert (report["forwards"], report["guided_forwards"], len(report["sigmas"])) == (30, 30, 31)
    assert "scheduler_config.json" in report["model"]["variant_reason"]
    # What is given wins, each setting for itself.
    assert sampling_of(plan(work, model_copy, "--steps", "4")) == (4, 6.0, 4.0)
    report = plan(work, model_copy, "--guidance-scale", "1", "--shift", "3")
    assert sampling_of(report) == (30, 3.0, 1.0) and report["guided_forwards"] == 0


@pytest.mark.parametrize(
    "name, sampling",
    [("Z-Image", BASE), ("Z-Image-Turbo", TURBO), ("Z-Image-De-Turbo", DE_TURBO), ("anime-v2", TURBO)],
)
def test_without_a_scheduler_config_the_folders_name_decides(work, model_copy, name, sampling):
    set_shift(model_copy, None)
    assert sampling_of(plan(work, rename(model_copy, name))) == sampling


def test_the_name_of_a_single_file_decides(work, model_copy):
    shards = sorted((model_copy / "transformer").glob("*.safetensors"))
    assert len(shards) == 1
    file = model_copy / "z_image_bf16.safetensors"
    shutil.copy(shards[0], file)
    shutil.copy(model_copy / "transformer" / "config.json", model_copy / "config.json")
    assert sampling_of(plan(work, file)) == BASE  # although the folder's scheduler is Turbo's
    assert sampling_of(plan(work, file.rename(model_copy / "fine_tune.safetensors"))) == TURBO


def test_a_damaged_scheduler_config_is_a_model_error(work, model_copy):
    (model_copy / "scheduler" / "scheduler_config.json").write_text('{"shift": "six"}')
    result = work.job("--model", model_copy)
    assert result.code == 4 and "scheduler_config.json" in result.err
    assert work.files() == ["mask.png", "picture.png"]


def test_verbose_and_the_plan_say_which_variant_was_found_and_why(work, model_copy):
    set_shift(model_copy, 6.0)
    args = ("-i", "picture.png", "-m", "mask.png", "-p", "a door", "--model", model_copy, "--dry-run")
    verbose = work.run(*args, "-v")
    assert verbose.code == 0, verbose.err
    line = next(line for line in verbose.lines if "variant base" in line)
    assert "scheduler_config.json" in line and "30 steps, shift 6, guidance scale 4" in line
    assert "30 forwards, twice each for guidance" in verbose.err
    assert "variant" not in work.run(*args).err
    text = verbose.out.decode()
    assert "steps     30 (30 forwards, twice each for guidance)\nshift     6.0\nguidance  4.0\n" in text
    assert "variant   base (" in text


def test_a_result_records_the_models_defaults_and_replays_with_them(work, model_copy):
    set_shift(model_copy, 6.0)
    report, pixels = made(work, "base.png", model=model_copy)  # --steps 2 keeps it short
    assert sampling_of(report) == (2, 6.0, 4.0)
    options = provenance(work.folder / "base.png")["options"]
    assert (options["steps"], options["shift"], options["guidance-scale"]) == (2, 6.0, 4.0)
    assert options["negative-prompt"] == "" and "cfg-truncation" not in options
    # The same file without a mark: a replay keeps what was recorded.
    set_shift(model_copy, 3.0)
    again = work.run("--replay", "base.png", "-o", "again.png", "--json")
    assert again.code == 0, again.err
    assert sampling_of(json.loads(again.out)) == (2, 6.0, 4.0)
    assert np.array_equal(load(work.folder / "again.png"), pixels)
    # Explicit values give the same picture.
    _, given = made(work, "given.png", "--shift", "6", "--guidance-scale", "4")
    assert np.array_equal(given, pixels)


def test_skip_existing_compares_the_resolved_values(work, model_copy):
    set_shift(model_copy, 6.0)
    made(work, "out.png", model=model_copy)
    skipped = work.job("--model", model_copy, "--json", "-o", "out.png", *PLAIN, "--skip-existing")
    assert json.loads(skipped.out)["status"] == "skipped"
    other = work.job("--model", model_copy, "-o", "out.png", *PLAIN, "--skip-existing", "--cfg-truncation", "0.5")
    assert other.code == 2 and "other parameters" in other.err


def test_a_batch_with_a_base_model(work, model_copy):
    set_shift(model_copy, 6.0)
    jobs = [{"image": "picture.png", "mask": "mask.png", "prompt": "a door", "output": "open.png"},
            {"image": "picture.png", "mask": "mask.png", "prompt": "a door", "output": "given.png", "shift": 6.0,
             "guidance-scale": 4},
            {"image": "picture.png", "mask": "mask.png", "prompt": "a door", "output": "off.png",
             "guidance-scale": 1}]  # fmt: skip
    (work.folder / "jobs.jsonl").write_text("".join(json.dumps(job) + "\n" for job in jobs))
    result = work.run("--manifest", "jobs.jsonl", "--model", model_copy, "--seed", "7", "--steps", "2", "--json",
                      "--batch-size", "2", "--progress", "plain", *PLAIN)  # fmt: skip
    assert result.code == 0, result.err
    reports = {report["output"].rsplit("/", 1)[-1]: report for report in map(json.loads, result.out.splitlines())}
    assert sampling_of(reports["open.png"]) == sampling_of(reports["given.png"]) == (2, 6.0, 4.0)
    assert reports["off.png"]["guided_forwards"] == 0
    # The first two shared their forwards: their times are shares of one run.
    assert reports["open.png"]["timings_ms"]["denoise"] == reports["given.png"]["timings_ms"]["denoise"]
    assert np.array_equal(load(work.folder / "open.png"), load(work.folder / "given.png"))
    assert not np.array_equal(load(work.folder / "open.png"), load(work.folder / "off.png"))


GUIDED = ("--guidance-scale", "4", "--negative-prompt", "grey", "--steps", "4")


def test_truncation_leaves_out_the_negative_forwards_of_late_steps(work):
    # The levels are 1, 0.9, 0.75 and 0.5.
    whole, pixels = made(work, "whole.png", *GUIDED)
    assert (whole["forwards"], whole["guided_forwards"]) == (4, 4)
    seen = [pixels]
    for truncation, guided in (("0.25", 3), ("0.2", 2), ("0", 1)):
        report, pixels = made(work, f"at-{truncation}.png", *GUIDED, "--cfg-truncation", truncation)
        assert (report["forwards"], report["guided_forwards"]) == (4, guided)
        assert provenance(work.folder / f"at-{truncation}.png")["options"]["cfg-truncation"] == float(truncation)
        assert not any(np.array_equal(pixels, other) for other in seen)
        seen.append(pixels)
    verbose = work.job(*GUIDED, "--cfg-truncation", "0.25", "-v", "--dry-run")
    assert "4 forwards, 3 of them twice for guidance" in verbose.err


def test_normalization_limits_guidance(work):
    _, whole = made(work, "whole.png", *GUIDED)
    _, limited = made(work, "limited.png", *GUIDED, "--cfg-normalization", "0.5")
    _, loose = made(work, "loose.png", *GUIDED, "--cfg-normalization", "1000")
    assert provenance(work.folder / "limited.png")["options"]["cfg-normalization"] == 0.5
    assert not np.array_equal(limited, whole)
    assert np.array_equal(loose, whole)


def test_the_settings_of_guidance_do_nothing_without_it_and_change_no_byte(work):
    made(work, "plain.png")
    made(work, "set.png", "--cfg-truncation", "0.5", "--cfg-normalization", "1")
    assert (work.folder / "plain.png").read_bytes() == (work.folder / "set.png").read_bytes()
    made(work, "guided.png", *GUIDED)
    made(work, "neutral.png", *GUIDED, "--cfg-truncation", "1", "--cfg-normalization", "0")
    assert (work.folder / "guided.png").read_bytes() == (work.folder / "neutral.png").read_bytes()


def test_a_replay_restores_the_settings_of_guidance(work):
    _, pixels = made(work, "made.png", *GUIDED, "--cfg-truncation", "0.25", "--cfg-normalization", "0.75")
    again = work.run("--replay", "made.png", "-o", "again.png", "--json")
    assert again.code == 0, again.err
    assert json.loads(again.out)["guided_forwards"] == 3
    assert (work.folder / "again.png").read_bytes() == (work.folder / "made.png").read_bytes()


@pytest.mark.parametrize("args", [("--cfg-truncation", "1.5"), ("--cfg-truncation", "-0.1"),
                                  ("--cfg-normalization", "-1"), ("--cfg-normalization", "1001")])  # fmt: skip
def test_values_out_of_range_are_refused(work, args):
    result = work.job(*args)
    assert result.code == 2 and args[0] in result.err
