"""Encodes a matrix as the safetensors files that people have do, and says exactly which numbers it then holds.

The formulas are those of ComfyUI's loader (comfy/ops.py) and of comfy-kitchen. Each function takes a float32 matrix
[out, in], and returns the tensors to store, by their endings after the layer's name, and the matrix that they mean.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .stored import E4M3, E5M2, Float8, Stored, from_bfloat16, store, to_bfloat16

FP4 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6], dtype=np.float32)


@dataclass
class Encoded:
    """One layer: its tensors by their endings, its entry in a format table (empty for a plain dtype), its numbers."""

    tensors: dict[str, Stored]
    values: np.ndarray
    format: dict = field(default_factory=dict)


Encode = Callable[[np.ndarray], Encoded]


def marker(format: dict) -> Stored:
    """Returns the bytes of a `.comfy_quant` tensor."""
    return store(np.frombuffer(json.dumps(format).encode(), dtype=np.uint8))


def plain(weight: np.ndarray, dtype: str = "F32") -> Encoded:
    """Casts. This works for a tensor of any rank."""
    if dtype == "BF16":
        bits = to_bfloat16(weight)
        return Encoded({"weight": Stored("BF16", list(weight.shape), bits.tobytes())}, from_bfloat16(bits))
    if dtype in ("F8_E4M3", "F8_E5M2"):
        kind = E4M3 if dtype == "F8_E4M3" else E5M2
        codes = kind.encode(weight)
        return Encoded({"weight": store(codes, dtype)}, kind.decode(codes))
    cast = weight.astype(np.float16 if dtype == "F16" else np.float32)
    return Encoded({"weight": store(cast)}, cast.astype(np.float32))


def _to_float8(weight: np.ndarray, kind: Float8) -> tuple[np.ndarray, np.float32, np.ndarray]:
    scale = np.float32(np.abs(weight).max() / kind.max)
    codes = kind.encode(weight / scale)
    return codes, scale, kind.decode(codes) * scale


def scaled_fp8_old(weight: np.ndarray, kind: Float8 = E4M3, input_scale: bool = True) -> Encoded:
    """The first kind of scaled fp8. The file has a tensor named scaled_fp8 besides."""
    codes, scale, values = _to_float8(weight, kind)
    tensors = {"weight": store(codes, kind.dtype), "scale_weight": store(np.array([scale]))}
    if input_scale:
        tensors["scale_input"] = store(np.array([0.75], dtype=np.float32))
    return Encoded(tensors, values)


def scaled_fp8(weight: np.ndarray, kind: Float8 = E4M3, input_scale: bool = False) -> Encoded:
    """Today's scaled fp8: `weight_scale`, and a format."""
    codes, scale, values = _to_float8(weight, kind)
    tensors = {"weight": store(codes, kind.dtype), "weight_scale": store(np.array(scale))}
    if input_scale:
        tensors["input_scale"] = store(np.array(0.75, dtype=np.float32))
    return Encoded(tensors, values, {"format": "float8_e4m3fn" if kind is E4M3 else "float8_e5m2"})


def hadamard(size: int) -> np.ndarray:
    """The regular Hadamard matrix of a power of 4, scaled to be its own inverse."""
    four = np.array([[1, 1, 1, -1], [1, 1, -1, 1], [1, -1, 1, 1], [-1, 1, 1, 1]], dtype=np.float64)
    matrix = np.ones((1, 1))
    while matrix.shape[0] < size:
        matrix = np.kron(matrix, four)
    assert matrix.shape[0] == size
    return (matrix / np.sqrt(size)).astype(np.float32)


def rotate(weight: np.ndarray, group: int) -> np.ndarray:
    rows, columns = weight.shape
    return (weight.reshape(rows, columns // group, group) @ hadamard(group)).reshape(rows, columns)


def int8(weight: np.ndarray, per_row: bool = True, group: int = 0, nested: bool = False, flat: bool = False) -> Encoded:
    """int8_tensorwise with a scale for all or for each row; with a group, columns are rotated first (convrot).

    Writers put the options into the format itself or into its `params` (nested), and the scales of rows into a column
    or into a vector (flat).
    """
    turned = rotate(weight, group) if group else weight
    largest = np.abs(turned).max(axis=1, keepdims=True) if per_row else np.abs(turned).max()
    scale = (largest / 127).astype(np.float32)
    codes = np.rint(turned / scale).clip(-128, 127).astype(np.int8)
    values = codes.astype(np.float32) * scale
    options = {"convrot": True, "convrot_groupsize": group} if group else {}
    return Encoded(
        {"weight": store(codes), "weight_scale": store(scale.reshape(-1) if flat else np.asarray(scale))},
        rotate(values, group) if group else values,
        {"format": "int8_tensorwise", **({"params": options} if nested else options)},
    )


def pad(array: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Pads with zeros to multiples."""
    height, width = array.shape
    return np.pad(array, ((0, -height % rows), (0, -width % columns)))


def swizzle(scales: np.ndarray) -> np.ndarray:
    """Orders block scales [rows, blocks] as the matrix units read them: tiles of 128 rows and 4 blocks, and within a
    tile the rows r, r + 32, r + 64 and r + 96 beside each other."""
    padded = pad(scales, 128, 4)
    rows, blocks = padded.shape
    tiles = padded.reshape(rows // 128, 4, 32, blocks // 4, 4)
    return tiles.transpose(0, 3, 2, 1, 4).reshape(rows, blocks)


def nvfp4(weight: np.ndarray, input_scale: bool = False, scale_dtype: str = "F8_E4M3") -> Encoded:
    """4-bit floats in blocks of 16 with an fp8 scale each and one float32 scale for all."""
    rows, columns = weight.shape
    padded = pad(weight, 16, 16)
    blocks = padded.reshape(padded.shape[0], -1, 16)
    second = np.float32(np.abs(weight).max() / (E4M3.max * 6))
    codes = E4M3.encode(np.abs(blocks).max(axis=2) / 6 / second)
    scale = (second * E4M3.decode(codes))[:, :, None]
    units = np.divide(np.abs(blocks), scale, out=np.zeros_like(blocks), where=scale > 0)
    nibbles = np.searchsorted((FP4[1:] + FP4[:-1]) / 2, units).astype(np.uint8)
    values = np.where(blocks < 0, -FP4[nibbles], FP4[nibbles]) * scale
    nibbles = (nibbles | np.where(blocks < 0, 8, 0).astype(np.uint8)).reshape(padded.shape)
    packed = nibbles[:, 0::2] << 4 | nibbles[:, 1::2]  # the even column is in the high half
    tensors = {
        "weight": store(packed), "weight_scale": store(swizzle(codes), scale_dtype),
        "weight_scale_2": store(np.array(second)),
    }  # fmt: skip
    if input_scale:
        tensors["input_scale"] = store(np.array(0.75, dtype=np.float32))
    return Encoded(tensors, values.reshape(padded.shape)[:rows, :columns], {"format": "nvfp4"})


def mxfp8(weight: np.ndarray, scale_dtype: str = "U8") -> Encoded:
    """fp8 in blocks of 32 with a power of two each."""
    rows, columns = weight.shape
    padded = pad(weight, 32, 32)
    blocks = padded.reshape(padded.shape[0], -1, 32)
    largest = np.maximum(np.abs(blocks).max(axis=2) / E4M3.max, 2.0**-126)
    exponents = np.ceil(np.log2(largest)).astype(np.int32)
    scale = np.ldexp(np.float32(1), exponents)[:, :, None]
    codes = E4M3.encode(blocks / scale)
    values = (E4M3.decode(codes) * scale).reshape(padded.shape)
    return Encoded(
        {
            "weight": store(codes.reshape(padded.shape), "F8_E4M3"),
            "weight_scale": store(swizzle((exponents + 127).astype(np.uint8)), scale_dtype),
        },
        values[:rows, :columns],
        {"format": "mxfp8"},
    )
