"""Damages one tensor of a GGUF file."""

from collections.abc import Callable

import numpy as np

from . import gguf_files
from .quantise_gguf import DRAWN, GgufTensor
from .tiny import Weights

#: The first code of each dtype's NaNs.
NANS = {
    "F32": b"\0\0\xc0\x7f", "F16": b"\0\x7e", "BF16": b"\xc0\x7f", "F8_E4M3": b"\x7f", "F8_E5M2": b"\x7e",
    "F8_E8M0": b"\xff",
}  # fmt: skip
DAMAGES = ("removed", "renamed", "mis-shaped", "NaN", "NaN minimum")


def gguf_tensors(weights: Weights, kind: str, is_matrix: Callable[[str], bool]) -> gguf_files.Tensors:
    return gguf_files.encode(weights, gguf_files.uniform(kind), is_matrix)


def has_minimum(kind: str) -> bool:
    return kind in ("Q4_1", "Q5_1") or kind in DRAWN and DRAWN[kind].minimum is not None


def damage_gguf(tensors: gguf_files.Tensors, kind: str, damage: str, name: str) -> gguf_files.Tensors:
    tensors = dict(tensors)
    tensor = tensors.pop(name)
    data = tensor.data.copy()
    if damage == "renamed":
        tensors[f"{name}x"] = tensor
    elif damage == "mis-shaped":
        tensors[name] = GgufTensor(kind, (tensor.shape[0] - 1, *tensor.shape[1:]), data[:-1], tensor.values[:-1])
    elif damage != "removed":
        bytes_of = data.view(np.uint8).reshape(data.shape[0], -1)
        layout = DRAWN.get(kind)
        offset = layout.scale if layout else 0
        if damage == "NaN minimum":
            offset = layout.minimum if layout else 2
        code = np.frombuffer(NANS.get(kind, NANS["F16"]), dtype=np.uint8)
        bytes_of[0, offset : offset + len(code)] = code
        tensors[name] = GgufTensor(kind, tensor.shape, data, tensor.values)
    return tensors
