"""The reference of a case: a diffusers folder of float32 weights, which the executable reads without any decoding."""

import json
from pathlib import Path

from . import tiny
from .layouts import TEXT_PREFIX, diffusers_dit, prefixed
from .stored import store, write_safetensors
from .tiny import Weights


def write_component(folder: Path, weights: Weights, config: dict, stem: str = "diffusion_pytorch_model") -> Path:
    write_safetensors(folder / f"{stem}.safetensors", {n: store(v) for n, v in weights.items()}, {"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def write_dit(folder: Path, weights: Weights) -> Path:
    """Writes a DiT from ComfyUI's names, or from diffusers'."""
    return write_component(folder, diffusers_dit(weights), tiny.DIT_CONFIG)


def write_text(folder: Path, weights: Weights, config: dict = tiny.TEXT_CONFIG) -> Path:
    return write_component(folder, prefixed(weights, TEXT_PREFIX), config, "model")


def write_vae(folder: Path, weights: Weights) -> Path:
    return write_component(folder, weights, tiny.VAE_CONFIG)


def write_control(file: Path, weights: Weights) -> Path:
    write_safetensors(file, {n: store(v) for n, v in diffusers_dit(weights).items()})
    return file
