#!/usr/bin/env python3
"""Compares one DiT forward on the CPU, ours and diffusers', with the same torch, threads and config in one run.

    bench/dit_forward.py [--bench build/tests/dit_bench] [--pairs 7] [--threads N] [--json FILE]

A random model of middle size (dim 1024, 8 layers, 8 heads x 128, 512x512 pixels, 64 caption tokens) is written to a
temporary folder. Each side does one forward to warm up, and the two outputs must agree; then they take turns (ours,
diffusers, ours, diffusers, ...). Exits 1 if the outputs don't agree (relative L2 above 1e-5), or if the median of the
pairs' ratios ours/diffusers is above 1. On a busy machine the ratios scatter by 10 %: ask for more pairs.

Our side is `dit_bench TRANSFORMER_DIR INPUTS.safetensors OUTPUT.f32 --threads N`. INPUTS has `latents` [1, 16, 64, 64],
`timestep` [1] and `prompt_embeds` [1, 64, 256], all F32. It loads the model; for every line "run" on stdin it does one
forward and prints a line with its milliseconds. It writes the first forward's output, before the sign is flipped, to
OUTPUT.f32 as raw little-endian fp32, and completes it before printing its line. It exits at the end of its input.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import diffusers
import numpy as np
import torch
from safetensors.torch import save_file

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from reference.fixture_files import relative_l2  # noqa: E402
from reference.model import model_output  # noqa: E402
from reference.tiny_models import build_transformer  # noqa: E402

CONFIG = dict(
    dim=1024, n_heads=8, n_kv_heads=8, n_layers=8, n_refiner_layers=2, cap_feat_dim=256, axes_dims=[32, 48, 48],
    axes_lens=[1024, 512, 512],
)  # fmt: skip
LATENT_SIDE = 64
CAPTION_TOKENS = 64
OUTPUT_LIMIT = 1e-5


class OurSide:
    """Runs the bench executable, which does one forward for each line it reads."""

    def __init__(self, executable: Path, folder: Path, inputs: Path, output: Path, threads: int, *more: Path):
        command = [str(executable), str(folder), str(inputs), str(output), "--threads", str(threads), *map(str, more)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def forward(self, line: str = "run") -> float:
        """Runs one forward and returns its milliseconds."""
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the bench executable ended with {self._process.wait()}")
        return float(line)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


def make_inputs() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    return {
        "latents": torch.randn((1, 16, LATENT_SIDE, LATENT_SIDE), generator=generator),
        "timestep": torch.tensor([0.3]),
        "prompt_embeds": torch.randn((1, CAPTION_TOKENS, CONFIG["cap_feat_dim"]), generator=generator),
    }


@torch.inference_mode()
def measure(executable: Path, pairs: int, threads: int) -> dict:
    torch.set_num_threads(threads)
    transformer = build_transformer(1, **CONFIG)
    inputs = make_inputs()

    def theirs() -> tuple[float, torch.Tensor]:
        begin = time.perf_counter()
        output = model_output(transformer, inputs["latents"], inputs["timestep"], inputs["prompt_embeds"])
        return (time.perf_counter() - begin) * 1e3, output

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        transformer.save_pretrained(folder / "transformer")
        save_file(inputs, folder / "inputs.safetensors")
        output_file = folder / "output.f32"
        ours = OurSide(executable, folder / "transformer", folder / "inputs.safetensors", output_file, threads)
        ours.forward()
        expected = theirs()[1]
        output = np.fromfile(output_file, dtype="<f4")
        if output.size != expected.numel():
            raise RuntimeError(f"the output has {output.size} numbers, {expected.numel()} expected")
        error = relative_l2(torch.from_numpy(output).reshape(expected.shape), expected)
        times = [(ours.forward(), theirs()[0]) for _ in range(pairs)]
        ours.close()
    ratios = [a / b for a, b in times]
    return {
        "torch": torch.__version__,
        "diffusers": diffusers.__version__,
        "threads": threads,
        "config": CONFIG,
        "parameters": sum(p.numel() for p in transformer.parameters()),
        "relative_l2": error,
        "ours_ms": [round(a, 1) for a, _ in times],
        "diffusers_ms": [round(b, 1) for _, b in times],
        "ratios": [round(ratio, 4) for ratio in ratios],
        "median_ratio": statistics.median(ratios),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, default=ROOT / "build" / "tests" / "dit_bench")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    if arguments.pairs < 5:
        parser.error("--pairs must be at least 5")
    if not arguments.bench.is_file():
        parser.error(f"{arguments.bench} is missing: build the target dit_bench first")
    diffusers.logging.set_verbosity_error()
    figures = measure(arguments.bench, arguments.pairs, arguments.threads)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    for a, b, ratio in zip(figures["ours_ms"], figures["diffusers_ms"], figures["ratios"]):
        print(f"ours {a:9.1f} ms   diffusers {b:9.1f} ms   ratio {ratio:.3f}")
    print(
        f"median ratio {figures['median_ratio']:.3f}, outputs {figures['relative_l2']:.1e} apart (relative L2), "
        f"{figures['threads']} threads, torch {figures['torch']}, diffusers {figures['diffusers']}"
    )
    failed = figures["median_ratio"] > 1.0 or not figures["relative_l2"] <= OUTPUT_LIMIT
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
