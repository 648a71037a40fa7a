#!/usr/bin/env python3
"""Makes tests/fixtures/quantised/scaled.safetensors: small weights in ComfyUI's formats, and the numbers they stand for.

    make_quantised_fixtures.py               writes it
    make_quantised_fixtures.py --check       makes it in memory and compares it with the committed one
    make_quantised_fixtures.py --kitchen     also compares every number with comfy-kitchen, ComfyUI's own library

The numbers come from torch's fp8 dtypes, and for the other formats from formulas in numpy, in fp64 where that is exact
or rounded once. comfy-kitchen (0.2.40 was used) is `pip install comfy-kitchen`; no other dependency of it is needed.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import safetensors
import torch
from safetensors.torch import load_file, save_file

PATH = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "quantised" / "scaled.safetensors"
E2M1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])
H4 = np.array([[1, 1, 1, -1], [1, 1, -1, 1], [1, -1, 1, 1], [-1, 1, 1, 1]])
# More than one tile of 128 rows and 4 blocks of scales, and neither is full.
TILE_ROWS, TILE_BLOCKS = 130, 5


def marker(**options: object) -> torch.Tensor:
    return torch.tensor(list(json.dumps(options).encode()), dtype=torch.uint8)


def bytes_of(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.reshape(-1).view(torch.uint8)


def fp8_values(codes: np.ndarray, dtype: torch.dtype) -> np.ndarray:
    return torch.from_numpy(codes).view(dtype).to(torch.float32).numpy()


def finite_codes(random: np.random.Generator, shape: tuple[int, ...], dtype: torch.dtype) -> np.ndarray:
    codes = random.integers(0, 256, shape, dtype=np.uint8)
    return np.where(np.isfinite(fp8_values(codes, dtype)), codes, 1).astype(np.uint8)


def swizzle(scales: np.ndarray) -> np.ndarray:
    """Puts block scales in cuBLAS's order, one at a time."""
    rows, blocks = -(-scales.shape[0] // 128) * 128, -(-scales.shape[1] // 4) * 4
    out = np.zeros(rows * blocks, np.uint8)
    for row in range(scales.shape[0]):
        for block in range(scales.shape[1]):
            tile = row // 128 * (blocks // 4) + block // 4
            out[tile * 512 + row % 32 * 16 + row % 128 // 32 * 4 + block % 4] = scales[row, block]
    return out.reshape(rows, blocks)


def hadamard(size: int) -> np.ndarray:
    matrix = np.ones((1, 1))
    while matrix.shape[0] < size:
        matrix = np.kron(matrix, H4)
    return matrix / np.sqrt(size)


def make_fp8(out: dict[str, torch.Tensor], random: np.random.Generator) -> None:
    for name, dtype in (("float8_e4m3fn", torch.float8_e4m3fn), ("float8_e5m2", torch.float8_e5m2)):
        codes = np.arange(256, dtype=np.uint8).reshape(2, 128)
        out[f"{name}_cast.weight"] = torch.from_numpy(codes).view(dtype)
        out[f"{name}_cast.expected"] = torch.from_numpy(fp8_values(codes, dtype))
        for kind, shape in (("tensor", ()), ("rows", (5, 1))):
            codes = finite_codes(random, (5, 48), dtype)
            scale = random.uniform(1e-3, 2e-3, shape).astype(np.float32)
            out[f"{name}_{kind}.weight"] = torch.from_numpy(codes).view(dtype)
            out[f"{name}_{kind}.weight_scale"] = torch.tensor(scale)
            out[f"{name}_{kind}.comfy_quant"] = marker(format=name)
            out[f"{name}_{kind}.expected"] = torch.from_numpy(fp8_values(codes, dtype) * scale)


def make_int8(out: dict[str, torch.Tensor], random: np.random.Generator) -> None:
    cases = [("tensor", 0, (3, 40), ()), ("rows", 0, (3, 40), (3, 1))]
    cases += [(f"convrot{group}", group, (2, 1024), (2, 1)) for group in (4, 16, 64, 256, 1024)]
    cases += [("convrot64_odd", 64, (3, 320), ()), ("convrot16_small", 16, (3, 48), (3, 1))]
    for name, group, shape, scale_shape in cases:
        codes = random.integers(-128, 128, shape, dtype=np.int8)
        if name == "convrot256":
            # One sum becomes as large as it can, -32,648.
            codes[0, :256] = np.where(hadamard(256)[0] > 0, -128, 127)
        scale = random.uniform(1e-3, 2e-3, scale_shape).astype(np.float32)
        values = codes.astype(np.float64) * scale
        options = {}
        if group:
            values = (values.reshape(shape[0], -1, group) @ hadamard(group)).reshape(shape)
            options = {"convrot": True, "convrot_groupsize": group}
        out[f"int8_{name}.weight"] = torch.from_numpy(codes)
        out[f"int8_{name}.weight_scale"] = torch.tensor(scale)
        out[f"int8_{name}.comfy_quant"] = marker(format="int8_tensorwise", **options)
        out[f"int8_{name}.expected"] = torch.from_numpy(values.astype(np.float32))


def make_nvfp4(out: dict[str, torch.Tensor], random: np.random.Generator) -> None:
    columns = 16 * TILE_BLOCKS
    for name, rows in (("tiles", TILE_ROWS), ("smoothed", 16)):
        codes = random.integers(0, 16, (rows, columns), dtype=np.uint8)
        blocks = finite_codes(random, (rows, TILE_BLOCKS), torch.float8_e4m3fn)
        scale = np.float32(random.uniform(1e-3, 2e-3))
        factor = np.repeat(scale * fp8_values(blocks, torch.float8_e4m3fn), 16, axis=1)
        values = E2M1[codes].astype(np.float32) * factor
        out[f"nvfp4_{name}.weight"] = torch.from_numpy(codes[:, 0::2] << 4 | codes[:, 1::2])
        out[f"nvfp4_{name}.weight_scale"] = torch.from_numpy(swizzle(blocks)).view(torch.float8_e4m3fn)
        out[f"nvfp4_{name}.weight_scale_2"] = torch.tensor(scale)
        out[f"nvfp4_{name}.comfy_quant"] = marker(format="nvfp4")
        if name == "smoothed":
            smooth = random.uniform(0.5, 2, columns).astype(np.float32)
            out[f"nvfp4_{name}.pre_quant_scale"] = torch.from_numpy(smooth)
            values = values * smooth
        out[f"nvfp4_{name}.expected"] = torch.from_numpy(values)


def make_mxfp8(out: dict[str, torch.Tensor], random: np.random.Generator) -> None:
    codes = finite_codes(random, (TILE_ROWS, 32 * TILE_BLOCKS), torch.float8_e4m3fn)
    exponents = random.integers(110, 130, (TILE_ROWS, TILE_BLOCKS), dtype=np.uint8)
    factor = np.repeat(np.exp2(exponents.astype(np.float64) - 127), 32, axis=1)
    out["mxfp8.weight"] = torch.from_numpy(codes).view(torch.float8_e4m3fn)
    out["mxfp8.weight_scale"] = torch.from_numpy(swizzle(exponents))
    out["mxfp8.comfy_quant"] = marker(format="mxfp8")
    expected = torch.from_numpy(fp8_values(codes, torch.float8_e4m3fn) * factor)
    out["mxfp8.expected"] = expected.to(torch.bfloat16)
    assert torch.equal(out["mxfp8.expected"].double(), expected), "these numbers must be exact in bf16"


def make() -> dict[str, torch.Tensor]:
    random = np.random.default_rng(18)
    out: dict[str, torch.Tensor] = {}
    for part in (make_fp8, make_int8, make_nvfp4, make_mxfp8):
        part(out, random)
    return out


def kitchen_value(name: str, file: dict[str, torch.Tensor]) -> torch.Tensor:
    from comfy_kitchen.backends.eager import quantization as kitchen

    weight, scale = file[f"{name}.weight"], file.get(f"{name}.weight_scale", torch.tensor(1.0))
    options = json.loads(bytes(file[f"{name}.comfy_quant"].tolist())) if f"{name}.comfy_quant" in file else {}
    if name.startswith("float8"):
        return kitchen.dequantize_per_tensor_fp8(weight, scale, torch.float32)
    if name.startswith("nvfp4"):
        value = kitchen.dequantize_nvfp4(weight, file[f"{name}.weight_scale_2"], scale, torch.float32)
        smooth = file.get(f"{name}.pre_quant_scale")
        return value if smooth is None else value * smooth
    if name.startswith("mxfp8"):
        return kitchen.dequantize_mxfp8(weight, scale, torch.float32)
    if options.get("convrot"):
        return kitchen.dequantize_int8_convrot_weight(weight, scale, options["convrot_groupsize"])
    return kitchen.dequantize_int8_simple(weight, scale)


def compare_with_kitchen(file: dict[str, torch.Tensor]) -> int:
    failures = 0
    for name in sorted(key.removesuffix(".expected") for key in file if key.endswith(".expected")):
        expected, value = file[f"{name}.expected"].float(), kitchen_value(name, file)
        error = float((value - expected).norm() / expected.norm())
        # comfy-kitchen adds up rounded products to rotate; all else is exact, or rounded in the same order.
        same = torch.equal(value.nan_to_num(), expected.nan_to_num())
        good = error <= 1e-6 if "convrot" in name else same
        failures += not good
        print(f"{name}: {'equal' if same else f'relative error {error:.1e}'}{'' if good else ', TOO LARGE'}")
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the committed file and write nothing")
    parser.add_argument("--kitchen", action="store_true", help="compare with comfy-kitchen too")
    arguments = parser.parse_args()
    file = make()
    failures = compare_with_kitchen(file) if arguments.kitchen else 0
    if arguments.check:
        committed = load_file(PATH)
        for name in sorted(file.keys() | committed.keys()):
            mine, theirs = file.get(name), committed.get(name)
            same = mine is not None and theirs is not None and mine.dtype == theirs.dtype and mine.shape == theirs.shape
            if not same or not torch.equal(bytes_of(mine), bytes_of(theirs)):
                failures += 1
                print(f"{name} differs from the committed one", file=sys.stderr)
        return 1 if failures else 0
    PATH.parent.mkdir(parents=True, exist_ok=True)
    versions = ", ".join(f"{m.__name__} {m.__version__}" for m in (torch, np, safetensors))
    save_file(file, PATH, metadata={"script": "scripts/make_quantised_fixtures.py", "versions": versions})
    PATH.chmod(0o644)
    print(f"wrote {PATH.stat().st_size / 1e3:.0f} kB to {PATH}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
