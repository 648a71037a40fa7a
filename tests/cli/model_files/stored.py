"""Tensors as bytes: what a safetensors file stores, and the small floats that numpy doesn't know."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors

#: The header's spelling of a dtype, and what the safetensors package calls it when it writes one.
DTYPES = {
    "F32": "float32", "F16": "float16", "BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu", "I8": "int8", "U8": "uint8",
}  # fmt: skip


@dataclass
class Stored:
    """A tensor of a file: its dtype as the header spells it, its shape, and its bytes."""

    dtype: str
    shape: list[int]
    data: bytes


def store(array: np.ndarray, dtype: str | None = None) -> Stored:
    """Stores an array as it is, or under a dtype of the same width, such as U8 bytes as F8_E4M3."""
    names = {"float32": "F32", "float16": "F16", "int8": "I8", "uint8": "U8"}
    return Stored(dtype or names[array.dtype.name], list(array.shape), np.ascontiguousarray(array).tobytes())


def write_safetensors(path: Path, tensors: dict[str, Stored], metadata: dict[str, str] | None = None) -> None:
    """Writes a file with the safetensors package."""
    path.parent.mkdir(parents=True, exist_ok=True)
    held = {name: np.frombuffer(tensor.data, dtype=np.uint8) for name, tensor in tensors.items()}
    specs = {
        name: safetensors.TensorSpec(
            dtype=DTYPES[t.dtype], shape=t.shape, data_ptr=held[name].ctypes.data, data_len=len(t.data)
        )
        for name, t in tensors.items()
    }
    safetensors.serialize_file(specs, path, metadata)


def write_by_hand(path: Path, tensors: dict[str, Stored], metadata: dict[str, str] | None = None) -> None:
    """Writes a file that the package refuses to write, such as one whose shape and bytes disagree."""
    header: dict = {"__metadata__": metadata} if metadata else {}
    begin = 0
    for name, tensor in tensors.items():
        header[name] = {
            "dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": [begin, begin + len(tensor.data)]
        }  # fmt: skip
        begin += len(tensor.data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(t.data for t in tensors.values()))


def read_safetensors(path: Path) -> tuple[dict[str, Stored], dict[str, str]]:
    """Reads a whole file."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = Stored(entry["dtype"], entry["shape"], data[begin:end])
    return tensors, metadata


def to_bfloat16(values: np.ndarray) -> np.ndarray:
    """Rounds to the nearest bfloat16, ties to even, and returns the bits."""
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def from_bfloat16(bits: np.ndarray) -> np.ndarray:
    return (bits.astype(np.uint32) << 16).view(np.float32)


def _eight_bit_values(exponent_bits: int, mantissa_bits: int, bias: int) -> np.ndarray:
    """Returns the value of each of the 256 codes as if there were no infinity and no NaN."""
    codes = np.arange(256)
    exponent = (codes >> mantissa_bits) & ((1 << exponent_bits) - 1)
    mantissa = (codes & ((1 << mantissa_bits) - 1)) / 2.0**mantissa_bits
    value = np.where(exponent == 0, mantissa * 2.0 ** (1 - bias), (1 + mantissa) * 2.0 ** (exponent - float(bias)))
    return np.where(codes < 128, value, -value).astype(np.float32)


class Float8:
    """One of the 8-bit floats of the OCP specification. `largest` is the code of its largest finite number."""

    def __init__(self, dtype: str, exponent_bits: int, mantissa_bits: int, bias: int, largest: int):
        self.dtype = dtype
        self._values = _eight_bit_values(exponent_bits, mantissa_bits, bias)
        self.max = float(self._values[largest])
        positive = self._values[: largest + 1]
        halves = np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float32)
        middles = (positive[1:] + positive[:-1]) / 2
        nearest = np.searchsorted(middles, np.abs(np.nan_to_num(halves)), side="right")
        self._codes = (nearest + np.where(np.signbit(halves), 128, 0)).astype(np.uint8)

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Rounds to a near code (by way of float16) and saturates."""
        return self._codes[np.clip(values, -60000, 60000).astype(np.float16).view(np.uint16)]

    def decode(self, codes: np.ndarray) -> np.ndarray:
        return self._values[codes]


E4M3 = Float8("F8_E4M3", 4, 3, 7, 0x7E)
E5M2 = Float8("F8_E5M2", 5, 2, 15, 0x7B)
