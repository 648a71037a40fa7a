#!/usr/bin/env python3
"""Compares loading a DiT's weights on the CPU with `cat FILE >/dev/null` of the same file, cold and warm, in one run.

    bench/loading.py [--bench build/tests/load_bench] [--against OTHER] [--layers 5] [--rounds 5] [--folder DIR]
                     [--json FILE]

Writes a random DiT of the published width with a few layers (5 main layers and the refiners: 3.3 GB in bf16) as bf16
and F32 safetensors and as a Q8_0 GGUF, and loads each as the program does: as views of the mapped file, converted to
fp32, and packed for oneDNN. In each round the readers of a file take turns: cat, ours, and with --against another build
of load_bench. Prints the median of the rounds' ratios to cat's time. Exits 1 if a load read fewer or more bytes from the
disk than the file has. Cold rounds drop the page cache, which needs root; without it there are only warm ones.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from make_published_shapes import write_gguf, write_safetensors  # noqa: E402
from published_files import Published, plain  # noqa: E402

from model_files import layouts, tiny  # noqa: E402

# Each way is a file and what load_bench is told.
WAYS = {
    "bf16 file, view": ("bf16", ["bf16"]),
    "bf16 file, to fp32": ("bf16", []),
    "F32 file, view": ("f32", []),
    "F32 file, packed fp32": ("f32", ["packed"]),
    "bf16 file, packed fp32": ("bf16", ["packed"]),
    "Q8_0 file, view": ("q8_0", ["bf16"]),
}
MOST_EXTRA = 64e6  # bytes: programs and libraries are read from disk too, in a cold round


def write_files(folder: Path, layers: int) -> dict[str, Path]:
    shapes = tiny.dit_shapes(dim=3840, ffn=10240, t_mid=1024, caption=2560, layers=layers, refiners=2)
    files = {name: folder / f"dit-{layers}-{name}{'.gguf' if name == 'q8_0' else '.safetensors'}"
             for name in ("bf16", "f32", "q8_0")}  # fmt: skip
    for name, path in files.items():
        if path.exists():
            continue
        print(f"writing {path.name}", file=sys.stderr, flush=True)
        part = path.with_suffix(".part")
        if name == "q8_0":
            kinds = {n: "Q8_0" if layouts.is_block_matrix(n) else "F32" for n in shapes}
            file = Published("", [(n, kinds[n], shape) for n, shape in shapes.items()], keys="lumina2")
            write_gguf(part, file, random=True)
        else:
            write_safetensors(part, Published("", plain(shapes, name.upper())), random=True)
        part.rename(path)
    os.sync()
    return files


def drop_caches() -> None:
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3\n")


def cat(path: Path) -> dict:
    begin = time.perf_counter()
    subprocess.run(["cat", path], check=True, stdout=subprocess.DEVNULL)
    return {"seconds": time.perf_counter() - begin}


def load(bench: Path, path: Path, how: list[str]) -> dict:
    return json.loads(subprocess.run([bench, path, *how], check=True, capture_output=True, text=True).stdout)


def warm(path: Path) -> None:
    cat(path)
    cat(path)


def measure(way: str, files: dict[str, Path], benches: dict[str, Path], rounds: int, cold: bool) -> dict:
    name, how = WAYS[way]
    path = files[name]
    readers = {"cat": lambda: cat(path)}
    readers |= {label: lambda bench=bench: load(bench, path, how) for label, bench in benches.items()}
    order = list(readers)
    results: dict[str, list[dict]] = {label: [] for label in readers}
    if not cold:
        warm(path)
    for number in range(rounds):
        for label in order[number % len(order):] + order[: number % len(order)]:
            if cold:
                drop_caches()
            results[label].append(readers[label]())
    cats = [result["seconds"] for result in results.pop("cat")]
    figures = {"way": way, "cold": cold, "bytes": path.stat().st_size, "cat": statistics.median(cats)}
    for label, runs in results.items():
        figures[label] = {
            "seconds": statistics.median(run["seconds"] for run in runs),
            "ratio": statistics.median(run["seconds"] / c for run, c in zip(runs, cats)),
            "ratios": [round(run["seconds"] / c, 3) for run, c in zip(runs, cats)],
            "peak": max(run["peak"] for run in runs),
            "read": max(run["read"] for run in runs),
            "cpu": statistics.median(run["user"] + run["system"] for run in runs),
        }
    return figures


def line(figures: dict, labels: list[str]) -> str:
    size = figures["bytes"] / 1e9
    text = f"{figures['way']:<24} {'cold' if figures['cold'] else 'warm'}  cat {size / figures['cat']:5.2f} GB/s"
    for label in labels:
        one = figures[label]
        text += (f"   {label} {size / one['seconds']:5.2f} GB/s, {one['ratio']:5.2f} × cat, cpu {one['cpu']:5.2f} s, "
                 f"peak {one['peak'] / 1e9:.2f} GB")  # fmt: skip
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, default=ROOT / "build" / "tests" / "load_bench")
    parser.add_argument("--against", type=Path, help="another build of load_bench")
    parser.add_argument("--layers", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="measure only the ways that have this in their name")
    parser.add_argument("--folder", type=Path, help="keep the files here, and use those that are there")
    parser.add_argument("--warm", action="store_true", help="leave out the cold rounds")
    parser.add_argument("--cold", action="store_true", help="leave out the warm rounds")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    if not arguments.bench.is_file():
        parser.error(f"{arguments.bench} is missing: build the target load_bench first")
    benches = {"ours": arguments.bench}
    if arguments.against:
        benches["other"] = arguments.against
    kinds = [True, False]
    if arguments.warm or not os.access("/proc/sys/vm/drop_caches", os.W_OK):
        kinds = [False]
    elif arguments.cold:
        kinds = [True]
    all_figures = []
    failed = False
    with tempfile.TemporaryDirectory() as temporary:
        files = write_files(arguments.folder or Path(temporary), arguments.layers)
        for way in [way for way in WAYS if arguments.only in way]:
            for cold in kinds:
                figures = measure(way, files, benches, arguments.rounds, cold)
                all_figures.append(figures)
                print(line(figures, list(benches)), flush=True)
                read = figures["ours"]["read"]
                if cold and not figures["bytes"] * 0.98 <= read <= figures["bytes"] + MOST_EXTRA:
                    print(f"  read {read / 1e9:.3f} GB of a file of {figures['bytes'] / 1e9:.3f} GB")
                    failed = True
    if arguments.json:
        arguments.json.write_text(json.dumps(all_figures, indent=1) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
