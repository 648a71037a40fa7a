"""Stage 3 trains the DiT and the text encoder together, by flow matching.

Besides the velocity, a linear head on a middle layer's image tokens predicts what they will show (a thing or not, its
colour, its shape). The head is thrown away. The answers are in the caption, so the DiT learns early to read it.
"""

import contextlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, ZImageTransformer2DModel
from torch import nn
from transformers import Qwen3ForCausalLM

from . import batched, common, dataset, text, world

BATCH, SHIFT, CAPTION_DROPOUT = 32, 3.0, 0.06
MUON_RATE, RATE, HINT_WEIGHT, TAP = 4e-3, 1.5e-3, 0.5, 3
SAVE_MINUTES = 8.0


def build(cap_feat_dim: int) -> ZImageTransformer2DModel:
    transformer = ZImageTransformer2DModel(
        dim=160, n_heads=5, n_kv_heads=5, n_layers=6, n_refiner_layers=1, cap_feat_dim=cap_feat_dim,
        axes_dims=[8, 12, 12], axes_lens=[1024, 512, 512],
    )  # fmt: skip
    with torch.no_grad():
        for name, parameter in transformer.named_parameters():
            if "adaLN_modulation" in name and "layers" not in name and "refiner" not in name:
                parameter.zero_()  # the last layer's
            elif name.endswith("adaLN_modulation.0.weight"):
                parameter.mul_(0.1)
            elif name.endswith("adaLN_modulation.0.bias"):
                parameter.copy_(torch.cat([torch.zeros(160), torch.full((160,), 0.3)] * 2))
            elif "pad_token" in name:
                parameter.normal_(0, 0.02)
    transformer.all_final_layer["2-1"].linear.weight.data.mul_(0.1)
    return transformer


def draw_sigmas(count: int) -> torch.Tensor:
    """Draws sigmas spread evenly over the schedule's own density: t even in (0, 1), then shifted."""
    t = (torch.arange(count) + torch.rand(count)) / count
    t = t[torch.randperm(count)]
    return SHIFT * t / (1 + (SHIFT - 1) * t)


def write_captions(scenes: list[world.Scene], rng: np.random.Generator) -> list[str]:
    return ["" if rng.uniform() < CAPTION_DROPOUT else world.describe(scene, rng) for scene in scenes]


@contextlib.contextmanager
def averaged(*averages: common.Average):
    """Puts the averaged weights into their modules for the length of a `with` block."""
    kept = [[p.detach().clone() for p in a.module.parameters()] for a in averages]
    for average in averages:
        average.store()
    yield
    with torch.no_grad():
        for average, values in zip(averages, kept):
            for parameter, value in zip(average.module.parameters(), values):
                parameter.copy_(value)


def compiled_block():
    torch._dynamo.config.recompile_limit = 64
    return torch.compile(batched.run_block)


def train(folder: Path, minutes: float, seed: int, scenes: int) -> None:
    """Trains for one leg. If `folder` holds a DiT, continues from it at a lower rate."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    vae = AutoencoderKL.from_pretrained(folder / "vae").float().eval()
    encoder = Qwen3ForCausalLM.from_pretrained(folder / "text_encoder", dtype=torch.float32, attn_implementation="sdpa")
    again = (folder / "transformer" / "config.json").is_file()
    if again:
        transformer = ZImageTransformer2DModel.from_pretrained(folder / "transformer").float()
    else:
        transformer = build(encoder.config.hidden_size)
    if (error := batched.check(transformer)) > 1e-5:
        raise RuntimeError(f"the batched forward is not diffusers': relative L2 {error:.1e}")
    transformer.train(), encoder.train()
    captions = text.Captions(folder / "tokenizer" / "tokenizer.json")
    buckets = dataset.build(vae, seed + 1000, scenes)
    head = nn.Linear(transformer.config.dim, dataset.HINTS)
    hidden, rest = common.split_parameters(transformer, encoder)
    rate = 0.5 if again else 1.0
    optimizers = common.Optimizers(hidden, rest + list(head.parameters()), MUON_RATE * rate, RATE * rate)
    averages = common.Average(transformer, 0.9985), common.Average(encoder, 0.9985)
    dit = batched.DiT(transformer, compiled_block())
    clock = common.Clock(minutes)
    progress = common.Progress(clock, "joint")
    saved = clock.part

    def save() -> None:
        with averaged(*averages):
            transformer.save_pretrained(folder / "transformer")
            encoder.save_pretrained(folder / "text_encoder")

    while clock.part < 1:
        drawn, parts = dataset.draw_batch(buckets, BATCH, rng)
        latents = parts["latents"]
        ids, filled = captions(write_captions(drawn, rng))
        sigma, noise = draw_sigmas(BATCH), torch.randn_like(latents)
        level = sigma.view(-1, 1, 1, 1)
        with torch.autocast("cpu", torch.bfloat16):
            embeds = text.embed(encoder, ids)
            output, tokens = dit(level * noise + (1 - level) * latents, sigma, embeds, filled, tap=TAP)
            told = head(tokens).float()
        velocity = F.mse_loss(output, latents - noise)
        hints = F.binary_cross_entropy_with_logits(told, parts["labels"])
        (velocity + HINT_WEIGHT * hints).backward()
        norm = optimizers.step(clock.factor())
        for average in averages:
            average.update()
        progress.add(velocity=velocity, hints=hints, gradient=norm)
        if (clock.part - saved) * minutes > SAVE_MINUTES:
            saved = clock.part
            save()
    save()
