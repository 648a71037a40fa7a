#!/usr/bin/env python3
"""Writes a diffusers folder with the true names, shapes and dtypes of Z-Image-Turbo, as sparse files of zeros.

    make_true_shapes.py FOLDER [--tokenizer FILE]

Takes seconds and a few hundred kilobytes of disk; the files look as large as the real ones (about 33 GB). Names and
shapes come from diffusers' and transformers' own classes on the meta device. The tokenizer is the tests' small one.
"""

import argparse
import json
import shutil
import struct
import sys
from pathlib import Path

import torch
from diffusers import AutoencoderKL, ZImageTransformer2DModel
from torch import nn
from transformers import Qwen3Config, Qwen3ForCausalLM

ROOT = Path(__file__).resolve().parent.parent
NAMES = {torch.float32: "F32", torch.bfloat16: "BF16"}

TRANSFORMER = {
    "all_f_patch_size": [1],
    "all_patch_size": [2],
    "axes_dims": [32, 48, 48],
    "axes_lens": [1024, 512, 512],
    "cap_feat_dim": 2560,
    "dim": 3840,
    "in_channels": 16,
    "n_heads": 30,
    "n_kv_heads": 30,
    "n_layers": 30,
    "n_refiner_layers": 2,
    "norm_eps": 1e-05,
    "qk_norm": True,
    "rope_theta": 256.0,
    "t_scale": 1000.0,
}
TEXT_ENCODER = {
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": 151643,
    "eos_token_id": 151645,
    "head_dim": 128,
    "hidden_act": "silu",
    "hidden_size": 2560,
    "initializer_range": 0.02,
    "intermediate_size": 9728,
    "max_position_embeddings": 40960,
    "max_window_layers": 36,
    "num_attention_heads": 32,
    "num_hidden_layers": 36,
    "num_key_value_heads": 8,
    "rms_norm_eps": 1e-06,
    "sliding_window": None,
    "tie_word_embeddings": True,
    "use_cache": True,
    "use_sliding_window": False,
    "vocab_size": 151936,
}
VAE = {
    "act_fn": "silu",
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "force_upcast": True,
    "in_channels": 3,
    "latent_channels": 16,
    "layers_per_block": 2,
    "mid_block_add_attention": True,
    "norm_num_groups": 32,
    "out_channels": 3,
    "sample_size": 1024,
    "scaling_factor": 0.3611,
    "shift_factor": 0.1159,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "use_post_quant_conv": False,
    "use_quant_conv": False,
}


def write_json(path: Path, value: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def write_sparse(path: Path, tensors: list[tuple[str, list[int], int]], dtype: torch.dtype) -> int:
    """Writes a safetensors file with a header and a hole where the data would be. Returns the data's size."""
    header: dict = {"__metadata__": {"format": "pt", "script": "scripts/make_true_shapes.py"}}
    begin = 0
    for name, shape, size in tensors:
        header[name] = {"dtype": NAMES[dtype], "shape": shape, "data_offsets": [begin, begin + size]}
        begin += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + begin)
    return begin


def write_weights(folder: Path, stem: str, model: nn.Module, dtype: torch.dtype, shards: int) -> None:
    """Writes every parameter once (tied ones under the name that comes first) to `shards` files with an index."""
    folder.mkdir(parents=True, exist_ok=True)
    width = torch.empty((), dtype=dtype).element_size()
    tensors = [(name, list(p.shape), p.numel() * width) for name, p in model.named_parameters()]
    total = sum(size for _, _, size in tensors)
    groups: list[list] = [[] for _ in range(shards)]
    begin = 0
    for tensor in tensors:
        groups[min(shards - 1, begin * shards // total)].append(tensor)
        begin += tensor[2]
    if shards == 1:
        write_sparse(folder / f"{stem}.safetensors", tensors, dtype)
    else:
        files = [f"{stem}-{i:05}-of-{shards:05}.safetensors" for i in range(1, shards + 1)]
        for file, group in zip(files, groups):
            write_sparse(folder / file, group, dtype)
        places = {name: file for file, group in zip(files, groups) for name, _, _ in group}
        write_json(
            folder / f"{stem}.safetensors.index.json",
            {"metadata": {"total_size": total}, "weight_map": dict(sorted(places.items()))},
        )
    parameters = sum(p.numel() for p in model.parameters())
    print(
        f"{folder.name:<13} {len(tensors):>4} tensors {parameters / 1e9:7.3f} B parameters "
        f"{NAMES[dtype]:>4} {total / 1e9:6.2f} GB in {shards} file{'s' if shards > 1 else ''}"
    )


def write(folder: Path, tokenizer: Path) -> None:
    rope = {"rope_parameters": {"rope_type": "default", "rope_theta": 1e6}}
    with torch.device("meta"):
        transformer = ZImageTransformer2DModel(**TRANSFORMER)
        text_encoder = Qwen3ForCausalLM(Qwen3Config(**TEXT_ENCODER, **rope))
        vae = AutoencoderKL(**VAE)
    write_weights(folder / "transformer", "diffusion_pytorch_model", transformer, torch.float32, 3)
    write_weights(folder / "text_encoder", "model", text_encoder, torch.bfloat16, 3)
    write_weights(folder / "vae", "diffusion_pytorch_model", vae, torch.float32, 1)
    write_json(
        folder / "transformer" / "config.json",
        {"_class_name": "ZImageTransformer2DModel", "_diffusers_version": "0.36.0.dev0", **TRANSFORMER},
    )
    write_json(
        folder / "text_encoder" / "config.json",
        {
            "architectures": ["Qwen3ForCausalLM"], **TEXT_ENCODER, "model_type": "qwen3", "rope_scaling": None,
            "rope_theta": 1000000, "torch_dtype": "bfloat16", "transformers_version": "4.51.0",
        },
    )  # fmt: skip
    write_json(
        folder / "vae" / "config.json", {"_class_name": "AutoencoderKL", "_diffusers_version": "0.36.0.dev0", **VAE}
    )
    write_json(
        folder / "scheduler" / "scheduler_config.json",
        {
            "_class_name": "FlowMatchEulerDiscreteScheduler", "_diffusers_version": "0.36.0.dev0",
            "num_train_timesteps": 1000, "use_dynamic_shifting": False, "shift": 3.0,
        },
    )  # fmt: skip
    write_json(
        folder / "model_index.json",
        {
            "_class_name": "ZImagePipeline", "_diffusers_version": "0.36.0.dev0",
            "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
            "text_encoder": ["transformers", "Qwen3Model"], "tokenizer": ["transformers", "Qwen2Tokenizer"],
            "transformer": ["diffusers", "ZImageTransformer2DModel"], "vae": ["diffusers", "AutoencoderKL"],
        },
    )  # fmt: skip
    (folder / "tokenizer").mkdir(exist_ok=True)
    shutil.copyfile(tokenizer, folder / "tokenizer" / "tokenizer.json")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tokenizer", type=Path, default=ROOT / "tests/fixtures/tokenizer/tokenizer.json")
    arguments = parser.parse_args()
    if not arguments.tokenizer.is_file():
        parser.error(f"{arguments.tokenizer} is missing: run scripts/make_tokenizer_fixtures.py first")
    write(arguments.folder, arguments.tokenizer)
    files = [path for path in arguments.folder.rglob("*") if path.is_file()]
    seeming = sum(path.stat().st_size for path in files)
    on_disk = sum(path.stat().st_blocks * 512 for path in files)
    print(f"{arguments.folder}: {seeming / 1e9:.2f} GB in {len(files)} files, {on_disk / 1e6:.2f} MB on disk")
    return 0


if __name__ == "__main__":
    sys.exit(main())
