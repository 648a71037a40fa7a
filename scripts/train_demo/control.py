"""Stage 4 trains the ControlNet (33 channels, the 2.1 design) while the base is frozen.

Its blocks start as copies of the base's. The control image is zeroed in DROP of the scenes, because most users have
none and the prompt and the hole must be enough.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, ZImageControlNetModel, ZImageTransformer2DModel
from torch import nn
from transformers import Qwen3ForCausalLM

from . import batched, common, dataset, joint, text

DROP, SCALES = 0.3, (0.65, 1.0)
PLACES, REFINER_PLACES, CHANNELS = [0, 2, 4], [0], 33
MUON_RATE, RATE = 3e-3, 1.5e-3
MASK_WEIGHT = 2.0  # the weight of the hole's cells in the loss; kept cells count 1


def build(base: ZImageTransformer2DModel) -> ZImageControlNetModel:
    config = base.config
    net = ZImageControlNetModel(
        control_layers_places=PLACES, control_refiner_layers_places=REFINER_PLACES, control_in_dim=CHANNELS,
        add_control_noise_refiner="control_noise_refiner", dim=config.dim, n_refiner_layers=config.n_refiner_layers,
        n_heads=config.n_heads, n_kv_heads=config.n_kv_heads,
    )  # fmt: skip
    for block, place in zip(net.control_layers, PLACES):
        block.load_state_dict(base.layers[place].state_dict(), strict=False)
    for block, source in zip(net.control_noise_refiner, base.noise_refiner):
        block.load_state_dict(source.state_dict(), strict=False)
    return net


class Control:
    """Runs a ControlNet beside batched.DiT as the trainer's code does: hints in the refiner, then a second pass."""

    def __init__(self, net: nn.Module, base: nn.Module, context: torch.Tensor, scale: torch.Tensor, block):
        """The context is [B, 33, h, w], the scale [B]."""
        self.net, self.base, self.context, self.block = net, base, context, block
        self.scale = scale.view(-1, 1, 1)

    def begin(self, x: torch.Tensor, timestep: torch.Tensor, positions: batched.Positions) -> None:
        self.timestep, self.positions = timestep, positions
        c = self.net.control_all_x_embedder["2-1"](batched.patchify(self.context)).float()
        c = batched.pad_tokens(c, positions, self.base.x_pad_token)
        self.hints = []
        for index, block in enumerate(self.net.control_noise_refiner):
            c = block.before_proj(c).float() + x if index == 0 else c
            c = self.block(block, c, positions.image, timestep)
            self.hints.append(block.after_proj(c).float())
        self.c = c

    def refiner_hint(self, index: int) -> torch.Tensor:
        return self.scale * self.hints[index]

    def join(self, x: torch.Tensor, caption: torch.Tensor) -> None:
        first = self.net.control_layers[0]
        self.c = first.before_proj(torch.cat([self.c, caption], dim=1)).float() + x

    def hint(self, index: int) -> torch.Tensor | None:
        if index not in PLACES:
            return None
        block = self.net.control_layers[PLACES.index(index)]
        self.c = self.block(block, self.c, self.positions.both, self.timestep)
        return self.scale * block.after_proj(self.c).float()


def make_context(parts: dict[str, torch.Tensor], rng: np.random.Generator) -> torch.Tensor:
    dropped = torch.from_numpy(rng.uniform(size=len(parts["latents"])) < DROP)
    control = parts["control"] * (~dropped).view(-1, 1, 1, 1)
    return torch.cat([control, parts["keep"], parts["inpaint"]], dim=1)


def train(folder: Path, minutes: float, seed: int, scenes: int) -> None:
    """Trains for one leg. If folder/controlnet exists, continues from it at a lower rate."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    vae = AutoencoderKL.from_pretrained(folder / "vae").float().eval()
    encoder = Qwen3ForCausalLM.from_pretrained(folder / "text_encoder", dtype=torch.float32).eval()
    base = ZImageTransformer2DModel.from_pretrained(folder / "transformer").float().eval()
    encoder.requires_grad_(False), base.requires_grad_(False)
    again = (folder / "controlnet" / "config.json").is_file()
    net = ZImageControlNetModel.from_pretrained(folder / "controlnet").float() if again else build(base)
    net.train()
    captions = text.Captions(folder / "tokenizer" / "tokenizer.json")
    buckets = dataset.build(vae, seed + 2000, scenes, control=True)
    hidden, rest = common.split_parameters(net)
    rate = 0.5 if again else 1.0
    optimizers = common.Optimizers(hidden, rest, MUON_RATE * rate, RATE * rate)
    average = common.Average(net, 0.998)
    block = joint.compiled_block()
    dit = batched.DiT(base, block)
    clock = common.Clock(minutes)
    progress = common.Progress(clock, "control")
    while clock.part < 1:
        drawn, parts = dataset.draw_batch(buckets, joint.BATCH, rng)
        latents = parts["latents"]
        with torch.no_grad():
            ids, filled = captions(joint.write_captions(drawn, rng))
            embeds = text.embed(encoder, ids)
        sigma, noise = joint.draw_sigmas(joint.BATCH), torch.randn_like(latents)
        level = sigma.view(-1, 1, 1, 1)
        scale = torch.empty(joint.BATCH).uniform_(*SCALES)
        with torch.autocast("cpu", torch.bfloat16):
            control = Control(net, base, make_context(parts, rng), scale, block)
            output = dit(level * noise + (1 - level) * latents, sigma, embeds, filled, control)
        error = (output - (latents - noise)).square()
        weight = parts["keep"] + MASK_WEIGHT * (1 - parts["keep"])
        loss = (weight * error).mean()
        loss.backward()
        norm = optimizers.step(clock.factor())
        average.update()
        with torch.no_grad():
            hole = ((1 - parts["keep"]) * error).sum() / (16 * (1 - parts["keep"]).sum()).clamp_min(1)
        progress.add(velocity=error.detach().mean(), hole=hole, gradient=norm)
    average.store()
    net.save_pretrained(folder / "controlnet")
