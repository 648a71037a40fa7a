"""Reads what `convert` writes with the safetensors package, and turns it into numbers by the formats' own formulas."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors

from .quantise import rotate
from .stored import E4M3, from_bfloat16


@dataclass
class Decoded:
    """One weight: its numbers, its marker (empty for a dense one), and its scales."""

    values: np.ndarray
    format: dict
    scale: np.ndarray | None = None


def _bf16(tensor: dict) -> np.ndarray:
    assert tensor["dtype"] == "BF16"
    return from_bfloat16(np.frombuffer(tensor["data"], dtype=np.uint16)).reshape(tensor["shape"])


def _scaled(weight: dict, scale: dict, format: dict) -> Decoded:
    """float8_e4m3fn has one scale of no dimension, int8_tensorwise a column of them, as ComfyUI's loader expects."""
    rows, columns = weight["shape"]
    assert scale["dtype"] == "F32"
    factor = np.frombuffer(scale["data"], dtype=np.float32).reshape(scale["shape"])
    if format["format"] == "float8_e4m3fn":
        assert weight["dtype"] == "F8_E4M3" and scale["shape"] == [] and list(format) == ["format"]
        values = E4M3.decode(np.frombuffer(weight["data"], dtype=np.uint8)).reshape(rows, columns) * factor
        return Decoded(values, format, factor)
    assert format["format"] == "int8_tensorwise" and weight["dtype"] == "I8" and scale["shape"] == [rows, 1]
    values = np.frombuffer(weight["data"], dtype=np.int8).reshape(rows, columns) * factor
    if format.get("convrot"):
        values = rotate(values, format["convrot_groupsize"])
    return Decoded(values, format, factor)


def decode(path: Path) -> dict[str, Decoded]:
    """Reads a whole file, and checks that every scale and marker belongs to a weight."""
    tensors = dict(safetensors.deserialize(path.read_bytes()))
    weights: dict[str, Decoded] = {}
    for name in [name for name in tensors if name.endswith(".comfy_quant")]:
        layer = name.removesuffix(".comfy_quant")
        marker = tensors.pop(name)
        assert marker["dtype"] == "U8" and marker["shape"] == [len(marker["data"])]
        weight, scale = tensors.pop(f"{layer}.weight"), tensors.pop(f"{layer}.weight_scale")
        weights[f"{layer}.weight"] = _scaled(weight, scale, json.loads(bytes(marker["data"])))
    for name, tensor in tensors.items():
        assert not name.endswith("_scale"), name
        weights[name] = Decoded(_bf16(tensor), {})
    return weights


def metadata_of(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return json.loads(file.read(length)).get("__metadata__", {})
