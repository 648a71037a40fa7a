"""Makes tests/fixtures/controlnet_pictures/: whole pictures with a ControlNet, through the trainer's code."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import control as c
from . import control_fixtures
from . import model as m
from . import repaint
from .fixture_files import write_json, write_png, write_tensors
from .inpaint import inpaint
from .picture_fixtures import DEFAULTS, draw_mask, draw_picture

SCRIPT = control_fixtures.SCRIPT

# Each case has a ControlNet (a case of tests/fixtures/controlnets), the model that provides text encoder, VAE and
# tokenizer, the picture's size (width, height), the mask, whether there is a control image, the scale, and the run's
# options.
CASES = [
    dict(controlnet="v21", model="a", size=(64, 48), mask="disc", control=True, scale=0.75, prompt="a red fox"),
    dict(
        controlnet="v21", model="a", size=(48, 80), mask="strokes", control=False, scale=0.75, prompt="a wire",
        strength=0.6, seed=1,
    ),
    dict(
        controlnet="lite", model="a", size=(80, 48), mask="box", control=True, scale=1.2, prompt="a green apple",
        negative_prompt="blurry, grey", guidance_scale=2.5, steps=6, seed=2,
    ),
    dict(
        controlnet="v20", model="a", size=(48, 64), mask="ramp", control=False, scale=1.2, prompt="a boat", steps=4,
        sampler="euler", seed=3,
    ),
    dict(
        controlnet="v1", model="a", size=(64, 48), mask="disc", control=True, scale=0.75, prompt="a door", steps=6,
        seed=4,
    ),
    dict(
        controlnet="v20_absent", model="b", size=(96, 48), mask="box", control=True, scale=0.75, prompt="two birds",
        steps=4, strength=0.6, seed=5,
    ),
    dict(
        controlnet="v1", model="a", size=(48, 80), mask="strokes", control=True, scale=1.2, prompt="glass",
        strength=0.6, seed=6,
    ),
    dict(
        controlnet="v21_places", model="a", size=(80, 64), mask="whole", control=True, scale=1.2, prompt="wheat",
        steps=4, shift=2.0, seed=7,
    ),
]  # fmt: skip


def draw_control(width: int, height: int, seed: int) -> np.ndarray:
    """Draws white lines on black, as an edge detector does: uint8 [H, W, 3]."""
    y, x = np.mgrid[0:height, 0:width]
    edges = (np.abs(np.hypot(x - width * 0.5, y - height * 0.4) - min(width, height) * 0.3) < 1.2) | (
        (x * (seed % 3 + 1) + 2 * y) % 23 < 2
    )
    return np.repeat((edges * 255).astype(np.uint8)[:, :, None], 3, axis=2)


def build_context(vae: nn.Module, image: np.ndarray, mask: np.ndarray, control: np.ndarray | None, channels: int):
    """Returns the context: [1, 16, h, w] with the control image, or [1, 33, h, w] with the control image or zeros, a
    mask (1 = keep) and the picture with a grey hole."""
    height, width = mask.shape
    control_latent = torch.zeros((1, 16, height // 8, width // 8))
    if control is not None:
        control_latent = m.encode_image(vae, m.image_to_pixels(control))
    if channels == 16:
        return control_latent
    keep = 1.0 - repaint.binary_mask(mask)
    grey_hole = (m.image_to_pixels(image) - 0.5) * keep + 0.5
    keep_latent = F.interpolate(keep, control_latent.shape[-2:], mode="nearest")
    return torch.cat([control_latent, keep_latent, m.encode_image(vae, grey_hole)], dim=1)


@torch.inference_mode()
def _run(case: dict, number: int, model: m.Model, network: nn.Module, options: dict) -> tuple[dict, dict]:
    """Returns the pictures and the tensors of one case."""
    image = draw_picture(*case["size"], seed=number)
    mask = draw_mask(case["mask"], *case["size"])
    control = draw_control(*case["size"], seed=number) if case["control"] else None
    context = build_context(model.vae, image, mask, control, network.control_in_dim)
    controlled = replace(model, transformer=c.Controlled(network, context, case["scale"]))
    result = inpaint(controlled, image, mask, blend=network.control_in_dim == 16, **options)
    images = {"image": image, "mask": mask, "control": control, "expected": result["image"]}
    return images, {**result, "control_context": context}


def make(root: Path, controlnets: Path, fixtures: Path, trainer: type[nn.Module]) -> None:
    kinds = {case.name: case for case in control_fixtures.CASES}
    listing = []
    for number, case in enumerate(CASES, start=1):
        kind = kinds[case["controlnet"]]
        own_base = kind.base == "controlnets/base"
        network = c.build(trainer, controlnets / "base" if own_base else fixtures / kind.base, kind.kind)
        c.load_weights(network, controlnets / kind.name / "controlnet.safetensors")
        model = m.load_model(fixtures / "models" / case["model"])
        own = ("controlnet", "model", "size", "mask", "control", "scale")
        options = {**DEFAULTS, **{k: v for k, v in case.items() if k not in own}}
        images, result = _run(case, number, model, network, options)
        for part, pixels in images.items():
            if pixels is not None:
                write_png(root / f"{number}-{part}.png", pixels, SCRIPT)
        tensors = {name: result[name] for name in ("noise", "latent", "latent_mask", "control_context", "latents")}
        tensors |= {f"denoised.{i}": value for i, value in enumerate(result["denoised"])}
        write_tensors(root / f"{number}.safetensors", tensors, SCRIPT)
        channels = kind.kind.channels
        listing.append(
            {
                "name": str(number), "model": case["model"], "transformer": kind.base, "controlnet": kind.name,
                "control_image": case["control"], "control_scale": case["scale"], "channels": channels,
                "strategy": "controlnet" if channels == 33 else "repaint",
                "width": case["size"][0], "height": case["size"][1], "mask": case["mask"], **options,
                "prompt_tokens": result["prompt_tokens"], "sigmas": result["sigmas"],
                "forwards": len(result["denoised"]),
            }
        )  # fmt: skip
    write_json(root / "cases.json", {"cases": listing}, SCRIPT)
