"""The names of weights in the files that people have, and what each name becomes in a diffusers folder.

Sources: diffusers' and transformers' classes, ComfyUI (comfy/utils.py z_image_to_diffusers, comfy/supported_models.py),
llama.cpp (gguf-py's tensor names), the LDM autoencoder.
"""

import re

from .tiny import Weights

COMFY_PREFIX = "model.diffusion_model."
BUNDLE_TEXT_PREFIX = "text_encoders.qwen3_4b.transformer.model."
BUNDLE_VAE_PREFIX = "vae."
TEXT_PREFIX = "model."

_DIT_RENAMES = (
    ("attention.out.", "attention.to_out.0."), ("attention.q_norm.", "attention.norm_q."),
    ("attention.k_norm.", "attention.norm_k."), ("x_embedder.", "all_x_embedder.2-1."),
    ("final_layer.", "all_final_layer.2-1."),
)  # fmt: skip


def diffusers_dit_name(name: str) -> str:
    """Renames anything but a fused qkv, which is three tensors there."""
    for old, new in _DIT_RENAMES:
        if not name.startswith("control_all_") and (name.startswith(old) or f".{old}" in name):
            return name.replace(old, new)
    return name


def split_qkv(weights: Weights) -> Weights:
    """Cuts each fused matrix into q, k and v, its rows in this order."""
    split: Weights = {}
    for name, value in weights.items():
        if ".attention.qkv." not in name:
            split[name] = value
            continue
        rows = value.shape[0] // 3
        for i, part in enumerate(("to_q", "to_k", "to_v")):
            split[name.replace("qkv", part)] = value[i * rows : (i + 1) * rows]
    return split


def diffusers_dit(weights: Weights) -> Weights:
    """Returns a DiT's or a ControlNet's weights under diffusers' names."""
    return {diffusers_dit_name(name): value for name, value in split_qkv(weights).items()}


_LLAMA = {
    "embed_tokens.weight": "token_embd.weight", "norm.weight": "output_norm.weight",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}  # fmt: skip


def llama_name(name: str) -> str:
    """Returns llama.cpp's name of a text encoder's weight."""
    if name in _LLAMA:
        return _LLAMA[name]
    body, _, ending = name.rpartition(".")  # a damaged file's ending isn't always "weight"
    _, layer, middle = body.split(".", 2)
    return f"blk.{layer}.{_LLAMA[middle]}.{ending}"


_LDM_SIDES = (
    ("mid_block.resnets.0.", "mid.block_1."), ("mid_block.resnets.1.", "mid.block_2."),
    ("mid_block.attentions.0.group_norm.", "mid.attn_1.norm."), ("mid_block.attentions.0.to_q.", "mid.attn_1.q."),
    ("mid_block.attentions.0.to_k.", "mid.attn_1.k."), ("mid_block.attentions.0.to_v.", "mid.attn_1.v."),
    ("mid_block.attentions.0.to_out.0.", "mid.attn_1.proj_out."), ("conv_norm_out.", "norm_out."),
    (".conv_shortcut.", ".nin_shortcut."), ("downsamplers.0.conv.", "downsample.conv."),
    ("upsamplers.0.conv.", "upsample.conv."), (".resnets.", ".block."),
)  # fmt: skip


def ldm_name(name: str) -> str:
    """Returns the LDM autoencoder's name of a VAE's weight. Its decoder counts its levels from the last one."""
    for old, new in _LDM_SIDES:
        name = name.replace(old, new)
    name = re.sub(r"down_blocks\.(\d)", r"down.\1", name)
    return re.sub(r"up_blocks\.(\d)", lambda match: f"up.{3 - int(match[1])}", name)


def ldm_vae(weights: Weights) -> Weights:
    """Returns a VAE under LDM's names, in which the attention's matrices are convolutions of one pixel."""
    renamed = {ldm_name(name): value for name, value in weights.items()}
    matrix = re.compile(r"\.mid\.attn_1\.(q|k|v|proj_out)\.weight$")
    return {n: v.reshape(*v.shape, 1, 1) if matrix.search(n) else v for n, v in renamed.items()}


def prefixed(tensors: dict, prefix: str) -> dict:
    return {prefix + name: value for name, value in tensors.items()}


def is_block_matrix(name: str) -> bool:
    """Whether quantisers of the DiT take this weight: ComfyUI's packs hold the blocks' matrices and nothing else."""
    block = r"^(layers|noise_refiner|context_refiner|control_layers|control_noise_refiner)\.\d+\."
    matrix = r"(attention\.(qkv|out|to_\w+(\.0)?)|feed_forward\.w\d|adaLN_modulation\.0)\.weight$"
    return bool(re.match(block + matrix, name))


def is_text_matrix(name: str) -> bool:
    return bool(re.match(r"^layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.\w+_proj)\.weight$", name))
