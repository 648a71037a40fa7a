"""`inspect` says what each kind of file is, what it needs, and why it would not load."""

import json
import subprocess

import numpy as np
import pytest

from conftest import MODEL, TIMEOUT, environment
from model_files import case, damage, gguf_files, layouts, packs, tiny
from model_files.damage_gguf import damage_gguf
from model_files.packs import ENCODINGS
from model_files.stored import Stored, store, write_safetensors

KEYS = [
    "status", "command", "path", "kind", "what", "format", "bytes", "variant", "variant_reason", "version", "layers",
    "width", "parameters", "encodings", "lora", "memory_bytes", "memory_dtype", "memory",
    "machine_memory_bytes", "needs", "problems", "checked", "not_finite", "zero_scales",
]  # fmt: skip
WIDTH = 3840  # a LoRA is compared with the published DiT


def inspect(work, *paths, code=0):
    """Runs it with --json and returns the reports. Whatever the exit code, there is one line of error or none."""
    done = work.run("inspect", *paths, "--json")
    errors = [line for line in done.lines if line.startswith("error: ")]
    assert done.code == code and done.lines == errors and len(errors) == (code != 0), done.err
    reports = [json.loads(line) for line in done.out.splitlines()]
    assert all(list(report) == KEYS for report in reports)
    return reports


def text_of(work, *args, code=0):
    done = work.run("inspect", *args)
    assert done.code == code, done.err
    return done.out.decode()


def only(work, *paths, code=0):
    (report,) = inspect(work, *paths, code=code)
    return report


def encoding_of(report):
    return {item["encoding"]: (item["tensors"], item["bytes"]) for item in report["encodings"]}


def write_dit(folder, encoding="bf16", name="z_image_turbo.safetensors"):
    pack = packs.encode(damage.small_dit(), ENCODINGS[encoding], layouts.is_block_matrix)
    return packs.write(folder / name, pack), pack


def write_lora(path, layers, rank=4, alpha=8.0, kind="lora"):
    """Writes a LoRA for linear layers of the published DiT: {name: (out, in)}."""
    tensors = {}
    for layer, (rows, columns) in layers.items():
        prefix = f"diffusion_model.{layer}"
        if kind == "lokr":
            tensors[f"{prefix}.lokr_w1"] = np.ones((2, 2), np.float32)
            tensors[f"{prefix}.lokr_w2"] = np.ones((rows // 2, columns // 2), np.float16)
        else:
            tensors[f"{prefix}.lora_A.weight"] = np.ones((rank, columns), np.float32)
            tensors[f"{prefix}.lora_B.weight"] = np.ones((rows, rank), np.float32)
        tensors[f"{prefix}.alpha"] = np.array(alpha, np.float32)
    write_safetensors(path, {name: store(value) for name, value in tensors.items()})
    return path


# --- Each kind ----------------------------------------------------------------------------------------------------------


def test_a_dit(work):
    path, pack = write_dit(work.folder, "int8_convrot_64")
    report = only(work, path)
    assert (report["status"], report["kind"], report["what"]) == ("ok", "dit", "a Z-Image DiT")
    assert (report["variant"], report["format"], report["layers"], report["width"]) == ("turbo", "safetensors", 2, 384)
    assert "the file's name" in report["variant_reason"]
    assert report["bytes"] == path.stat().st_size
    assert report["parameters"] == sum(value.size for value in damage.small_dit().values())
    matrices = len(pack.formats)
    encodings = encoding_of(report)
    assert list(encodings) == ["int8 (convrot 64)", "bf16"]
    assert encodings["int8 (convrot 64)"][0] == matrices and encodings["bf16"][0] == len(pack.values) - matrices
    # Scales and markers are no weights, but their bytes count with those of the weight that they belong to.
    sizes = [len(tensor.data) for tensor in pack.tensors.values()]
    assert sum(size for _, size in encodings.values()) == sum(sizes)
    assert report["needs"] == ["a Qwen3-4B text encoder", "a Flux VAE"]
    # Quantised weights stay as they are in memory, dense ones become fp32 on a CPU.
    assert report["memory_dtype"] in ("fp32", "bf16") and report["memory_bytes"] >= encodings["int8 (convrot 64)"][1]
    text = text_of(work, path)
    assert "a Z-Image DiT (turbo: by the file's name" in text and "2 layers, width 384" in text
    assert f"int8 (convrot 64): {matrices} tensors" in text
    assert "  needs      a Qwen3-4B text encoder and a Flux VAE\n" in text
    assert f"for its weights in a run here, which computes in {report['memory_dtype']}; this machine has" in text


def test_a_mixture_of_encodings(work):
    path, _ = write_dit(work.folder, "mixed")
    assert {"nvfp4", "mxfp8", "fp8 e4m3", "int8", "int8 (convrot 64)", "bf16"} == set(encoding_of(only(work, path)))


def test_a_gguf(work):
    tensors = gguf_files.encode_dit(damage.small_dit(), gguf_files.uniform("Q8_0"))
    path = gguf_files.write(work.folder / "z_image_base.gguf", tensors)
    report = only(work, path)
    assert (report["kind"], report["format"], report["variant"]) == ("dit", "GGUF", "base")
    assert set(encoding_of(report)) == {"Q8_0", "fp32"}


def test_a_text_encoder(work):
    path = packs.write(work.folder / "qwen_3_4b.safetensors", case.pack_text(ENCODINGS["fp8_scaled"]))
    (work.folder / "config.json").write_text(json.dumps(tiny.TEXT_CONFIG))
    report = only(work, path)
    assert (report["kind"], report["layers"], report["width"]) == ("text_encoder", tiny.TEXT_LAYERS, tiny.TEXT_HIDDEN)
    assert report["needs"] == ["a Z-Image DiT"] and report["variant"] is None


def test_a_vae(work):
    report = only(work, MODEL / "vae")
    assert (report["kind"], report["layers"], report["needs"]) == ("vae", 0, ["a Z-Image DiT"])
    assert "layer" not in text_of(work, MODEL / "vae")


def test_a_controlnet_of_any_width(work):
    report = only(work, MODEL / "controlnet")
    assert (report["kind"], report["version"], report["width"]) == ("controlnet", "2.1", 160)
    assert "version 2.1, 3 layers, width 160" in text_of(work, MODEL / "controlnet")


def test_a_lora(work):
    layers = {
        "layers.0.attention.to_q": (WIDTH, WIDTH), "layers.1.attention.out": (WIDTH, WIDTH),
        "layers.0.feed_forward.w1": (10240, WIDTH), "layers.29.adaLN_modulation.0": (4 * WIDTH, 256),
    }  # fmt: skip
    path = write_lora(work.folder / "lora.safetensors", layers)
    report = only(work, path)
    assert (report["kind"], report["needs"], report["problems"]) == ("lora", ["a Z-Image DiT"], [])
    assert report["lora"] == {
        "kinds": "LoRA", "rank": [4, 4], "alpha": [8.0, 8.0], "layers": 4,
        "touches": {"attention": 2, "feed forward": 1, "modulation": 1}, "unmatched": [],
    }  # fmt: skip
    assert "LoRA, rank 4, alpha 8, changes 4 layers (attention 2, feed forward 1 and modulation 1)" in text_of(work, path) \
        or "LoRA, rank 4, alpha 8, changes 4 layers (attention 2, feed forward 1, modulation 1)" in text_of(work, path)  # fmt: skip


def test_a_lokr(work):
    path = write_lora(work.folder / "lokr.safetensors", {"layers.0.attention.to_q": (WIDTH, WIDTH)}, kind="lokr")
    report = only(work, path)
    assert (report["kind"], report["lora"]["kinds"], report["lora"]["layers"]) == ("lora", "LoKr", 1)
    assert "LoKr" in text_of(work, path)


def test_a_lora_for_something_else(work):
    path = write_lora(work.folder / "flux.safetensors", {"double_blocks.0.img_attn.qkv": (64, 64)})
    report = only(work, path, code=4)
    assert report["kind"] == "lora" and report["status"] == "error" and report["lora"]["layers"] == 0
    assert any("Flux" in problem for problem in report["problems"]), report["problems"]
    assert "changes no layer of a Z-Image DiT" in text_of(work, path, code=4)


def test_a_lora_with_some_keys_that_fit_nothing(work):
    layers = {"layers.0.attention.to_q": (WIDTH, WIDTH), "layers.77.attention.to_q": (WIDTH, WIDTH)}
    report = only(work, write_lora(work.folder / "lora.safetensors", layers), code=4)
    assert report["lora"]["layers"] == 1 and any("layers.77" in key for key in report["lora"]["unmatched"])


def test_a_bundle(work):
    parts = [
        packs.encode(tiny.draw(tiny.dit_shapes(dim=384, ffn=1024, t_mid=64, layers=1), 1), case.BF16,
                     layouts.is_block_matrix, layouts.COMFY_PREFIX),
        case.pack_text(case.BF16, layouts.BUNDLE_TEXT_PREFIX),
    ]  # fmt: skip
    path = packs.write(work.folder / "z_image_turbo_aio.safetensors", *parts)
    report = only(work, path)
    assert report["kind"] == "bundle" and report["needs"] == ["a Flux VAE"] and report["width"] == 384
    assert report["what"] == "a Z-Image checkpoint with a DiT and a text encoder"


def test_a_diffusers_folder(work):
    report = only(work, MODEL)
    assert (report["kind"], report["variant"], report["needs"]) == ("bundle", "turbo", [])
    assert report["bytes"] == sum(file.stat().st_size for part in ("transformer", "text_encoder", "vae")
                                  for file in (MODEL / part).glob("*.safetensors"))  # fmt: skip


def test_a_base_model_by_its_folder(work, model_copy):
    """The name that counts is the folder's own, with or without a slash, and not the one above it."""
    (model_copy / "scheduler" / "scheduler_config.json").unlink()
    model = model_copy.rename(model_copy.parent / "Z-Image-Base")
    for path in (model, f"{model}/", model / "transformer"):
        assert only(work, path)["variant"] == "base", path


def test_a_folder_of_comfyui(work):
    models = work.folder / "models"
    write_dit(models / "diffusion_models")
    write_lora(models / "loras" / "style" / "lora.safetensors", {"layers.0.attention.to_q": (WIDTH, WIDTH)})
    packs.write(models / "vae" / "ae.safetensors", case.pack_vae("bf16"))
    reports = inspect(work, models)
    assert [report["kind"] for report in reports] == ["dit", "lora", "vae"]
    text = text_of(work, models)
    assert text.count("\n\n") == 2 and text.endswith("\n") and not text.endswith("\n\n")


def test_several_paths_are_reported_in_their_order(work):
    reports = inspect(work, MODEL / "vae", MODEL / "transformer", MODEL / "vae")
    assert [report["kind"] for report in reports] == ["vae", "dit", "vae"]


# --- What would not load ------------------------------------------------------------------------------------------------

LOOK_ALIKES = {
    "Flux": ("double_blocks.0.img_attn.qkv.weight", "a Flux model"),
    "nunchaku": ("layers.0.attention.to_qkv.qweight", "GPTQ or AWQ"),
    "Stable Diffusion": ("model.diffusion_model.input_blocks.0.0.weight", "Stable Diffusion"),
    "T5": ("encoder.block.0.layer.0.SelfAttention.q.weight", "T5"),
}


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_a_look_alike_is_named(work, name):
    key, what = LOOK_ALIKES[name]
    write_safetensors(work.folder / "file.safetensors", {key: store(np.ones((4, 4), np.float32))})
    report = only(work, "file.safetensors", code=4)
    assert report["kind"] == "look_alike" and what in report["what"] and what in report["problems"][0]


def test_an_unknown_file(work):
    write_safetensors(work.folder / "file.safetensors", {"a.weight": store(np.ones((4, 4), np.float32))})
    report = only(work, "file.safetensors", code=4)
    assert report["kind"] == "unknown" and report["problems"]


@pytest.mark.parametrize("content", [b"", b"x", b"\xff" * 64, b"GGUF", b"GGUF\x03\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"])
def test_a_file_that_is_no_file_of_weights(work, content):
    for name in ("file.safetensors", "file.gguf"):
        (work.folder / name).write_bytes(content)
        report = only(work, name, code=4)
        assert report["kind"] == "unknown" and report["format"] is None and name in report["problems"][0]


def test_paths_that_lead_nowhere(work):
    (work.folder / "empty").mkdir()
    for path in ("nowhere", "empty", "picture.png"):
        report = only(work, path, code=4)
        assert path in report["problems"][0]


def test_a_damaged_file_beside_whole_ones(work):
    path, _ = write_dit(work.folder, name="a.safetensors")
    data = path.read_bytes()
    (work.folder / "b.safetensors").write_bytes(data[: len(data) // 2])
    done = work.run("inspect", "a.safetensors", "b.safetensors", "nowhere")
    assert done.code == 4
    assert done.lines == ["error: 2 of 3 files can't be used: b.safetensors, nowhere"] or \
        done.lines == ["error: 2 of 3 files can't be used: b.safetensors and nowhere"], done.lines  # fmt: skip
    assert done.out.decode().count("  problem") == 2


def test_missing_and_mis_shaped_weights_are_named(work):
    path, pack = write_dit(work.folder)
    pack.tensors.pop("layers.1.feed_forward.w2.weight")
    pack.tensors["layers.0.ffn_norm1.weight"] = Stored("BF16", [8], b"\0" * 16)
    packs.write(path, pack)
    (problem,) = only(work, path, code=4)["problems"]
    assert "layers.1.feed_forward.w2.weight" in problem and "layers.0.ffn_norm1.weight" in problem


# --- --check ------------------------------------------------------------------------------------------------------------

W2 = "layers.1.feed_forward.w2"


def poisoned(work, encoding, key, code):
    path, pack = write_dit(work.folder, encoding)
    tensor = pack.tensors[key]
    pack.tensors[key] = Stored(tensor.dtype, tensor.shape, code + tensor.data[len(code) :])
    return packs.write(path, pack)


@pytest.mark.parametrize(
    "encoding, key, code, finding",
    [
        ("bf16", f"{W2}.weight", b"\xc0\x7f", "not_finite"),
        ("f32", "layers.0.ffn_norm1.weight", b"\0\0\x80\xff", "not_finite"),
        ("f16", f"{W2}.weight", b"\0\x7c", "not_finite"),
        ("fp8_scaled", f"{W2}.weight", b"\x7f", "not_finite"),
        ("nvfp4_markers", f"{W2}.weight_scale", b"\x7f", "not_finite"),
        ("mxfp8", f"{W2}.weight_scale", b"\xff", "not_finite"),
        ("fp8_scaled", f"{W2}.weight_scale", b"\0\0\0\0", "zero_scales"),
        ("int8_rows", f"{W2}.weight_scale", b"\0\0\0\0", "zero_scales"),
        ("nvfp4_markers", f"{W2}.weight_scale_2", b"\0\0\0\0", "zero_scales"),
    ],
)
def test_check_reads_every_number(work, encoding, key, code, finding):
    path = poisoned(work, encoding, key, code)
    assert only(work, path)["checked"] is False, "headers alone don't show it"
    report = only(work, path, "--check", code=4)
    weight = key if encoding in ("bf16", "f32", "f16") else f"{W2}.weight"
    assert report["checked"] and report[finding] == [weight]
    assert {"not_finite", "zero_scales"} - {finding} == {name for name in ("not_finite", "zero_scales") if not report[name]}
    what = "NaN or infinity" if finding == "not_finite" else "a scale of zero"
    assert f"problem    1 weight has {what}: {weight}" in text_of(work, path, "--check", code=4)


@pytest.mark.parametrize("encoding", ["int8_rows", "fp8_scaled"])
def test_a_scale_that_is_nan_is_found_without_check(work, encoding):
    path = poisoned(work, encoding, f"{W2}.weight_scale", b"\0\0\xc0\x7f")
    (problem,) = only(work, path, code=4)["problems"]
    assert f"{W2}.weight" in problem and "not finite" in problem
    (again,) = only(work, path, "--check", code=4)["problems"]
    assert again == problem


def test_check_of_a_gguf(work):
    tensors = damage_gguf(damage.gguf_pack("Q4_K"), "Q4_K", "NaN", f"{W2}.weight")
    path = gguf_files.write(work.folder / "z_image_turbo.gguf", tensors)
    assert only(work, path)["problems"] == []
    assert only(work, path, "--check", code=4)["not_finite"] == [f"{W2}.weight"]


def test_check_of_a_whole_file(work):
    for encoding in ("mixed", "fp8_scaled_rows", "nvfp4_markers"):
        path, _ = write_dit(work.folder, encoding)
        assert "checked    every number is finite, and no scale is zero" in text_of(work, path, "--check")


def test_a_file_of_zeros_is_no_download(work):
    shapes = {name: np.zeros_like(value) for name, value in damage.small_dit().items()}
    path = packs.write(work.folder / "zeros.safetensors", packs.encode(shapes, ENCODINGS["bf16"], layouts.is_block_matrix))
    assert only(work, path)["problems"] == []
    assert "nothing but zeros" in only(work, "--check", path, code=4)["problems"][0]


def test_many_bad_weights_take_one_line(work):
    path, pack = write_dit(work.folder)
    for name, tensor in pack.tensors.items():
        pack.tensors[name] = Stored(tensor.dtype, tensor.shape, b"\xc0\x7f" + tensor.data[2:])
    packs.write(path, pack)
    text = text_of(work, path, "--check", code=4)
    assert text.count("problem") == 1 and f"{len(pack.tensors)} weights have NaN or infinity: " in text


# --- The command itself -------------------------------------------------------------------------------------------------


def test_no_path_is_a_mistake(work):
    done = work.run("inspect")
    assert done.code == 2 and "PATH" in done.err and done.out == b""


def test_quiet_keeps_the_result_and_the_error(work):
    whole, broken = work.run("inspect", MODEL, "-q"), work.run("inspect", "nowhere", "-q")
    assert whole.code == 0 and whole.err == "" and whole.out
    assert broken.code == 4 and len(broken.lines) == 1


def test_a_closed_stdout(work):
    command = ["sh", "-c", 'exec "$0" "$@" >&-', *work.command("inspect", MODEL)]
    done = subprocess.run(command, env=environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=TIMEOUT)
    assert done.returncode == 2 and b"stdout is closed" in done.stderr


def test_a_reader_that_has_left(work):
    with open("/dev/full", "wb") as full:
        done = work.run("inspect", MODEL, stdout=full)
    assert done.code == 1 and "can't write to stdout" in done.err


def test_names_in_a_file_can_not_control_the_terminal(work):
    write_safetensors(work.folder / "\x1b[31m.safetensors", {"\x1b[2J": store(np.ones(1, np.float32))})
    done = work.run("inspect", "\x1b[31m.safetensors")
    assert done.code == 4 and b"\x1b" not in done.out and "\x1b" not in done.err
