#!/usr/bin/env python3
"""Writes ControlNets with the true names, shapes and dtype of the published ones, as sparse files.

    make_true_control_shapes.py FOLDER

Takes seconds and a few hundred kilobytes of disk; the files look as large as the real ones (12 GB). Names and shapes
come from diffusers' own class on the meta device. Everything is zero except one number in each `after_proj` of the
refiner: in 2.0 these weren't trained and are all zero, which tells it apart from 2.1.
"""

import argparse
import json
import struct
import sys
from pathlib import Path

import torch
from diffusers import ZImageControlNetModel
from make_true_shapes import write_sparse

BFLOAT16_ONE = struct.pack("<H", 0x3F80)
REFINED = {"add_control_noise_refiner": "control_noise_refiner", "control_in_dim": 33}

# The contents of each file.
VERSIONS = {
    "Z-Image-Turbo-Fun-Controlnet-Union": {"control_in_dim": 16, "control_layers_places": list(range(0, 30, 5))},
    "Z-Image-Turbo-Fun-Controlnet-Union-2.1": {**REFINED, "control_layers_places": list(range(0, 30, 2))},
    "Z-Image-Turbo-Fun-Controlnet-Union-2.1-lite": {**REFINED, "control_layers_places": list(range(0, 30, 10))},
}


def write_one(path: Path, names: list[str]) -> None:
    """Writes a one as the first number of each of these tensors."""
    with path.open("r+b") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        for name in names:
            file.seek(8 + length + header[name]["data_offsets"][0])
            file.write(BFLOAT16_ONE)


def write(path: Path, options: dict) -> None:
    with torch.device("meta"):
        model = ZImageControlNetModel(control_refiner_layers_places=[0, 1], **options)
    shapes = {name: list(tensor.shape) for name, tensor in sorted(model.state_dict().items())}
    parameters = sum(p.numel() for p in model.parameters())
    size = write_sparse(path, [(n, s, torch.Size(s).numel() * 2) for n, s in shapes.items()], torch.bfloat16)
    write_one(path, [n for n in shapes if n.startswith("control_noise_refiner.") and n.endswith("after_proj.weight")])
    print(f"{path.name:<56} {len(shapes):>3} tensors {parameters / 1e9:5.2f} B parameters {size / 1e9:5.2f} GB")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name, options in VERSIONS.items():
        write(arguments.folder / f"{name}.safetensors", options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
