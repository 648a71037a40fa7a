"""Noise, mask and RePaint's blend (arXiv 2201.09865), in latent space."""

import numpy as np
import torch
import torch.nn.functional as F


def draw_noise(height: int, width: int, seed: int) -> torch.Tensor:
    """Returns the first draw from a CPU mt19937 generator, [1, 16, height, width] fp32."""
    return torch.randn((1, 16, height, width), generator=torch.Generator().manual_seed(seed), dtype=torch.float32)


def binary_mask(mask: np.ndarray, threshold: float = 0.5) -> torch.Tensor:
    """Returns [1, 1, H, W] with 1 (repaint) where mask/255 >= threshold, compared in fp64."""
    return torch.from_numpy((mask.astype(np.float64) / 255.0 >= threshold).astype(np.float32))[None, None]


def latent_mask(mask: torch.Tensor) -> torch.Tensor:
    """Max-pools the mask 8x8, so that a stroke thinner than a latent cell is not lost."""
    return F.max_pool2d(mask, kernel_size=8, stride=8)


def renoise(latent: torch.Tensor, noise: torch.Tensor, sigma: float) -> torch.Tensor:
    return sigma * noise + (1.0 - sigma) * latent


def blend(x: torch.Tensor, latent: torch.Tensor, noise: torch.Tensor, mask: torch.Tensor, sigma: float) -> torch.Tensor:
    """Takes the hole from x and the rest from the picture at noise level sigma."""
    return mask * x + (1.0 - mask) * renoise(latent, noise, sigma)
