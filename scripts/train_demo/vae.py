"""Stage 1 trains the VAE on crops of scenes, of scenes with a grey hole and of edge pictures.

The loss is that of a variational autoencoder: the pixels' error under a fixed spread, and the whole KL divergence. So a
latent channel that the world doesn't need stays empty, and the decoder learns to forgive the DiT's errors.
"""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL

from . import common, world

CROP, CROPS_A_SCENE, BATCH = 64, 4, 16
MUON_RATE, RATE = 1e-2, 3e-3
LAPLACE_SPREAD, NORMAL_SPREAD = 0.04, 0.06  # of pixels in -1..1
HOLE_PART, EDGE_PART = 0.15, 0.10


def build() -> AutoencoderKL:
    return AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=16, block_out_channels=(16, 32, 64, 64), layers_per_block=1,
        norm_num_groups=8, down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        use_quant_conv=False, use_post_quant_conv=False, scaling_factor=1.0, shift_factor=0.0, sample_size=128,
    )  # fmt: skip


def _dig_hole(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draws a grey box, like the hole in the ControlNet's inpaint image."""
    height, width, _ = picture.shape
    h, w = rng.integers(height // 5, height // 2), rng.integers(width // 5, width // 2)
    y, x = rng.integers(0, height - h), rng.integers(0, width - w)
    picture = picture.copy()
    picture[y : y + h, x : x + w] = 128
    return picture


def draw_crops(rng: np.random.Generator, count: int) -> list[np.ndarray]:
    crops = []
    while len(crops) < count:
        scene = world.make_scene(rng, common.draw_size(rng))
        picture = world.draw(scene)
        kind = rng.uniform()
        if kind < EDGE_PART:
            picture = world.edges(picture)
        elif kind < EDGE_PART + HOLE_PART:
            picture = _dig_hole(picture, rng)
        for _ in range(CROPS_A_SCENE):
            y, x = rng.integers(0, scene.height - CROP + 1), rng.integers(0, scene.width - CROP + 1)
            crops.append(picture[y : y + CROP, x : x + CROP])
    return crops[:count]


@torch.no_grad()
def measure(vae: AutoencoderKL, seed: int = 77, count: int = 48) -> tuple[float, float]:
    """Returns the mean and the lowest PSNR in dB of whole scenes through mode() and back."""
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(count):
        picture = common.to_tensor([world.draw(world.make_scene(rng, common.draw_size(rng)))])
        back = vae.decode(vae.encode(picture).latent_dist.mode()).sample.clamp(-1, 1)
        values.append(-10 * torch.log10(((back - picture) / 2).square().mean()).item())
    return float(np.mean(values)), float(np.min(values))


@torch.no_grad()
def set_scale(vae: AutoencoderKL, seed: int = 78) -> None:
    """Sets scaling_factor and shift_factor so that the scenes' latents have mean 0 and variance 1 over all channels."""
    rng = np.random.default_rng(seed)
    pictures = common.to_tensor([world.draw(world.make_scene(rng)) for _ in range(64)])
    modes = vae.encode(pictures).latent_dist.mode()
    spread = modes.permute(1, 0, 2, 3).flatten(1)
    print("vae: spread of each channel", [round(s, 2) for s in spread.std(dim=1).tolist()])
    vae.register_to_config(
        scaling_factor=round(1 / modes.std().item(), 4), shift_factor=round(modes.mean().item(), 4)
    )


def train(folder: Path, minutes: float, seed: int, decoder_only: bool = False) -> None:
    """Trains for one leg, from the VAE in `folder` if there is one. `decoder_only` keeps the meaning of the latents."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    again = (folder / "config.json").is_file()
    vae = AutoencoderKL.from_pretrained(folder) if again else build()
    vae = vae.float().train()
    if decoder_only:
        vae.encoder.requires_grad_(False)
    rate = 0.5 if again else 1.0
    optimizers = common.Optimizers(*common.split_parameters(vae), MUON_RATE * rate, RATE * rate)
    average = common.Average(vae, 0.998)
    clock = common.Clock(minutes)
    progress = common.Progress(clock, "vae")
    while clock.part < 1:
        pixels = common.to_tensor(draw_crops(rng, BATCH))
        with torch.autocast("cpu", torch.bfloat16):
            posterior = vae.encode(pixels).latent_dist
            back = vae.decode(posterior.sample()).sample.float()
        error = back - pixels
        distortion = error.abs().mean() / LAPLACE_SPREAD + error.square().mean() / (2 * NORMAL_SPREAD**2)
        divergence = posterior.kl().float().mean() / pixels[0].numel()
        weight = 1.0 if again else min(1.0, 0.1 + clock.part / 0.25)
        (distortion + weight * divergence).backward()
        norm = optimizers.step(clock.factor())
        average.update()
        progress.add(levels=error.detach().abs().mean() * 127.5, distortion=distortion, divergence=divergence, gradient=norm)
    average.store()
    vae.eval()
    if not decoder_only:
        set_scale(vae)
    mean, lowest = measure(vae)
    print(f"vae: {mean:.2f} dB mean, {lowest:.2f} dB lowest over whole scenes, {progress.step} steps")
    vae.save_pretrained(folder)
