"""A LoRA on a quantised DiT gives the picture of the DiT's numbers with the LoRA merged into them in float32.

The merges are written here by the formulas of PEFT and LyCORIS; unit_nn compares the program's with these libraries'.
"""

import shutil

import numpy as np
import pytest

from model_files import case, gguf_files, packs
from model_files.packs import ENCODINGS
from model_files.stored import store, write_safetensors
from test_model_files import SHARE, agreement, picture, work  # noqa: F401

RANK, ALPHA, SCALE = 4, 2.0, 0.8
#: Layers of every kind, by ComfyUI's names; the second attention is split as trainers do it.
LAYERS = [
    "layers.0.attention.qkv", "layers.0.attention.out", "layers.0.feed_forward.w1", "layers.0.feed_forward.w2",
    "layers.0.feed_forward.w3", "layers.0.adaLN_modulation.0", "layers.1.attention.to_q", "layers.1.attention.to_v",
    "noise_refiner.0.feed_forward.w2",
]  # fmt: skip
ENCODED = ("int8_convrot_256", "fp8_scaled", "Q8_0", "Q4_K")


def matrix_of(weights, layer):
    """Returns the matrix that a layer names; a part of a fused one is a view of its rows."""
    for i, part in enumerate(("to_q", "to_k", "to_v")):
        if layer.endswith(f".attention.{part}"):
            fused = weights[layer.replace(part, "qkv") + ".weight"]
            return fused[i * fused.shape[0] // 3 : (i + 1) * fused.shape[0] // 3]
    return weights[f"{layer}.weight"]


def change(kind, weight, generator):
    """Returns a layer's tensors by their endings, and the matrix that they make of `weight`."""
    rows, columns = weight.shape

    def draw(*shape):
        return generator.standard_normal(shape).astype(np.float32)

    # Differences are about as large as the weights, so that a wrong one shows.
    size = weight.std()
    if kind == "lokr":
        tensors = {"lokr_w1": draw(4, 4), "lokr_w2": draw(rows // 4, columns // 4) * size}
        # Two whole factors have no alpha; the one given is ignored.
        return {**tensors, "alpha": np.float32(ALPHA)}, weight + SCALE * np.kron(tensors["lokr_w1"], tensors["lokr_w2"])
    down, up = draw(RANK, columns), draw(rows, RANK) * size
    difference = ALPHA / RANK * up @ down
    tensors = {"lora_A.weight": down, "lora_B.weight": up, "alpha": np.float32(ALPHA)}
    if kind == "lora":
        return tensors, weight + SCALE * difference
    # DoRA: the rows get lengths of their own; a strength below 1 goes a part of the way there.
    changed = weight + difference
    lengths = np.linalg.norm(weight, axis=1, keepdims=True) * generator.uniform(0.8, 1.2, (rows, 1)).astype(np.float32)
    changed *= lengths / np.linalg.norm(changed, axis=1, keepdims=True)
    return {**tensors, "dora_scale": lengths}, weight + SCALE * (changed - weight)


def write_lora(path, kind, weights):
    """Writes a LoRA and merges it into `weights`."""
    tensors = {}
    for i, layer in enumerate(LAYERS):
        matrix = matrix_of(weights, layer)
        made, merged = change(kind, matrix, np.random.default_rng([9, i]))
        tensors |= {f"diffusion_model.{layer}.{ending}": store(np.asarray(value)) for ending, value in made.items()}
        matrix[...] = merged
    write_safetensors(path, tensors)
    return path


def write_model(folder, encoding):
    """Writes a quantised DiT with a bf16 text encoder."""
    files = case.bf16_files(folder, split=False)
    if encoding in ENCODINGS:
        pack = case.pack_dit(ENCODINGS[encoding])
        files.options[1], files.dit = packs.write(folder / "quantised.safetensors", pack), pack.values
    else:
        tensors = gguf_files.encode_dit(case.dit(), gguf_files.uniform(encoding))
        files.options[1] = gguf_files.write(folder / "quantised.gguf", tensors)
        files.dit = gguf_files.values(tensors)
    files.dit = {name: value.astype(np.float32).copy() for name, value in files.dit.items()}
    return files


@pytest.mark.parametrize("kind", ["lora", "lokr", "dora"])
@pytest.mark.parametrize("encoding", ENCODED)
def test_a_lora_on_a_quantised_dit_gives_the_merged_picture(work, encoding, kind):  # noqa: F811
    files = write_model(work.folder / "files", encoding)
    plain = picture(work, files.options)
    lora = write_lora(work.folder / "lora.safetensors", kind, files.dit)
    made = picture(work, [*files.options, "--lora", f"{lora}:{SCALE}"])
    shutil.rmtree(work.folder / "files")
    expected = picture(work, case.write_reference(work.folder / "reference", files))
    assert agreement(made, expected) >= SHARE
    assert agreement(made, plain) < 0.5, "the LoRA must show"
