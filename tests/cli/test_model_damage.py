"""A model's file with one thing wrong is refused, and the message names it: every encoding, every kind of tensor.

Removed, renamed and mis-shaped tensors show in a dry run; NaNs show when the weights are read.
"""

from functools import cache

import gguf
import numpy as np
import pytest

from conftest import ROOT
from model_files import damage, gguf_files, packs, quantise_gguf, tiny
from model_files.damage_gguf import DAMAGES, damage_gguf, has_minimum
from model_files.packs import ENCODINGS
from model_files.stored import store

A = ROOT / "tests" / "fixtures" / "models" / "a"
PARTS = ["--text-encoder", A / "text_encoder", "--vae", A / "vae", "--tokenizer", A / "tokenizer"]


@pytest.fixture
def work(work):
    work.options = (*PARTS, "--steps", "1")
    yield work
    for path in work.folder.glob("model.*"):  # pytest keeps the folders of tests
        path.unlink()


@cache
def damages(name):
    return {d.name: d for d in damage.safetensors_damages(name)}


def table():
    return [pytest.param(n, d, id=f"{n}: {d}") for n in ENCODINGS for d in damages(n)]


def run(work, model, loads):
    return work.job("--model", model, "-o", "out.png", "--overwrite", *([] if loads else ["--dry-run"]))


def check_refusal(work, done, says):
    assert done.code == 4, done.err
    errors = [line for line in done.lines if line.startswith("error: ")]
    assert len(errors) == 1
    assert "model." in errors[0] and any(part in errors[0] for part in says), errors[0]
    assert not (work.folder / "out.png").exists()


@pytest.mark.parametrize("name", ENCODINGS)
def test_the_whole_file_is_read(work, name):
    done = run(work, packs.write(work.folder / "model.safetensors", damage.pack(name)), loads=True)
    assert done.code == 0, done.err


@pytest.mark.parametrize("name, what", table())
def test_a_damaged_safetensors_file_is_refused_by_name(work, name, what):
    kind = damages(name)[what]
    path = packs.write(work.folder / "model.safetensors", damage.damaged(name, kind))
    check_refusal(work, run(work, path, kind.loads), kind.says)


@pytest.mark.parametrize("what", ("whole", *DAMAGES))
@pytest.mark.parametrize("kind", quantise_gguf.TYPES)
def test_a_damaged_gguf_file_is_refused_by_name(work, kind, what):
    if what == "NaN minimum" and not has_minimum(kind):
        pytest.skip("this type has no minimum")
    tensors = damage.gguf_pack(kind)
    if what != "whole":
        tensors = damage_gguf(tensors, kind, what, damage.LAYER + ".weight")
    path = gguf_files.write(work.folder / "model.gguf", tensors)
    done = run(work, path, loads="NaN" in what or what == "whole")
    if what == "whole":
        assert done.code == 0, done.err
    else:
        check_refusal(work, done, (damage.LAYER,))


@pytest.mark.parametrize("what", DAMAGES[:-1])
def test_a_damaged_vector_of_a_gguf_file_is_refused_by_name(work, what):
    tensors = damage_gguf(damage.gguf_pack("Q8_0"), "F32", what, damage.VECTOR)
    path = gguf_files.write(work.folder / "model.gguf", tensors)
    check_refusal(work, run(work, path, loads=what == "NaN"), (damage.VECTOR,))


def test_a_gguf_type_that_no_image_model_uses_is_refused_by_its_name(work):
    tensors = dict(damage.gguf_pack("Q8_0"))
    shape = tensors[damage.LAYER + ".weight"].shape
    rows = np.zeros((shape[0], shape[1] // 256 * 66), dtype=np.uint8)
    tensors[damage.LAYER + ".weight"] = quantise_gguf.GgufTensor("IQ2_XXS", shape, rows, rows)
    done = run(work, gguf_files.write(work.folder / "model.gguf", tensors), loads=False)
    check_refusal(work, done, ("IQ2_XXS",))


def test_a_damaged_text_encoder_in_gguf_is_refused_by_name(work):
    """Its tensors have llama.cpp's names, and the message may use either spelling."""
    model = packs.write(work.folder / "model.safetensors", damage.plain_dit(caption=tiny.TEXT_HIDDEN))
    tensors = gguf_files.encode_text(tiny.draw(tiny.text_shapes(), 2), gguf_files.uniform("Q8_0"))
    for what in ("whole", *DAMAGES[:-1]):
        broken = tensors
        if what != "whole":
            broken = damage_gguf(tensors, "Q8_0", what, "layers.1.mlp.down_proj.weight")
        encoder = gguf_files.write_text(work.folder / "encoder-model.gguf", broken)
        done = work.job("--model", model, "--text-encoder", encoder, *([] if "NaN" in what else ["--dry-run"]))
        encoder.unlink()
        if what == "whole":
            assert done.code == 0, done.err
        else:
            check_refusal(work, done, ("blk.1.ffn_down.weight", "layers.1.mlp.down_proj.weight"))


@pytest.mark.parametrize("what", ["removed", "renamed", "mis-shaped", "NaN"])
def test_a_damaged_vae_under_ldm_names_is_refused_by_name(work, what):
    name = "decoder.up.3.block.0.conv1.weight"
    path = packs.write(work.folder / "vae" / "model.safetensors", damage.ldm_vae(A / "vae", name, what))
    (path.parent / "config.json").write_bytes((A / "vae" / "config.json").read_bytes())
    done = work.job("--model", A / "transformer", "--vae", path, *([] if what == "NaN" else ["--dry-run"]))
    check_refusal(work, done, (name, "decoder.up_blocks.0.resnets.0.conv1.weight"))


def test_a_multiplier_of_activations_is_not_ignored(work):
    """A layer may have a pre_quant_scale: refusing it is right, and so is using it."""
    plain = run(work, packs.write(work.folder / "model.safetensors", damage.pack("fp8_scaled")), loads=True)
    assert plain.code == 0, plain.err
    before = (work.folder / "out.png").read_bytes()
    (work.folder / "out.png").unlink()
    scale = store(np.full(1024, 2, dtype=np.float32))
    whole = damage.pack("fp8_scaled")
    packs.write(work.folder / "model.safetensors", whole, packs.Pack({f"{damage.LAYER}.pre_quant_scale": scale}))
    done = run(work, work.folder / "model.safetensors", loads=True)
    if done.code != 0:
        check_refusal(work, done, (f"{damage.LAYER}.pre_quant_scale",))
    else:
        assert (work.folder / "out.png").read_bytes() != before


def mutations(data, header, generator):
    """Changes a header in one of five ways."""
    kind = generator.integers(5)
    at = int(generator.integers(header))
    if kind == 0:  # a bit
        return data[:at] + bytes([data[at] ^ 1 << int(generator.integers(8))]) + data[at + 1 :]
    if kind == 1:  # a run of random bytes
        run_length = int(generator.integers(1, 9))
        return data[:at] + generator.bytes(run_length) + data[at + run_length :]
    if kind == 2:  # an end in the header
        return data[:at]
    if kind == 3:  # bytes left out
        return data[:at] + data[at + int(generator.integers(1, 65)) :]
    start, length = int(generator.integers(header)), int(generator.integers(1, 65))  # a piece that comes twice
    return data[:at] + data[start : start + length] + data[at:]


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("ending", ["safetensors", "gguf"])
def test_a_mutated_header_is_read_or_refused(work, ending, seed):
    path = work.folder / f"model.{ending}"
    if ending == "gguf":
        gguf_files.write(path, damage.gguf_pack("Q4_K"))
        header = gguf.GGUFReader(path).data_offset
    else:
        packs.write(path, damage.pack("int8_convrot_64"))
        header = 8 + int.from_bytes(path.read_bytes()[:8], "little")
    path.write_bytes(mutations(path.read_bytes(), header, np.random.default_rng([seed, len(ending)])))
    done = work.run("inspect", path) if seed % 5 == 0 else run(work, path, loads=False)
    assert done.code in (0, 4), done.err
    if done.code == 4:
        assert [line[:7] for line in done.lines].count("error: ") == 1, done.err
