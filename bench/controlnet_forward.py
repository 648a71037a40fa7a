#!/usr/bin/env python3
"""Measures what a 2.1 ControlNet costs: a forward with it over one without, ours and diffusers', in one run.

    bench/controlnet_forward.py [--bench build/tests/dit_bench] [--rounds 9] [--threads N] [--json FILE]

The model is the middle-size one of dit_forward.py with a matching ControlNet (33 channels, a control layer for every
second base layer, two refiner blocks). Each round runs ours without, ours with, diffusers without, diffusers with; the
medians of the rounds' ratios count. Exits 1 if our ratio is more than 5 % from the ratio of the forwards' operations
(matrix products and attention), or isn't below diffusers'.

Our side is dit_bench with the ControlNet's file as its last argument: the line "forward" on stdin runs one forward of
the base model, "control" one with the ControlNet. What a picture needs only once (caption, control embedding) is
prepared beforehand.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import diffusers
import torch
from diffusers import ZImageControlNetModel
from safetensors.torch import save_file

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from bench.dit_forward import CAPTION_TOKENS, CONFIG, LATENT_SIDE, OurSide, make_inputs  # noqa: E402
from reference.tiny_models import build_transformer, randomize  # noqa: E402

PLACES = list(range(0, CONFIG["n_layers"], 2))
CHANNELS = 33
TOLERANCE = 0.05


def build_controlnet(transformer):
    controlnet = ZImageControlNetModel(
        control_layers_places=PLACES, control_refiner_layers_places=list(range(CONFIG["n_refiner_layers"])),
        control_in_dim=CHANNELS, add_control_noise_refiner="control_noise_refiner", dim=CONFIG["dim"],
        n_refiner_layers=CONFIG["n_refiner_layers"], n_heads=CONFIG["n_heads"], n_kv_heads=CONFIG["n_kv_heads"],
    )  # fmt: skip
    randomize(controlnet, 3)
    weights = {name: value.clone() for name, value in controlnet.state_dict().items()}
    return ZImageControlNetModel.from_transformer(controlnet.eval(), transformer), weights


def operations() -> tuple[float, float]:
    """Returns the operations of one forward without and with the ControlNet; a multiply-add counts as two."""
    dim, hidden = CONFIG["dim"], int(CONFIG["dim"] / 3 * 8)
    image = (LATENT_SIDE // 2) ** 2
    unified = image + CAPTION_TOKENS
    refiners = CONFIG["n_refiner_layers"]

    def block(tokens: int) -> float:
        return 2 * tokens * (4 * dim**2 + 3 * dim * hidden) + 4 * tokens**2 * dim

    def projection(tokens: int) -> float:
        return 2 * tokens * dim**2

    base = refiners * block(image) + CONFIG["n_layers"] * block(unified) + 2 * 64 * dim * (image + unified)
    control = projection(image) + refiners * (block(image) + projection(image))
    control += projection(unified) + len(PLACES) * (block(unified) + projection(unified))
    return base, base + control


@torch.inference_mode()
def measure(executable: Path, rounds: int, threads: int) -> dict:
    torch.set_num_threads(threads)
    transformer = build_transformer(1, **CONFIG)
    controlnet, weights = build_controlnet(transformer)
    inputs = make_inputs()
    generator = torch.Generator().manual_seed(4)
    inputs["control_context"] = torch.randn((1, CHANNELS, LATENT_SIDE, LATENT_SIDE), generator=generator)
    latents, context = ([inputs[name][0].unsqueeze(1)] for name in ("latents", "control_context"))
    caption, timestep = [inputs["prompt_embeds"][0]], inputs["timestep"]

    def theirs(with_control: bool) -> float:
        begin = time.perf_counter()
        hints = controlnet(latents, timestep, caption, context, conditioning_scale=0.75) if with_control else None
        transformer(latents, timestep, caption, controlnet_block_samples=hints)
        return (time.perf_counter() - begin) * 1e3

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        transformer.save_pretrained(folder / "transformer")
        save_file(weights, folder / "controlnet.safetensors")
        save_file(inputs, folder / "inputs.safetensors")
        ours = OurSide(
            executable, folder / "transformer", folder / "inputs.safetensors", folder / "output.f32", threads,
            folder / "controlnet.safetensors",
        )  # fmt: skip
        for warm in ("forward", "control"):
            ours.forward(warm)
            theirs(warm == "control")
        times = [
            (ours.forward("forward"), ours.forward("control"), theirs(False), theirs(True)) for _ in range(rounds)
        ]
        ours.close()
    base, controlled = operations()
    return {
        "torch": torch.__version__,
        "diffusers": diffusers.__version__,
        "threads": threads,
        "rounds_ms": [[round(t, 1) for t in row] for row in times],
        "ours": statistics.median(b / a for a, b, _, _ in times),
        "theirs": statistics.median(d / c for _, _, c, d in times),
        "operations": controlled / base,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, default=ROOT / "build" / "tests" / "dit_bench")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    if not arguments.bench.is_file():
        parser.error(f"{arguments.bench} is missing: build the target dit_bench first")
    diffusers.logging.set_verbosity_error()
    figures = measure(arguments.bench, arguments.rounds, arguments.threads)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    for a, b, c, d in figures["rounds_ms"]:
        print(f"ours {a:8.1f} {b:8.1f} ms  {b / a:.3f}   diffusers {c:8.1f} {d:8.1f} ms  {d / c:.3f}")
    print(
        f"with over without: ours {figures['ours']:.3f}, operations {figures['operations']:.3f}, "
        f"diffusers {figures['theirs']:.3f}; {figures['threads']} threads, torch {figures['torch']}, "
        f"diffusers {figures['diffusers']}"
    )
    near = abs(figures["ours"] / figures["operations"] - 1) <= TOLERANCE
    return 0 if near and figures["ours"] < figures["theirs"] else 1


if __name__ == "__main__":
    sys.exit(main())
