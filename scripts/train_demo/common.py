"""Code that the training stages share: time-boxed loops, averaged weights, progress, files."""

import math
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn

from . import world


def to_tensor(pictures: list[np.ndarray]) -> torch.Tensor:
    """Turns pictures, uint8 [H, W, 3] each, into fp32 [B, 3, H, W] in -1..1, channels last."""
    batch = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    return (batch.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def draw_size(rng: np.random.Generator) -> tuple[int, int]:
    sizes, odds = zip(*world.PICTURE_SIZES)
    return sizes[int(rng.choice(len(sizes), p=np.asarray(odds) / sum(odds)))]


@dataclass
class Clock:
    """Times a leg: how far it has come, and the learning rate's factor (a short rise, then down to almost zero)."""

    minutes: float
    start: float = field(default_factory=time.monotonic)
    rise: float = 0.02

    @property
    def part(self) -> float:
        return (time.monotonic() - self.start) / (60 * self.minutes)

    def factor(self) -> float:
        part = min(self.part, 1.0)
        return min(1.0, part / self.rise + 0.01) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * part)))


class Average:
    """Keeps an exponential average of a module's weights, which is what gets exported."""

    def __init__(self, module: nn.Module, decay: float):
        self.decay, self.module, self.steps = decay, module, 0
        self.values = [p.detach().clone() for p in module.parameters()]

    @torch.no_grad()
    def update(self) -> None:
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self.values, [p.detach() for p in self.module.parameters()], 1 - decay)

    @torch.no_grad()
    def store(self) -> None:
        """Copies the average into the module."""
        for parameter, value in zip(self.module.parameters(), self.values):
            parameter.copy_(value)


class Optimizers:
    """Uses Muon for the hidden matrices and convolutions (as matrices with one row per output), AdamW for the rest."""

    def __init__(self, hidden: list[nn.Parameter], rest: list[nn.Parameter], muon_rate: float, rate: float):
        self.parameters, self.hidden = hidden + rest, hidden
        self.matrices = [nn.Parameter(p.data.view(p.shape[0], -1)) for p in hidden]  # the same storage
        options = {"lr": muon_rate, "weight_decay": 0.01, "adjust_lr_fn": "match_rms_adamw"}
        self.all = [
            torch.optim.Muon(self.matrices, **options),
            torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.98), weight_decay=0.0, foreach=True),
        ]
        self.rates = [muon_rate, rate]

    def step(self, factor: float) -> float:
        """Takes one step and returns the gradient's norm before clipping."""
        norm = nn.utils.clip_grad_norm_(self.parameters, 1.0, foreach=True)
        for matrix, parameter in zip(self.matrices, self.hidden):
            matrix.grad = None if parameter.grad is None else parameter.grad.reshape(matrix.shape)
        for optimizer, rate in zip(self.all, self.rates):
            optimizer.param_groups[0]["lr"] = rate * factor
            optimizer.step()
        for parameter in self.parameters:
            parameter.grad = None
        return norm.item()


def split_parameters(*modules: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Returns hidden matrices (for Muon) and the rest: embeddings, first and last layers, norms and biases."""
    hidden, rest = [], []
    outer = ("embed", "final_layer", "lm_head", "pad_token", "conv_in", "conv_out")
    for module in modules:
        for name, parameter in module.named_parameters():
            if not parameter.requires_grad:
                continue
            matrix = parameter.ndim >= 2 and not any(word in name for word in outer)
            (hidden if matrix else rest).append(parameter)
    return hidden, rest


class Progress:
    def __init__(self, clock: Clock, stage: str, every: float = 20.0):
        self.clock, self.stage, self.every = clock, stage, every
        self.last, self.step, self.sums, self.count = time.monotonic(), 0, {}, 0

    def add(self, **values: float) -> None:
        self.step += 1
        self.count += 1
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(torch.as_tensor(value).detach())
        if time.monotonic() - self.last >= self.every:
            shown = " ".join(f"{name} {value / self.count:.4f}" for name, value in self.sums.items())
            rate = self.count / (time.monotonic() - self.last)
            print(f"{self.stage} {self.clock.part:6.1%} step {self.step} {rate:.2f}/s {shown}", flush=True)
            self.last, self.sums, self.count = time.monotonic(), {}, 0


def models_folder() -> Path:
    return Path(__file__).resolve().parent.parent.parent / "models" / "demo"
