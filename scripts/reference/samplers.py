"""Samplers: pure functions of (denoiser, x, sigmas, callback). Coefficients in fp64, tensors in their own dtype."""

import math
from collections.abc import Callable

import torch

Denoiser = Callable[[torch.Tensor, float], torch.Tensor]
Callback = Callable[[int, torch.Tensor, torch.Tensor], torch.Tensor]


def euler_step(x: torch.Tensor, denoised: torch.Tensor, sigma: float, sigma_next: float) -> torch.Tensor:
    return x + (x - denoised) / sigma * (sigma_next - sigma)


def res_multistep_coefficients(sigma_prev: float, sigma: float, sigma_next: float) -> tuple[float, float, float]:
    """Returns the weights of x, D and the previous D in one second-order step (arXiv 2308.02157, eta 0)."""
    h = math.log(sigma) - math.log(sigma_next)
    c2 = (math.log(sigma) - math.log(sigma_prev)) / h
    phi1 = math.expm1(-h) / (-h)
    phi2 = (phi1 - 1.0) / (-h)
    b2 = phi2 / c2
    b1 = phi1 - b2
    return math.exp(-h), h * b1, h * b2


def sample(
    sampler: str, denoise: Denoiser, x: torch.Tensor, sigmas: list[float], callback: Callback | None = None
) -> torch.Tensor:
    """Runs `res_multistep` or `euler` over sigmas (the last 0). `callback(step, x, denoised)` returns the next x."""
    if sampler not in ("res_multistep", "euler"):
        raise ValueError(f"unknown sampler {sampler}")
    previous = None
    for i, (sigma, sigma_next) in enumerate(zip(sigmas, sigmas[1:])):
        denoised = denoise(x, sigma)
        if sampler == "euler" or previous is None or sigma_next == 0.0:
            x = euler_step(x, denoised, sigma, sigma_next)
        else:
            a, b1, b2 = res_multistep_coefficients(sigmas[i - 1], sigma, sigma_next)
            x = a * x + b1 * denoised + b2 * previous
        previous = denoised
        if callback is not None:
            x = callback(i, x, denoised)
    return x
