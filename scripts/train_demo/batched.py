"""Runs the DiT's forward over a batch of equal shapes, with the weights of diffusers' own module.

diffusers' forward takes a list and pads sample by sample, which on small models costs more than the model. This one
computes the same (`check` compares them) and can also return a layer's output and take a ControlNet's hints.
"""

import torch
import torch.nn.functional as F
from torch import nn

CAPTION = 32  # tokens; captions are shorter and padded to this length
MULTIPLE = 32


def _angles(ids: torch.Tensor, dims: list[int], theta: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Turns ids [L, 3] into cosines and sines, [L, 1, head_dim/2] each."""
    parts = []
    for axis, dim in enumerate(dims):
        frequencies = 1.0 / (theta ** (torch.arange(0, dim, 2, dtype=torch.float64) / dim))
        parts.append(torch.outer(ids[:, axis].double(), frequencies))
    angles = torch.cat(parts, dim=-1)[:, None, :]
    return angles.cos().float(), angles.sin().float()


class Positions:
    """Holds RoPE's angles for the image tokens, the caption tokens and both, for latents of one size."""

    def __init__(self, transformer: nn.Module, height: int, width: int):
        rows, columns = height // 2, width // 2
        self.length = rows * columns
        self.padding = -self.length % MULTIPLE
        row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        image = torch.stack([torch.full_like(row, CAPTION + 1), row, column], dim=-1).flatten(0, 1)
        image = torch.cat([image, torch.zeros(self.padding, 3, dtype=torch.long)])
        caption = torch.zeros(CAPTION, 3, dtype=torch.long)
        caption[:, 0] = torch.arange(CAPTION) + 1
        dims, theta = list(transformer.axes_dims), transformer.rope_theta
        self.image = _angles(image, dims, theta)
        self.caption = _angles(caption, dims, theta)
        self.both = tuple(torch.cat(pair) for pair in zip(self.image, self.caption))


def _rotate(x: torch.Tensor, angles: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    cosines, sines = angles
    real, imaginary = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack([real * cosines - imaginary * sines, real * sines + imaginary * cosines], dim=-1)
    return turned.flatten(-2)


def attend(attention: nn.Module, x: torch.Tensor, angles) -> torch.Tensor:
    weight = torch.cat([attention.to_q.weight, attention.to_k.weight, attention.to_v.weight])
    query, key, value = F.linear(x, weight).unflatten(-1, (3, attention.heads, -1)).unbind(-3)
    dtype = value.dtype
    eps, head = attention.norm_q.eps, query.shape[-1:]
    query = _rotate(F.rms_norm(query.float(), head, attention.norm_q.weight, eps), angles).to(dtype)
    key = _rotate(F.rms_norm(key.float(), head, attention.norm_k.weight, eps), angles).to(dtype)
    mixed = F.scaled_dot_product_attention(*(t.transpose(1, 2) for t in (query, key, value)))
    return F.linear(mixed.transpose(1, 2).flatten(2), attention.to_out[0].weight)


def _norm(norm: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return F.rms_norm(x.float(), x.shape[-1:], norm.weight, norm.eps)


def feed_forward(ff: nn.Module, x: torch.Tensor) -> torch.Tensor:
    gate, up = F.linear(x, torch.cat([ff.w1.weight, ff.w3.weight])).chunk(2, dim=-1)
    return F.linear(F.silu(gate) * up, ff.w2.weight)


def run_block(block: nn.Module, x: torch.Tensor, angles, timestep: torch.Tensor | None) -> torch.Tensor:
    """Runs one block on x [B, L, D]; timestep is [B, D_t], or None for a block without modulation."""
    if timestep is None:
        x = x + _norm(block.attention_norm2, attend(block.attention, _norm(block.attention_norm1, x), angles))
        return x + _norm(block.ffn_norm2, feed_forward(block.feed_forward, _norm(block.ffn_norm1, x)))
    modulation = block.adaLN_modulation[0](timestep).float().unsqueeze(1)
    scale_msa, gate_msa, scale_mlp, gate_mlp = modulation.chunk(4, dim=2)
    mixed = attend(block.attention, _norm(block.attention_norm1, x) * (1 + scale_msa), angles)
    x = x + gate_msa.tanh() * _norm(block.attention_norm2, mixed)
    fed = feed_forward(block.feed_forward, _norm(block.ffn_norm1, x) * (1 + scale_mlp))
    return x + gate_mlp.tanh() * _norm(block.ffn_norm2, fed)


def patchify(latents: torch.Tensor) -> torch.Tensor:
    """Turns [B, C, H, W] into [B, H/2 * W/2, 4C], in which the channel varies fastest."""
    batch, channels, height, width = latents.shape
    cells = latents.view(batch, channels, height // 2, 2, width // 2, 2)
    return cells.permute(0, 2, 4, 3, 5, 1).reshape(batch, -1, 4 * channels)


def unpatchify(tokens: torch.Tensor, height: int, width: int) -> torch.Tensor:
    batch, _, size = tokens.shape
    cells = tokens.view(batch, height // 2, width // 2, 2, 2, size // 4)
    return cells.permute(0, 5, 1, 3, 2, 4).reshape(batch, size // 4, height, width)


def pad_tokens(x: torch.Tensor, positions: Positions, pad_token: torch.Tensor) -> torch.Tensor:
    if positions.padding == 0:
        return x
    return torch.cat([x, pad_token.to(x.dtype).expand(x.shape[0], positions.padding, -1)], dim=1)


class DiT:
    """Runs the DiT in pieces, so that a ControlNet can see between them."""

    def __init__(self, transformer: nn.Module, block=run_block):
        self.transformer, self.block, self.cache = transformer, block, {}

    def positions(self, height: int, width: int) -> Positions:
        key = (height, width)
        if key not in self.cache:
            self.cache[key] = Positions(self.transformer, height, width)
        return self.cache[key]

    def embed_time(self, sigma: torch.Tensor) -> torch.Tensor:
        return self.transformer.t_embedder((1 - sigma) * self.transformer.t_scale).float()

    def embed_image(self, latents: torch.Tensor) -> torch.Tensor:
        positions = self.positions(*latents.shape[2:])
        x = self.transformer.all_x_embedder["2-1"](patchify(latents)).float()
        return pad_tokens(x, positions, self.transformer.x_pad_token)

    def embed_caption(self, prompt_embeds: torch.Tensor, filled: torch.Tensor) -> torch.Tensor:
        """Refines prompt_embeds [B, 32, D]; filled [B, 32] is true at positions that hold a token."""
        caption = self.transformer.cap_embedder(prompt_embeds).float()
        caption = torch.where(filled.unsqueeze(-1), caption, self.transformer.cap_pad_token)
        angles = next(iter(self.cache.values())).caption
        for block in self.transformer.context_refiner:
            caption = self.block(block, caption, angles, None)
        return caption

    def __call__(self, latents, sigma, prompt_embeds, filled, control=None, tap: int | None = None):
        """Returns the output [B, C, H, W] (clean minus noise), and with `tap` the image tokens after that layer."""
        model, (height, width) = self.transformer, latents.shape[2:]
        positions = self.positions(height, width)
        timestep = self.embed_time(sigma)
        x = self.embed_image(latents)
        if control is not None:
            control.begin(x, timestep, positions)
        for index, block in enumerate(model.noise_refiner):
            x = self.block(block, x, positions.image, timestep)
            if control is not None:
                x = x + control.refiner_hint(index)
        caption = self.embed_caption(prompt_embeds, filled)
        count = x.shape[1]
        x = torch.cat([x, caption], dim=1)
        if control is not None:
            control.join(x, caption)
        tapped = None
        for index, block in enumerate(model.layers):
            x = self.block(block, x, positions.both, timestep)
            if control is not None and (hint := control.hint(index)) is not None:
                x = x + hint
            if index == tap:
                tapped = x[:, : positions.length]
        last = model.all_final_layer["2-1"]
        scale = 1 + last.adaLN_modulation(timestep).float().unsqueeze(1)
        x = last.linear(F.layer_norm(x[:, :count], x.shape[-1:], eps=1e-6) * scale).float()
        output = unpatchify(x[:, : positions.length], height, width)
        return output if tap is None else (output, tapped)


@torch.no_grad()
def check(transformer: nn.Module, seed: int = 5) -> float:
    """Returns the relative L2 distance of this forward from diffusers', in fp32."""
    generator = torch.Generator().manual_seed(seed)
    latents = torch.randn(2, 16, 12, 16, generator=generator)
    sigma = torch.tensor([0.9, 0.3])
    embeds = torch.randn(2, CAPTION, transformer.config.cap_feat_dim, generator=generator)
    lengths = torch.tensor([11, 24])
    filled = torch.arange(CAPTION) < lengths[:, None]
    ours = DiT(transformer)(latents, sigma, embeds, filled)
    captions = [e[:n] for e, n in zip(embeds, lengths)]
    theirs = transformer([x.unsqueeze(1) for x in latents], 1 - sigma, captions, return_dict=False)[0]
    theirs = torch.stack([x.squeeze(1) for x in theirs])
    return ((ours - theirs).norm() / theirs.norm()).item()
