"""`convert` writes one file that holds the weights of any file it reads, up to the rounding of its dtype.

tests/cli/model_files/decode.py reads the results with the safetensors package, test_convert_pictures.py runs them, and
test_convert_limits.py has what is refused.
"""

import json
import struct

import numpy as np
import pytest

from conftest import MODEL
from model_files import case, gguf_files, layouts, packs, quantise, reference, tiny
from model_files.decode import decode, metadata_of
from model_files.stored import read_safetensors, store, to_bfloat16, write_safetensors
from model_files.stored import from_bfloat16 as widen

DTYPES = ("bf16", "fp8", "int8")
SIZES = {"dim": 384, "ffn": 1024, "t_mid": 64, "caption": 40, "layers": 2}
DIT = tiny.draw(tiny.dit_shapes(**SIZES), 11)
DIT_CONFIG = {**tiny.DIT_CONFIG, "dim": 384, "n_heads": 3, "n_kv_heads": 3, "cap_feat_dim": 40}
#: The group of columns that each width of the small models is rotated in.
GROUPS = {384: 64, 256: 256, 1024: 256}
#: Half a unit of the last place, with room for the float32 product by the scale.
SLACK = 1 + 1e-5


def convert(work, source, dtype, *more, out="out.safetensors"):
    done = work.run("convert", source, out, "--dtype", dtype, *more)
    assert done.code == 0, done.err
    return decode(work.folder / out)


def close(decoded, expected, exact=True):
    """Checks one weight against its numbers, within half a step of what it is stored as."""
    kind = decoded.format.get("format")
    if kind is None:
        if exact:
            assert (decoded.values == widen(to_bfloat16(expected))).all()
        else:  # half a step, and the rounding of a rotation in float32, whose sums are of the row's size
            half = np.abs(expected) * 2.0**-8 + np.abs(expected).max() * 1e-6
            assert (np.abs(decoded.values - expected) <= half).all()
        return
    error = np.abs(decoded.values - expected)
    if kind == "float8_e4m3fn":
        assert np.abs(decoded.values).max() <= 448 * decoded.scale * SLACK
        # A half of 2⁻³ of the number's power of two, or of the smallest step.
        half = np.maximum(np.abs(expected) * 2.0**-4, decoded.scale * 2.0**-10)
        assert (error <= half * SLACK).all()
        return
    group = decoded.format.get("convrot_groupsize", 0)
    assert group == GROUPS.get(expected.shape[1], group) and (group > 0) == (expected.shape[1] % 16 == 0)
    turned = quantise.rotate(decoded.values - expected, group) if group else decoded.values - expected
    # Rotating back and forth in float32 adds some units in the last place of the row's largest number.
    assert (np.abs(turned) <= decoded.scale * (0.5 + 1e-3)).all()


def check(decoded, expected, is_matrix, dtype, exact=True):
    assert sorted(decoded) == sorted(expected)
    encoded = {name for name, weight in decoded.items() if weight.format}
    assert encoded == (set() if dtype == "bf16" else set(filter(is_matrix, expected)))
    for name, weight in decoded.items():
        assert weight.values.shape == expected[name].shape, name
        close(weight, expected[name], exact)


# --- What can be converted ----------------------------------------------------------------------------------------------


def write_shards(folder, weights, count=3):
    """Writes a diffusers folder of F32 shards."""
    names = sorted(weights)
    index = {}
    for i in range(count):
        part = {name: store(weights[name]) for name in names[i::count]}
        file = f"diffusion_pytorch_model-{i + 1:05}-of-{count:05}.safetensors"
        write_safetensors(folder / file, part)
        index |= dict.fromkeys(part, file)
    (folder / "config.json").write_text(json.dumps(DIT_CONFIG))
    text = json.dumps({"metadata": {}, "weight_map": index})
    (folder / "diffusion_pytorch_model.safetensors.index.json").write_text(text)
    return folder, weights


def f32_shards(folder):
    return write_shards(folder / "transformer", layouts.diffusers_dit(DIT))[0], DIT


def f32_folder(folder):
    return reference.write_component(folder / "transformer", layouts.diffusers_dit(DIT), DIT_CONFIG), DIT


def packed(name):
    def write(folder):
        encoding = packs.ENCODINGS[name]
        pack = packs.encode(DIT, encoding, layouts.is_block_matrix, encoding.prefix)
        return packs.write(folder / "dit.safetensors", pack), pack.values

    return write


def gguf(folder):
    tensors = gguf_files.encode_dit(DIT, gguf_files.uniform("Q8_0"))
    return gguf_files.write(folder / "dit.gguf", tensors), gguf_files.values(tensors)


SOURCES = {
    "F32 folder": f32_folder, "F32 shards": f32_shards, "ComfyUI's bf16": packed("bf16"),
    "int8 convrot": packed("int8_convrot_64"), "nvfp4": packed("nvfp4"), "GGUF": gguf,
}  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("source", SOURCES)
def test_a_dit_becomes_one_file_with_the_names_of_comfyui(work, source, dtype):
    path, expected = SOURCES[source](work.folder / "in")
    check(convert(work, path, dtype), expected, layouts.is_block_matrix, dtype, "convrot" not in source)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_text_encoder_keeps_the_names_that_comfyui_knows(work, dtype):
    folder = reference.write_text(work.folder / "text_encoder", case.text())
    expected = layouts.prefixed(case.text(), "model.")
    decoded = convert(work, folder, dtype)
    check(decoded, expected, lambda name: layouts.is_text_matrix(name.removeprefix("model.")), dtype)
    assert json.loads(metadata_of(work.folder / "out.safetensors")["config.text_encoder"]) == tiny.TEXT_CONFIG


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_controlnet_keeps_the_names_of_its_publisher(work, dtype):
    weights = layouts.diffusers_dit(tiny.draw(tiny.control_shapes(dim=384, ffn=1024, layers=1), 12))
    file = work.folder / "control.safetensors"
    write_safetensors(file, {name: store(value) for name, value in weights.items()})
    decoded = convert(work, file, dtype)
    assert sorted(decoded) == sorted(weights)
    for name, weight in decoded.items():
        close(weight, weights[name])


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_vae_stays_dense(work, dtype):
    tensors, _ = read_safetensors(case.SMALL_VAE / "diffusion_pytorch_model.safetensors")
    decoded = convert(work, case.SMALL_VAE, dtype)
    check(decoded, {n: np.frombuffer(t.data, np.float32).reshape(t.shape) for n, t in tensors.items()}, bool, "bf16")
    done = work.run("inspect", "out.safetensors", "--check", "--json")
    assert done.code == 0 and json.loads(done.out)["kind"] == "vae"


def test_bf16_weights_stay_as_they_are(work):
    pack = packs.encode(DIT, packs.ENCODINGS["bf16"], layouts.is_block_matrix)
    source = packs.write(work.folder / "dit.safetensors", pack)
    convert(work, source, "bf16")
    again = convert(work, "out.safetensors", "bf16", out="again.safetensors")
    assert (work.folder / "out.safetensors").read_bytes() == (work.folder / "again.safetensors").read_bytes()
    for name, weight in again.items():
        assert (weight.values == pack.values[name]).all()


def test_zeros_have_a_scale_of_one_and_no_problem(work):
    weights = {name: np.zeros_like(value) if "layers.0" in name else value for name, value in DIT.items()}
    reference.write_component(work.folder / "transformer", layouts.diffusers_dit(weights), DIT_CONFIG)
    for dtype in ("fp8", "int8"):
        decoded = convert(work, "transformer", dtype, "--overwrite")
        zeros = [weight for name, weight in decoded.items() if "layers.0" in name]
        assert zeros and all((weight.values == 0).all() for weight in zeros)
        assert {float(weight.scale.max()) for weight in zeros if weight.format} == {1.0}
        assert work.run("inspect", "out.safetensors", "--check").code == 0


def test_a_diffusers_folder_becomes_a_checkpoint_of_three_parts(work):
    decoded = convert(work, MODEL, "int8")
    prefixes = {"model.diffusion_model.", "text_encoders.qwen3_4b.transformer.model.", "vae."}
    assert {next((p for p in prefixes if name.startswith(p)), name) for name in decoded} == prefixes
    metadata = metadata_of(work.folder / "out.safetensors")
    for key, path in (
        ("transformer", "transformer/config.json"), ("text_encoder", "text_encoder/config.json"),
        ("vae", "vae/config.json"), ("scheduler", "scheduler/scheduler_config.json"),
        ("model_index", "model_index.json"),
    ):  # fmt: skip
        assert metadata[f"config.{key}"] == (MODEL / path).read_text()
    # A bundle may be converted again, which changes nothing that was bf16.
    again = convert(work, "out.safetensors", "bf16", out="again.safetensors")
    assert again.keys() == decoded.keys()
    assert metadata_of(work.folder / "again.safetensors") == metadata


def test_the_offsets_are_aligned_and_without_holes(work):
    convert(work, MODEL / "transformer", "int8")
    data = (work.folder / "out.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__")
    assert (8 + length) % 64 == 0
    end = 0
    sizes = {"BF16": 2, "F32": 4, "I8": 1, "U8": 1}
    for entry in header.values():
        assert entry["data_offsets"][0] == end and (8 + length + end) % sizes[entry["dtype"]] == 0
        end = entry["data_offsets"][1]
    assert 8 + length + end == len(data)


# --- Variants -----------------------------------------------------------------------------------------------------------


def variant_of(work, path):
    done = work.run("inspect", path, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)["variant"]


def with_shift(model, shift):
    path = model / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "shift": shift}))
    return model


@pytest.mark.parametrize("part", ["", "transformer"])
def test_a_base_model_stays_one(work, model_copy, part):
    source = with_shift(model_copy, 6.0) / part
    assert variant_of(work, source) == "base"
    convert(work, source, "bf16")
    assert variant_of(work, "out.safetensors") == "base"
    if part == "":
        plan = work.run("-i", "picture.png", "-m", "mask.png", "-p", "a door", "--seed", "7", "--model",
                        "out.safetensors", "--tokenizer", MODEL / "tokenizer", "--dry-run", "--json")  # fmt: skip
        assert plan.code == 0, plan.err
        report = json.loads(plan.out)
        assert report["model"]["variant"] == "base" and report["shift"] == 6.0


def test_a_name_that_would_change_the_variant_is_warned_of(work, model_copy):
    model = model_copy.rename(model_copy.parent / "Z-Image-De-Turbo")
    assert variant_of(work, model) == "de-turbo"
    for out, warns in (("mine.safetensors", True), ("mine_de_turbo.safetensors", False)):
        done = work.run("convert", model, out)
        assert done.code == 0
        assert ("will be taken for the variant turbo" in done.err) == warns, done.err
    assert variant_of(work, "mine_de_turbo.safetensors") == "de-turbo"


# --- Reports ------------------------------------------------------------------------------------------------------------


def test_the_report(work):
    done = work.run("convert", MODEL, "out.safetensors", "--dtype", "int8", "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    weights = decode(work.folder / "out.safetensors")
    assert report == {
        "status": "ok", "command": "convert", "in": str(MODEL), "output": "out.safetensors",
        "what": "a Z-Image model in diffusers' layout", "dtype": "int8", "tensors": len(weights),
        "quantised": sum(bool(weight.format) for weight in weights.values()),
        "bytes_in": sum((MODEL / part).stat().st_size for part in (
            "transformer/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors",
            "vae/diffusion_pytorch_model.safetensors")),
        "bytes": (work.folder / "out.safetensors").stat().st_size,
    }  # fmt: skip
    failed = work.run("convert", MODEL, "out.safetensors", "--json")
    assert failed.code == 2 and json.loads(failed.out)["status"] == "error"


def test_the_line_for_people(work):
    done = work.run("convert", MODEL / "vae", "out.safetensors", "-q")
    assert done.code == 0 and done.err == ""
    tensors = len(decode(work.folder / "out.safetensors"))
    assert done.out.decode() == f"out.safetensors: a VAE in bf16, {tensors} tensors, 1.9 MiB instead of 1.9 MiB\n"
    done = work.run("convert", MODEL / "transformer", "out.safetensors", "-q", "--overwrite", "--dtype", "int8")
    assert "a Z-Image DiT in int8, 117 tensors (47 of them quantised), " in done.out.decode()
