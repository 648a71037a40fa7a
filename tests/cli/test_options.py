"""Every name and value of the command line's contract, whether it is implemented yet or not."""

import pytest

from conftest import environment

# The contract's options that have a value that changes nothing, with that value.
NEUTRAL = {
    "--negative-prompt": "blurry", "--control-scale": "0.75", "--steps": "2", "--shift": "3.0",
    "--guidance-scale": "1.0", "--cfg-truncation": "1.0", "--cfg-normalization": "0", "--sampler": "res_multistep", "--seed": "7", "--strength": "1.0", "--num-images": "1",
    "--strategy": "auto", "--jump-length": "0", "--jump-count": "1", "--mask-threshold": "0.5", "--mask-grow": "0",
    "--feather": "0", "--crop": "off", "--padding": "32", "--megapixels": "1.0", "--format": "png", "--quality": "90",
    "--batch-size": "1", "--tolerance": "0", "--device": "cpu", "--dtype": "fp32", "--offload": "none", "--max-memory": "64GB",
    "--threads": "1", "--progress": "none", "--color": "never",
}
NEUTRAL_FLAGS = ["--composite", "--no-composite", "--no-color-match", "--overwrite", "--skip-existing", "--no-metadata",
                 "--mask-invert", "--show", "-q", "-v", "-vv", "--json"]
ELSEWHERE = ["--lora", "--lora-allow-unmatched", "--manifest", "--golden", "--golden-update", "--report", "--shard", "--fail-fast", "--outpaint", "--mask-fill-holes", "--soft-mask", "--color-match", "-i", "--image", "-m", "--mask", "-p", "--prompt", "--prompt-file", "-o", "--output", "--model",
             "--text-encoder", "--tokenizer", "--vae", "--controlnet", "--control-image", "--replay", "--save-mask", "--save-crop", "--save-latents", "--preview", "--save-previews",
             "--log-file", "--dry-run", "--config", "--version", "-h", "--help-all"]


def test_a_dry_run_with_every_neutral_value(work):
    args = [part for item in NEUTRAL.items() for part in item]
    result = work.job(*args, "--dry-run")
    assert result.code == 0, result.err
    assert work.files() == ["mask.png", "picture.png"]


@pytest.mark.parametrize("flag", NEUTRAL_FLAGS)
def test_flags(work, flag):
    result = work.job(flag, "--dry-run")
    assert result.code == 0, result.err


@pytest.mark.parametrize("args, words", [(["--strategy", "controlnet"], "needs a ControlNet"),
                                         (["--dtype", "fp8", "--device", "cpu"], "use --dtype bf16")])  # fmt: skip
def test_what_cannot_be_done_here_is_refused(work, args, words):
    result = work.job(*args)
    assert result.code == 2
    assert len(result.lines) == 1 and result.lines[0].startswith("error: ")
    assert words in result.err
    assert result.out == b""
    assert work.files() == ["mask.png", "picture.png"]


def test_a_folder_of_masks_needs_a_folder_of_pictures(work):
    result = work.job("--mask", ".")
    assert result.code == 2 and len(result.lines) == 1
    assert "--mask . is a folder" in result.err


def test_help(work):
    brief, everything = work.run("-h"), work.run("--help-all")
    assert brief.code == everything.code == 0
    assert brief.err == everything.err == ""
    text = everything.out.decode()
    for name in NEUTRAL.keys() | set(ELSEWHERE):
        bare = name.replace("--no-", "--[no-]") if name.startswith("--no-c") else name
        assert bare in text or name.lstrip("-") in text, name
    assert brief.out.index(b"zimage-inpaint --image") < brief.out.index(b"Usage:")
    assert len(brief.out) < len(everything.out) / 2


def test_version_comes_before_everything(work):
    result = work.run("--nonsense", "--version")
    assert result.code == 0 and result.err == ""
    text = result.out.decode()
    assert text.startswith("zimage-inpaint ") and "\ncommit " in text and "\nlibtorch 2." in text


def test_options_win_over_environment_over_config(work):
    (work.folder / "config.toml").write_text('model = "/no/such/config-model"\nsteps = 3\nquiet = true\n')
    from_config = work.job("--config", "config.toml", env=environment(ZIMAGE_MODEL=None))
    assert from_config.code == 4 and "/no/such/config-model" in from_config.err
    from_environment = work.job("--config", "config.toml", env=environment(ZIMAGE_MODEL="/no/such/env-model"))
    assert "/no/such/env-model" in from_environment.err
    from_option = work.job("--config", "config.toml", "--model", "/no/such/option-model")
    assert "/no/such/option-model" in from_option.err


def test_config_fills_in_missing_options(work):
    (work.folder / "config.toml").write_text('prompt = "from the file, #1"\nsteps = 3\njson = true\n')
    result = work.run("-i", "picture.png", "-m", "mask.png", "--steps", "2", "--seed", "1", "--config", "config.toml", "--dry-run")
    assert result.code == 0, result.err
    assert b'"prompt":"from the file, #1"' in result.out and b'"steps":2' in result.out


def test_an_empty_environment_variable_counts_as_unset(work):
    assert work.job("--dry-run", env=environment(ZIMAGE_MODEL="")).code == 0


def test_prompt_from_a_file(work):
    (work.folder / "prompt.txt").write_text("ein Tür, 門\n", encoding="utf-8")
    result = work.run("-i", "picture.png", "-m", "mask.png", "--prompt-file", "prompt.txt", "--dry-run", "--json")
    assert result.code == 0, result.err
    assert '"prompt":"ein Tür, 門"' in result.out.decode()
