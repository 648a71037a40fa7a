"""What a case of tests/cli/test_model_files.py is made of: the weights before encoding, and a reference's folder."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from . import layouts, packs, reference, tiny
from .packs import ENCODINGS, Encoding, Pack
from .tiny import Weights

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
TOKENIZER = FIXTURES / "tokenizer" / "tokenizer.json"
SMALL_VAE = FIXTURES / "models" / "a" / "vae"
NAME = "z_image_turbo"  # a file's name may tell the variant
BF16 = ENCODINGS["bf16"]


@cache
def dit() -> Weights:
    return tiny.draw(tiny.dit_shapes(), 1)


@cache
def text() -> Weights:
    return tiny.draw(tiny.text_shapes(), 2)


@cache
def control() -> Weights:
    return tiny.draw(tiny.control_shapes(), 3)


@cache
def vae() -> Weights:
    """A VAE of the published size, as nothing else goes without a config.json."""
    return tiny.draw(tiny.vae_shapes(), 4)


@dataclass
class Files:
    """What a case wrote: the executable's options, and the weights by which the reference differs from dit() and so on.

    `same_as` names a reference that several cases share.
    """

    options: list
    dit: Weights
    text: Weights
    vae: Weights | None = None
    control: Weights | None = None
    text_config: dict = field(default_factory=lambda: tiny.TEXT_CONFIG)
    same_as: str | None = None


@dataclass
class Case:
    name: str
    write: Callable[[Path], Files]


def model_options(model: Path, text_encoder: Path, tokenizer: bool = True) -> list:
    options = ["--model", model, "--text-encoder", text_encoder, "--vae", SMALL_VAE]
    return [*options, "--tokenizer", TOKENIZER] if tokenizer else options


def pack_dit(encoding: Encoding, weights: Weights | None = None, prefix: str | None = None) -> Pack:
    prefix = encoding.prefix if prefix is None else prefix
    return packs.encode(weights or dit(), encoding, layouts.is_block_matrix, prefix)


def pack_text(encoding: Encoding, prefix: str = layouts.TEXT_PREFIX) -> Pack:
    return packs.encode(text(), encoding, layouts.is_text_matrix, prefix)


def bf16_files(folder: Path, split: bool, prefix: str = "", text_prefix: str = layouts.TEXT_PREFIX) -> Files:
    packed = pack_dit(BF16, layouts.diffusers_dit(dit()) if split else dit(), prefix)
    packed_text = pack_text(BF16, text_prefix)
    model = packs.write(folder / f"{NAME}_bf16.safetensors", packed)
    encoder = packs.write(folder / "qwen_3_4b.safetensors", packed_text)
    return Files(model_options(model, encoder), packed.values, packed_text.values, same_as="bf16")


def pack_vae(dtype: str, prefix: str = "") -> Pack:
    return packs.encode(layouts.ldm_vae(vae()), ENCODINGS[dtype], lambda name: False, prefix)


def write_reference(folder: Path, files: Files) -> list:
    """Writes the weights of `files` in float32 as a diffusers folder; returns the executable's options."""
    reference.write_dit(folder / "transformer", files.dit)
    reference.write_text(folder / "text_encoder", files.text, files.text_config)
    autoencoder = reference.write_vae(folder / "vae", files.vae) if files.vae else SMALL_VAE
    options = ["--model", folder, "--vae", autoencoder, "--tokenizer", TOKENIZER]
    if files.control:
        options += ["--controlnet", reference.write_control(folder / "control-2.1.safetensors", files.control)]
    return options


def original() -> Files:
    """The weights before they were encoded."""
    return Files([], dit(), text())
