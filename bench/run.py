#!/usr/bin/env python3
"""Pairs `zimage-inpaint bench` with diffusers and with any other program, in turns, and records the ratios.

    bench/run.py --diffusers [--size 512x512] [--dtype fp32] [--rounds 5] [--write]
    bench/run.py --diffusers published --dtype bf16 --size 256x256 --rounds 3 --write
    bench/run.py --against 'sd.sh {size} {steps} {image} {mask} {output} {prompt}' --name "sd.cpp Q8_0" --whole \\
        -- --model z_image_turbo-Q8_0.gguf --text-encoder Qwen3-4B-Q8_0.gguf --vae ae.safetensors

In each round our side runs once, then each of the others, every one a process of its own that warms up first; so no two
models are in memory together. A figure is the median of the rounds' ratios, the other side's time over ours: above 1 we
are faster. Options after `--` choose our model and how it runs, as for `zimage-inpaint bench`.

--diffusers alone writes a model of middle size (the one of dit_forward.py, with Flux's autoencoder at a quarter of its
width) to a temporary folder, and both sides load it. With a diffusers FOLDER both load that. "published" gives each
side random weights of its own at Z-Image-Turbo's sizes, because both models don't fit on a disk and in memory.

--against runs a command with these words replaced: {image} {mask} {output} (PNG files) {prompt} {width} {height} {size}
{steps} {threads}. Its lines "step K of N: X s" on stdout are its forwards, of which the first counts only if it is the
only one. With --whole, its time from start to end is compared with that of a whole run of ours, file to file.

--write puts the figures into docs/benchmarks.md, between its markers; a row with the same first cell is replaced.
"""

import argparse
import datetime
import json
import os
import platform
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- bench -->\n", "<!-- /bench -->\n"
HEAD = ["what", "against", "ours", "theirs", "theirs over ours", "measured"]
PROMPT = "a wooden bench under an old tree at the edge of a meadow, soft morning light"
STEP = re.compile(r"^step \d+ of \d+: ([\d.]+) s", re.MULTILINE)


def run(command, arguments) -> tuple[str, float]:
    """Runs a command and returns its stdout and its milliseconds."""
    environment = dict(os.environ, OMP_NUM_THREADS=str(arguments.threads), THREADS=str(arguments.threads))
    begin = time.perf_counter()
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, env=environment)
    if done.returncode != 0:
        sys.exit(f"{shlex.join(map(str, command))} ended with {done.returncode}")
    return done.stdout, (time.perf_counter() - begin) * 1e3


def our_bench(arguments, options) -> dict:
    command = [arguments.binary, "bench", "--json", "-q", "--warmup", "1", "--repeat", "1", "--device", "cpu"]
    command += ["--size", arguments.size, "--steps", arguments.steps, "--threads", arguments.threads]
    return json.loads(run([*command, "--dtype", arguments.dtype, *options], arguments)[0])


def our_stages(report) -> dict[str, float]:
    return {name: stage["median_ms"] for name, stage in report["sizes"][0]["stages"].items()}


def diffusers_stages(arguments, source, tokens) -> tuple[str, dict[str, float]]:
    command = [arguments.python, ROOT / "bench" / "diffusers_side.py", source, "--size", arguments.size]
    command += ["--tokens", tokens, "--repeat", arguments.steps, "--dtype", arguments.dtype, "--threads", arguments.threads]
    for stage in arguments.stage or ["forward"]:
        command += ["--stage", stage]
    report = json.loads(run(command, arguments)[0].splitlines()[-1])
    return report["name"], {name: statistics.median(times) for name, times in report["ms"].items()}


def draw(folder: Path, size: str) -> dict[str, Path]:
    """Draws a picture and a mask of a quarter of it."""
    width, height = map(int, size.split("x"))
    y, x = np.mgrid[0:height, 0:width]
    picture = np.stack([255 * x // width, 255 * y // height, 60 + 140 * ((x // 32 + y // 32) % 2)], axis=-1)
    inside = (abs(2 * x - width) < width // 2) & (abs(2 * y - height) < height // 2)
    Image.fromarray(picture.astype(np.uint8)).save(folder / "image.png")
    Image.fromarray(np.where(inside, 255, 0).astype(np.uint8)).save(folder / "mask.png")
    return {"image": folder / "image.png", "mask": folder / "mask.png", "output": folder / "output.png"}


def our_whole_run(arguments, files, options) -> float:
    command = [arguments.binary, "-q", "--overwrite", "--seed", "1", "--crop", "off", "--steps", arguments.steps]
    command += ["--device", "cpu", "--threads", arguments.threads, "--dtype", arguments.dtype, "-p", PROMPT]
    command += ["-i", files["image"], "-m", files["mask"], "-o", files["output"], *options]
    return run(command, arguments)[1]


def other_stages(arguments, files) -> dict[str, float]:
    width, height = arguments.size.split("x")
    words = {**files, "prompt": PROMPT, "width": width, "height": height, "size": arguments.size}
    words |= {"steps": arguments.steps, "threads": arguments.threads}
    command = [word.format(**words) for word in shlex.split(arguments.against)]
    stdout, whole = run(command, arguments)
    steps = [float(seconds) * 1e3 for seconds in STEP.findall(stdout)]
    stages = {"forward": statistics.median(steps[1:] or steps)} if steps else {}
    if arguments.whole:
        stages["whole run"] = whole
    return stages


def middle_model(folder: Path) -> Path:
    """Writes dit_forward.py's model with a text encoder and a VAE beside it."""
    sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]
    from bench.dit_forward import CONFIG
    from reference import tiny_models as tiny

    text = dict(hidden_size=256, intermediate_size=768, num_hidden_layers=5, num_attention_heads=4)
    text |= dict(num_key_value_heads=2, head_dim=64, vocab_size=1280)
    vae = dict(block_out_channels=[32, 64, 128, 128], layers_per_block=2, norm_num_groups=32)
    tiny.save_folder(
        folder, tiny.build_transformer(1, **CONFIG), tiny.build_text_encoder(2, "base", **text), tiny.build_vae(3, **vae),
        ROOT / "tests" / "fixtures" / "tokenizer" / "tokenizer.json",
    )  # fmt: skip
    return folder


class Figures:
    """The pairs of times of each comparison."""

    def __init__(self):
        self.pairs = {}

    def add(self, what: str, against: str, ours: float, theirs: float) -> None:
        self.pairs.setdefault((what, against), []).append((ours, theirs))
        print(f"{what}, {against}: ours {ours:9.1f} ms, theirs {theirs:9.1f} ms, {theirs / ours:.3f}", flush=True)

    def rows(self, measured: str) -> list[list[str]]:
        rows = []
        for (what, against), pairs in self.pairs.items():
            ours, theirs = (statistics.median(side) for side in zip(*pairs))
            ratios = sorted(b / a for a, b in pairs)
            spread = f" ({ratios[0]:.2f} to {ratios[-1]:.2f}, {len(pairs)} rounds)" if len(pairs) > 1 else ""
            ratio = f"{statistics.median(ratios):.2f}{spread}"
            rows.append([what, against, seconds(ours), seconds(theirs), ratio, measured])
        return rows


def seconds(ms: float) -> str:
    return f"{ms:.1f} ms" if ms < 1000 else f"{ms / 1000:.2f} s"


def table_lines(rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(row) + " |\n" for row in rows]


def update(page: str, rows: list[list[str]]) -> str:
    """Returns the page with the rows between its markers. A row that is there and has the same first two cells is
    replaced, and other rows stay. Raises ValueError if the page hasn't both markers."""
    before, found, rest = page.partition(BEGIN)
    inside, closed, after = rest.partition(END)
    if not found or not closed:
        raise ValueError(f"{PAGE.name} has no {BEGIN.strip()} and {END.strip()}")
    kept = {}
    for line in inside.splitlines()[2:]:
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == len(HEAD):
            kept[tuple(cells[:2])] = cells
    for row in rows:
        kept[tuple(row[:2])] = row
    lines = table_lines([HEAD]) + ["|" + "---|" * len(HEAD) + "\n"] + table_lines(list(kept.values()))
    return before + BEGIN + "".join(lines) + END + after


def measured_on(report) -> str:
    cpu = report["cpu"]["name"] or platform.machine()
    return (
        f"{datetime.date.today()}, {report['version']} ({report['commit'][:8]}), libtorch {report['libtorch']}, {cpu}, "
        f"{report['threads']} threads"
    )


def measure(arguments, options, folder: Path) -> tuple[Figures, dict]:
    files = draw(folder, arguments.size)
    source = arguments.diffusers
    if source == "middle":
        source = middle_model(folder / "model")
    if source == "published":
        options = ["--random-weights", "published", *options]
    elif source is not None:
        options = ["--model", source, *options]
    figures, report = Figures(), {}
    for _ in range(arguments.rounds):
        report = our_bench(arguments, options)
        ours = our_stages(report)
        model = report["model"]
        described = arguments.name or f"{model['layers']} layers of width {model['width']}"
        described += f", {report['dtype']}, {arguments.size}"
        if source is not None:
            name, theirs = diffusers_stages(arguments, source, report["sizes"][0]["caption_tokens"])
            for stage, ms in theirs.items():
                figures.add(f"{stage}: {described}", name, ours[stage], ms)
        if arguments.against:
            if arguments.whole:
                ours["whole run"] = our_whole_run(arguments, files, options)
            for stage, ms in other_stages(arguments, files).items():
                figures.add(f"{stage}: {described}, {arguments.steps} steps", arguments.against_name, ours[stage], ms)
    return figures, report


def parse(argv: list[str]):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=ROOT / "build" / "zimage-inpaint")
    parser.add_argument("--python", default=sys.executable, help="the Python that has diffusers")
    parser.add_argument("--diffusers", nargs="?", const="middle", metavar="FOLDER|published")
    parser.add_argument("--stage", action="append", help="stage to compare with diffusers (forward); may be repeated")
    parser.add_argument("--against", metavar="COMMAND")
    parser.add_argument("--against-name", default="the given command", help="what the page calls that program")
    parser.add_argument("--whole", action="store_true", help="also compare whole runs with --against")
    parser.add_argument("--name", help="what the page calls our model")
    parser.add_argument("--size", default="512x512")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--dtype", default="fp32")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks.md")
    split = argv.index("--") if "--" in argv else len(argv)
    arguments = parser.parse_args(argv[:split])
    if arguments.diffusers is None and arguments.against is None:
        parser.error("give --diffusers, --against, or both")
    if arguments.whole and (arguments.against is None or arguments.diffusers == "published"):
        parser.error("--whole needs --against, and weights in files")
    return arguments, argv[split + 1 :]


def main() -> int:
    arguments, options = parse(sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        figures, report = measure(arguments, options, Path(folder))
    rows = figures.rows(measured_on(report))
    sys.stdout.writelines(table_lines([HEAD, *rows]))
    if arguments.write:
        PAGE.write_text(update(PAGE.read_text(), rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
