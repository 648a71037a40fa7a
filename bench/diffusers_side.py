#!/usr/bin/env python3
"""Times the stages of a run with diffusers' and transformers' own classes, for bench/run.py.

    diffusers_side.py FOLDER|published --size WxH[,WxH...] --tokens N --repeat N --dtype NAME --threads N
                      [--stage NAME]... [--device NAME] [--compile]

FOLDER is a diffusers folder. "published" makes random weights at Z-Image-Turbo's published sizes. Prints one JSON
object for each size as soon as it is measured: milliseconds by stage, each run once before to warm up. The parts are
loaded one after another, so that the largest decides how much memory it takes; with several sizes they stay. A forward
refines the caption, as diffusers' always does. --compile compiles the DiT's blocks, for each size anew.
"""

import argparse
import gc
import json
import sys
import time
from functools import cache
from pathlib import Path

import diffusers
import torch
import transformers
from diffusers import AutoencoderKL, ZImageTransformer2DModel
from transformers import Qwen3Config, Qwen3Model

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from make_true_shapes import TEXT_ENCODER, TRANSFORMER, VAE  # noqa: E402
from reference.model import decode_latents, encode_ids, encode_image, model_output  # noqa: E402

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
STAGES = ("encode prompt", "encode picture", "forward", "decode")
FILL = 1 << 24


@torch.no_grad()
def fill(module: torch.nn.Module, dtype: torch.dtype, device: str) -> torch.nn.Module:
    """Gives a module of the meta device memory, and numbers that keep the activations' scale; the same few, again and
    again, because drawing 6 billion takes minutes."""
    module = module.to(dtype).to_empty(device=device)
    for buffer in module.buffers():
        buffer.fill_(0.01)  # of rotary frequencies, which to_empty() left to chance
    numbers = torch.randn(FILL, generator=torch.Generator().manual_seed(1)).to(device, dtype)
    for name, parameter in module.named_parameters():
        if parameter.dim() == 1:
            parameter.fill_(1.0 if name.endswith("weight") else 0.0)
            continue
        flat = parameter.view(-1)
        for begin in range(0, flat.numel(), FILL):
            flat[begin : begin + FILL] = numbers[: flat.numel() - begin]
        parameter.mul_(parameter[0].numel() ** -0.5)
    return module.eval()


@cache
def load(part: str, source: str, dtype: torch.dtype, device: str) -> torch.nn.Module:
    if source != "published":
        kind = {"transformer": ZImageTransformer2DModel, "vae": AutoencoderKL, "text_encoder": Qwen3Model}[part]
        key = "dtype" if part == "text_encoder" else "torch_dtype"
        return kind.from_pretrained(Path(source) / part, **{key: dtype}).to(device).eval()
    with torch.device("meta"):
        if part == "transformer":
            module = ZImageTransformer2DModel(**TRANSFORMER)
        elif part == "vae":
            module = AutoencoderKL(**VAE)
        else:
            module = Qwen3Model(Qwen3Config(**TEXT_ENCODER))
    return fill(module, dtype, device)


def timed(arguments, call) -> list[float]:
    def once() -> float:
        begin = time.perf_counter()
        call()
        if arguments.device != "cpu":
            torch.cuda.synchronize()
        return (time.perf_counter() - begin) * 1e3

    once()
    return [once() for _ in range(arguments.repeat)]


def forget(arguments) -> None:
    """Drops a part that was measured, so that the next one has its memory."""
    if "," not in arguments.size:
        load.cache_clear()
        gc.collect()


@torch.inference_mode()
def measure(arguments, size: str) -> dict[str, list[float]]:
    width, height = map(int, size.split("x"))
    dtype, device = DTYPES[arguments.dtype], arguments.device
    generator = torch.Generator().manual_seed(2)
    latents = torch.randn((1, 16, height // 8, width // 8), generator=generator).to(device, dtype)
    wanted = arguments.stage or STAGES
    times = {}
    if "encode prompt" in wanted:
        encoder = load("text_encoder", arguments.source, dtype, device)
        ids = torch.randint(encoder.config.vocab_size, (arguments.tokens,), generator=generator).tolist()
        with torch.device(device):  # where encode_ids() makes its tensor
            times["encode prompt"] = timed(arguments, lambda: encode_ids(encoder, ids))
        del encoder
        forget(arguments)
    if "encode picture" in wanted or "decode" in wanted:
        vae = load("vae", arguments.source, dtype, device)
        pixels = torch.rand((1, 3, height, width), generator=generator).to(device, dtype)
        for name, call in (
            ("encode picture", lambda: encode_image(vae, pixels)),
            ("decode", lambda: decode_latents(vae, latents)),
        ):
            if name in wanted:
                times[name] = timed(arguments, call)
        del vae, call
        forget(arguments)
    if "forward" in wanted:
        transformer = load("transformer", arguments.source, dtype, device)
        if arguments.compile:
            torch.compiler.reset()  # or the second size is compiled for all sizes
            transformer.compile_repeated_blocks()
        caption = torch.randn((1, arguments.tokens, transformer.config.cap_feat_dim), generator=generator).to(device, dtype)
        timestep = torch.tensor([0.3]).to(device, dtype)
        times["forward"] = timed(arguments, lambda: model_output(transformer, latents, timestep, caption))
    return times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--size", default="512x512", help="or several with commas")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--compile", action="store_true", help="compile the DiT's blocks")
    parser.add_argument("--tokens", type=int, default=32, help="of the prompt")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--dtype", choices=DTYPES, default="fp32")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--stage", action="append", choices=STAGES, help="only this one; may be repeated")
    arguments = parser.parse_args()
    diffusers.logging.set_verbosity_error()
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(arguments.threads)
    name = f"diffusers {diffusers.__version__}" + (", compiled" if arguments.compile else "")
    for size in arguments.size.split(","):
        report = {"name": name, "torch": torch.__version__, "size": size, "ms": measure(arguments, size)}
        if arguments.device != "cpu":
            report["device_peak_bytes"] = torch.cuda.max_memory_allocated()
            torch.cuda.reset_peak_memory_stats()
        print(json.dumps(report), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
