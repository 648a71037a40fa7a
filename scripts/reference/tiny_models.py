"""Makes small random models in genuine diffusers folders. Seeds are fixed; signals stay of order one in every layer."""

import json
import math
import shutil
from pathlib import Path

import diffusers
import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, ZImageTransformer2DModel
from torch import nn
from transformers import Qwen3Config, Qwen3ForCausalLM, Qwen3Model


# Queries and keys of attentions that normalise them get small weights, so that the norm's epsilon shows.
QUIET = ("to_q.weight", "to_k.weight", "q_proj.weight", "k_proj.weight")


def coarse_normal(shape, generator: torch.Generator) -> torch.Tensor:
    """Draws about N(0, 1) as sums of four integers of 0..15: the same bits on every CPU, and few distinct values, which
    a repository compresses well."""
    draws = torch.randint(16, (4, *shape), generator=generator)
    return (draws.sum(dim=0) - 30).to(torch.float32) / 9.25


def _normal(shape, generator: torch.Generator, std: float, mean: float = 0.0) -> torch.Tensor:
    return coarse_normal(shape, generator) * std + mean


def _fan_in_std(weight: torch.Tensor) -> float:
    return 1.0 / math.sqrt(weight[0].numel())


@torch.no_grad()
def randomize(module: nn.Module, seed: int) -> None:
    """Draws norm weights about 1, linear and convolution weights N(0, 1/fan_in), biases and pad tokens not zero."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in sorted(module.named_parameters()):
        if name.endswith("pad_token") or "embed_tokens" in name or "lm_head" in name:
            value = _normal(parameter.shape, generator, 1.0)
        elif "norm" in name and name.endswith("weight"):
            value = _normal(parameter.shape, generator, 0.15, 1.0)
        elif "cap_embedder.0" in name:
            value = _normal(parameter.shape, generator, 0.15, 1.0)
        elif "adaLN_modulation" in name:
            # The gates are tanh(±0.7): every block contributes, and differently at every timestep.
            std = 0.6 if name.endswith("bias") else 0.7 * _fan_in_std(parameter)
            value = _normal(parameter.shape, generator, std)
        elif name.endswith("bias"):
            value = _normal(parameter.shape, generator, 0.1)
        elif name.endswith(QUIET) and "mid_block" not in name:
            value = _normal(parameter.shape, generator, 0.1 * _fan_in_std(parameter))
        elif name == "t_embedder.mlp.2.weight":
            value = _normal(parameter.shape, generator, 2.5 * _fan_in_std(parameter))
        else:
            value = _normal(parameter.shape, generator, _fan_in_std(parameter))
        parameter.copy_(value)


@torch.no_grad()
def scale_vae(vae: AutoencoderKL) -> None:
    """Scales the VAE so that latents have about unit scale and pictures lie in the middle of [0, 1] with variety.

    The first convolutions get small weights, so that the first GroupNorm's epsilon shows in what follows.
    """
    for conv in (vae.encoder.conv_in, vae.decoder.conv_in):
        conv.weight.mul_(0.05)
        conv.bias.mul_(0.05)
    generator = torch.Generator().manual_seed(1)
    pixels = torch.rand((1, 3, 8, 8), generator=generator)
    pixels = nn.functional.interpolate(pixels, (64, 64), mode="bilinear") * 2 - 1
    mode = vae.encode(pixels).latent_dist.mode()
    gain = float(f"{1.0 / (vae.config.scaling_factor * mode.std().item()):.2g}")  # the same on every CPU
    conv = vae.encoder.conv_out
    conv.weight[:16].mul_(gain)
    conv.bias[:16].mul_(gain)
    latents = coarse_normal((1, 16, 8, 8), generator)
    decoded = vae.decode(latents / vae.config.scaling_factor + vae.config.shift_factor).sample
    conv = vae.decoder.conv_out
    conv.weight.mul_(float(f"{0.4 / decoded.std().item():.2g}"))
    conv.bias.mul_(0.4)


def build_transformer(seed: int, **config) -> ZImageTransformer2DModel:
    transformer = ZImageTransformer2DModel(**config)
    randomize(transformer, seed)
    return transformer.eval()


def build_vae(seed: int, **config) -> AutoencoderKL:
    defaults = {
        "in_channels": 3,
        "out_channels": 3,
        "latent_channels": 16,
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "scaling_factor": 0.3611,
        "shift_factor": 0.1159,
        "use_quant_conv": False,
        "use_post_quant_conv": False,
        "sample_size": 1024,
    }
    vae = AutoencoderKL(**{**defaults, **config})
    randomize(vae, seed)
    scale_vae(vae)
    return vae.eval()


def build_text_encoder(seed: int, kind: str, **config) -> nn.Module:
    """Builds a text encoder: "base" (keys without `model.`) or "causal" (with `model.`, and lm_head unless tied)."""
    qwen = Qwen3Config(use_cache=True, bos_token_id=None, eos_token_id=None, **config)
    model = Qwen3ForCausalLM(qwen) if kind == "causal" else Qwen3Model(qwen)
    randomize(model, seed)
    return model.eval()


def _edit_json(path: Path, edit) -> None:
    value = json.loads(path.read_text())
    edit(value)
    path.write_text(json.dumps(value, indent=2) + "\n")


def save_text_encoder(model: nn.Module, folder: Path, rope: str) -> None:
    """Saves a text encoder. `rope` "top" writes `rope_theta` at the top level, as transformers 4 did; "parameters"
    leaves it where transformers 5 puts it."""
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)

    def move_theta(config: dict) -> None:
        config["rope_theta"] = config.pop("rope_parameters")["rope_theta"]
        config["rope_scaling"] = None

    if rope == "top":
        _edit_json(folder / "config.json", move_theta)


def save_folder(
    folder: Path,
    transformer: nn.Module,
    text_encoder: nn.Module,
    vae: nn.Module,
    tokenizer: Path,
    rope: str = "parameters",
    max_shard_size: str = "10GB",
    shift: float = 3.0,
    index_extra: dict | None = None,
) -> None:
    """Writes a diffusers folder; each part keeps its dtype."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    transformer.save_pretrained(folder / "transformer", max_shard_size=max_shard_size)
    vae.save_pretrained(folder / "vae")
    save_text_encoder(text_encoder, folder / "text_encoder", rope)
    FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=shift).save_pretrained(folder / "scheduler")
    (folder / "tokenizer").mkdir()
    shutil.copyfile(tokenizer, folder / "tokenizer" / "tokenizer.json")
    text_class = type(text_encoder).__name__
    index = {
        "_class_name": "ZImagePipeline",
        "_diffusers_version": diffusers.__version__,
        "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
        "text_encoder": ["transformers", text_class],
        "tokenizer": ["transformers", "Qwen2Tokenizer"],
        "transformer": ["diffusers", "ZImageTransformer2DModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        **(index_extra or {}),
    }
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")
