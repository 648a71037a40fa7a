"""Makes tests/fixtures/controlnets/: tiny ControlNets of every published version, and the trainer's results."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from . import control as c
from . import model as m
from . import tiny_models as tiny
from .fixture_files import relative_l2, sign_weights, write_json, write_tensors

SCRIPT = "scripts/make_control_fixtures.py"

BASE = dict(dim=32, n_heads=2, n_kv_heads=2, n_layers=6, n_refiner_layers=2, cap_feat_dim=40, axes_dims=[4, 6, 6])

# Latent (height, width), caption tokens, timestep, scale; the first one is stored with its intermediates.
CALLS = [
    ((6, 10), 31, 0.3, 0.75),
    ((2, 4), 1, 0.0, 0.75),
    ((10, 14), 33, 0.97, 1.2),
    ((6, 4), 31, 0.6, 0.0),
    ((16, 8), 33, 0.3, 0.75),
]


@dataclass
class Case:
    """One ControlNet. `config` is the dialect of its config.json, or None for no such file. With `absent` its weights
    leave out the unused refiner blocks.

    All but one place their hints at equal strides, so that the weights alone say all that a config.json would.
    """

    name: str
    base: str  # a folder of tests/fixtures
    seed: int
    kind: c.Kind
    gain: float = 0.12  # scales the hints
    dtype: torch.dtype = torch.float32
    config: str | None = None
    absent: bool = False
    calls: int = len(CALLS)  # how many of CALLS, from the first on
    taps: bool = True


CASES = [
    Case("v1", "models/a", 61, c.Kind(16, "plain", [0, 1, 2]), dtype=torch.float16),
    Case("v20", "models/a", 62, c.Kind(33, "control_layers", [0, 1, 2]), gain=0.09, dtype=torch.bfloat16),
    Case(
        "v20_absent", "models/b", 63, c.Kind(33, "control_layers", [0, 1], [0]), dtype=torch.float16, absent=True
    ),
    Case("v21", "controlnets/base", 64, c.Kind(33, "control_noise_refiner", [0, 2, 4]), dtype=torch.float16),
    Case(
        "v21_places", "controlnets/base", 65, c.Kind(33, "control_noise_refiner", [0, 4]), dtype=torch.bfloat16,
        config="diffusers", calls=1, taps=False,
    ),
    Case(
        "lite", "controlnets/base", 66, c.Kind(33, "control_noise_refiner", [0, 3]), dtype=torch.bfloat16,
        config="trainer",
    ),
]  # fmt: skip


def write_base(folder: Path) -> None:
    transformer = tiny.build_transformer(60, **BASE).to(torch.bfloat16)
    transformer.save_pretrained(folder / "transformer")
    sign_weights(folder, SCRIPT)


def _config(case: Case) -> dict:
    kind = case.kind
    places = {
        "control_in_dim": kind.channels,
        "control_layers_places": kind.places,
        "control_refiner_layers_places": kind.refiner_places,
    }
    if case.config == "diffusers":
        refiner = None if kind.refiner == "plain" else kind.refiner
        return {"_class_name": "ZImageControlNetModel", **places, "add_control_noise_refiner": refiner}
    return {"_class_name": "ZImageControlTransformer2DModel", **kind.options()}


def write_controlnet(case: Case, trainer: type[nn.Module], base: Path, folder: Path) -> None:
    model = c.build(trainer, base, case.kind)
    weights = c.randomize(model, case.seed, case.dtype, case.gain)
    if case.absent:
        weights = {name: w for name, w in weights.items() if not name.startswith("control_noise_refiner.")}
    write_tensors(folder / "controlnet.safetensors", weights, SCRIPT)
    if case.config:
        write_json(folder / "config.json", _config(case), SCRIPT)


def draw_context(channels: int, height: int, width: int, generator: torch.Generator) -> torch.Tensor:
    """Draws latents of about unit scale; if there are 33 channels, the 17th is a mask of 0 and 1."""
    context = tiny.coarse_normal((1, channels, height, width), generator)
    if channels == 33:
        context[:, 16] = (context[:, 16] > 0).float()
    return context


@torch.inference_mode()
def write_reference(case: Case, trainer: type[nn.Module], base: Path, folder: Path) -> list[str]:
    """Writes reference.safetensors (inputs, outputs, intermediates) and reference.json (calls); returns a summary."""
    model = c.load_weights(c.build(trainer, base, case.kind), folder / "controlnet.safetensors")
    plain = m.ZImageTransformer2DModel.from_pretrained(
        base / "transformer", torch_dtype=torch.float32, low_cpu_mem_usage=False
    ).eval()
    generator = torch.Generator().manual_seed(case.seed + 100)
    tensors = {"prompt_embeds": tiny.coarse_normal((1, 33, model.cap_embedder[0].weight.numel()), generator)}
    calls, summary = [], []
    for i, ((height, width), tokens, timestep, scale) in enumerate(CALLS[: case.calls]):
        latents = tiny.coarse_normal((1, 16, height, width), generator)
        context = draw_context(case.kind.channels, height, width, generator)
        embeds = tensors["prompt_embeds"][:, :tokens].contiguous()
        t = torch.tensor([timestep])
        taps = c.control_taps(model)
        with taps:
            output = c.output(model, latents, t, embeds, context, scale)
        taps.values["dit.output"] = output
        tensors |= {f"call{i}.latents": latents, f"call{i}.control_context": context, f"call{i}.output": output}
        if i == 0 and case.taps:
            tensors |= {f"call{i}.taps.{name}": value for name, value in taps.values.items()}
        calls.append(
            {
                "name": f"call{i}", "prompt_tokens": tokens, "timestep": timestep, "scale": scale,
                "taps": list(taps.values) if i == 0 and case.taps else [],
            }
        )  # fmt: skip
        change = relative_l2(output, m.model_output(plain, latents, t, embeds))
        check_change(f"{case.name} call{i}", scale, change)
        summary.append(f"{change:.1e}" if scale == 0 else f"{change:.2f}")
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise RuntimeError(f"{case.name}: not finite")
    kind = case.kind
    header = {
        "base": case.base, "channels": kind.channels, "refiner": kind.refiner, "control_layers_places": kind.places,
        "control_refiner_layers_places": kind.refiner_places if kind.refiner != "plain" else [],
    }  # fmt: skip
    write_tensors(folder / "reference.safetensors", tensors, SCRIPT)
    write_json(folder / "reference.json", {**header, "calls": calls}, SCRIPT)
    return summary


def check_change(name: str, scale: float, change: float) -> None:
    """Checks that scale 0 gives the output of diffusers' base model, and that other hints show but don't drown it."""
    if scale == 0 and change > 5e-6:
        raise RuntimeError(f"{name}: scale 0 is {change:.1e} from the base model")
    if scale != 0 and not 0.1 <= change <= 0.6:
        raise RuntimeError(f"{name}: the hints change the output by {change:.2f}")


def make(root: Path, fixtures: Path, trainer: type[nn.Module]) -> None:
    """Writes the cases to the folder `root`, with the base models in `fixtures`/models."""
    write_base(root / "base")
    for case in CASES:
        base = root / "base" if case.base == "controlnets/base" else fixtures / case.base
        write_controlnet(case, trainer, base, root / case.name)
        changes = write_reference(case, trainer, base, root / case.name)
        print(f"{case.name:<10} on {case.base:<16} changes the output by {' '.join(changes)}")
