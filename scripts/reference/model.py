"""Loads a diffusers folder with the oracles' own classes, and makes the four calls that a run needs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, ZImageTransformer2DModel
from tokenizers import Tokenizer
from transformers import Qwen3Model

MAX_PROMPT_TOKENS = 512


@dataclass
class Model:
    transformer: ZImageTransformer2DModel
    text_encoder: Qwen3Model
    vae: AutoencoderKL
    tokenizer: Tokenizer

    def to(self, dtype: torch.dtype) -> "Model":
        for part in (self.transformer, self.text_encoder, self.vae):
            part.to(dtype)
        return self


def load_model(folder: Path) -> Model:
    """Loads the weights with the values in the files, to compute with them in fp32."""
    folder = Path(folder)
    options = {"torch_dtype": torch.float32, "low_cpu_mem_usage": False}
    transformer = ZImageTransformer2DModel.from_pretrained(folder / "transformer", **options)
    vae = AutoencoderKL.from_pretrained(folder / "vae", **options)
    text_encoder, report = Qwen3Model.from_pretrained(
        folder / "text_encoder", dtype=torch.float32, output_loading_info=True
    )
    if report["missing_keys"] or report["mismatched_keys"]:
        raise RuntimeError(f"{folder}/text_encoder: {report}")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer" / "tokenizer.json"))
    return Model(transformer.eval(), text_encoder.eval(), vae.eval(), tokenizer)


def chat_template(prompt: str) -> str:
    return f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"


def prompt_ids(tokenizer: Tokenizer, prompt: str) -> list[int]:
    return tokenizer.encode(chat_template(prompt), add_special_tokens=False).ids[:MAX_PROMPT_TOKENS]


def encode_ids(text_encoder: Qwen3Model, ids: list[int]) -> torch.Tensor:
    """Returns the output [1, L, D] of the layer before the last, without the final norm."""
    with_hook = []
    handle = text_encoder.layers[-2].register_forward_hook(lambda _m, _a, out: with_hook.append(out))
    hidden = text_encoder(input_ids=torch.tensor([ids]), output_hidden_states=True, use_cache=False).hidden_states
    handle.remove()
    output = with_hook[0][0] if isinstance(with_hook[0], tuple) else with_hook[0]
    if not torch.equal(hidden[-2], output):
        raise RuntimeError("hidden_states[-2] is not the output of the layer before the last")
    return hidden[-2]


def encode_image(vae: AutoencoderKL, pixels: torch.Tensor) -> torch.Tensor:
    """Encodes pixels [1, 3, H, W] in [0, 1] as latents [1, 16, H/8, W/8]."""
    mode = vae.encode(2.0 * pixels - 1.0).latent_dist.mode()
    return (mode - vae.config.shift_factor) * vae.config.scaling_factor


def decode_latents(vae: AutoencoderKL, latents: torch.Tensor) -> torch.Tensor:
    """Decodes latents to pixels [1, 3, H, W] in [0, 1]."""
    decoded = vae.decode(latents / vae.config.scaling_factor + vae.config.shift_factor).sample
    return (decoded / 2.0 + 0.5).clamp(0.0, 1.0)


def model_output(
    transformer: ZImageTransformer2DModel, latents: torch.Tensor, timestep: torch.Tensor, prompt_embeds: torch.Tensor
) -> torch.Tensor:
    """Returns diffusers' output [1, 16, h, w] of one DiT forward, before the sign is flipped. `timestep` is [1]."""
    output = transformer([latents[0].unsqueeze(1)], timestep, [prompt_embeds[0]], return_dict=False)[0]
    return output[0].squeeze(1).unsqueeze(0)


def noise_prediction(
    transformer: ZImageTransformer2DModel,
    latents: torch.Tensor,
    sigma: float,
    prompt_embeds: torch.Tensor,
    negative_embeds: torch.Tensor | None,
    guidance_scale: float,
    cfg_truncation: float = 1.0,
    cfg_normalization: float = 0.0,
) -> torch.Tensor:
    """Returns -model_output at timestep 1 - sigma (in fp32); a step without guidance costs one forward."""
    timestep = 1.0 - torch.tensor([sigma], dtype=torch.float32)
    timestep = timestep.to(latents.dtype)
    positive = -model_output(transformer, latents, timestep, prompt_embeds)
    if guidance_scale == 1.0 or not is_guided(sigma, cfg_truncation):
        return positive
    negative = -model_output(transformer, latents, timestep, negative_embeds)
    return guided(positive, negative, guidance_scale, cfg_normalization)


def is_guided(sigma: float, cfg_truncation: float) -> bool:
    """Decides as diffusers' pipeline does, from the scheduler's timestep in fp32."""
    timestep = torch.tensor(sigma, dtype=torch.float32) * 1000
    return not ((1000 - timestep) / 1000).item() > cfg_truncation


def guided(
    positive: torch.Tensor, negative: torch.Tensor, guidance_scale: float, cfg_normalization: float
) -> torch.Tensor:
    """Returns the guided prediction of one picture; diffusers' guidance_scale is one less."""
    pred = negative + guidance_scale * (positive - negative)
    largest = torch.linalg.vector_norm(positive) * cfg_normalization
    norm = torch.linalg.vector_norm(pred)
    return pred * (largest / norm) if cfg_normalization > 0.0 and norm > largest else pred


def image_to_pixels(image: np.ndarray) -> torch.Tensor:
    """uint8 HWC to [1, 3, H, W] in [0, 1]."""
    return torch.from_numpy(image.astype(np.float32) / np.float32(255.0)).permute(2, 0, 1)[None].contiguous()


def pixels_to_image(pixels: torch.Tensor) -> np.ndarray:
    return torch.round(pixels[0] * 255.0).to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
