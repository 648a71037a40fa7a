"""Makes tests/fixtures/sampling/schedules.json: schedules, and trajectories with an analytic denoiser."""

import math
from pathlib import Path

import numpy as np
import torch

from .fixture_files import write_json
from .samplers import res_multistep_coefficients, sample
from .schedule import plan_sigmas, shifted_schedule
from .tiny_models import coarse_normal


def _other_linspaces(steps: int, shift: float) -> list[list[float]]:
    """Returns the same levels from other roundings of linspace: a fixture must not depend on the last bit."""
    last, gaps = 1.0 / steps, max(steps - 1, 1)
    grids = [
        np.linspace(1.0, last, steps).tolist(),
        [(steps - i) / steps for i in range(steps)],
        [1.0 + (last - 1.0) * i / gaps for i in range(steps)],
        [last - (last - 1.0) / gaps * (steps - 1 - i) for i in range(steps)],  # torch.linspace's second half
    ]
    return [[shift * t / (1.0 + (shift - 1.0) * t) for t in grid] for grid in grids]


def is_robust(steps: int, shift: float, strength: float) -> bool:
    """Returns whether no ulp decides which levels are under `strength` or whether the first is left out."""
    levels = shifted_schedule(steps, shift)[:-1]
    below = [level for level in levels if level < strength < 1.0]
    if len(below) >= 2:
        margin = math.log(strength / below[0]) - 0.5 * math.log(below[0] / below[1])
        if abs(margin) < 1e-9:
            return False
    for others in _other_linspaces(steps, shift):
        for a, b in zip(levels, others):
            if (a < strength) != (b < strength):
                return False
    return True


def schedules() -> list[dict]:
    cases = []

    def add(steps: int, shift: float, strength: float, note: str) -> bool:
        if not 0.0 < strength <= 1.0 or not is_robust(steps, shift, strength):
            return False
        sigmas = plan_sigmas(steps, shift, strength)
        cases.append({"steps": steps, "shift": shift, "strength": strength, "note": note, "sigmas": sigmas})
        return True

    for steps in range(1, 21):
        for shift in (1.0, 1.5, 3.0, 6.0):
            add(steps, shift, 1.0, "whole")
    for steps in (1, 2, 3, 5, 8, 13, 20):
        for shift in (1.0, 3.0, 6.0):
            for strength in (0.1, 0.25, 0.37, 0.5, 0.66, 0.8, 0.95, 0.99):
                add(steps, shift, strength, "strength")
    for steps, shift in ((8, 3.0), (4, 1.0), (5, 3.0), (20, 6.0), (2, 2.0), (1, 3.0)):
        for sigma in shifted_schedule(steps, shift)[:-1]:
            add(steps, shift, sigma, "on a level")
            for beside in (1e-9, 1e-4):
                add(steps, shift, sigma + beside, f"{beside} above a level")
                add(steps, shift, sigma - beside, f"{beside} below a level")
    return cases


def _as_fp32(sigmas: list[float]) -> list[float]:
    return torch.tensor(sigmas, dtype=torch.float64).to(torch.float32).tolist()


def trajectories() -> list[dict]:
    """Samples with D(x, sigma) = a*tanh(x) + b*sigma; sigmas are fp32 values, tensors fp32."""
    whole = [(8, 3.0, 1.0), (1, 3.0, 1.0), (2, 3.0, 1.0), (20, 6.0, 1.0)]
    runs = whole + [(8, 3.0, 0.9), (8, 3.0, 0.9001), (8, 3.0, 0.55)]
    a, b = 0.8, -0.3
    x = coarse_normal((1, 4, 2, 3), torch.Generator().manual_seed(5))
    cases = []
    for steps, shift, strength in runs:
        for sampler in ("res_multistep", "euler"):
            sigmas = _as_fp32(plan_sigmas(steps, shift, strength))
            denoised, states = [], []

            def record(step: int, state: torch.Tensor, prediction: torch.Tensor) -> torch.Tensor:
                denoised.append(prediction.flatten().tolist())
                states.append(state.flatten().tolist())
                return state

            final = sample(sampler, lambda v, s: a * torch.tanh(v) + b * s, x, sigmas, record)
            cases.append(
                {
                    "sampler": sampler, "sigmas": sigmas, "a": a, "b": b, "shape": list(x.shape),
                    "x": x.flatten().tolist(), "denoised": denoised, "states": states,
                    "final": final.flatten().tolist(),
                }
            )
    return cases


def coefficients() -> list[dict]:
    triples = []
    for steps, shift in ((8, 3.0), (20, 6.0), (5, 1.0)):
        sigmas = _as_fp32(shifted_schedule(steps, shift))
        triples += list(zip(sigmas, sigmas[1:], sigmas[2:-1]))
    result = []
    for previous, sigma, following in triples:
        x, b1, b2 = res_multistep_coefficients(previous, sigma, following)
        result.append({"sigma_prev": previous, "sigma": sigma, "sigma_next": following, "x": x, "d": b1, "d_prev": b2})
    return result


def make(root: Path) -> None:
    write_json(
        root / "schedules.json",
        {"schedules": schedules(), "res_multistep_coefficients": coefficients(), "trajectories": trajectories()},
    )
