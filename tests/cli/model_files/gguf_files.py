"""GGUF files with the gguf package: the DiT as ComfyUI's users pack it, the text encoder as llama.cpp does."""

import json
from collections.abc import Callable
from pathlib import Path

import gguf
from gguf import GGMLQuantizationType

from . import quantise_gguf as qg
from . import tiny
from .layouts import is_block_matrix, is_text_matrix, llama_name
from .tiny import Weights

Tensors = dict[str, qg.GgufTensor]
Choose = Callable[[str, int], str]  # a matrix's type, by its name and its number among the matrices

#: A file of several types: what unsloth's Q4_K_M and the K_S variants mix.
MIXED = ("Q4_K", "Q5_K", "Q6_K", "Q3_K", "Q8_0", "BF16", "F16", "IQ4_XS")


def uniform(kind: str) -> Choose:
    return lambda name, number: kind


def mixed(name: str, number: int) -> str:
    """Gives the refiners BF16, as unsloth's files do, and goes through the types elsewhere."""
    return "BF16" if "_refiner." in name else MIXED[number % len(MIXED)]


def encode(weights: Weights, choose: Choose, is_matrix: Callable[[str], bool], rest: str = "F32") -> Tensors:
    """Encodes a model. Vectors are F32, and so are matrices whose rows a type's blocks don't divide."""
    tensors: Tensors = {}
    number = 0
    for name, weight in weights.items():
        kind = "F32" if weight.ndim == 1 or weight.size <= 1024 else rest
        if is_matrix(name):
            kind = choose(name, number)
            number += 1
        if weight.shape[-1] % qg.block_size(kind):
            kind = "F32"
        tensors[name] = qg.encode(kind, name, weight)
    return tensors


def encode_dit(weights: Weights, choose: Choose, rest: str = "F32") -> Tensors:
    return encode(weights, choose, is_block_matrix, rest)


def encode_text(weights: Weights, choose: Choose, rest: str = "F32") -> Tensors:
    """Encodes a text encoder; the table of tokens is quantised too, as llama.cpp does."""
    return encode(weights, choose, lambda name: is_text_matrix(name) or name == "embed_tokens.weight", rest)


def values(tensors: Tensors) -> Weights:
    return {name: tensor.values for name, tensor in tensors.items()}


def write(
    path: Path, tensors: Tensors, rename: Callable[[str], str] = str, arch: str | None = "lumina2",
    keys: Callable[[gguf.GGUFWriter], None] | None = None, flat_pads: bool = False,
) -> Path:  # fmt: skip
    """Writes a file; `arch` None leaves out all key-values, `flat_pads` gives the pad tokens one dimension."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, arch or "none")
    if arch is None:
        writer.kv_data[0].clear()
    else:
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    if keys:
        keys(writer)
    for name, tensor in tensors.items():
        data = tensor.data.reshape(-1) if flat_pads and name.endswith("pad_token") else tensor.data
        writer.add_tensor(rename(name), data, raw_dtype=GGMLQuantizationType[tensor.kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def text_keys(tokenizer: Path | None = None, rope: float = 1e6) -> Callable[[gguf.GGUFWriter], None]:
    """Returns what sets the sizes of the tiny Qwen3, and with a tokenizer.json also its vocabulary."""

    def add(writer: gguf.GGUFWriter) -> None:
        writer.add_block_count(tiny.TEXT_LAYERS)
        writer.add_context_length(4096)
        writer.add_embedding_length(tiny.TEXT_HIDDEN)
        writer.add_feed_forward_length(tiny.TEXT_FFN)
        writer.add_head_count(tiny.TEXT_HEADS)
        writer.add_head_count_kv(tiny.TEXT_KV_HEADS)
        writer.add_key_length(tiny.TEXT_HEAD_DIM)
        writer.add_value_length(tiny.TEXT_HEAD_DIM)
        writer.add_layer_norm_rms_eps(1e-6)
        writer.add_rope_freq_base(rope)
        if tokenizer:
            add_vocabulary(writer, tokenizer)

    return add


def add_vocabulary(writer: gguf.GGUFWriter, tokenizer: Path, size: int = tiny.VOCABULARY) -> None:
    """Adds a byte-level BPE as llama.cpp's converter does: tokens in order, their types, merges as two words."""
    source = json.loads(tokenizer.read_text())
    tokens = {number: token for token, number in source["model"]["vocab"].items()}
    types = {number: gguf.TokenType.NORMAL for number in tokens}
    for added in source["added_tokens"]:
        tokens[added["id"]] = added["content"]
        types[added["id"]] = gguf.TokenType.CONTROL if added["special"] else gguf.TokenType.USER_DEFINED
    for number in range(len(tokens), size):
        tokens[number], types[number] = f"[PAD{number}]", gguf.TokenType.UNUSED
    merges = [m if isinstance(m, str) else " ".join(m) for m in source["model"]["merges"]]
    ends = {token: number for number, token in tokens.items()}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([tokens[i] for i in range(size)])
    writer.add_token_types([int(types[i]) for i in range(size)])
    writer.add_token_merges(merges)
    writer.add_eos_token_id(ends["<|im_end|>"])
    writer.add_pad_token_id(ends["<|endoftext|>"])
    writer.add_add_bos_token(False)


def write_text(path: Path, tensors: Tensors, tokenizer: Path | None = None, rope: float = 1e6) -> Path:
    return write(path, tensors, llama_name, "qwen3", text_keys(tokenizer, rope))
