"""Checks the reference itself against diffusers' own pipeline, a problem with a known solution, and fp64."""

import json
import math
from pathlib import Path

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, ZImagePipeline
from PIL import Image

from . import model as m
from .fixture_files import relative_l2
from .inpaint import inpaint
from .repaint import draw_noise
from .samplers import sample
from .schedule import plan_sigmas


def _gaussian_error(sampler: str, steps: int, spread: float = 0.5) -> float:
    """Returns the error for data N(0, spread^2): its denoiser is linear, and x stays in proportion to its deviation.

    It steps from sigma 0.98 to 0.02 equally in lambda, so a method of order p has an error of order steps^-p.
    """

    def denoise(x: torch.Tensor, sigma: float) -> torch.Tensor:
        variance = ((1.0 - sigma) * spread) ** 2 + sigma**2
        return x * ((1.0 - sigma) * spread**2 / variance)

    def deviation(sigma: float) -> float:
        return math.hypot((1.0 - sigma) * spread, sigma)

    sigmas = [0.98 * (0.02 / 0.98) ** (i / steps) for i in range(steps + 1)]
    start = torch.full((1,), deviation(sigmas[0]), dtype=torch.float64)
    return abs(sample(sampler, denoise, start, sigmas).item() - deviation(sigmas[-1]))


def check_order() -> list[str]:
    problems = []
    for sampler, expected in (("res_multistep", 2.0), ("euler", 1.0)):
        errors = [_gaussian_error(sampler, steps) for steps in (64, 128, 256, 512)]
        orders = [math.log2(a / b) for a, b in zip(errors, errors[1:])]
        print(f"order of {sampler}: " + ", ".join(f"{order:.3f}" for order in orders))
        if abs(orders[-1] - expected) > 0.05:
            problems.append(f"{sampler}: order {orders[-1]:.3f} instead of {expected}")
    return problems


@torch.inference_mode()
def check_pipeline(folder: Path) -> list[str]:
    """Checks that with Euler and nothing kept the latents equal those of diffusers' text-to-image pipeline."""
    model = m.load_model(folder)
    steps, shift, seed, (height, width) = 6, 3.0, 17, (48, 64)
    scheduler = FlowMatchEulerDiscreteScheduler.from_pretrained(folder / "scheduler")
    pipeline = ZImagePipeline(scheduler, model.vae, model.text_encoder, None, model.transformer)
    pipeline.set_progress_bar_config(disable=True)
    texts = [m.encode_ids(model.text_encoder, m.prompt_ids(model.tokenizer, p)) for p in ("a red fox", "grey " * 30)]
    problems = []
    for guidance_scale, truncation, normalization in (
        (1.0, 1.0, 0.0), (2.5, 1.0, 0.0), (2.5, 0.2, 0.0), (2.5, 1.0, 0.9), (4.0, 0.5, 1.0),
    ):  # fmt: skip
        theirs = pipeline(
            height=height, width=width, num_inference_steps=steps, guidance_scale=guidance_scale - 1.0,
            cfg_truncation=truncation, cfg_normalization=normalization,
            sigmas=np.linspace(1.0, 1.0 / steps, steps).tolist(), generator=torch.Generator().manual_seed(seed),
            prompt_embeds=[texts[0][0]], negative_prompt_embeds=[texts[1][0]], output_type="latent",
        ).images  # fmt: skip

        # Diffusers rounds its levels and timesteps differently, and one bit of a timestep is worth 1e-5, because the
        # sinusoid's arguments go up to 1000. So the comparison uses its levels, after checking that they are ours.
        sigmas = scheduler.sigmas.tolist()
        if not np.allclose(sigmas, plan_sigmas(steps, shift, 1.0), rtol=1e-6, atol=0):
            problems.append(f"{folder.name}: the scheduler's levels are not ours: {sigmas}")
        timesteps = dict(zip(sigmas, (1000 - scheduler.timesteps) / 1000))

        def denoise(x: torch.Tensor, sigma: float) -> torch.Tensor:
            preds = [-m.model_output(model.transformer, x, timesteps[sigma][None], text) for text in texts]
            if guidance_scale == 1.0 or not m.is_guided(sigma, truncation):
                return x - sigma * preds[0]
            return x - sigma * m.guided(preds[0], preds[1], guidance_scale, normalization)

        ours = sample("euler", denoise, draw_noise(height // 8, width // 8, seed), sigmas)
        error = relative_l2(ours, theirs)
        run = f"model {folder.name}, guidance {guidance_scale}, truncation {truncation}, normalization {normalization}"
        print(f"diffusers' pipeline, {run}: relative L2 {error:.1e}")
        if not error < 3e-6:
            problems.append(f"{run}: {error:.1e} from diffusers' pipeline")
    return problems


def check_precision(fixtures: Path) -> list[str]:
    """Measures the error of fp32 against fp64 for each committed picture: parity bounds must be well above it."""
    problems = []
    for case in json.loads((fixtures / "pictures" / "cases.json").read_text())["cases"]:
        name = fixtures / "pictures" / case["name"]
        image, mask, expected = (np.asarray(Image.open(f"{name}-{part}.png")) for part in ("image", "mask", "expected"))
        keys = ("prompt", "negative_prompt", "steps", "shift", "strength", "guidance_scale", "cfg_truncation",
                "cfg_normalization", "seed", "sampler")  # fmt: skip
        options = {key: case[key] for key in keys}
        folder = fixtures / "models" / case["model"]
        fp32 = inpaint(m.load_model(folder), image, mask, **options)
        fp64 = inpaint(m.load_model(folder).to(torch.float64), image, mask, dtype=torch.float64, **options)
        floors = [relative_l2(a, b) for a, b in zip(fp32["denoised"], fp64["denoised"])]
        levels = np.abs(fp64["image"].astype(int) - expected.astype(int))
        clipped = np.isin(expected, (0, 255)).mean()
        hole = np.asarray(mask) >= 128
        changed = np.abs(expected.astype(int) - image.astype(int))[hole].mean()
        print(
            f"picture {case['name']:>2} ({case['model']}): denoised, fp32 from fp64 {max(floors):.1e}; pixels "
            f"{levels.max()} levels at most, {(levels > 0).mean():.1e} differ; mean {expected.mean():.0f}, "
            f"spread {expected.std():.0f}, clipped {clipped:.3f}, hole changed by {changed:.0f}"
        )
        if not np.array_equal(fp32["image"], expected):
            problems.append(f"picture {case['name']}: the committed picture is not what fp32 gives here")
        if max(floors) > 3e-6 or levels.max() > 1:
            problems.append(f"picture {case['name']}: fp32 is {max(floors):.1e} and {levels.max()} levels from fp64")
        if clipped > 0.1 or expected.std() < 10:
            problems.append(f"picture {case['name']}: saturated or flat")
    return problems


def run(fixtures: Path) -> int:
    problems = check_order()
    for name in ("a", "b", "c"):
        problems += check_pipeline(fixtures / "models" / name)
    problems += check_precision(fixtures)
    for problem in problems:
        print(f"FAILED: {problem}")
    print("self-check " + ("failed" if problems else "passed"))
    return 1 if problems else 0
