"""The cases of tests/cli/test_model_files.py: each writes a model's files, and says which weights these hold."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from . import gguf_files, layouts, packs, quantise_gguf, tiny
from .case import (
    BF16, NAME, SMALL_VAE, TOKENIZER, Case, Files, bf16_files, control, dit, model_options, pack_dit, pack_text,
    pack_vae, text, vae,
)  # fmt: skip
from .packs import ENCODINGS, Encoding
from .stored import read_safetensors


def _encoding(name: str) -> Case:
    def write(folder: Path) -> Files:
        packed, packed_text = pack_dit(ENCODINGS[name]), pack_text(ENCODINGS[name])
        model = packs.write(folder / f"{NAME}_{name}.safetensors", packed)
        encoder = packs.write(folder / f"qwen_3_4b_{name}.safetensors", packed_text)
        return Files(model_options(model, encoder), packed.values, packed_text.values)

    return Case(name, write)


def _gguf(kind: str) -> Case:
    choose = gguf_files.mixed if kind == "mixed" else gguf_files.uniform(kind)

    def write(folder: Path) -> Files:
        tensors, texts = gguf_files.encode_dit(dit(), choose, "BF16"), gguf_files.encode_text(text(), choose)
        model = gguf_files.write(folder / f"{NAME}-{kind}.gguf", tensors)
        encoder = gguf_files.write_text(folder / f"Qwen3-4B-{kind}.gguf", texts)
        return Files(model_options(model, encoder), gguf_files.values(tensors), gguf_files.values(texts))

    return Case(f"gguf_{kind}", write)


def _gguf_layout(name: str, keys: dict | None = None, prefix: str = "", split: bool = False) -> Case:
    """A Q8_0 DiT in another layout, with a bf16 text encoder."""

    def write(folder: Path) -> Files:
        weights = layouts.diffusers_dit(dit()) if split else dit()
        tensors = gguf_files.encode_dit(weights, gguf_files.uniform("Q8_0"))
        model = gguf_files.write(folder / f"{NAME}.gguf", tensors, lambda weight: prefix + weight, **(keys or {}))
        packed_text = pack_text(BF16)
        encoder = packs.write(folder / "qwen_3_4b.safetensors", packed_text)
        values = gguf_files.values(tensors)
        return Files(model_options(model, encoder), values, packed_text.values, same_as="Q8_0")

    return Case(f"gguf_layout_{name}", write)


def _gguf_text(name: str, vocabulary: bool = False, rope: float = 1e6) -> Case:
    """A Q8_0 text encoder with a bf16 DiT."""

    def write(folder: Path) -> Files:
        packed = pack_dit(BF16)
        model = packs.write(folder / f"{NAME}.safetensors", packed)
        texts = gguf_files.encode_text(text(), gguf_files.uniform("Q8_0"))
        tokenizer = TOKENIZER if vocabulary else None
        encoder = gguf_files.write_text(folder / "Qwen3-4B-Q8_0.gguf", texts, tokenizer, rope)
        config = {**tiny.TEXT_CONFIG, "rope_theta": rope}
        options = model_options(model, encoder, tokenizer=not vocabulary)
        return Files(options, packed.values, gguf_files.values(texts), text_config=config)

    return Case(f"gguf_text_{name}", write)


def _folder(folder: Path) -> Files:
    """A diffusers folder in bf16, with another VAE than its own."""
    files = bf16_files(folder / "unused", split=True)
    (folder / "unused" / f"{NAME}_bf16.safetensors").rename(_made(folder / "transformer") / "model.safetensors")
    (folder / "unused" / "qwen_3_4b.safetensors").rename(_made(folder / "text_encoder") / "model.safetensors")
    files.options = ["--model", folder, "--vae", SMALL_VAE, "--tokenizer", TOKENIZER]
    return files


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _ldm_with_config(folder: Path) -> Files:
    """A small VAE under LDM's names. Its sizes aren't the published ones, so a config.json lies beside it."""
    files = bf16_files(folder, split=False)
    tensors, _ = read_safetensors(SMALL_VAE / "diffusion_pytorch_model.safetensors")
    small = {name: np.frombuffer(t.data, dtype=np.float32).reshape(t.shape) for name, t in tensors.items()}
    packed = packs.encode(layouts.ldm_vae(small), ENCODINGS["f32"], lambda name: False)
    packs.write(folder / "ldm" / "ae.safetensors", packed)
    shutil.copy(SMALL_VAE / "config.json", folder / "ldm")
    files.options[files.options.index(SMALL_VAE)] = folder / "ldm" / "ae.safetensors"
    return files


def _tree(as_folder: bool) -> Callable[[Path], Files]:
    """A ComfyUI `models` folder, named as a whole or by its DiT."""

    def write(folder: Path) -> Files:
        packed, packed_text = pack_dit(BF16), pack_text(BF16)
        model = packs.write(folder / "models" / "diffusion_models" / f"{NAME}_bf16.safetensors", packed)
        packs.write(folder / "models" / "text_encoders" / "qwen_3_4b.safetensors", packed_text)
        packs.write(folder / "models" / "vae" / "ae.safetensors", pack_vae("f32"))
        options = ["--model", folder / "models" if as_folder else model, "--tokenizer", TOKENIZER]
        return Files(options, packed.values, packed_text.values, vae(), same_as="bf16, own VAE")

    return write


def _bundle(folder: Path) -> Files:
    """A checkpoint that holds everything, as ComfyUI saves one."""
    prefixes = (layouts.COMFY_PREFIX, layouts.BUNDLE_TEXT_PREFIX, layouts.BUNDLE_VAE_PREFIX)
    parts = (pack_dit(BF16, prefix=prefixes[0]), pack_text(BF16, prefixes[1]), pack_vae("f32", prefixes[2]))
    model = packs.write(folder / f"{NAME}_aio.safetensors", *parts)
    options = ["--model", model, "--tokenizer", TOKENIZER]
    return Files(options, parts[0].values, parts[1].values, vae(), same_as="bf16, own VAE")


def _control(name: str, encoding: Encoding | None, kind: str = "") -> Case:
    """A quantised ControlNet of version 2.1 on a bf16 model."""

    def write(folder: Path) -> Files:
        files = bf16_files(folder, split=False)
        files.same_as = None
        weights = layouts.diffusers_dit(control())
        if encoding:
            packed = packs.encode(weights, encoding, layouts.is_block_matrix)
            net, files.control = packs.write(folder / f"{name}-2.1.safetensors", packed), packed.values
        else:
            tensors = gguf_files.encode_dit(weights, gguf_files.uniform(kind), "BF16")
            net, files.control = gguf_files.write(folder / f"{name}-2.1.gguf", tensors), gguf_files.values(tensors)
        files.options += ["--controlnet", net]
        return files

    return Case(f"control_{name}", write)


LAYOUTS = [
    Case("comfy", lambda folder: bf16_files(folder, split=False)),
    Case("comfy_prefixed", lambda folder: bf16_files(folder, split=False, prefix=layouts.COMFY_PREFIX)),
    Case("split_names", lambda folder: bf16_files(folder, split=True)),
    Case("text_without_prefix", lambda folder: bf16_files(folder, split=False, text_prefix="")),
    Case("diffusers_folder", _folder),
    Case("ldm_vae_with_config", _ldm_with_config),
    Case("comfy_tree_file", _tree(as_folder=False)),
    Case("comfy_tree_folder", _tree(as_folder=True)),
    Case("bundle", _bundle),
    _gguf_layout("keys"),
    _gguf_layout("no_keys", {"arch": None}),
    _gguf_layout("prefix", prefix=layouts.COMFY_PREFIX),
    _gguf_layout("flat_pads", {"flat_pads": True, "arch": "pig"}),
    _gguf_layout("split_names", split=True),
    _gguf_text("sizes"),
    _gguf_text("vocabulary", vocabulary=True),
    _gguf_text("rope", rope=5e6),
    _control("bf16", BF16),
    _control("fp8_scaled", ENCODINGS["fp8_scaled"]),
    _control("int8_convrot_256", ENCODINGS["int8_convrot_256"]),
    _control("Q8_0", None, "Q8_0"),
    _control("Q4_K", None, "Q4_K"),
]

CASES = {
    case.name: case
    for case in (
        *map(_encoding, ENCODINGS), *map(_gguf, (*quantise_gguf.TYPES, "mixed")), *LAYOUTS,
    )
}  # fmt: skip
