#!/usr/bin/env python3
"""Times the stages of a run with diffusers' and transformers' own classes, for bench/run.py.

    diffusers_side.py FOLDER|published --size WxH --tokens N --repeat N --dtype NAME --threads N [--stage NAME]...

FOLDER is a diffusers folder. "published" makes random weights at Z-Image-Turbo's published sizes. Prints one JSON
object: milliseconds by stage, each run once before to warm up. The parts are loaded one after another, so that the
largest decides how much memory it takes. A forward refines the caption, as diffusers' always does.
"""

import argparse
import gc
import json
import sys
import time
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
def fill(module: torch.nn.Module, dtype: torch.dtype) -> torch.nn.Module:
    """Gives a module of the meta device memory, and numbers that keep the activations' scale; the same few, again and
    again, because drawing 6 billion takes minutes."""
    module = module.to(dtype).to_empty(device="cpu")
    for buffer in module.buffers():
        buffer.fill_(0.01)  # of rotary frequencies, which to_empty() left to chance
    numbers = torch.randn(FILL, generator=torch.Generator().manual_seed(1)).to(dtype)
    for name, parameter in module.named_parameters():
        if parameter.dim() == 1:
            parameter.fill_(1.0 if name.endswith("weight") else 0.0)
            continue
        flat = parameter.view(-1)
        for begin in range(0, flat.numel(), FILL):
            flat[begin : begin + FILL] = numbers[: flat.numel() - begin]
        parameter.mul_(parameter[0].numel() ** -0.5)
    return module.eval()


def load(part: str, source: str, dtype: torch.dtype) -> torch.nn.Module:
    if source != "published":
        kind = {"transformer": ZImageTransformer2DModel, "vae": AutoencoderKL, "text_encoder": Qwen3Model}[part]
        key = "dtype" if part == "text_encoder" else "torch_dtype"
        return kind.from_pretrained(Path(source) / part, **{key: dtype}).eval()
    with torch.device("meta"):
        if part == "transformer":
            module = ZImageTransformer2DModel(**TRANSFORMER)
        elif part == "vae":
            module = AutoencoderKL(**VAE)
        else:
            module = Qwen3Model(Qwen3Config(**TEXT_ENCODER))
    return fill(module, dtype)


def timed(repeat: int, call) -> list[float]:
    call()
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        call()
        times.append((time.perf_counter() - begin) * 1e3)
    return times


@torch.inference_mode()
def measure(arguments) -> dict[str, list[float]]:
    width, height = map(int, arguments.size.split("x"))
    dtype = DTYPES[arguments.dtype]
    generator = torch.Generator().manual_seed(2)
    latents = torch.randn((1, 16, height // 8, width // 8), generator=generator).to(dtype)
    wanted = arguments.stage or STAGES
    times = {}
    if "encode prompt" in wanted:
        encoder = load("text_encoder", arguments.source, dtype)
        ids = torch.randint(encoder.config.vocab_size, (arguments.tokens,), generator=generator).tolist()
        times["encode prompt"] = timed(arguments.repeat, lambda: encode_ids(encoder, ids))
        del encoder
        gc.collect()
    if "encode picture" in wanted or "decode" in wanted:
        vae = load("vae", arguments.source, dtype)
        pixels = torch.rand((1, 3, height, width), generator=generator).to(dtype)
        for name, call in (
            ("encode picture", lambda: encode_image(vae, pixels)),
            ("decode", lambda: decode_latents(vae, latents)),
        ):
            if name in wanted:
                times[name] = timed(arguments.repeat, call)
        del vae
        gc.collect()
    if "forward" in wanted:
        transformer = load("transformer", arguments.source, dtype)
        caption = torch.randn((1, arguments.tokens, transformer.config.cap_feat_dim), generator=generator).to(dtype)
        timestep = torch.tensor([0.3]).to(dtype)
        times["forward"] = timed(arguments.repeat, lambda: model_output(transformer, latents, timestep, caption))
    return times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--size", default="512x512")
    parser.add_argument("--tokens", type=int, default=32, help="of the prompt")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--dtype", choices=DTYPES, default="fp32")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--stage", action="append", choices=STAGES, help="only this one; may be repeated")
    arguments = parser.parse_args()
    diffusers.logging.set_verbosity_error()
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(arguments.threads)
    print(json.dumps({"name": f"diffusers {diffusers.__version__}", "torch": torch.__version__, "ms": measure(arguments)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
