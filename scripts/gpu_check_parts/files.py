"""Writes model files of the published shapes, or tiny ones, with random weights.

    python -m gpu_check_parts.files published|tiny [FOLDER]

Prints one JSON object: the bytes that all take and, if there is a FOLDER, the path of each part. Needs numpy alone, which
comes with any torch. One block of numbers is drawn for each scale and repeated, so the files are written as fast as the
disk takes them.
"""

import json
import struct
import sys
from functools import cache
from pathlib import Path

import numpy as np
import published_files
from model_files import tiny
from published_files import Tensor, plain

WIDTHS = {"F32": 4, "BF16": 2}
BLOCK = 1 << 22  # numbers
STEP = 7919  # tensors begin at different places of the block
VOCABULARY = 151936  # of the tokenizer that comes with the program


def parts_of(kind: str) -> dict[str, list[Tensor]]:
    if kind == "published":
        return {
            "model": plain(published_files.DIT, "BF16"),
            "text-encoder": plain(published_files.TEXT, "BF16", "model."),
            "vae": plain(published_files.ldm_shapes(), "F32"),
            "controlnet": plain(published_files.split(published_files.CONTROL["full"]), "BF16"),
        }
    return {  # without its config.json, a VAE is known only in the published shape
        "model": plain(tiny.dit_shapes(), "BF16"),
        "text-encoder": plain(tiny.text_shapes(vocabulary=VOCABULARY), "BF16", "model."),
        "vae": plain(published_files.ldm_shapes(), "F32"),
    }


def values_of(shape) -> int:
    return int(np.prod(shape, dtype=np.int64))


def scale_of(name: str, shape) -> tuple[float, float]:
    """Returns the mean and the deviation that keep the activations' scale."""
    if "norm" in name and name.endswith("weight") or name == "cap_embedder.0.weight":
        return 1.0, 0.1
    if name.endswith("pad_token"):
        return 0.0, 1.0
    return 0.0, float(np.prod(shape[1:])) ** -0.5 if len(shape) > 1 else 0.05


@cache
def block_of(dtype: str, mean: float, deviation: float) -> memoryview:
    drawn = np.random.default_rng(1).standard_normal(BLOCK, dtype=np.float32)
    values = np.float32(mean) + np.float32(deviation) * drawn
    if dtype == "BF16":
        values = ((values.view(np.uint32) + 0x8000) >> 16).astype(np.uint16)
    return memoryview(values.tobytes())


def write(path: Path, tensors: list[Tensor]) -> None:
    header, begin = {}, 0
    for name, dtype, shape in tensors:
        size = values_of(shape) * WIDTHS[dtype]
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, begin + size]}
        begin += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for number, (name, dtype, shape) in enumerate(tensors):
            block, left = block_of(dtype, *scale_of(name, shape)), values_of(shape) * WIDTHS[dtype]
            at = number * STEP % BLOCK * WIDTHS[dtype]
            while left > 0:
                piece = block[at : at + left]
                out.write(piece)
                left -= len(piece)
                at = 0


def main() -> int:
    parts = parts_of(sys.argv[1])
    report = {"bytes": sum(values_of(shape) * WIDTHS[dtype] for part in parts.values() for _, dtype, shape in part)}
    if len(sys.argv) > 2:
        paths = {name: Path(sys.argv[2]) / f"{name}.safetensors" for name in parts}
        for name, tensors in parts.items():
            write(paths[name], tensors)
        report["files"] = {name: str(path) for name, path in paths.items()}
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
