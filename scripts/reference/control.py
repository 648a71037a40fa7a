"""Runs the trainer's own ControlNet (VideoX-Fun) on the CPU, and makes tiny weights for it.

None of the trainer's code is copied here: its two model files are loaded from a checkout, with torch's attention in
place of its own (a batch of one attends to everything, padding too) and without its multi-GPU module.
"""

import importlib.util
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import torch
import torch.nn.functional as F
from safetensors import safe_open
from torch import nn

from . import taps as t
from . import tiny_models as tiny

FILES = ("z_image_transformer2d", "z_image_transformer2d_control")
BASE_KEYS = (
    "all_patch_size", "all_f_patch_size", "in_channels", "dim", "n_layers", "n_refiner_layers", "n_heads", "n_kv_heads",
    "norm_eps", "qk_norm", "cap_feat_dim", "rope_theta", "t_scale", "axes_dims", "axes_lens",
)  # fmt: skip


def _attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attn_mask: torch.Tensor) -> torch.Tensor:
    """[B, L, heads, head_dim] each."""
    if not attn_mask.all():
        raise RuntimeError("the mask of a batch of one hides something")
    heads_first = (x.transpose(1, 2) for x in (query, key, value))
    return F.scaled_dot_product_attention(*heads_first).transpose(1, 2)


def load_trainer(checkout: Path) -> type[nn.Module]:
    """Returns the trainer's class of a base model with its ControlNet."""
    folder = Path(checkout) / "videox_fun" / "models"
    for name in ("videox_fun", "videox_fun.models"):
        sys.modules[name] = ModuleType(name)
        sys.modules[name].__path__ = []
    attention = ModuleType("videox_fun.models.attention_utils")
    attention.attention = _attention
    devices = ModuleType("videox_fun.dist")
    for name in (
        "ZMultiGPUsSingleStreamAttnProcessor", "get_sequence_parallel_rank", "get_sequence_parallel_world_size",
        "get_sp_group",
    ):  # fmt: skip
        setattr(devices, name, None)
    sys.modules |= {attention.__name__: attention, devices.__name__: devices}
    for file in FILES:
        name = f"videox_fun.models.{file}"
        spec = importlib.util.spec_from_file_location(name, folder / f"{file}.py")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[f"videox_fun.models.{FILES[1]}"].ZImageControlTransformer2DModel


@dataclass
class Kind:
    """Describes a version of the ControlNet in the trainer's terms.

    `refiner` is "plain" (v1), "control_layers" (2.0) or "control_noise_refiner" (2.1 and lite).
    """

    channels: int
    refiner: str
    places: list[int]
    refiner_places: list[int] = field(default_factory=lambda: [0, 1])

    def options(self) -> dict:
        return {
            "control_in_dim": self.channels,
            "control_layers_places": self.places,
            "control_refiner_layers_places": self.refiner_places,
            "add_control_noise_refiner": self.refiner != "plain",
            "add_control_noise_refiner_correctly": self.refiner == "control_noise_refiner",
        }


def _load_tensors(folder: Path) -> dict[str, torch.Tensor]:
    tensors = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            tensors |= {name: file.get_tensor(name).float() for name in file.keys()}
    return tensors


def is_control(name: str) -> bool:
    return name.startswith("control_")


def build(trainer: type[nn.Module], base: Path, kind: Kind) -> nn.Module:
    """Returns the trainer's model with the base weights of `base`/transformer in fp32, without the ControlNet's."""
    config = json.loads((base / "transformer" / "config.json").read_text())
    model = trainer(**{key: config[key] for key in BASE_KEYS}, **kind.options())
    report = model.load_state_dict(_load_tensors(base / "transformer"), strict=False)
    missing = [name for name in report.missing_keys if not is_control(name)]
    if missing or report.unexpected_keys:
        raise RuntimeError(f"{base}: missing {missing}, unexpected {report.unexpected_keys}")
    return model.eval()


@torch.no_grad()
def randomize(model: nn.Module, seed: int, dtype: torch.dtype, gain: float) -> dict[str, torch.Tensor]:
    """Sets the ControlNet's weights and returns them as its file holds them. `gain` scales the hints."""
    control = nn.ModuleDict({name: child for name, child in model.named_children() if is_control(name)})
    tiny.randomize(control, seed)
    if not model.add_control_noise_refiner_correctly and model.add_control_noise_refiner:
        untrained = control["control_noise_refiner"].named_parameters()
        for _, parameter in ((n, p) for n, p in untrained if "before_proj" in n or "after_proj" in n):
            parameter.zero_()
    for name, parameter in control.named_parameters():
        if "after_proj" in name:
            parameter.mul_(gain)
        parameter.copy_(parameter.to(dtype))
    return {name: value.to(dtype) for name, value in control.state_dict().items()}


def load_weights(model: nn.Module, file: Path) -> nn.Module:
    """Loads a ControlNet's file into the trainer's model; blocks that the file leaves out must not matter."""
    with safe_open(file, "pt") as tensors:
        weights = {name: tensors.get_tensor(name).float() for name in tensors.keys()}
    report = model.load_state_dict(weights, strict=False)
    unused = "control_noise_refiner." if uses_layers_twice(model) else "none"
    missing = [name for name in report.missing_keys if is_control(name) and not name.startswith(unused)]
    if missing or report.unexpected_keys:
        raise RuntimeError(f"{file}: missing {missing}, unexpected {report.unexpected_keys}")
    return model


def uses_layers_twice(model: nn.Module) -> bool:
    return model.add_control_noise_refiner and not model.add_control_noise_refiner_correctly


def output(
    model: nn.Module,
    latents: torch.Tensor,
    timestep: torch.Tensor,
    prompt_embeds: torch.Tensor,
    context: torch.Tensor,
    scale: float,
) -> torch.Tensor:
    """One forward: latents [1, 16, h, w], context [1, channels, h, w], output [1, 16, h, w]."""
    result = model(
        [latents[0].unsqueeze(1)], timestep, [prompt_embeds[0]],
        control_context=context.unsqueeze(2), control_context_scale=scale,
    )[0]  # fmt: skip
    return result[0].squeeze(1).unsqueeze(0)


class Controlled:
    """Is called like diffusers' transformer, and adds the context and the scale of one picture."""

    def __init__(self, model: nn.Module, context: torch.Tensor, scale: float):
        self.model, self.context, self.scale = model, context, scale

    def __call__(self, latents: list[torch.Tensor], timestep: torch.Tensor, prompt_embeds: list, return_dict: bool):
        result = self.model(
            latents, timestep, prompt_embeds,
            control_context=self.context.unsqueeze(2), control_context_scale=self.scale,
        )  # fmt: skip
        return result if return_dict else (result[0],)


class _PassTaps(t.Taps):
    """Taps modules that run more than once: `|` separates the names of the first, second… pass, and a pass with an
    empty name isn't kept."""

    def _keep(self, name: str, value) -> None:
        names = name.split("|")
        passes = self.passes.setdefault(name, 0)
        self.passes[name] += 1
        if passes >= len(names):
            raise RuntimeError(f"{name}: pass {passes + 1}")
        if names[passes]:
            super()._keep(names[passes], value)

    def __enter__(self):
        self.passes: dict[str, int] = {}
        return super().__enter__()


def control_taps(model: nn.Module) -> t.Taps:
    """Taps the hints and the control stream, and the base model's blocks after their hint was added."""
    taps = _PassTaps()
    layers, refiner = model.control_layers, model.control_noise_refiner
    if not model.add_control_noise_refiner:
        taps.input("control.embed", refiner[0]).output("control.refiner_output", refiner[-1])
    elif model.add_control_noise_refiner_correctly:
        taps.input("control.embed", refiner[0]).input("control.refiner_output", refiner[-1].after_proj)
        for i, block in enumerate(refiner):
            taps.output(f"control.refiner_hints.{i}", block.after_proj)
    else:
        taps.input("control.embed|", layers[0]).input("control.refiner_output|", layers[-1].after_proj)
    used = len(model.noise_refiner) if uses_layers_twice(model) else 0
    for i, block in enumerate(layers):
        first = f"control.refiner_hints.{i}" if i < used else ""
        taps.output(f"{first}|control.hints.{i}" if used else f"control.hints.{i}", block.after_proj)
    for group in ("noise_refiner", "layers"):
        for i, block in enumerate(getattr(model, group)):
            taps.output(f"dit.{group}.{i}", block)
    return taps
