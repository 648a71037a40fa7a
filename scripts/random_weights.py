"""Random weights of a model's scale, as the bytes that files hold. One block of numbers is drawn for each kind and scale,
and repeated: files of many gigabytes are written as fast as the disk takes them."""

import sys
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "cli"))

from model_files import quantise_gguf  # noqa: E402
from model_files.stored import to_bfloat16  # noqa: E402

WIDTHS = {"F32": 4, "BF16": 2, "F8_E4M3": 1, "I8": 1, "U8": 1}
BLOCK = 1 << 22  # numbers; every GGUF type's blocks divide it
STEP = 7919  # tensors begin at different places of the block
SCALE = 2e-4  # of int8, fp8 and nvfp4: the weights are small, as those of a model are
Shape = tuple[int, ...]


@cache
def normal() -> np.ndarray:
    return np.random.default_rng(1).standard_normal(BLOCK, dtype=np.float32)


def numbers(name: str, shape: Shape) -> tuple[float, float]:
    """Returns the mean and the deviation of a tensor's numbers: the scale that the tests' small models have."""
    if "scale" in name:
        return SCALE, 0.0
    if "norm" in name and name.endswith("weight") or name == "cap_embedder.0.weight":
        return 1.0, 0.15
    if name.endswith("pad_token"):
        return 0.0, 1.0
    return 0.0, float(np.prod(shape[1:])) ** -0.5 if len(shape) > 1 else 0.1


@lru_cache(maxsize=16)
def block_of(kind: str, mean: float, deviation: float) -> memoryview:
    if kind in ("F32", "BF16"):
        values = np.float32(mean) + np.float32(deviation) * normal()
        return memoryview((values if kind == "F32" else to_bfloat16(values)).tobytes())
    generator = np.random.default_rng(2)
    if kind in WIDTHS:  # bytes that are int8, fp8 e4m3 without its NaNs, or two fp4 numbers
        codes = generator.integers(0, 256, BLOCK, np.uint8)
        nan = (codes & 0x7F) == 0x7F
        return memoryview(np.where(nan, 0, codes).astype(np.uint8).tobytes() if kind == "F8_E4M3" else codes.tobytes())
    count = BLOCK // quantise_gguf.block_size(kind)
    return memoryview(quantise_gguf.draw_blocks(kind, count, deviation, generator).tobytes())


def pieces(name: str, kind: str, shape: Shape, number: int, share: float = 1.0) -> Iterator[memoryview]:
    """Yields the bytes of a file's tensor `number`, or of the first `share` of it."""
    block = block_of(kind, *numbers(name, shape))
    values, width = (1, WIDTHS[kind]) if kind in WIDTHS else (quantise_gguf.block_size(kind), 0)
    unit = width or quantise_gguf.bytes_of(kind, (values,))
    count = int(np.prod(shape, dtype=np.int64)) // values
    if len(shape) > 1:
        count = max(1, int(count * share))
    left = count * unit
    begin = number * STEP % (len(block) // unit) * unit
    while left > 0:
        piece = block[begin : begin + left]
        yield piece
        left -= len(piece)
        begin = 0
