#!/usr/bin/env python3
"""Makes tests/fixtures/loras with PEFT and LyCORIS, or checks them.

    make_lora_fixtures.py           writes them
    make_lora_fixtures.py --check   makes them in a temporary folder and compares

Each folder has a LoRA as the library saves it, and reference.safetensors with the weights that the library's layers
have with it. base.safetensors has the weights without.
"""

import argparse
import json
import logging
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import lycoris
import peft
import torch
from peft import LoHaConfig, LoKrConfig, LoraConfig
from safetensors.torch import save_file
from torch import nn

from reference.fixture_files import compare_trees

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "loras"
SCRIPT = "scripts/make_lora_fixtures.py"
VERSIONS = ", ".join(f"{package} {version(package)}" for package in ("torch", "peft", "lycoris-lora", "safetensors"))
DIM, HIDDEN, MODULATION, SEED = 12, 32, 8, 11


class Attention(nn.Module):
    def __init__(self, fused: bool) -> None:
        super().__init__()
        if fused:
            self.qkv, self.out = nn.Linear(DIM, 3 * DIM, bias=False), nn.Linear(DIM, DIM, bias=False)
        else:
            self.to_q, self.to_k, self.to_v = (nn.Linear(DIM, DIM, bias=False) for _ in range(3))
            self.to_out = nn.ModuleList([nn.Linear(DIM, DIM, bias=False)])


class FeedForward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w1, self.w3 = (nn.Linear(DIM, HIDDEN, bias=False) for _ in range(2))
        self.w2 = nn.Linear(HIDDEN, DIM, bias=False)


class Block(nn.Module):
    def __init__(self, fused: bool) -> None:
        super().__init__()
        self.attention, self.feed_forward = Attention(fused), FeedForward()
        self.adaLN_modulation = nn.ModuleList([nn.Linear(MODULATION, 4 * DIM)])


class Model(nn.Module):
    """The linear layers of two blocks of a Z-Image DiT, with diffusers' names or, fused, ComfyUI's."""

    def __init__(self, fused: bool = False) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Block(fused)])
        self.noise_refiner = nn.ModuleList([Block(fused)])


def fused_name(name: str) -> str:
    return name.replace("attention.to_out.0", "attention.out")


def base_weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(SEED)
    return {name: torch.randn_like(tensor) for name, tensor in Model().state_dict().items()}


def model(fused: bool) -> Model:
    weights, made = base_weights(), Model(fused)
    if fused:
        for name in [n for n in weights if n.endswith("attention.to_q.weight")]:
            parts = [weights.pop(name.replace("to_q", part)) for part in ("to_q", "to_k", "to_v")]
            weights[name.replace("to_q", "qkv")] = torch.cat(parts)
        weights = {fused_name(name): tensor for name, tensor in weights.items()}
    made.load_state_dict(weights)
    return made.eval()


def randomise(parameters: list[tuple[str, torch.Tensor]]) -> None:
    """Fills the adapters, which begin as zeros. Magnitudes are changed a little, as training does."""
    generator = torch.Generator().manual_seed(SEED)
    for name, parameter in parameters:
        noise = torch.randn(parameter.shape, generator=generator)
        with torch.no_grad():
            if "magnitude" in name or "dora_scale" in name:
                parameter.mul_(1 + 0.2 * noise)
            else:
                parameter.copy_(0.5 * noise)


def split(name: str, weight: torch.Tensor) -> dict[str, torch.Tensor]:
    """Returns the weights of a module under diffusers' names."""
    if name.endswith("attention.qkv"):
        parts = weight.chunk(3)
        return {f"{name[: -len('qkv')]}{p}.weight": w for p, w in zip(("to_q", "to_k", "to_v"), parts)}
    return {name.replace("attention.out", "attention.to_out.0") + ".weight": weight}


def layers_of(adapted: nn.Module) -> dict[str, nn.Module]:
    return {name: module for name, module in adapted.named_modules() if isinstance(module, nn.Linear)}


def write(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
    save_file(tensors, path, metadata={"format": "pt", "script": SCRIPT, "versions": VERSIONS})
    path.chmod(0o644)


def make_peft(folder: Path, config, fused: bool = False) -> None:
    adapted = peft.get_peft_model(model(fused), config)
    randomise([(n, p) for n, p in adapted.named_parameters() if p.requires_grad])
    folder.mkdir(parents=True)
    adapted.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    settings = json.loads((folder / "adapter_config.json").read_text())
    settings["target_modules"].sort()  # it is a set
    (folder / "adapter_config.json").write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")
    before = layers_of(model(fused))
    merged = layers_of(adapted.merge_and_unload())
    changed = {n: m.weight for n, m in merged.items() if not torch.equal(m.weight, before[n].weight)}
    weights: dict[str, torch.Tensor] = {}
    for name, weight in changed.items():
        weights.update(split(name, weight))
    write(folder / "reference.safetensors", weights)


def make_lycoris(folder: Path, fused: bool = False, **settings) -> None:
    base = model(fused)
    lycoris.LycorisNetwork.apply_preset({"enable_conv": False, "target_module": ["Attention", "FeedForward", "Block"]})
    network = lycoris.create_lycoris(base, 1.0, **settings)
    network.apply_to()
    network.eval()
    randomise([(n, p) for n, p in network.named_parameters() if p.requires_grad])
    write(folder / "lora.safetensors", network.state_dict())
    weights: dict[str, torch.Tensor] = {}
    adapted = {lora.org_module[0]: lora for lora in network.loras}
    # get_merged_weight() of LoHa and LoKr has the scale twice, so the layers themselves are asked.
    for name, module in layers_of(base).items():
        if module not in adapted:
            continue
        with torch.no_grad():
            nothing = torch.zeros(1, module.in_features)
            weight = (module(torch.eye(module.in_features)) - module(nothing)).T
            weights.update(split(name, weight))
            if "adaLN" in name:
                weights[f"{name}.bias"] = module(nothing)[0]
    write(folder / "reference.safetensors", weights)


def make(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    write(root / "base.safetensors", base_weights())
    everything = ["to_q", "to_k", "to_v", "to_out.0", "w1", "w2", "w3", "adaLN_modulation.0"]
    make_peft(root / "peft_lora", LoraConfig(r=4, lora_alpha=6, target_modules=everything))
    make_peft(root / "peft_lora_fused", LoraConfig(r=4, lora_alpha=8, target_modules=["qkv", "attention.out"]), True)
    make_peft(root / "peft_rslora", LoraConfig(r=4, lora_alpha=2, use_rslora=True, target_modules=everything))
    make_peft(root / "peft_patterns", LoraConfig(r=4, lora_alpha=2, target_modules=everything,
                                                 rank_pattern={"to_q": 2}, alpha_pattern={"feed_forward.w1": 3}))  # fmt: skip
    make_peft(root / "peft_dora", LoraConfig(r=4, lora_alpha=6, use_dora=True, target_modules=everything))
    make_peft(root / "peft_loha", LoHaConfig(r=3, alpha=2, target_modules=everything))
    make_peft(root / "peft_lokr", LoKrConfig(r=2, alpha=3, target_modules=everything))
    make_peft(root / "peft_lokr_both", LoKrConfig(r=1, alpha=3, decompose_both=True, target_modules=everything))
    make_lycoris(root / "lycoris_lora", algo="lora", linear_dim=4, linear_alpha=2)
    make_lycoris(root / "lycoris_loha", algo="loha", linear_dim=3, linear_alpha=2)
    make_lycoris(root / "lycoris_lokr", algo="lokr", linear_dim=2, linear_alpha=1, factor=-1)
    make_lycoris(root / "lycoris_lokr_full", algo="lokr", linear_dim=100000, linear_alpha=1, factor=4, full_matrix=True)
    make_lycoris(root / "lycoris_lokr_fused", True, algo="lokr", linear_dim=2, linear_alpha=1, factor=-1)
    make_lycoris(root / "lycoris_dora_rows", algo="lora", linear_dim=4, linear_alpha=2, dora_wd=True, wd_on_output=True)
    for kind, rank in (("lora", 4), ("loha", 3), ("lokr", 2)):
        make_lycoris(root / f"lycoris_dora_columns_{kind}", kind == "lora", algo=kind, linear_dim=rank, linear_alpha=2,
                     dora_wd=True, wd_on_output=False)  # fmt: skip
    make_lycoris(root / "lycoris_full", algo="full", linear_dim=4, linear_alpha=2)


def check() -> int:
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "loras")
        problems = compare_trees(Path(folder) / "loras", FIXTURES)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(problems)} differences from the committed fixtures")
    return 1 if problems else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the committed fixtures and write nothing")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.getLogger("LyCORIS").setLevel(logging.WARNING)
    if arguments.check:
        return check()
    make(FIXTURES)
    size = sum(p.stat().st_size for p in FIXTURES.rglob("*") if p.is_file())
    print(f"wrote {size / 1e6:.2f} MB to {FIXTURES}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
