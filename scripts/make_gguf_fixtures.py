#!/usr/bin/env python3
"""Makes tests/fixtures/gguf with the package `gguf`, which llama.cpp's authors publish, or checks it.

    make_gguf_fixtures.py            writes it
    make_gguf_fixtures.py --check    makes it in a temporary folder and compares

blocks.safetensors holds rows of random blocks of every type (`TYPE.bytes`) and the numbers that the package makes of
them (`TYPE.values`). Half of the blocks have random scales, the other half the corners of fp16: zeros, subnormals, the
largest. small.gguf is a file as the package writes it, and small.safetensors holds the values of its tensors.
"""

import argparse
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from safetensors.numpy import load_file, save_file

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "gguf"
ORIGIN = {
    "script": "scripts/make_gguf_fixtures.py",
    "versions": ", ".join(f"{name} {version(name)}" for name in ("gguf", "numpy", "safetensors")),
}
ROWS = 6
# Where a block's fp16 numbers are: its scale, and its minimum or the minima's scale.
HALVES = {
    Type.Q4_0: [0],
    Type.Q4_1: [0, 2],
    Type.Q5_0: [0],
    Type.Q5_1: [0, 2],
    Type.Q8_0: [0],
    Type.Q2_K: [80, 82],
    Type.Q3_K: [108],
    Type.Q4_K: [0, 2],
    Type.Q5_K: [0, 2],
    Type.Q6_K: [208],
    Type.IQ4_NL: [0],
    Type.IQ4_XS: [0],
}
# 0, -0, the smallest and the largest subnormal, the largest and the smallest normal.
CORNERS = np.array([0x0000, 0x8000, 0x0001, 0x83FF, 0x7BFF, 0x8400], np.uint16).view(np.float16)


def random_blocks(random: np.random.Generator, kind: Type, count: int) -> np.ndarray:
    """Returns blocks of random bytes, [count, bytes of a block], every other one with a corner as its scale."""
    blocks = random.integers(0, 256, (count, gguf.GGML_QUANT_SIZES[kind][1]), np.uint8)
    for place, at in enumerate(HALVES[kind]):
        scales = (random.standard_normal(count) * 0.02).astype(np.float16)
        scales[::2] = np.roll(np.resize(CORNERS, len(scales[::2])), 2 * place)
        blocks[:, at : at + 2] = scales.view(np.uint8).reshape(count, 2)
    return blocks


def make_blocks(path: Path, random: np.random.Generator) -> None:
    tensors = {}
    for kind in HALVES:
        per_row = 3 if gguf.GGML_QUANT_SIZES[kind][0] == 32 else 2
        data = random_blocks(random, kind, ROWS * per_row).reshape(ROWS, -1)
        tensors[f"{kind.name}.bytes"] = data
        tensors[f"{kind.name}.values"] = gguf.dequantize(data, kind)
    save_file(tensors, path, metadata=ORIGIN)


def add_values(writer: gguf.GGUFWriter) -> None:
    for key, value in ORIGIN.items():
        writer.add_string(f"fixture.{key}", value)
    for bits in (8, 16, 32, 64):
        getattr(writer, f"add_uint{bits}")(f"test.uint{bits}", 2**bits - 1)
        getattr(writer, f"add_int{bits}")(f"test.int{bits}", -(2 ** (bits - 1)))
    writer.add_float32("qwen3.rope.freq_base", 1e6)
    writer.add_float64("test.float64", 0.1)
    writer.add_bool("test.bool", True)
    writer.add_array("tokenizer.ggml.tokens", ["!", "Ġthe", "<|im_end|>", "日本"])
    writer.add_array("tokenizer.ggml.token_type", [1, 1, 3, 1])
    writer.add_array("tokenizer.ggml.scores", [0.5, -1.0])
    writer.add_array("test.bytes", b"abc")
    writer.add_array("test.nested", [["a", "b"], ["c"]])
    # Converters for ComfyUI store a convolution as rows of blocks, and keep its shape here.
    writer.add_array("comfy.gguf.orig_shape.conv.weight", [4, 8, 2, 2])
    writer.add_array("comfy.gguf.orig_shape.across.weight", [16, 8])


def make_file(folder: Path, random: np.random.Generator) -> None:
    writer = gguf.GGUFWriter(folder / "small.gguf", "lumina2")
    add_values(writer)
    values = {}

    def add(name: str, data: np.ndarray, kind: Type, shape: list[int]) -> None:
        writer.add_tensor(name, data, raw_dtype=kind)
        values[name] = gguf.dequantize(data, kind).reshape(shape)

    def numbers(*shape: int) -> np.ndarray:
        return random.standard_normal(shape).astype(np.float32)

    add("norm.weight", numbers(5), Type.F32, [5])
    add("half.weight", numbers(3, 2).astype(np.float16).view(np.uint8), Type.F16, [3, 2])
    add("brain.weight", gguf.quantize(numbers(2, 4), Type.BF16), Type.BF16, [2, 4])
    add("linear.weight", gguf.quantize(numbers(3, 64), Type.Q8_0), Type.Q8_0, [3, 64])
    add("mixed.weight", random_blocks(random, Type.Q4_K, 4).reshape(2, -1), Type.Q4_K, [2, 512])
    add("conv.weight", gguf.quantize(numbers(2, 64), Type.Q5_1), Type.Q5_1, [4, 8, 2, 2])
    add("across.weight", gguf.quantize(numbers(4, 32), Type.Q4_0), Type.Q4_0, [16, 8])
    writer.add_tensor("old.weight", random.integers(0, 256, (1, 74), np.uint8), raw_dtype=Type.IQ2_XS)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file(values, folder / "small.safetensors", metadata=ORIGIN)


def make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(18)
    make_blocks(folder / "blocks.safetensors", random)
    make_file(folder, random)
    for path in folder.iterdir():
        path.chmod(0o644)


def same(made: Path, committed: Path) -> bool:
    if not (made.is_file() and committed.is_file()):
        return False
    if made.suffix == ".gguf":
        return made.read_bytes() == committed.read_bytes()
    # The package safetensors writes the metadata in any order.
    a, b = load_file(made), load_file(committed)
    return a.keys() == b.keys() and all(a[k].shape == b[k].shape and a[k].tobytes() == b[k].tobytes() for k in a)


def check() -> int:
    with tempfile.TemporaryDirectory() as made:
        make(Path(made))
        names = {path.name for folder in (Path(made), FOLDER) for path in folder.iterdir()}
        different = [name for name in sorted(names) if not same(Path(made) / name, FOLDER / name)]
    for name in different:
        print(f"{name} differs (small.gguf also does if the versions do that it names)", file=sys.stderr)
    return 1 if different else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the committed fixtures and write nothing")
    if parser.parse_args().check:
        return check()
    make(FOLDER)
    print(f"wrote {sum(path.stat().st_size for path in FOLDER.iterdir()) / 1e3:.0f} kB to {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
