"""Writes fixture files, which say which script and which versions made them, and compares sets of them."""

import json
import re
import struct
from pathlib import Path

import diffusers
import numpy as np
import PIL
import safetensors
import tokenizers
import torch
import transformers
from PIL import Image, PngImagePlugin
from safetensors.torch import load_file, save_file

SCRIPT = "scripts/make_fixtures.py"
VERSIONS = ", ".join(
    f"{module.__name__} {module.__version__}"
    for module in (torch, diffusers, transformers, tokenizers, safetensors, np, PIL)
)


COMPUTED_LIMIT = 4e-6


def write_tensors(path: Path, tensors: dict[str, torch.Tensor], script: str = SCRIPT) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
    save_file(tensors, path, metadata={"format": "pt", "script": script, "versions": VERSIONS})
    path.chmod(0o644)


def write_json(path: Path, value: dict, script: str = SCRIPT) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"script": script, "versions": VERSIONS, **value}, indent=1, ensure_ascii=False)
    text = re.sub(r"\[\s+([-+.\deE,\s]+?)\s+\]", lambda numbers: "[" + " ".join(numbers[1].split()) + "]", text)
    path.write_text(text + "\n", encoding="utf-8")


def write_png(path: Path, pixels: np.ndarray, script: str = SCRIPT) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    info = PngImagePlugin.PngInfo()
    info.add_text("script", script)
    info.add_text("versions", VERSIONS)
    Image.fromarray(pixels).save(path, pnginfo=info, optimize=True)


def sign_weights(folder: Path, script: str = SCRIPT) -> None:
    """Adds script and versions to the header of every safetensors file in a model folder."""
    for path in sorted(folder.rglob("*.safetensors")):
        data = path.read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
        header["__metadata__"] = {**header.get("__metadata__", {}), "script": script, "versions": VERSIONS}
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])
        path.chmod(0o644)


def relative_l2(value: torch.Tensor, expected: torch.Tensor) -> float:
    value, expected = value.double(), expected.double()
    return ((value - expected).norm() / expected.norm().clamp_min(1e-30)).item()


def _differs_json(name: str, value, expected, limit: float) -> list[str]:
    if isinstance(expected, dict) and isinstance(value, dict):
        if value.keys() != expected.keys():
            return [f"{name}: keys differ"]
        keys = [k for k in expected if k not in ("script", "versions", "_diffusers_version", "transformers_version")]
        return [p for k in keys for p in _differs_json(f"{name}.{k}", value[k], expected[k], limit)]
    if isinstance(expected, list) and isinstance(value, list):
        if len(value) != len(expected):
            return [f"{name}: {len(value)} items, {len(expected)} committed"]
        return [p for i, (v, e) in enumerate(zip(value, expected)) for p in _differs_json(f"{name}[{i}]", v, e, limit)]
    if isinstance(expected, float) and isinstance(value, (int, float)):
        near = abs(value - expected) <= limit * max(1.0, abs(expected))
        return [] if near else [f"{name}: {value} is not {expected}"]
    return [] if value == expected else [f"{name}: {value!r} is not {expected!r}"]


def _differs_tensors(name: str, made: Path, committed: Path, limit: float) -> list[str]:
    made_tensors, expected = load_file(made), load_file(committed)
    if made_tensors.keys() != expected.keys():
        return [f"{name}: tensors differ: {sorted(made_tensors.keys() ^ expected.keys())}"]
    problems = []
    for key, tensor in expected.items():
        if made_tensors[key].shape != tensor.shape or made_tensors[key].dtype != tensor.dtype:
            problems.append(f"{name}: {key}: shape or dtype differs")
        elif (error := relative_l2(made_tensors[key], tensor)) > limit:
            problems.append(f"{name}: {key}: relative L2 {error:.2e} > {limit:.0e}")
    return problems


def _differs_png(name: str, made: Path, committed: Path) -> list[str]:
    value, expected = (np.asarray(Image.open(p)).astype(int) for p in (made, committed))
    if value.shape != expected.shape:
        return [f"{name}: sizes differ"]
    apart = np.abs(value - expected)
    return [] if apart.max() <= 1 and (apart > 0).mean() <= 1e-3 else [f"{name}: pixels differ by up to {apart.max()}"]


def compare_trees(made: Path, committed: Path) -> list[str]:
    """Returns everything that differs, in words; the list is empty if nothing does.

    Weights must be the same to the last bit. What is computed with them may differ with another CPU's kernels: 2e-6 has
    been seen in tensors (the VAE without vector instructions), nothing on the same machine.
    """
    names = {p.relative_to(made).as_posix() for p in made.rglob("*") if p.is_file()}
    there = {p.relative_to(committed).as_posix() for p in committed.rglob("*") if p.is_file()}
    problems = [f"{name}: only in one of the two sets" for name in sorted(names ^ there)]
    for name in sorted(names & there):
        a, b = made / name, committed / name
        if name.endswith(".safetensors"):
            computed = a.name == "reference.safetensors" or a.parent.name.endswith("pictures")
            problems += _differs_tensors(name, a, b, COMPUTED_LIMIT if computed else 0.0)
        elif name.endswith(".png"):
            problems += _differs_png(name, a, b)
        elif name.endswith("tokenizer.json"):
            problems += [] if a.read_bytes() == b.read_bytes() else [f"{name}: differs"]
        else:
            problems += _differs_json(name, json.loads(a.read_text()), json.loads(b.read_text()), 1e-6)
    return problems
