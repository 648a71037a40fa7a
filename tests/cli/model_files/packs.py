"""The safetensors encodings by name: which layers of a model each one touches, how, and what the file says about it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from . import quantise as q
from .stored import E4M3, E5M2, Stored, store, write_safetensors
from .tiny import Weights


@dataclass
class Pack:
    """A model's weights as a file stores them: tensors by name, formats by layer, and the numbers that they mean."""

    tensors: dict[str, Stored] = field(default_factory=dict)
    formats: dict[str, dict] = field(default_factory=dict)
    values: Weights = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)


Choose = Callable[[str, int], q.Encode]  # by a matrix's name and its number among the matrices


@dataclass
class Encoding:
    """`matrix` encodes the matrices that quantisers take, `rest` is the dtype of everything else.

    `formats` says where formats are written: as `.comfy_quant` tensors ("markers"), in the header ("metadata"), in both
    ("both"), or in the header without the prefix that the weights have ("unprefixed").
    """

    matrix: Choose
    rest: str = "BF16"
    formats: str = "markers"
    extra: dict[str, Stored] = field(default_factory=dict)
    prefix: str = ""  # before every name of the DiT


def _all(encode: q.Encode, **options) -> Encoding:
    return Encoding(lambda name, number: encode, **options)


def _cast(dtype: str, **options) -> Encoding:
    return _all(partial(q.plain, dtype=dtype), rest=dtype, **options)


def _float8_rows(weight: np.ndarray) -> q.Encoded:
    """Scaled fp8 with a scale for each row, as torchao writes it."""
    scale = (np.abs(weight).max(axis=1, keepdims=True) / E4M3.max).astype(np.float32)
    codes = E4M3.encode(weight / scale)
    return q.Encoded(
        {"weight": store(codes, "F8_E4M3"), "weight_scale": store(scale)}, E4M3.decode(codes) * scale,
        {"format": "float8_e4m3fn"},
    )  # fmt: skip


def _without_refiners(encode: q.Encode) -> Choose:
    """Leaves the refiners alone, as z_image_turbo_nvfp4 does."""
    return lambda name, number: partial(q.plain, dtype="BF16") if "_refiner." in name else encode


_MIXED = (q.nvfp4, q.mxfp8, partial(q.plain, dtype="BF16"), q.scaled_fp8, partial(q.int8, group=64), q.int8)
_E5M2_MARK = {"scaled_fp8": Stored("F8_E5M2", [2], b"\0\0")}
_MARK = {"scaled_fp8": Stored("F8_E4M3", [0], b"")}

ENCODINGS: dict[str, Encoding] = {
    "f32": _cast("F32"),
    "bf16": _cast("BF16"),
    "f16": _cast("F16"),
    "fp8_e4m3fn_cast": _cast("F8_E4M3"),
    "fp8_e5m2_cast": _cast("F8_E5M2"),
    "fp8_scaled_old": _all(q.scaled_fp8_old, extra=_MARK),
    "fp8_scaled_old_f32_mark": _all(
        partial(q.scaled_fp8_old, input_scale=False),
        extra={"scaled_fp8": Stored("F32", [1], b"\0\0\0\0")},
        prefix="model.diffusion_model.",
    ),
    "fp8_scaled_old_e5m2": _all(partial(q.scaled_fp8_old, kind=E5M2), extra=_E5M2_MARK),
    "fp8_scaled": _all(q.scaled_fp8),
    "fp8_scaled_e5m2": _all(partial(q.scaled_fp8, kind=E5M2, input_scale=True)),
    "fp8_scaled_rows": _all(_float8_rows),
    "fp8_scaled_metadata": _all(q.scaled_fp8, formats="metadata", prefix="model.diffusion_model."),
    "fp8_scaled_unprefixed": _all(q.scaled_fp8, formats="unprefixed", prefix="model.diffusion_model."),
    "int8_tensor": _all(partial(q.int8, per_row=False), rest="F32"),
    "int8_rows": _all(q.int8),
    "int8_rows_flat": _all(partial(q.int8, flat=True)),
    "int8_convrot_64": _all(partial(q.int8, group=64), formats="both", prefix="model.diffusion_model."),
    "int8_convrot_256": _all(partial(q.int8, group=256), rest="F32"),
    "int8_convrot_nested": _all(partial(q.int8, group=256, nested=True), rest="F32"),
    "int8_convrot_tensor": _all(partial(q.int8, per_row=False, group=64), formats="metadata"),
    "nvfp4": Encoding(_without_refiners(partial(q.nvfp4, input_scale=True)), formats="metadata"),
    "nvfp4_markers": _all(q.nvfp4),
    "nvfp4_byte_scales": _all(partial(q.nvfp4, scale_dtype="U8")),
    "mxfp8": _all(q.mxfp8),
    "mxfp8_e8m0_scales": _all(partial(q.mxfp8, scale_dtype="F8_E8M0"), formats="metadata"),
    "mixed": Encoding(lambda name, number: _MIXED[number % len(_MIXED)]),
}


def encode(weights: Weights, encoding: Encoding, is_matrix: Callable[[str], bool], prefix: str = "") -> Pack:
    """Encodes a model. `prefix` comes before the file's names, but not before those of `values`."""
    pack = Pack()
    number = 0
    for name, weight in weights.items():
        matrix = is_matrix(name)
        layer = name.rpartition(".")[0]
        encoded = encoding.matrix(name, number)(weight) if matrix else q.plain(weight, encoding.rest)
        number += matrix
        pack.values[name] = encoded.values.astype(np.float32)
        if not matrix:
            pack.tensors[prefix + name] = encoded.tensors["weight"]
            continue
        pack.tensors |= {f"{prefix}{layer}.{ending}": tensor for ending, tensor in encoded.tensors.items()}
        if encoded.format:
            pack.formats[layer] = encoded.format
    # The mark of scaled fp8 has the DiT's prefix, but none in a text encoder's file.
    mark = encoding.prefix if prefix == encoding.prefix else ""
    pack.tensors |= {mark + name: tensor for name, tensor in encoding.extra.items()}
    _write_formats(pack, encoding.formats, prefix)
    return pack


def _write_formats(pack: Pack, where: str, prefix: str) -> None:
    if not pack.formats:
        return
    if where in ("markers", "both"):
        pack.tensors |= {f"{prefix}{layer}.comfy_quant": q.marker(format) for layer, format in pack.formats.items()}
    if where != "markers":
        before = "" if where == "unprefixed" else prefix
        layers = {before + layer: format for layer, format in pack.formats.items()}
        pack.metadata["_quantization_metadata"] = json.dumps({"format_version": "1.0", "layers": layers})


def write(path: Path, *packs: Pack) -> Path:
    """Writes packs to one file."""
    tensors: dict[str, Stored] = {}
    metadata: dict[str, str] = {}
    for pack in packs:
        tensors |= pack.tensors
        metadata |= pack.metadata
    write_safetensors(path, tensors, metadata or None)
    return path
