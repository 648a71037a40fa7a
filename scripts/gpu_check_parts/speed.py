"""The parts that measure: bench at each size, diffusers, and a whole run from the start of the process."""

import json
import statistics
import struct
import zlib
from pathlib import Path

from .commands import run
from .checks import python_facts
from .job import ROOT, Job, place_for
from .record import Failure, LeftOut

DEMO = ROOT / "models" / "demo"
PROMPT = "a wooden bench under an old tree at the edge of a meadow, soft morning light"
MB = 1 << 20


def random_model(job: Job, with_controlnet: bool) -> list:
    """Returns the options of a model with random weights. The tiny one has the demo's shapes, as diffusers' has."""
    model = ["--random-weights", DEMO if job.arguments.tiny else "published"]
    if not with_controlnet:
        return model
    controlnet = DEMO / "controlnet" if job.arguments.tiny else job.files.get("controlnet")
    if controlnet is None:
        raise LeftOut("bench has no random ControlNet, and its file wasn't written")
    return [*model, "--controlnet", controlnet]


def bench(job: Job, limit: float, kind: str, size: str) -> dict:
    dtype = "fp8" if kind == "fp8" else "bf16"
    command = ["bench", "--json", "-q", "--size", size, "--steps", job.steps, "--warmup", 1, "--repeat", 1]
    command += ["--device", job.arguments.device, "--dtype", dtype, "--threads", job.arguments.threads]
    done = job.program([*command, *random_model(job, kind == "controlnet")], limit)
    try:
        report = json.loads(done.out)
    except ValueError:
        raise Failure(f"bench ended with {done.code}: {done.last_words}") from None
    if done.code != 0:
        message = report["error"]["message"]
        if done.code == 2 and kind == "fp8":  # on the CPU, and on cards that don't multiply it
            raise LeftOut(message)
        raise Failure(f"bench ended with {done.code}: {message}")
    return bench_figures(kind, size, report)


def bench_figures(kind: str, size: str, report: dict) -> dict:
    (measured,) = report["sizes"]
    stages = {name: stage["median_ms"] for name, stage in measured["stages"].items()}
    # On a device the steps overlap, so a single one's time says little; the stage waits for the last.
    forward = stages["denoise"] / measured["counted"]["forwards"]
    loaded = measured["counted"]["bytes_loaded"]
    figures = {
        "kind": kind, "size": size, "dtype": report["dtype"], "device": report["device"], "forward_ms": forward,
        "all_but_load_ms": stages["all but load"], "decode_ms": stages["decode"], "load_ms": stages["load"],
        "load_gb_per_s": loaded / stages["load"] / 1e6, "caption_tokens": measured["caption_tokens"],
        "host_peak_bytes": measured["peak_memory_mb"] * MB, "device_peak_bytes": measured["device_peak_bytes"],
        "report": report,
    }  # fmt: skip
    return {**figures, "message": f"{forward:.1f} ms a forward"}


def diffusers(job: Job, limit: float, compiled: bool) -> dict:
    """Times the forwards of diffusers in one process, which prints each size's as soon as it has them."""
    python_facts(job)
    arguments = job.arguments
    tokens = next((part.figures["caption_tokens"] for part in job.record.parts if "caption_tokens" in part.figures), 32)
    command = [arguments.python, ROOT / "bench" / "diffusers_side.py", DEMO if arguments.tiny else "published"]
    command += ["--size", ",".join(arguments.sizes), "--tokens", tokens, "--repeat", 3 if arguments.tiny else 5]
    command += ["--dtype", "bf16", "--threads", arguments.threads, "--stage", "forward", "--device", arguments.device]
    done = run([*command, *(["--compile"] if compiled else [])], limit, job.log, job.environment)
    reports = [json.loads(line) for line in done.out.splitlines() if line.startswith("{") and line.endswith("}")]
    if not reports:
        raise Failure(f"it was stopped after {done.seconds:.0f} s" if done.late else done.last_words)
    if done.code != 0 and not done.late:
        job.log.say(f"diffusers ended with {done.code} after {len(reports)} sizes")
    forward = {report["size"]: statistics.median(report["ms"]["forward"]) for report in reports}
    return {"kind": "compiled" if compiled else "diffusers", "forward_ms": forward, "reports": reports,
            "message": f"{len(reports)} of {len(arguments.sizes)} sizes"}  # fmt: skip


def write_files(job: Job, limit: float) -> dict:
    """Writes model files with random weights, for a ControlNet and for a run that loads."""
    kind = "tiny" if job.arguments.tiny else "published"
    python = job.arguments.python
    done = job.run([python, "-m", "gpu_check_parts.files", kind], 60)
    if done.code != 0:
        raise Failure(done.last_words)
    place = place_for(json.loads(done.out)["bytes"], job.work)
    folder = job.make_folder(place)
    done = job.run([python, "-m", "gpu_check_parts.files", kind, folder], limit)
    if done.code != 0:
        raise Failure(done.last_words)
    written = json.loads(done.out)
    job.files = {name: Path(path) for name, path in written["files"].items()}
    return {"kind": "files", "bytes": written["bytes"], "message": f"{written['bytes'] / 1e9:.2f} GB in {place}"}


def write_png(path: Path, width: int, height: int, channels: int, pixel) -> None:
    rows = b"".join(b"\0" + b"".join(bytes(pixel(x, y)) for x in range(width)) for y in range(height))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2 if channels == 3 else 0, 0, 0, 0)),
              (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")]  # fmt: skip
    body = b"".join(struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
                    for name, data in chunks)  # fmt: skip
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


def first_picture(job: Job, limit: float) -> dict:
    """Times whole runs from the start of the process to the file. The files were written just now, so they are warm."""
    if not job.files:
        raise LeftOut("the model's files weren't written")
    size = job.arguments.sizes[0]
    width, height = map(int, size.split("x"))
    image, mask, output = (job.work / name for name in ("image.png", "mask.png", "output.png"))
    write_png(image, width, height, 3, lambda x, y: (255 * x // width, 255 * y // height, 200 if (x ^ y) & 32 else 60))
    inside = lambda x, y: abs(2 * x - width) < width // 2 and abs(2 * y - height) < height // 2  # noqa: E731
    write_png(mask, width, height, 1, lambda x, y: (255 if inside(x, y) else 0,))
    parts = {name: job.files[name] for name in ("model", "text-encoder", "vae")}
    command = ["-i", image, "-m", mask, "-o", output, "-p", PROMPT, "--seed", 1, "--crop", "off", "--steps", job.steps]
    command += ["--device", job.arguments.device, "--dtype", "bf16", "--threads", job.arguments.threads, "--overwrite"]
    command += ["--json", "-q", "--progress", "none", *(word for name, path in parts.items() for word in (f"--{name}", path))]
    size_in_bytes = sum(path.stat().st_size for path in parts.values())
    runs = []
    for _ in range(2):
        done = job.program(command, limit)
        limit -= done.seconds
        if done.code != 0:
            raise Failure(f"exit {done.code}: {done.last_words}")
        report = json.loads(done.out)
        load = report["timings_ms"]["load"]
        runs.append({"whole_ms": done.seconds * 1e3, "load_ms": load, "load_gb_per_s": size_in_bytes / load / 1e6,
                     "host_peak_bytes": report["peak_memory_mb"] * MB, "report": report})  # fmt: skip
    whole = runs[-1]["whole_ms"] / 1e3
    return {"kind": "first picture", "size": size, "steps": job.steps, "bytes": size_in_bytes, "runs": runs,
            "message": f"{whole:.2f} s from the start of the process to the file"}  # fmt: skip
