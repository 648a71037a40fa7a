#!/usr/bin/env python3
"""Writes the model files that people have, with their names, shapes and types, and zeros for weights.

    make_published_shapes.py FOLDER [WORD…]            sparse files: headers, and holes where the weights would be
    make_published_shapes.py FOLDER WORD… --random     random weights of sane scale, which take their size on disk

Only files whose path has one of the words are written. Prints each file's tensors and size, and whether they are those
of the published file. Needs scripts/setup --test.
"""

import argparse
import json
import struct
import sys
from pathlib import Path

import gguf
import numpy as np
import random_weights
from gguf import GGMLQuantizationType
from published_files import Published, published

from model_files import gguf_files, quantise_gguf

ROOT = Path(__file__).resolve().parent.parent
ORDER = list(random_weights.WIDTHS)  # safetensors writes wide tensors first, and those of one dtype by name


def bytes_of(dtype: str, shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64)) * random_weights.WIDTHS[dtype]


def write_safetensors(path: Path, file: Published, share: float) -> None:
    header: dict = {} if file.metadata is None else {"__metadata__": file.metadata}
    begin = 0
    tensors = sorted(file.tensors, key=lambda t: (ORDER.index(t[1]), t[0]))
    for name, dtype, shape in tensors:
        size = bytes_of(dtype, shape)
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, begin + size]}
        begin += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    text = text.ljust(file.header or 0)
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        start = out.tell()
        out.truncate(start + begin)
        for number, (name, dtype, shape) in enumerate(tensors):
            out.seek(start + header[name]["data_offsets"][0])
            if name in file.contents:
                out.write(file.contents[name])
            elif share > 0:
                for piece in random_weights.pieces(name, dtype, shape, number, share):
                    out.write(piece)


def text_keys(writer: gguf.GGUFWriter) -> None:
    """Sets the published sizes. The vocabulary is the tests' small one, padded to the published size."""
    writer.add_name("Qwen3-4B")
    writer.add_block_count(36)
    writer.add_context_length(40960)
    writer.add_embedding_length(2560)
    writer.add_feed_forward_length(9728)
    writer.add_head_count(32)
    writer.add_head_count_kv(8)
    writer.add_key_length(128)
    writer.add_value_length(128)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1e6)
    gguf_files.add_vocabulary(writer, ROOT / "tests/fixtures/tokenizer/tokenizer.json", 151936)


def write_gguf(path: Path, file: Published, share: float) -> None:
    writer = gguf.GGUFWriter(path, file.keys or "none")
    if not file.keys:
        writer.kv_data[0].clear()
    else:
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    if file.keys == "qwen3":
        text_keys(writer)
    sizes = [quantise_gguf.bytes_of(kind, shape) for _, kind, shape in file.tensors]
    for (name, kind, shape), size in zip(file.tensors, sizes):
        row = (*shape[:-1], quantise_gguf.bytes_of(kind, shape[-1:]))
        writer.add_tensor_info(name, row, np.dtype(np.uint8), size, GGMLQuantizationType[kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    with path.open("r+b") as out:
        begin = out.seek(0, 2)
        begin += -begin % 32
        for number, ((name, kind, shape), size) in enumerate(zip(file.tensors, sizes)):
            out.seek(begin)
            if name in file.contents:
                out.write(file.contents[name])
            elif share > 0:
                for piece in random_weights.pieces(name, kind, shape, number, share):
                    out.write(piece)
            begin += size + -size % 32
        out.truncate(begin)


def verdict(file: Published, size: int) -> str:
    if file.count not in (None, len(file.tensors)):
        return f"WRONG: published with {file.count} tensors"
    if file.size is None:
        return file.note
    if file.keys == "qwen3":  # the key-values hold the published vocabulary, which isn't here
        return "its tensors are the published ones" if file.size - data_size(file) == 5957408 else "WRONG"
    what = f"the published size ({file.note})" if file.note else "the published size"
    return what if size == file.size else f"WRONG: published with {file.size:,} bytes"


def data_size(file: Published) -> int:
    sizes = (quantise_gguf.bytes_of(kind, shape) for _, kind, shape in file.tensors)
    return sum(size + -size % 32 for size in sizes)


def write(folder: Path, file: Published, share: float) -> bool:
    """Writes a file, the first `share` of each of its matrices random. Returns whether it has the published size."""
    path = folder / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    (write_gguf if path.suffix == ".gguf" else write_safetensors)(path, file, share)
    size = path.stat().st_size
    says = verdict(file, size)
    print(f"{file.path:<88} {len(file.tensors):>4} tensors {size:>14,} bytes: {says}", flush=True)
    return not says.startswith("WRONG")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--random", action="store_true")
    arguments = parser.parse_args()
    files = [f for f in published() if not arguments.words or any(word in f.path for word in arguments.words)]
    if arguments.random and not arguments.words:
        parser.error("--random needs words that choose files: all of them take 100 GB")
    return 0 if all([write(arguments.folder, file, float(arguments.random)) for file in files]) else 1


if __name__ == "__main__":
    sys.exit(main())
