#!/usr/bin/env python3
"""Compares one DiT forward on the CPU, ours and diffusers', with the same torch, threads and config in one run.

    bench/dit_forward.py [--bench build/tests/dit_bench] [--dtype fp32|bf16] [--model mid|true] [--side PIXELS]
                         [--packed 0|1] [--pairs 7] [--threads N] [--json FILE]

A random model is written to a temporary folder: `mid` is of middle size (dim 1024, 8 layers, 8 heads x 128), `true` is
of Z-Image's own width (dim 3840, 30 heads x 128) with only 4 of its 30 layers, so that both sides fit in memory; in
both, the two refiners have 2 layers each, and the caption has 64 tokens. Each side does one forward to warm up, and the
two outputs must agree; then they take turns (ours, diffusers, ours, diffusers, ...). Exits 1 if the outputs don't
agree, or if the median of the pairs' ratios ours/diffusers is above 1. On a busy machine the ratios scatter by 10 %:
ask for more pairs.

In fp32, outputs agree if their relative L2 is at most 1e-5. In bf16, both sides round at the same places, but sums in
another order make single values fall to the other side, so that the errors of the two are alike in size and hardly
correlated. Both are compared with diffusers' fp32 output from the same (bf16) weights: our error may be at most 1.2
times theirs, and the two may be at most 1.7 times theirs apart (two independent errors: 1.41).

Our side is `dit_bench TRANSFORMER_DIR INPUTS.safetensors OUTPUT.f32 --threads N --dtype D`. INPUTS has `latents`
[1, 16, H/8, W/8], `timestep` [1] and `prompt_embeds` [1, 64, cap_feat_dim], all F32. It loads the model; for every line
"run" on stdin it does one forward and prints a line with its milliseconds. It writes the first forward's output, before
the sign is flipped, to OUTPUT.f32 as raw little-endian fp32, and completes it before printing its line. It exits at the
end of its input.
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
TRUE_WIDTH = dict(CONFIG, dim=3840, n_heads=30, n_kv_heads=30, n_layers=4, cap_feat_dim=2560)
MODELS = {"mid": CONFIG, "true": TRUE_WIDTH}
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
LATENT_SIDE = 64
CAPTION_TOKENS = 64
OUTPUT_LIMIT = 1e-5
BF16_ERROR_LIMIT = 1.2  # times diffusers' error
BF16_APART_LIMIT = 1.7


class OurSide:
    """Runs the bench executable, which does one forward for each line it reads."""

    def __init__(self, executable: Path, folder: Path, inputs: Path, output: Path, threads: int, *more):
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


def make_inputs(latent_side: int = LATENT_SIDE, cap_feat_dim: int = CONFIG["cap_feat_dim"]) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    return {
        "latents": torch.randn((1, 16, latent_side, latent_side), generator=generator),
        "timestep": torch.tensor([0.3]),
        "prompt_embeds": torch.randn((1, CAPTION_TOKENS, cap_feat_dim), generator=generator),
    }


def compare_outputs(output: torch.Tensor, theirs: torch.Tensor, exact: torch.Tensor, dtype: str) -> dict:
    """Returns the relative L2 between the outputs and, in bf16, from what fp32 gives; and whether they agree."""
    apart = relative_l2(output, theirs)
    if dtype == "fp32":
        return {"relative_l2": apart, "agree": apart <= OUTPUT_LIMIT}
    ours_off, theirs_off = relative_l2(output, exact), relative_l2(theirs, exact)
    agree = ours_off <= BF16_ERROR_LIMIT * theirs_off and apart <= BF16_APART_LIMIT * theirs_off
    return {"relative_l2": apart, "ours_from_fp32": ours_off, "diffusers_from_fp32": theirs_off, "agree": agree}


@torch.inference_mode()
def measure(arguments: argparse.Namespace) -> dict:
    torch.set_num_threads(arguments.threads)
    config, dtype = MODELS[arguments.model], DTYPES[arguments.dtype]
    inputs = make_inputs(arguments.side // 8, config["cap_feat_dim"])
    transformer = build_transformer(1, **config).to(dtype)

    def theirs(compute: torch.dtype) -> tuple[float, torch.Tensor]:
        latents, prompt_embeds = inputs["latents"].to(compute), inputs["prompt_embeds"].to(compute)
        begin = time.perf_counter()
        output = model_output(transformer, latents, inputs["timestep"], prompt_embeds)
        return (time.perf_counter() - begin) * 1e3, output.float()

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        transformer.save_pretrained(folder / "transformer")
        save_file(inputs, folder / "inputs.safetensors")
        exact = None
        if dtype != torch.float32:
            transformer.float()
            exact = theirs(torch.float32)[1]
            transformer.to(dtype)
        output_file = folder / "output.f32"
        more = ["--dtype", arguments.dtype] + (["--packed", arguments.packed] if arguments.packed else [])
        ours = OurSide(
            arguments.bench, folder / "transformer", folder / "inputs.safetensors", output_file, arguments.threads, *more
        )
        ours.forward()
        expected = theirs(dtype)[1]
        output = np.fromfile(output_file, dtype="<f4")
        if output.size != expected.numel():
            raise RuntimeError(f"the output has {output.size} numbers, {expected.numel()} expected")
        errors = compare_outputs(torch.from_numpy(output).reshape(expected.shape), expected, exact, arguments.dtype)
        times = [(ours.forward(), theirs(dtype)[0]) for _ in range(arguments.pairs)]
        ours.close()
    ratios = [a / b for a, b in times]
    return {
        "torch": torch.__version__,
        "diffusers": diffusers.__version__,
        "threads": arguments.threads,
        "model": arguments.model,
        "dtype": arguments.dtype,
        "side": arguments.side,
        "config": config,
        "parameters": sum(p.numel() for p in transformer.parameters()),
        **errors,
        "ours_ms": [round(a, 1) for a, _ in times],
        "diffusers_ms": [round(b, 1) for _, b in times],
        "ratios": [round(ratio, 4) for ratio in ratios],
        "median_ratio": statistics.median(ratios),
        "median_speedup": statistics.median(b / a for a, b in times),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, default=ROOT / "build" / "tests" / "dit_bench")
    parser.add_argument("--dtype", choices=DTYPES, default="fp32")
    parser.add_argument("--model", choices=MODELS, default="mid")
    parser.add_argument("--side", type=int, default=512, help="pixels; a multiple of 16")
    parser.add_argument("--packed", choices=("0", "1"), help="whether our weights are packed; default: where possible")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    if arguments.pairs < 5:
        parser.error("--pairs must be at least 5")
    if arguments.side < 16 or arguments.side % 16:
        parser.error("--side must be a multiple of 16")
    if not arguments.bench.is_file():
        parser.error(f"{arguments.bench} is missing: build the target dit_bench first")
    diffusers.logging.set_verbosity_error()
    figures = measure(arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    for a, b, ratio in zip(figures["ours_ms"], figures["diffusers_ms"], figures["ratios"]):
        print(f"ours {a:9.1f} ms   diffusers {b:9.1f} ms   ratio {ratio:.3f}")
    speedup = figures["median_speedup"]
    print(
        f"{arguments.model} model, {arguments.side} pixels, {arguments.dtype}: median ratio "
        f"{figures['median_ratio']:.3f} ({speedup:.2f} times as fast), {figures['threads']} threads, "
        f"torch {figures['torch']}, diffusers {figures['diffusers']}"
    )
    print(f"outputs {figures['relative_l2']:.1e} apart (relative L2)", end="")
    if "ours_from_fp32" in figures:
        print(f"; from fp32: ours {figures['ours_from_fp32']:.2e}, diffusers {figures['diffusers_from_fp32']:.2e}", end="")
    print("" if figures["agree"] else ": they don't agree")
    failed = figures["median_ratio"] > 1.0 or not figures["agree"]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
