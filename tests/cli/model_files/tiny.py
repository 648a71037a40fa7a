"""Small random models of Z-Image's own proportions, whose sizes every encoding can hold.

Rows are multiples of 256 (K-quants), heads have 128 numbers (so that no config.json is needed), and signals stay of
order one in every layer, as in scripts/reference/tiny_models.py. Names are those of the files that people have: the
DiT's of ComfyUI, the text encoder's of transformers without its `model.` prefix, the VAE's of diffusers.
"""

import math

import numpy as np

DIM, HEAD_DIM, FFN, T_MID = 768, 128, 2048, 1024
LAYERS, REFINERS = 2, 1
TEXT_HIDDEN, TEXT_LAYERS, TEXT_HEADS, TEXT_KV_HEADS, TEXT_HEAD_DIM, TEXT_FFN, VOCABULARY = 256, 3, 4, 1, 64, 512, 1344

DIT_CONFIG = {
    "_class_name": "ZImageTransformer2DModel", "all_f_patch_size": [1], "all_patch_size": [2],
    "axes_dims": [32, 48, 48], "axes_lens": [1024, 512, 512], "cap_feat_dim": TEXT_HIDDEN, "dim": DIM,
    "in_channels": 16, "n_heads": DIM // HEAD_DIM, "n_kv_heads": DIM // HEAD_DIM, "n_layers": LAYERS,
    "n_refiner_layers": REFINERS, "norm_eps": 1e-5, "qk_norm": True, "rope_theta": 256.0, "t_scale": 1000.0,
}  # fmt: skip
TEXT_CONFIG = {
    "architectures": ["Qwen3ForCausalLM"], "attention_bias": False, "head_dim": TEXT_HEAD_DIM, "hidden_act": "silu",
    "hidden_size": TEXT_HIDDEN, "intermediate_size": TEXT_FFN, "model_type": "qwen3",
    "num_attention_heads": TEXT_HEADS, "num_hidden_layers": TEXT_LAYERS, "num_key_value_heads": TEXT_KV_HEADS,
    "rms_norm_eps": 1e-6, "rope_theta": 1000000.0, "tie_word_embeddings": True, "vocab_size": VOCABULARY,
}  # fmt: skip
VAE_CONFIG = {
    "_class_name": "AutoencoderKL", "block_out_channels": [128, 256, 512, 512], "in_channels": 3,
    "latent_channels": 16, "layers_per_block": 2, "norm_num_groups": 32, "out_channels": 3, "scaling_factor": 0.3611,
    "shift_factor": 0.1159, "use_post_quant_conv": False, "use_quant_conv": False,
}  # fmt: skip

Weights = dict[str, np.ndarray]


def block_shapes(prefix: str, dim: int, ffn: int, head_dim: int, modulated: bool) -> dict[str, tuple[int, ...]]:
    shapes = {
        "attention.qkv.weight": (3 * dim, dim), "attention.out.weight": (dim, dim),
        "attention.q_norm.weight": (head_dim,), "attention.k_norm.weight": (head_dim,),
        "feed_forward.w1.weight": (ffn, dim), "feed_forward.w2.weight": (dim, ffn),
        "feed_forward.w3.weight": (ffn, dim), "attention_norm1.weight": (dim,), "attention_norm2.weight": (dim,),
        "ffn_norm1.weight": (dim,), "ffn_norm2.weight": (dim,),
    }  # fmt: skip
    if modulated:
        shapes["adaLN_modulation.0.weight"] = (4 * dim, min(dim, 256))
        shapes["adaLN_modulation.0.bias"] = (4 * dim,)
    return {f"{prefix}.{name}": shape for name, shape in shapes.items()}


def dit_shapes(
    dim=DIM, ffn=FFN, head_dim=HEAD_DIM, t_mid=T_MID, caption=TEXT_HIDDEN, layers=LAYERS, refiners=REFINERS
) -> dict[str, tuple[int, ...]]:
    adaln = min(dim, 256)
    shapes: dict[str, tuple[int, ...]] = {
        "x_embedder.weight": (dim, 64), "x_embedder.bias": (dim,),
        "t_embedder.mlp.0.weight": (t_mid, 256), "t_embedder.mlp.0.bias": (t_mid,),
        "t_embedder.mlp.2.weight": (adaln, t_mid), "t_embedder.mlp.2.bias": (adaln,),
        "cap_embedder.0.weight": (caption,), "cap_embedder.1.weight": (dim, caption), "cap_embedder.1.bias": (dim,),
        "x_pad_token": (1, dim), "cap_pad_token": (1, dim),
        "final_layer.linear.weight": (64, dim), "final_layer.linear.bias": (64,),
        "final_layer.adaLN_modulation.1.weight": (dim, adaln), "final_layer.adaLN_modulation.1.bias": (dim,),
    }  # fmt: skip
    for group, count in (("noise_refiner", refiners), ("context_refiner", refiners), ("layers", layers)):
        for i in range(count):
            shapes |= block_shapes(f"{group}.{i}", dim, ffn, head_dim, group != "context_refiner")
    return shapes


def text_shapes(
    hidden=TEXT_HIDDEN, ffn=TEXT_FFN, heads=TEXT_HEADS, kv_heads=TEXT_KV_HEADS, head_dim=TEXT_HEAD_DIM,
    layers=TEXT_LAYERS, vocabulary=VOCABULARY,
) -> dict[str, tuple[int, ...]]:  # fmt: skip
    shapes: dict[str, tuple[int, ...]] = {"embed_tokens.weight": (vocabulary, hidden), "norm.weight": (hidden,)}
    for i in range(layers):
        layer = {
            "input_layernorm.weight": (hidden,), "post_attention_layernorm.weight": (hidden,),
            "self_attn.q_norm.weight": (head_dim,), "self_attn.k_norm.weight": (head_dim,),
            "self_attn.q_proj.weight": (heads * head_dim, hidden),
            "self_attn.k_proj.weight": (kv_heads * head_dim, hidden),
            "self_attn.v_proj.weight": (kv_heads * head_dim, hidden),
            "self_attn.o_proj.weight": (hidden, heads * head_dim),
            "mlp.gate_proj.weight": (ffn, hidden), "mlp.up_proj.weight": (ffn, hidden),
            "mlp.down_proj.weight": (hidden, ffn),
        }  # fmt: skip
        shapes |= {f"layers.{i}.{name}": shape for name, shape in layer.items()}
    return shapes


def vae_shapes(channels=(128, 256, 512, 512), latent=16) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}

    def conv(name: str, inputs: int, outputs: int, kernel: int) -> None:
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (outputs, inputs, kernel, kernel), (outputs,)

    def vector(name: str, size: int) -> None:
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (size,)

    def resnet(name: str, inputs: int, outputs: int) -> None:
        vector(f"{name}.norm1", inputs)
        conv(f"{name}.conv1", inputs, outputs, 3)
        vector(f"{name}.norm2", outputs)
        conv(f"{name}.conv2", outputs, outputs, 3)
        if inputs != outputs:
            conv(f"{name}.conv_shortcut", inputs, outputs, 1)

    def half(side: str, path: tuple[int, ...], block: str, resnets: int, first: int, last: int) -> None:
        conv(f"{side}.conv_in", first, path[0], 3)
        middle = channels[-1]
        for i in range(2):
            resnet(f"{side}.mid_block.resnets.{i}", middle, middle)
        vector(f"{side}.mid_block.attentions.0.group_norm", middle)
        for name in ("to_q", "to_k", "to_v", "to_out.0"):
            shapes[f"{side}.mid_block.attentions.0.{name}.weight"] = (middle, middle)
            shapes[f"{side}.mid_block.attentions.0.{name}.bias"] = (middle,)
        for i, size in enumerate(path):
            for j in range(resnets):
                resnet(f"{side}.{block}_blocks.{i}.resnets.{j}", path[max(i - 1, 0)] if j == 0 else size, size)
            if i + 1 < len(path):
                conv(f"{side}.{block}_blocks.{i}.{block}samplers.0.conv", size, size, 3)
        vector(f"{side}.conv_norm_out", path[-1])
        conv(f"{side}.conv_out", path[-1], last, 3)

    half("encoder", tuple(channels), "down", 2, 3, 2 * latent)
    half("decoder", tuple(reversed(channels)), "up", 3, latent, 3)
    return shapes


def _draw(name: str, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    values = generator.standard_normal(shape, dtype=np.float32)
    fan_in = 1 / math.sqrt(math.prod(shape[1:])) if len(shape) > 1 else 1.0
    if name.endswith("pad_token") or "embed_tokens" in name:
        return values
    if "norm" in name and name.endswith("weight") or name == "cap_embedder.0.weight":
        return 1 + 0.15 * values
    if "adaLN_modulation" in name:  # gates of tanh(±0.7): every block contributes, differently at every timestep
        return values * np.float32(0.6 if name.endswith("bias") else 0.7 * fan_in)
    if name.endswith("bias"):
        return values * np.float32(0.1)
    return values * np.float32(2.5 * fan_in if name == "t_embedder.mlp.2.weight" else fan_in)


def draw(shapes: dict[str, tuple[int, ...]], seed: int) -> Weights:
    """Draws a model's weights. Each tensor has a generator of its own, so that none depends on the others."""
    names = enumerate(shapes.items())
    return {name: _draw(name, shape, np.random.default_rng([seed, i])) for i, (name, shape) in names}


def control_shapes(dim=DIM, ffn=FFN, head_dim=HEAD_DIM, layers=LAYERS, refiners=REFINERS) -> dict[str, tuple[int, ...]]:
    """A ControlNet of version 2.1: 33 channels, and refiner blocks with projections of their own."""
    shapes: dict[str, tuple[int, ...]] = {
        "control_all_x_embedder.2-1.weight": (dim, 132), "control_all_x_embedder.2-1.bias": (dim,)
    }  # fmt: skip
    for group, count in (("control_layers", layers), ("control_noise_refiner", refiners)):
        for i in range(count):
            block = block_shapes(f"{group}.{i}", dim, ffn, head_dim, True)
            projections = ("before_proj", "after_proj") if i == 0 else ("after_proj",)
            for name in projections:
                block |= {f"{group}.{i}.{name}.weight": (dim, dim), f"{group}.{i}.{name}.bias": (dim,)}
            shapes |= block
    return shapes
