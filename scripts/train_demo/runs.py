"""Runs the real executable over many cases, one batch per worker, so that each loads the model once."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from .cases import Case


def load(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


@dataclass
class Runner:
    """Runs the executable in a work folder; every run gets `options`."""

    binary: Path
    model: Path
    folder: Path
    options: tuple[str, ...] = ()
    workers: int = 2

    def run(self, arguments: list[str]) -> list[dict]:
        """Returns the lines of --json."""
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        command = [str(self.binary), "--model", str(self.model), "-q", "--overwrite", "--json", *self.options, *arguments]
        finished = subprocess.run(command, capture_output=True, env=environment, text=True)
        if finished.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}\n{finished.stderr}")
        return [json.loads(line) for line in finished.stdout.splitlines()]

    def controlnet(self, strategy: str) -> list[str]:
        return ["--controlnet", str(self.model / "controlnet")] if strategy == "controlnet" else []

    def write_inputs(self, case: Case) -> None:
        Image.fromarray(case.picture).save(self.folder / f"{case.name}.png", compress_level=1)
        mask = case.hole.astype(np.uint8) * 255 if case.mask is None else case.mask
        Image.fromarray(mask).save(self.folder / f"{case.name}-mask.png")
        if case.control is not None:
            Image.fromarray(case.control).save(self.folder / f"{case.name}-control.png")

    def repaint(self, cases: list[Case], strategy: str, options: tuple[str, ...] = ()) -> list[dict]:
        """Fills in `result` and `effective` of every case; returns the lines of --json in the cases' order."""
        parts = [cases[worker :: self.workers] for worker in range(self.workers)]
        with ThreadPoolExecutor(self.workers) as pool:
            futures = [pool.submit(self._batch, part, number, strategy, options) for number, part in enumerate(parts) if part]
            lines = [line for future in futures for line in future.result()]
        known = {Path(line["output"]).stem: line for line in lines}
        for case in cases:
            case.result = load(self.folder / f"{case.name}-out.png")
            case.effective = load(self.folder / f"{case.name}-effective.png")[..., 0] > 0
        return [known[f"{case.name}-out"] for case in cases]

    def _batch(self, cases: list[Case], number: int, strategy: str, options: tuple[str, ...]) -> list[dict]:
        manifest = self.folder / f"jobs-{strategy}-{number}.jsonl"
        with manifest.open("w") as out:
            for case in cases:
                job = {
                    "image": f"{case.name}.png", "mask": f"{case.name}-mask.png", "prompt": case.prompt, "seed": case.seed,
                    "output": f"{case.name}-out.png", "save-mask": f"{case.name}-effective.png",
                }  # fmt: skip
                if case.control is not None:
                    job["control-image"] = f"{case.name}-control.png"
                out.write(json.dumps(job) + "\n")
        return self.run(["--manifest", str(manifest), "--threads", "1", *self.controlnet(strategy), *options])
