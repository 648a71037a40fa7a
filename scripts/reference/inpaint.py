"""Inpaints a whole picture like the executable with `--crop off --no-composite` and sides that are multiples of 16."""

import numpy as np
import torch

from . import model as m
from . import repaint
from .samplers import sample
from .schedule import plan_sigmas


@torch.inference_mode()
def inpaint(
    model: m.Model,
    image: np.ndarray,
    mask: np.ndarray,
    prompt: str,
    negative_prompt: str = "",
    steps: int = 8,
    shift: float = 3.0,
    strength: float = 1.0,
    guidance_scale: float = 1.0,
    cfg_truncation: float = 1.0,
    cfg_normalization: float = 0.0,
    seed: int = 0,
    sampler: str = "res_multistep",
    dtype: torch.dtype = torch.float32,
    blend: bool = True,
) -> dict:
    """Inpaints `image` (uint8 [H, W, 3]) where `mask` (uint8 [H, W]) is white. `dtype` is that of the model and of
    sampling, as a rule fp32.

    `blend` applies RePaint after every step; a ControlNet that sees the picture doesn't need it.
    """
    height, width = mask.shape
    if image.shape != (height, width, 3) or height % 16 or width % 16:
        raise ValueError("the picture must be RGB, of the mask's size, with sides that are multiples of 16")
    hole = repaint.binary_mask(mask)
    if not hole.any():
        raise ValueError("the mask is empty")

    ids = m.prompt_ids(model.tokenizer, prompt)
    prompt_embeds = m.encode_ids(model.text_encoder, ids)
    negative_embeds = None
    if guidance_scale != 1.0:
        negative_embeds = m.encode_ids(model.text_encoder, m.prompt_ids(model.tokenizer, negative_prompt))

    latent = m.encode_image(model.vae, m.image_to_pixels(image).to(dtype))
    noise = repaint.draw_noise(height // 8, width // 8, seed).to(dtype)
    hole_latent = repaint.latent_mask(hole).to(dtype)

    planned = plan_sigmas(steps, shift, strength)
    sigmas = torch.tensor(planned, dtype=torch.float64).to(torch.float32).tolist()
    trajectory = []

    def denoise(x: torch.Tensor, sigma: float) -> torch.Tensor:
        pred = m.noise_prediction(
            model.transformer, x, sigma, prompt_embeds, negative_embeds, guidance_scale, cfg_truncation,
            cfg_normalization,
        )  # fmt: skip
        return x - sigma * pred

    def keep_the_rest(step: int, x: torch.Tensor, denoised: torch.Tensor) -> torch.Tensor:
        trajectory.append(denoised)
        return repaint.blend(x, latent, noise, hole_latent, sigmas[step + 1]) if blend else x

    start = repaint.renoise(latent, noise, sigmas[0])
    final = sample(sampler, denoise, start, sigmas, keep_the_rest)
    pixels = m.decode_latents(model.vae, final)
    return {
        "image": m.pixels_to_image(pixels),
        "pixels": pixels,
        "sigmas": planned,
        "guided_forwards": sum(guidance_scale != 1.0 and m.is_guided(s, cfg_truncation) for s in sigmas[:-1]),
        "prompt_tokens": len(ids),
        "prompt_embeds": prompt_embeds,
        "latent": latent,
        "noise": noise,
        "latent_mask": hole_latent,
        "denoised": trajectory,
        "latents": final,
    }
