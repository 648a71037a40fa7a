"""Makes tests/fixtures/models/<case>/: tiny models, and what the oracles compute with them."""

from dataclasses import dataclass, field
from pathlib import Path

import torch
from tokenizers import Tokenizer

from . import model as m
from . import taps as t
from . import tiny_models as tiny
from .fixture_files import sign_weights, write_json, write_tensors


@dataclass
class Case:
    name: str
    seed: int
    dit: dict
    vae: dict
    text: dict
    text_kind: str
    rope: str
    dtypes: tuple[torch.dtype, torch.dtype, torch.dtype] = (torch.float32,) * 3  # DiT, text encoder, VAE
    max_shard_size: str = "10GB"
    # Latent (height, width), caption tokens, timestep; the first one is stored with all its intermediates.
    calls: list[tuple[tuple[int, int], int, float]] = field(default_factory=list)


CASES = [
    Case(
        name="a",
        seed=11,
        dit=dict(dim=32, n_heads=2, n_kv_heads=2, n_layers=3, n_refiner_layers=2, cap_feat_dim=40, axes_dims=[4, 6, 6]),
        vae=dict(block_out_channels=(8, 16, 16, 16), layers_per_block=2, norm_num_groups=8),
        text=dict(
            hidden_size=40, intermediate_size=96, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2,
            head_dim=16, tie_word_embeddings=True, rope_parameters={"rope_type": "default", "rope_theta": 1e6},
        ),
        text_kind="causal",
        rope="parameters",
        calls=[((6, 10), 31, 0.3), ((8, 8), 1, 0.0), ((16, 12), 33, 0.97), ((4, 4), 520, 0.3), ((8, 16), 32, 0.97)],
    ),
    Case(
        name="b",
        seed=22,
        dit=dict(
            dim=48, n_heads=3, n_kv_heads=3, n_layers=2, n_refiner_layers=1, cap_feat_dim=48, axes_dims=[8, 4, 4],
            axes_lens=[700, 64, 48], rope_theta=100.0, norm_eps=1e-3, t_scale=500.0,
        ),
        vae=dict(
            block_out_channels=(8, 12, 16, 16), layers_per_block=1, norm_num_groups=4, scaling_factor=0.5,
            shift_factor=-0.2,
        ),
        text=dict(
            hidden_size=48, intermediate_size=80, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2,
            head_dim=12, rms_norm_eps=1e-3, tie_word_embeddings=True,
            rope_parameters={"rope_type": "default", "rope_theta": 1e4},
        ),
        text_kind="base",
        rope="parameters",
        dtypes=(torch.float16, torch.float32, torch.float32),
        max_shard_size="500KB",
        calls=[((8, 8), 33, 0.97), ((6, 10), 1, 0.3), ((16, 12), 32, 0.0), ((2, 2), 520, 0.97), ((16, 8), 64, 0.3)],
    ),
    Case(
        name="c",
        seed=33,
        dit=dict(dim=56, n_heads=4, n_kv_heads=4, n_layers=2, n_refiner_layers=2, cap_feat_dim=56, axes_dims=[6, 4, 4]),
        vae=dict(block_out_channels=(8, 12, 20, 20), layers_per_block=2, norm_num_groups=4),
        text=dict(
            hidden_size=56, intermediate_size=75, num_hidden_layers=3, num_attention_heads=3, num_key_value_heads=3,
            head_dim=10, tie_word_embeddings=False, rope_parameters={"rope_type": "default", "rope_theta": 5e5},
        ),
        text_kind="causal",
        rope="top",
        dtypes=(torch.bfloat16, torch.bfloat16, torch.float16),
        calls=[((16, 12), 1, 0.0), ((6, 10), 520, 0.97), ((8, 8), 32, 0.3), ((2, 14), 31, 0.97), ((8, 16), 33, 0.3)],
    ),
]

TEXT_LENGTHS = [9, 1, 300]  # the first is stored with all intermediates
VAE_SIZES = [(32, 16), (16, 16), (32, 48)]  # picture (height, width); the first is stored with all intermediates


def write_model(case: Case, folder: Path, tokenizer: Path) -> None:
    vocabulary = Tokenizer.from_file(str(tokenizer)).get_vocab_size(with_added_tokens=True)
    # As in the published files, the embedding has more rows than the tokenizer has tokens.
    rows = -(-(vocabulary + 1) // 64) * 64
    text = tiny.build_text_encoder(
        case.seed + 1, case.text_kind, vocab_size=rows, max_position_embeddings=1024, **case.text
    )
    tiny.save_folder(
        folder,
        tiny.build_transformer(case.seed, **case.dit).to(case.dtypes[0]),
        text.to(case.dtypes[1]),
        tiny.build_vae(case.seed + 2, **case.vae).to(case.dtypes[2]),
        tokenizer,
        rope=case.rope,
        max_shard_size=case.max_shard_size,
    )
    sign_weights(folder)


def _dit_calls(case: Case, model: m.Model, tensors: dict) -> list[dict]:
    generator = torch.Generator().manual_seed(case.seed + 100)
    tensors["dit.prompt_embeds"] = tiny.coarse_normal((1, 520, case.dit["cap_feat_dim"]), generator)
    calls = []
    for i, ((height, width), tokens, timestep) in enumerate(case.calls):
        latents = tiny.coarse_normal((1, 16, height, width), generator)
        embeds = tensors["dit.prompt_embeds"][:, :tokens].contiguous()
        taps = t.dit_taps(model.transformer)
        with taps:
            output = m.model_output(model.transformer, latents, torch.tensor([timestep]), embeds)
        taps.values["dit.output"] = output
        name = f"dit.call{i}"
        tensors[f"{name}.latents"] = latents
        tensors[f"{name}.output"] = output
        if i == 0:
            tensors.update({f"{name}.taps.{tap}": value for tap, value in taps.values.items()})
        calls.append(
            {"name": name, "prompt_tokens": tokens, "timestep": timestep, "taps": list(taps.values) if i == 0 else []}
        )
    return calls


def _text_calls(case: Case, model: m.Model, tensors: dict) -> list[dict]:
    generator = torch.Generator().manual_seed(case.seed + 200)
    calls = []
    for i, length in enumerate(TEXT_LENGTHS):
        ids = torch.randint(model.text_encoder.config.vocab_size, (length,), generator=generator).tolist()
        taps = t.text_encoder_taps(model.text_encoder)
        with taps:
            output = m.encode_ids(model.text_encoder, ids)
        taps.values["text_encoder.output"] = output
        name = f"text_encoder.call{i}"
        tensors[f"{name}.output"] = output
        if i == 0:
            tensors.update({f"{name}.taps.{tap}": value for tap, value in taps.values.items()})
        calls.append({"name": name, "ids": ids, "taps": list(taps.values) if i == 0 else []})
    return calls


def _vae_calls(case: Case, model: m.Model, tensors: dict) -> list[dict]:
    generator = torch.Generator().manual_seed(case.seed + 300)
    calls = []
    for i, (height, width) in enumerate(VAE_SIZES):
        pixels = torch.round(torch.rand((1, 3, height, width), generator=generator) * 255) / 255
        latents = tiny.coarse_normal((1, 16, height // 8, width // 8), generator)
        encoder, decoder = t.vae_encoder_taps(model.vae), t.vae_decoder_taps(model.vae)
        with encoder:
            encoded = m.encode_image(model.vae, pixels)
        with decoder:
            decoded = m.decode_latents(model.vae, latents)
        values = {**encoder.values, **decoder.values}
        name = f"vae.call{i}"
        tensors[f"{name}.pixels"] = pixels
        tensors[f"{name}.encoded"] = encoded
        tensors[f"{name}.latents"] = latents
        tensors[f"{name}.decoded"] = decoded
        if i == 0:
            tensors.update({f"{name}.taps.{tap}": value for tap, value in values.items()})
        calls.append({"name": name, "taps": list(values) if i == 0 else []})
    return calls


@torch.inference_mode()
def write_reference(case: Case, folder: Path) -> None:
    """Writes reference.safetensors (inputs, outputs, intermediates) and reference.json (calls, their arguments)."""
    model = m.load_model(folder)
    tensors: dict[str, torch.Tensor] = {}
    calls = {
        "dit": _dit_calls(case, model, tensors),
        "text_encoder": _text_calls(case, model, tensors),
        "vae": _vae_calls(case, model, tensors),
    }
    for name, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise RuntimeError(f"{case.name}: {name} is not finite")
    write_tensors(folder / "reference.safetensors", tensors)
    write_json(folder / "reference.json", calls)


def make(root: Path, tokenizer: Path) -> None:
    for case in CASES:
        write_model(case, root / case.name, tokenizer)
        write_reference(case, root / case.name)
