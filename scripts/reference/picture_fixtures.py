"""Makes tests/fixtures/pictures/: whole pictures through the tiny models."""

from pathlib import Path

import numpy as np

from . import model as m
from .fixture_files import write_json, write_png, write_tensors
from .inpaint import inpaint
from .schedule import shifted_schedule

LONG_PROMPT = "a red fox asleep under the old oak, in the rain, by the river; " * 40
ON_A_LEVEL = shifted_schedule(8, 3.0)[2]  # 0.9
LAST_LEVEL = shifted_schedule(8, 3.0)[7]  # 0.3

# Each case has a model, the picture's size (width, height), a mask, and the options of the run.
CASES = [
    dict(model="a", size=(64, 48), mask="disc", prompt="a red fox in the snow"),
    dict(model="b", size=(48, 80), mask="disc", prompt="a door", steps=1, seed=7),
    dict(model="c", size=(96, 64), mask="box", prompt="Ein Fuchs, 狐狸 🦊 — café", steps=20, shift=6.0, seed=3),
    dict(model="a", size=(80, 48), mask="box", prompt="stripes", steps=4, shift=1.0, strength=0.7, seed=1),
    dict(model="b", size=(64, 64), mask="disc", prompt="a hat", strength=ON_A_LEVEL, seed=2),
    dict(model="b", size=(64, 64), mask="disc", prompt="a hat", strength=ON_A_LEVEL + 1e-4, seed=2),
    dict(model="b", size=(64, 64), mask="disc", prompt="a hat", strength=ON_A_LEVEL - 1e-4, seed=2),
    dict(model="a", size=(64, 48), mask="disc", prompt="a hat", strength=ON_A_LEVEL + 1e-9, seed=4),
    dict(model="a", size=(48, 64), mask="ramp", prompt="a boat", steps=6, strength=0.5, sampler="euler", seed=5),
    dict(
        model="c", size=(64, 48), mask="disc", prompt="a green apple", negative_prompt="blurry, grey", steps=5,
        guidance_scale=2.5, seed=6,
    ),
    dict(model="a", size=(48, 48), mask="box", prompt="", steps=3, seed=8),
    dict(model="b", size=(48, 48), mask="disc", prompt=LONG_PROMPT, steps=3, shift=2.0, seed=9),
    dict(model="c", size=(96, 48), mask="strokes", prompt="a wire", steps=4, seed=10),
    dict(model="a", size=(128, 64), mask="whole", prompt="a field of wheat", steps=6, seed=11),
    dict(model="c", size=(48, 64), mask="disc", prompt="dust", steps=20, shift=2.0, strength=0.1, seed=12),
    dict(model="a", size=(48, 48), mask="disc", prompt="glass", strength=LAST_LEVEL, seed=13),
    dict(model="a", size=(48, 48), mask="disc", prompt="glass", strength=LAST_LEVEL + 1e-4, seed=13),
    dict(
        model="b", size=(96, 96), mask="strokes", prompt="two birds", negative_prompt="", steps=3, shift=4.5,
        guidance_scale=2.5, sampler="euler", seed=2**33 + 14,
    ),
    # Guidance ends after the second of four steps (1 - sigma is 0, 0.1, 0.25, 0.5), and is limited in both.
    dict(
        model="c", size=(48, 48), mask="disc", prompt="a green apple", negative_prompt="blurry, grey", steps=4,
        guidance_scale=4.0, cfg_truncation=0.2, cfg_normalization=0.9, seed=15,
    ),
    # The limit is reached in some steps only.
    dict(
        model="a", size=(48, 48), mask="disc", prompt="a red fox", negative_prompt="", steps=3, guidance_scale=3.0,
        cfg_normalization=1.0, seed=16,
    ),
]

DEFAULTS = dict(
    negative_prompt="", steps=8, shift=3.0, strength=1.0, guidance_scale=1.0, seed=0, sampler="res_multistep"
)
LIMITS_OF_GUIDANCE = dict(cfg_truncation=1.0, cfg_normalization=0.0)


def draw_picture(width: int, height: int, seed: int) -> np.ndarray:
    """Draws gradients, stripes and a disc, with a little noise: uint8 [H, W, 3]."""
    y, x = np.mgrid[0:height, 0:width]
    picture = np.stack([x * 255 // width, y * 255 // height, 255 - (x + y) * 255 // (width + height)], axis=-1)
    picture[(x + 2 * y) // 7 % 3 == seed % 3] = (40 + 20 * (seed % 5), 90, 160)
    disc = (x - width // 3) ** 2 + (y - height // 2) ** 2 < (min(width, height) // 4) ** 2
    picture[disc] = (220, 200 - 10 * (seed % 7), 60)
    noise = np.random.RandomState(seed).randint(-8, 9, size=picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def draw_mask(kind: str, width: int, height: int) -> np.ndarray:
    """Draws a mask, uint8 [H, W]; 128 and more is repainted."""
    y, x = np.mgrid[0:height, 0:width]
    mask = np.zeros((height, width), dtype=np.uint8)
    if kind == "disc":
        mask[(x - width * 0.55) ** 2 + (y - height * 0.45) ** 2 < (min(width, height) * 0.31) ** 2] = 255
    elif kind == "box":
        mask[height // 5 : height * 4 // 5, width // 3 : width - 5] = 255
    elif kind == "strokes":
        mask[height // 3, 3 : width - 9] = 255
        mask[np.arange(height - 4), np.minimum(np.arange(height - 4) + 11, width - 1)] = 255
        mask[height - 1, width - 1] = 255
    elif kind == "ramp":
        # Grey levels around the threshold: 127 keeps, 128 repaints.
        mask[:] = np.clip(127 + (x - width // 2) // 2 + (y == height // 3), 0, 255)
    elif kind == "whole":
        mask[:] = 255
    else:
        raise ValueError(kind)
    return mask


def make(root: Path, models: Path) -> None:
    loaded: dict[str, m.Model] = {}
    listing = []
    for number, case in enumerate(CASES, start=1):
        options = {**DEFAULTS, **LIMITS_OF_GUIDANCE}
        options |= {k: v for k, v in case.items() if k not in ("model", "size", "mask")}
        if case["model"] not in loaded:
            loaded[case["model"]] = m.load_model(models / case["model"])
        image = draw_picture(*case["size"], seed=number)
        mask = draw_mask(case["mask"], *case["size"])
        result = inpaint(loaded[case["model"]], image, mask, **options)
        tensors = {name: result[name] for name in ("noise", "latent", "latent_mask", "latents")}
        tensors |= {f"denoised.{i}": value for i, value in enumerate(result["denoised"])}
        write_tensors(root / f"{number}.safetensors", tensors)
        write_png(root / f"{number}-image.png", image)
        write_png(root / f"{number}-mask.png", mask)
        write_png(root / f"{number}-expected.png", result["image"])
        listing.append(
            {
                "name": str(number), "model": case["model"], "width": case["size"][0], "height": case["size"][1],
                "mask": case["mask"], **options, "prompt_tokens": result["prompt_tokens"], "sigmas": result["sigmas"],
                "forwards": len(result["denoised"]), "guided_forwards": result["guided_forwards"],
            }
        )
    write_json(root / "cases.json", {"cases": listing})
