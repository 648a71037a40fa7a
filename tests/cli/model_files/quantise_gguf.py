"""GGUF's types with the gguf package: it quantises where it can; where it can't, valid blocks are drawn at random.

In both cases the package says what numbers the bytes mean.
"""

import zlib
from dataclasses import dataclass

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants

QUANTISED = ("F32", "F16", "BF16", "Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0")


@dataclass
class Blocks:
    """Where a block's float16 scales are. `minimum` is the second one's offset, and `ratio` what it must be to the
    first one, so that the mean of random codes is about zero."""

    scale: int
    minimum: int | None = None
    ratio: float = 0.0


#: The types that the package can read but not write. Offsets are those of ggml's block structs (ggml-common.h).
DRAWN = {
    "Q6_K": Blocks(208), "Q5_K": Blocks(0, 2, 15.5), "Q4_K": Blocks(0, 2, 7.5), "Q3_K": Blocks(108),
    "Q2_K": Blocks(80, 82, 1.5), "IQ4_NL": Blocks(0), "IQ4_XS": Blocks(0),
}  # fmt: skip
TYPES = (*QUANTISED, *DRAWN)
_LAYOUTS = {"Q8_0": Blocks(0), "Q4_0": Blocks(0), "Q5_0": Blocks(0), **DRAWN}


def block_size(kind: str) -> int:
    return GGML_QUANT_SIZES[GGMLQuantizationType[kind]][0]


def bytes_of(kind: str, shape: tuple[int, ...]) -> int:
    size, width = GGML_QUANT_SIZES[GGMLQuantizationType[kind]]
    return int(np.prod(shape, dtype=np.int64)) // size * width


def _put(blocks: np.ndarray, offset: int, values: np.ndarray) -> None:
    blocks[:, offset : offset + 2] = values.astype(np.float16)[:, None].view(np.uint8)


def draw_blocks(kind: str, count: int, std: float, generator: np.random.Generator) -> np.ndarray:
    """Draws blocks [count, bytes] of any codes and sub-scales; their numbers have about mean 0 and the given std."""
    layout, ggml = _LAYOUTS[kind], GGMLQuantizationType[kind]
    width = GGML_QUANT_SIZES[ggml][1]
    blocks = np.frombuffer(generator.bytes(count * width), dtype=np.uint8).reshape(count, width).copy()

    def scale(values: np.ndarray) -> None:
        _put(blocks, layout.scale, values)
        if layout.minimum is not None:
            _put(blocks, layout.minimum, values * layout.ratio)

    scale(np.full(count, 2.0**-6))
    unit = quants.dequantize(blocks[:512], ggml).std() * 2.0**6
    scale(std / unit * generator.uniform(0.8, 1.2, count))
    return blocks


@dataclass
class GgufTensor:
    """A tensor of a GGUF file: the name of its type, its shape as other files give it, its rows' bytes."""

    kind: str
    shape: tuple[int, ...]
    data: np.ndarray
    values: np.ndarray


def encode(kind: str, name: str, weight: np.ndarray) -> GgufTensor:
    """Encodes a matrix. Where the blocks are drawn at random, they have the matrix's std, and nothing else of it."""
    ggml = GGMLQuantizationType[kind]
    if kind in QUANTISED:
        data = quants.quantize(np.ascontiguousarray(weight), ggml)
    else:
        generator = np.random.default_rng(zlib.crc32(f"{kind} {name}".encode()))
        rows = draw_blocks(kind, weight.size // block_size(kind), float(weight.std()), generator)
        data = rows.reshape(weight.shape[0], -1)
    values = quants.dequantize(data, ggml).reshape(weight.shape)
    assert np.isfinite(values).all(), f"{name} as {kind}"
    return GgufTensor(kind, weight.shape, data, values)
