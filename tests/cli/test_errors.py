"""Every kind of broken or missing input gives one line and the right exit code, and leaves nothing behind."""

import json
import os
import pathlib

import numpy as np
import pytest
from PIL import Image

from conftest import MODEL, environment


def check_failure(work, result, code, *parts):
    assert result.code == code, result.err
    errors = [line for line in result.lines if line.startswith("error: ")]
    assert len(errors) == 1 and result.lines[-1] == errors[0], result.err
    for part in parts:
        assert part in errors[0]
    assert result.out == b""


@pytest.fixture
def clean(work):
    """Checks that a failing command leaves the folder as it was."""
    (work.folder / "results").mkdir()
    yield work
    left = [name for name in work.files() if name.startswith("results/") or ".part" in name or "inpainted" in name]
    assert left == []


def truncated(work, name, source="picture.png"):
    data = (work.folder / source).read_bytes()
    (work.folder / name).write_bytes(data[: len(data) // 2])


def test_no_arguments(clean):
    check_failure(clean, clean.run(), 2, "--image")


@pytest.mark.parametrize("missing", ["--image", "--mask", "--prompt"])
def test_missing_option(clean, missing):
    args = {"--image": "picture.png", "--mask": "mask.png", "--prompt": "x"}
    del args[missing]
    check_failure(clean, clean.run(*[part for item in args.items() for part in item]), 2, missing)


@pytest.mark.parametrize(
    "args",
    [
        ["--steps", "0"], ["--steps", "1001"], ["--steps", "x"], ["--steps", ""], ["--shift", "0"], ["--shift", "-1"],
        ["--strength", "0"], ["--strength", "1.01"], ["--strength", "nan"], ["--guidance-scale", "-1"],
        ["--guidance-scale", "inf"], ["--seed", "-1"], ["--seed", "18446744073709551616"], ["--mask-threshold", "0"],
        ["--mask-threshold", "1.5"], ["--quality", "0"], ["--quality", "101"], ["--num-images", "0"],
        ["--megapixels", "5"], ["--sampler", "ddim"], ["--format", "gif"], ["--dtype", "int4"], ["--max-memory", "6"], ["--max-memory", "lots"],
        ["--offload", "disk"], ["--device", "tpu"],
        ["--device", "cuda:x"], ["--threads", "-1"], ["--progress", "maybe"], ["--color", "red"], ["--nonsense"],
        ["--stpes", "3"], ["stray"], ["--steps"], ["-o", "-", "--json"], ["-o", "-", "--num-images", "2"],
        ["-o", "-", "--format", "jpeg"], ["-o", "x.gif"], ["-o", "-", "--format", "tiff"], ["--save-mask", "m.jpg"],
        ["--save-latents", "l.png"], ["--prompt-file", "mask.png"], ["--seed", "18446744073709551615", "--num-images", "2"],
        ["--config", "none.toml"], ["--log-file", "no/such/log"], ["-o", "a.png", "--save-mask", "./a.png"],
        ["-p", b"\xff\xfe"],
    ],
    ids=lambda a: "=".join(map(str, a)),
)  # fmt: skip
def test_usage(clean, args):
    check = clean.job(*args)
    assert check.code == 2, check.err
    error = check.lines[-1]
    assert error.startswith("error: ")
    assert len([line for line in check.lines if line.startswith("error: ")]) == 1
    if "--json" not in args:
        assert check.out == b""
    assert clean.files() == ["mask.png", "picture.png"]


def test_a_typing_error_gets_a_suggestion(clean):
    check_failure(clean, clean.job("--mask-treshold", "0.4"), 2, "--mask-threshold")


def test_unknown_config_key(clean):
    (clean.folder / "c.toml").write_text("stpes = 3\n")
    check_failure(clean, clean.job("--config", "c.toml"), 2, "c.toml", "stpes")


def test_missing_picture(clean):
    check_failure(clean, clean.job(image="none.png"), 3, "none.png")


def test_missing_mask(clean):
    check_failure(clean, clean.job(mask="none.png"), 3, "none.png")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n", os.urandom(2000)], ids=["empty", "text", "head", "noise"])
def test_file_that_is_no_picture(clean, content):
    (clean.folder / "bad.png").write_bytes(content)
    check_failure(clean, clean.job(image="bad.png"), 3, "bad.png")
    check_failure(clean, clean.job(mask="bad.png"), 3, "bad.png")


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "bmp", "tif"])
def test_truncated_picture(clean, ending):
    Image.fromarray(clean.pixels).save(clean.folder / f"whole.{ending}")
    truncated(clean, f"cut.{ending}", f"whole.{ending}")
    check_failure(clean, clean.job(image=f"cut.{ending}"), 3, f"cut.{ending}")


def test_a_flipped_bit(clean):
    data = bytearray((clean.folder / "picture.png").read_bytes())
    data[len(data) // 2] ^= 4
    (clean.folder / "flipped.png").write_bytes(data)
    check_failure(clean, clean.job(image="flipped.png"), 3, "flipped.png")


def test_files_that_are_not_regular(clean):
    os.mkfifo(clean.folder / "pipe.png")
    check_failure(clean, clean.job(image="pipe.png"), 3, "pipe.png")
    check_failure(clean, clean.job(image="/dev/null"), 3, "/dev/null")


def test_mask_of_another_size(clean):
    clean.save_mask(np.ones((10, 20), dtype=bool), "small.png")
    check_failure(clean, clean.job(mask="small.png"), 3, "20x10", "64x48", "small.png")


def test_a_picture_larger_than_the_model_can_see(clean):
    Image.fromarray(np.zeros((32, 20000), dtype=np.uint8)).save(clean.folder / "wide.png")
    check_failure(clean, clean.job(image="wide.png", mask="wide.png"), 3, "wide.png")  # as a mask it is all black
    clean.save_mask(np.ones((32, 20000), dtype=bool), "wide-mask.png")
    check_failure(clean, clean.job("--crop", "off", image="wide.png", mask="wide-mask.png"), 3, "wide.png", "20000x32")


def test_empty_mask(clean):
    clean.save_mask(np.zeros_like(clean.hole), "black.png")
    check_failure(clean, clean.job(mask="black.png"), 3, "black.png", "--mask-invert")


@pytest.mark.parametrize("progress", ["plain", "json"])
def test_a_model_that_loads_in_vain_is_not_reported(clean, progress):
    # The model loads while the inputs are read.
    clean.save_mask(np.zeros_like(clean.hole), "black.png")
    result = clean.job("--progress", progress, mask="black.png")
    check_failure(clean, result, 3, "black.png")
    assert len(result.lines) == 1


def test_mask_alpha_without_alpha(clean):
    check_failure(clean, clean.job(mask="alpha"), 3, "picture.png", "alpha")


def test_prompt_file(clean):
    args = ["-i", "picture.png", "-m", "mask.png", "--prompt-file"]
    check_failure(clean, clean.run(*args, "none.txt"), 3, "none.txt")
    (clean.folder / "latin.txt").write_bytes(b"T\xfcr")
    check_failure(clean, clean.run(*args, "latin.txt"), 3, "latin.txt", "UTF-8")


def test_replay_without_metadata(clean):
    check_failure(clean, clean.run("--replay", "picture.png"), 3, "picture.png")


def test_output_exists(clean):
    before = (clean.folder / "picture.png").read_bytes()
    check_failure(clean, clean.job("-o", "picture.png"), 2, "picture.png", "--overwrite")
    assert (clean.folder / "picture.png").read_bytes() == before


@pytest.mark.parametrize("output", ["no/such/folder/x.png", "no/such/folder/", "/proc/x.png", "picture.png/x.png"])
def test_output_not_writable(clean, output):
    check_failure(clean, clean.job("-o", output), 2)


@pytest.mark.parametrize("option", ["--save-mask", "--save-crop", "--save-latents"])
def test_side_output_not_writable(clean, option):
    name = "no/such/x" + (".safetensors" if option == "--save-latents" else ".png")
    check_failure(clean, clean.job(option, name), 2, name)


def test_json_reports_errors_too(clean):
    result = clean.job("--json", mask="none.png")
    assert result.code == 3 and result.lines[-1].startswith("error: ")
    report = json.loads(result.out)
    assert report["status"] == "error" and report["error"]["code"] == 3
    assert report["error"]["message"] and "hint" in report["error"]
    assert report["image"] == "picture.png" and report["mask"] == "none.png" and report["output"] is None
    usage = json.loads(clean.run("--json", "--nonsense").out)
    assert usage["status"] == "error" and usage["error"]["code"] == 2


def test_a_name_with_a_newline_stays_one_line(clean):
    check_failure(clean, clean.job(image="no\nsuch\x1b[31m.png"), 3, "no\\nsuch\\x1b[31m.png")


def dit(model):
    return model / "transformer" / "diffusion_pytorch_model.safetensors"


def read_tensors(path):
    """Returns [dtype, shape, bytes] by name, whatever the dtype."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    body = data[8 + length :]
    return {n: [e["dtype"], e["shape"], body[slice(*e["data_offsets"])]] for n, e in header.items()}


def change_tensors(path, change):
    tensors = read_tensors(path)
    change(tensors)
    header, body = {}, b""
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


def test_missing_model(clean):
    check_failure(clean, clean.job("--model", "none"), 4, "none")
    check_failure(clean, clean.job(env=environment(ZIMAGE_MODEL="/no/such/model")), 4, "/no/such/model")


@pytest.mark.parametrize("part", ["transformer", "text_encoder", "tokenizer", "vae"])
def test_model_part_missing(clean, model_copy, part):
    (model_copy / part).rename(model_copy / "elsewhere")
    check_failure(clean, clean.job("--model", model_copy), 4, part)


def test_the_pictures_error_comes_before_the_models(clean, model_copy):
    (model_copy / "vae").rename(model_copy / "elsewhere")
    truncated(clean, "cut.png")
    check_failure(clean, clean.job("--model", model_copy, image="cut.png"), 3, "cut.png")
    check_failure(clean, clean.job("--model", model_copy, mask="cut.png"), 3, "cut.png")


def test_missing_tensors_are_all_named(clean, model_copy):
    names = sorted(read_tensors(dit(model_copy)))
    gone = [names[0], names[len(names) // 2]]
    change_tensors(dit(model_copy), lambda t: [t.pop(name) for name in gone])
    check_failure(clean, clean.job("--model", model_copy), 4, dit(model_copy).name, *gone)


def test_wrong_shape(clean, model_copy):
    name = "layers.0.attention.to_q.weight"

    def change(tensors):
        tensors[name] = ["F32", [3, 5], bytes(60)]

    change_tensors(dit(model_copy), change)
    check_failure(clean, clean.job("--model", model_copy), 4, name, dit(model_copy).name)


def test_extra_tensor(clean, model_copy):
    change_tensors(dit(model_copy), lambda t: t.update({"layers.0.surprise": ["F32", [3], bytes(12)]}))
    check_failure(clean, clean.job("--model", model_copy), 4, "layers.0.surprise")


JSON_FILES = ("transformer/config.json", "vae/config.json", "text_encoder/config.json", "tokenizer/tokenizer.json",
              "model_index.json")


@pytest.mark.parametrize("which", JSON_FILES)
@pytest.mark.parametrize("content", ["{", "[]", "\x00\xff", '{"a": 1e999}'], ids=["open", "list", "binary", "number"])
def test_bad_json(clean, model_copy, which, content):
    (model_copy / which).write_bytes(content.encode("latin-1"))
    check_failure(clean, clean.job("--model", model_copy), 4, pathlib.Path(which).name)


@pytest.mark.parametrize("which", JSON_FILES)
def test_a_key_given_twice(clean, model_copy, which):
    text = (model_copy / which).read_text()
    (model_copy / which).write_text(text.replace("{", '{"a key": 1, "a key": 1,', 1))
    check_failure(clean, clean.job("--model", model_copy), 4, pathlib.Path(which).name, 'the key "a key" twice')


def test_a_missing_config_is_blamed_and_not_the_weights(clean, model_copy):
    (model_copy / "transformer/config.json").unlink()
    check_failure(clean, clean.job("--model", model_copy), 4, "has no config.json beside it", "head size")


def test_a_file_given_for_another_part_is_named(clean, model_copy):
    vae = model_copy / "vae"
    check_failure(clean, clean.job("--model", model_copy, "--text-encoder", vae), 4, "is a VAE: give it with --vae")


def test_a_text_encoder_with_another_rotation_gives_a_warning(clean, model_copy):
    config = model_copy / "text_encoder/config.json"
    text = json.loads(config.read_text())
    text["rope_parameters"]["rope_theta"] = 5e6
    config.write_text(json.dumps(text))
    done = clean.job("--model", model_copy, "--dry-run")
    assert done.code == 0, done.err
    assert "warning: the text encoder's rope_theta is 5000000" in done.err
    assert "Qwen3-4B-Instruct-2507" not in clean.job("--model", MODEL, "--dry-run").err


@pytest.mark.parametrize("cut", [0, 4, 200, -100], ids=["empty", "length", "header", "data"])
def test_truncated_weights(clean, model_copy, cut):
    data = dit(model_copy).read_bytes()
    dit(model_copy).write_bytes(data[:cut])
    check_failure(clean, clean.job("--model", model_copy), 4, dit(model_copy).name)


def test_weights_that_are_not_finite(clean, model_copy):
    def change(tensors):
        dtype, shape, data = tensors["layers.0.attention.to_q.weight"]
        tensors["layers.0.attention.to_q.weight"] = [dtype, shape, b"\xff" * len(data)]  # NaN in F32, F16 and BF16

    change_tensors(dit(model_copy), change)
    result = clean.job("--model", model_copy, "--progress", "none")
    assert result.code == 4, result.err
    assert result.lines[-1].startswith("error: ")


def test_a_file_as_a_model_needs_its_parts(clean, model_copy):
    lonely = clean.folder / "dit.safetensors"
    lonely.write_bytes(dit(MODEL).read_bytes())
    check_failure(clean, clean.job("--model", lonely), 4, "--text-encoder", "--vae")


def test_missing_device(clean):
    if pathlib.Path("/dev/nvidia0").exists():
        pytest.skip("there is an NVIDIA GPU here")
    check_failure(clean, clean.job("--device", "cuda"), 2, "--device cpu")


@pytest.mark.parametrize("args", [[], ["--quiet"], ["--replay", "missing.png"], ["--outpaint", "0,0,8,0"]])
def test_an_error_before_there_is_a_job_is_json_too(clean, args):
    result = clean.run("--json", *args)
    assert result.code == (3 if "--replay" in args else 2), result.err
    report = json.loads(result.out)
    assert report["status"] == "error" and report["error"]["code"] == result.code


@pytest.mark.parametrize("more", [[], ["--skip-existing"], ["--overwrite"]])
@pytest.mark.parametrize("option", ["--report", "--log-file"])
def test_a_report_or_log_is_never_written_over_or_behind_a_picture(clean, option, more):
    before = (clean.folder / "picture.png").read_bytes()
    other = clean.folder / "pictures"
    other.mkdir()
    (other / "one.png").write_bytes(before)
    result = clean.run("-i", "pictures", "-m", "mask.png", "-p", "x", "-o", "results", option, "pictures/one.png", *more)
    assert result.code == 2 and "pictures/one.png" in result.lines[-1], result.err
    assert (other / "one.png").read_bytes() == before
